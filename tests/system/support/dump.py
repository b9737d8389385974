"""All that a database holds, row by row, to show that something changed nothing."""

import contextlib
import sqlite3

from .database import psql

RESTLESS = {"lane"}  # what a node renews by itself


def dump(server):
    """{table: sorted rows}."""
    if server.database:
        tables = psql(server.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {table: sorted(psql(server.database, f"SELECT t::text FROM {table} t"))
                for table in tables if table not in RESTLESS}
    with contextlib.closing(sqlite3.connect(f"file:{server.data / 'herald.db'}?mode=ro", uri=True, timeout=30)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE "
                                                 "'CREATE VIRTUAL%' AND name NOT LIKE 'record_text%'")]
        return {table: sorted(map(repr, db.execute(f"SELECT * FROM {table}")))
                for table in tables if table not in RESTLESS}
