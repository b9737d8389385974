"""All that a database holds, to show that something changed nothing."""

import contextlib
import sqlite3

from .database import psql

RESTLESS = {"lane"}  # what a node renews by itself


def dump(server):
    """{table: sorted rows}."""
    if server.database:
        tables = [t for t in psql(server.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                  if t not in RESTLESS]
        found = {table: [] for table in tables}
        rows = " UNION ALL ".join(f"SELECT '{table}', translate(t::text, E'\\n', ' ') FROM {table} t" for table in tables)
        for line in psql(server.database, rows) if tables else []:
            table, row = line.split("\t", 1)
            found[table].append(row)
        return {table: sorted(rows) for table, rows in found.items()}
    with contextlib.closing(sqlite3.connect(f"file:{server.data / 'herald.db'}?mode=ro", uri=True, timeout=30)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE "
                                                 "'CREATE VIRTUAL%' AND name NOT LIKE 'record_text%'")]
        return {table: sorted(map(repr, db.execute(f"SELECT * FROM {table}")))
                for table in tables if table not in RESTLESS}
