"""Crash points at transaction boundaries: a process kills itself with SIGKILL at its n-th commit, by way of
SQLAlchemy events on PostgreSQL and of the commit on SQLite. The product contains no code for this."""

import os
import signal
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from storage.sqlite_connection import SqliteConnection

_WRITE_BEGINS = "BEGIN ISOLATION LEVEL READ COMMITTED"
_IS_WRITE, _COMMITTING = "chaos.writes", "chaos.committing"


Edge = Literal["before commit", "after commit"]
EDGES: tuple[Edge, ...] = ("before commit", "after commit")


@dataclass(frozen=True)
class CrashPoint:
    """Before or after the `number`-th write transaction (from 1) commits."""

    edge: Edge
    number: int


def arm(crash_point: CrashPoint) -> None:
    """Kill this process at that point."""
    seen = {"before commit": 0, "after commit": 0}

    def reached(edge: str) -> None:
        seen[edge] += 1
        if (edge, seen[edge]) == (crash_point.edge, crash_point.number):
            os.kill(os.getpid(), signal.SIGKILL)

    def began(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(_WRITE_BEGINS):
            connection.info[_IS_WRITE] = True

    def committing(connection: Connection) -> None:
        if connection.info.get(_IS_WRITE):
            reached("before commit")
            connection.info[_COMMITTING] = True

    def back(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        if entry.info.pop(_COMMITTING, False):
            reached("after commit")

    commit_of_sqlite = SqliteConnection.commit

    async def commit(connection: SqliteConnection) -> None:
        reached("before commit")
        await commit_of_sqlite(connection)
        reached("after commit")

    setattr(SqliteConnection, "commit", commit)  # noqa: B010  # mypy forbids assigning to a method
    event.listen(Engine, "before_cursor_execute", began)
    event.listen(Engine, "commit", committing)
    event.listen(Pool, "checkin", back)
