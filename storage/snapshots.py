"""Consistent copies of a SQLite database, and what has to be cleared after one was restored."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What was pending when the copy was taken: most of it has been done since.
_CLEAR_PENDING = (
    text("DELETE FROM outbox"),
    text("DELETE FROM notice"),
    text("UPDATE arrived SET body = NULL"),
    text("UPDATE broadcast SET stopped = :yes"),
)


class DamagedDatabase(Exception):
    """The file is not a database, or is damaged."""


def write_copy(source: Path, target: Path) -> None:
    """Write a copy to `target`, which must not exist. Writers don't wait for it, and it contains no deleted data, as a
    copy of the file would: sqlite.org/lang_vacuum.html, "VACUUM INTO".

    Raises:
        Damaged: the database can't be read, or the copy can't be written.
    """
    try:
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise DamagedDatabase(f"The database could not be copied: {error}.") from error


def check_integrity(path: Path) -> None:
    """Raises DamagedDatabase unless the file is an intact database."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedDatabase("This is no database.") from error
    if found != ("ok",):
        raise DamagedDatabase("The database in it is damaged.")


async def clear_pending(connection: AsyncConnection) -> None:
    """Clear outcomes, notifications and updates that were pending, and stop broadcasts."""
    for statement in _CLEAR_PENDING:
        await connection.execute(statement, {"yes": True})
