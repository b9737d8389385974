"""
Every statement goes along an index, on both engines. The statements are the literals of the program itself, so none is
forgotten. Plans without statistics are judged: whether there is an index that serves at all, not how well it does.
"""

import re
import sqlite3
import subprocess

import pytest

from support.database import psql
from support.server import program

STATEMENT = re.compile(rb"(?<=\0)(?:SELECT|UPDATE|DELETE FROM|WITH|INSERT INTO) [^\0]{20,}")
NAMES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(?!WHERE|SET|ON|CROSS|LEFT|JOIN|ORDER)(\w+))?")
SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")
TOKENS = {"{share}": " FOR SHARE", "{update}": " FOR UPDATE", "{update_free}": " FOR UPDATE SKIP LOCKED", "{now}": "0"}
# Tables that stay small whatever the Businesses do, or that are read only while nobody waits.
SMALL = {
    "lane": "a row for each writer there ever was",
    "schema_version": "a row for each migration",
    "session": "rows of half a day",
    "sign_in_token": "rows of ten minutes",
}
# Statements that may go along a whole table, by how they begin.
MAY_SCAN = {
    "SELECT id, business_id, kind, address, subject, reason": "for operators: emails that wait or are dead, a page",
    "SELECT id FROM business ORDER BY id LIMIT 2": "two rows, for the administration socket",
    "SELECT id FROM business WHERE name = $1": "for operators, who name a Business; there is a row for each",
    "SELECT business_id FROM employee WHERE user_id": "for operators, who name a user without a Business",
}
# What tells that a statement is for the other engine, or for the relay's own file.
FOREIGN = {"sqlite": ("pg_", "::", "folded", "relay_"), "postgres": (" MATCH ", "rowid", "sqlite_", "relay_", "PRAGMA")}


def statements():
    """The literals of the program that are queries."""
    with open(program(), "rb") as file:
        found = {text.decode("utf-8", errors="replace") for text in STATEMENT.findall(file.read())}
    # The program also has pages with examples, and migrations, which are many statements in one literal.
    return sorted(text for text in found if "$" in text and ";" not in text and "\n" not in text and "$ID" not in text
                  and (not text.startswith("INSERT") or " FROM " in text))


def scans_allowed(sql):
    return any(sql.startswith(beginning) for beginning in MAY_SCAN)


def table_of(sql, name, tables):
    """The table that a plan calls `name`; None for what the statement itself computes."""
    if re.search(rf"\) (?:AS )?{name}\b", sql):
        return None
    names = {alias or table: table for table, alias in NAMES.findall(sql)}
    table = names.get(name, name)
    return table if table in tables else None


def bad(scans):
    """scans: of each statement, the tables that it goes along without a condition that an index serves."""
    assert len(scans) > 100, "the program's statements were not found"
    found = {sql: tables - SMALL.keys() for sql, tables in scans.items() if not scans_allowed(sql)}
    return "\n".join(f"{sorted(tables)}: {sql}" for sql, tables in found.items() if tables)


def mine(engine):
    return [sql for sql in statements() if not any(word in sql for word in FOREIGN[engine])]


def plan_of_sqlite(db, sql):
    text = re.sub(r"\$(\d+)", r"?\1", sql)
    for token in TOKENS:
        text = text.replace(token, "0" if token == "{now}" else "")
    count = max((int(n) for n in re.findall(r"\?(\d+)", text)), default=0)
    return [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + text, [None] * count)]


def scans_in_sqlite(db):
    schema = list(db.execute("SELECT type, name, sql FROM sqlite_schema"))
    tables = {name for kind, name, _ in schema if kind == "table"}
    # An index of a part of the rows is meant to be gone along: the outbox.
    partial = {name for kind, name, sql in schema if kind == "index" and sql and " WHERE " in sql}
    scans = {}
    for sql in mine("sqlite"):
        lines = [SCAN.match(line) for line in plan_of_sqlite(db, sql)]
        found = {table_of(sql, match[1], tables) for match in lines if match and match[2] not in partial}
        scans[sql] = found - {None}
    return scans


def type_of(sql, number):
    """The program binds typed parameters; the name of a column tells what PostgreSQL cannot infer."""
    if not re.search(rf"\${number}\b", sql):
        return "bigint"
    column = re.search(rf"\${number} AS (\w+)", sql)
    if f"${number} IS NULL" in sql:
        column = re.search(rf"(\w+) (?:=|<>|<|>|<=|>=) \${number}\b", sql)
    return "unknown" if not column else "uuid" if column[1].endswith(("id", "by")) else "bigint"


