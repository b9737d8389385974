"""Statements past the program, for what it offers no way to (yet): on either engine, ids as text."""

import contextlib
import sqlite3
import uuid

from .database import psql


def execute(server, statement, **ids):
    """{name} in the statement stands for ids[name]."""
    if server.database:
        psql(server.database, statement.format(**{k: f"'{v}'" for k, v in ids.items()}))
        return
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", timeout=30)) as db, db:
        db.execute(statement.format(**{k: f"x'{uuid.UUID(v).hex}'" for k, v in ids.items()}))


def ask(server, question, **ids):
    """The one id that it has for an answer, as text."""
    if server.database:
        [answer] = psql(server.database, question.format(**{k: f"'{v}'" for k, v in ids.items()}))
        return answer
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", timeout=30)) as db:
        [(answer,)] = db.execute(question.format(**{k: f"x'{uuid.UUID(v).hex}'" for k, v in ids.items()}))
        return str(uuid.UUID(bytes=answer))


def number(server, statement):
    """What a statement of one number says, such as a count."""
    if server.database:
        return int(psql(server.database, statement)[0])
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", timeout=30)) as db:
        return db.execute(statement).fetchone()[0]
