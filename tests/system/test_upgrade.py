"""A database of an earlier release is migrated when the server starts: all that is in it is there, and read as before."""

import contextlib
import pathlib
import re
import sqlite3

import pytest

from support.database import psql
from support.examples import ExampleWorld
from test_every_operation import everything, newcomer

MIGRATIONS = pathlib.Path(__file__).resolve().parents[2] / "src" / "db" / "migrations"
# What src/db/rewrite.c makes of the words in braces: (SQLite, PostgreSQL).
WORDS = {"{id}": ("BLOB", "uuid"), "{int}": ("INTEGER", "bigint"), "{text}": ("TEXT", 'text COLLATE "C"'),
         "{bytes}": ("BLOB", "bytea"), "{strict}": (" STRICT", ""), "{clustered}": (" STRICT, WITHOUT ROWID", ""),
         "{semicolon}": (";", ";")}
OF_VERSION = "CREATE TABLE schema_version (version {int} NOT NULL PRIMARY KEY, name {text} NOT NULL, at {int} NOT NULL){strict}"


def statements(version, postgres):
    """What made a schema of this version."""
    files = sorted(MIGRATIONS.glob("*.sql"))[:version]
    text = ";".join([OF_VERSION, *(re.sub("--[^\n]*", "", file.read_text(encoding="utf-8")) for file in files)])
    for part in re.findall(r"(?:'[^']*'|[^';])+", text):
        engine = re.match(r"\s*{(sqlite|postgres)}", part)
        if not part.strip() or (engine and (engine.group(1) == "postgres") != postgres):
            continue
        part = re.sub(r"^\s*{(sqlite|postgres)}", "", part)
        for word, meaning in WORDS.items():
            part = part.replace(word, meaning[postgres])
        yield part
    for number, file in enumerate(files):
        yield f"INSERT INTO schema_version VALUES ({number + 1}, '{file.name}', 0)"


class OldSqlite:
    """The same rows, in tables as they were then."""

    def __init__(self, server):
        self.file = server.data / "herald.db"

    def make(self, version):
        now = self.file.with_suffix(".now")
        self.file.rename(now)
        for rest in self.file.parent.glob("herald.db-*"):
            rest.unlink()
        with contextlib.closing(sqlite3.connect(self.file)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            for statement in statements(version, postgres=False):
                db.execute(statement)
            db.execute("ATTACH ? AS now", (str(now),))
            listed = "SELECT name FROM {}sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            there = {name for name, in db.execute(listed.format("now."))}
            for table, in db.execute(listed.format("")).fetchall():
                if table in there and table != "schema_version" and not table.startswith("record_text_"):
                    self.copy(db, table)
            db.commit()

    @staticmethod
    def copy(db, table):
        columns = [{row[1] for row in db.execute(f"PRAGMA {schema}.table_info({table})")} for schema in ("main", "now")]
        both = ", ".join(sorted(columns[0] & columns[1]) + ["rowid"] * (table == "record_text"))
        db.execute(f"INSERT INTO main.{table} ({both}) SELECT {both} FROM now.{table}")


class OldPostgres:
    def __init__(self, database):
        self.database = database

    def run(self, *words):
        return psql(self.database, ";\n".join(words))

    def tables(self, schema):
        return self.run(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'")

    def columns(self, schema, table):
        return set(self.run("SELECT column_name FROM information_schema.columns WHERE "
                            f"table_schema = '{schema}' AND table_name = '{table}'"))

    def make(self, version):
        now = self.tables("public")
        self.run("CREATE SCHEMA old", "SET search_path = old, public", *statements(version, postgres=True))
        old = self.tables("old")
        for table in old:
            if table in now and table != "schema_version":
                both = ", ".join(sorted(self.columns("old", table) & self.columns("public", table)))
                self.run("SET session_replication_role = replica", f"DELETE FROM old.{table}",
                         f"INSERT INTO old.{table} ({both}) SELECT {both} FROM public.{table}")
        self.run(*(f"DROP TABLE public.{table} CASCADE" for table in now))
        self.run(*(f"DROP FUNCTION {name}" for name in self.run(
            "SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS "
            "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')")))
        self.run(*(f"ALTER TABLE old.{table} SET SCHEMA public" for table in old))


def timeline(world):
    return world.api.pages(f"/api/records/contacts/{world.id('maria')}/timeline")


@pytest.mark.parametrize("version", [3, 4])
def test_a_database_of_an_earlier_release_is_migrated_on_start(server, database, version):
    """Before permissions (3) everybody could do everything: everybody is an owner. Afterwards each is what they were."""
    world = ExampleWorld(server)
    for name in world.placeholders:
        world.id(name)
    group = world.id("agents")
    sam = newcomer(world, group)
    before, seen = everything(world), timeline(world)
    assert sam.get("/api/activities/logged").status == 403
    server.stop()
    (OldPostgres(database) if database else OldSqlite(server)).make(version)
    server.start()
    migrated = [entry["name"] for entry in server.process.messages("schema migrated")]
    assert migrated == [file.name for file in sorted(MIGRATIONS.glob("*.sql"))[version:]]
    after = everything(world)
    owners = world.api.ok("GET", f"/api/permission-groups/{world.ids['business']}")
    if version == 3:
        assert [each["id"] for each in after["permission-groups"]] == [owners["id"]] and owners["is_owner_group"]
        assert {member["id"] for member in owners["members"]} == {person["id"] for person in before["employees"]}
        before["permission-groups"] = after["permission-groups"]
        assert sam.get("/api/activities/logged").status == 200
    else:
        assert sam.get("/api/activities/logged").status == 403
    assert after == before
    assert timeline(world) == seen
    found = world.api.ok("POST", "/api/records/contacts/search", {"search": "mar thom"})["results"]
    assert [record["id"] for record in found] == [world.id("maria")]
    logged = world.api.ok("POST", "/api/activities/logged", {
        "activity_object_id": world.id("sales_call"), "notes": "n", "associated_entities": [{"id": world.id("maria")}]})
    assert timeline(world)[0]["id"] == logged["id"]
    assert world.api.ok("GET", f"/api/activities/logged/{world.id('logged')}")["notes"]