def plans_of_postgres(url, texts):
    """One plan a statement, made without looking at parameters, avoiding whole tables where that is possible."""
    script = ["SET plan_cache_mode = force_generic_plan;"]
    script += [f"SET enable_{way} = off;" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort")]
    for sql in texts:
        for token, value in TOKENS.items():
            sql = sql.replace(token, value)
        count = max((int(n) for n in re.findall(r"\$(\d+)", sql)), default=0)
        if sql.startswith("INSERT"):  # what it reads is what matters
            sql = "SELECT 1" + sql[sql.index(" FROM "):].split(" ON CONFLICT")[0]
        types = [type_of(sql, n) for n in range(1, count + 1)]
        declared, given = (f"({', '.join(list_)})" if count else "" for list_ in (types, ["NULL"] * count))
        script.append(f"\\echo ----\nDEALLOCATE ALL;\nPREPARE q{declared} AS {sql};\n"
                      f"EXPLAIN (COSTS OFF) EXECUTE q{given};")
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", url], input="\n".join(script), capture_output=True,
                          text=True, check=True, timeout=120)
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout.split("----\n")[1:]


def scans_of_postgres(plan, leading):
    """Tables that the plan goes along whole: by themselves, or by an index without a condition on its first column."""
    for node in re.split(r"\n\s*(?:->|SubPlan|InitPlan|CTE)\s*", plan):
        match = re.match(r"\s*(?:Seq Scan|Index (?:Only )?Scan(?: Backward)? using (\w+)) on (\w+)", node)
        if not match:
            continue
        condition = re.search(r"Index Cond: (.*)", node)
        first = leading.get(match[1], "")  # "": an expression
        if not condition or not re.search(rf"\b{first}", condition[1]):
            yield match[1], match[2]


def scans_in_postgres(url):
    partial = set(psql(url, "SELECT indexrelid::regclass FROM pg_index WHERE indpred IS NOT NULL"))
    leading = dict(line.split("\t") for line in psql(url, "SELECT i.indexrelid::regclass, a.attname FROM pg_index i "
                   "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"))
    texts = mine("postgres")
    return {sql: {table for index, table in scans_of_postgres(plan, leading) if index not in partial}
            for sql, plan in zip(texts, plans_of_postgres(url, texts), strict=True)}


BUSINESS = "('00000000-0000-7000-8000-' || lpad((g % 20)::text, 12, '0'))::uuid"
VALUES = {"uuid": "gen_random_uuid()", "bigint": "g", "text": "'x' || g", "bytea": "decode(md5(g::text), 'hex')"}


def fill(url):
    """Rows in every table, so that PostgreSQL plans as for tables that are large: it looks at their size."""
    columns = {}
    for line in psql(url, "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
                          "WHERE table_schema = 'public' AND is_generated = 'NEVER' ORDER BY table_name"):
        table, column, kind, nullable = line.split("\t")
        value = BUSINESS if column == "business_id" else VALUES[kind]
        columns.setdefault(table, {})[column] = f"CASE WHEN g % 2 = 0 THEN {value} END" if nullable == "YES" else value
    fills = [f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} "
             "FROM generate_series(1000, 6000) g ON CONFLICT DO NOTHING;" for table, values in columns.items() if table != "schema_version"]
    psql(url, "SET session_replication_role = replica; " + " ".join(fills) + " ANALYZE;")


@pytest.mark.engine("sqlite")
def test_every_statement_on_sqlite_has_an_index(make_server, engine):
    server = make_server()
    server.stop()
    db = sqlite3.connect(server.data / "herald.db")
    assert bad(scans_in_sqlite(db)) == ""
    db.execute("DROP INDEX employee_role_holders")
    assert "role_id" in bad(scans_in_sqlite(db)), "without an index the test must fail"


@pytest.mark.engine("postgres")
def test_every_statement_on_postgres_has_an_index(make_server, engine, database):
    make_server().stop()
    fill(database)
    assert bad(scans_in_postgres(database)) == ""
    psql(database, "DROP INDEX employee_role_holders")
    assert "role_id" in bad(scans_in_postgres(database)), "without an index the test must fail"
