"""A copy of the database as it is at one moment, taken beside whoever works on it, and what a copy must forget when it
is put back."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What had been about to be said or done when the copy was taken: most of it has been, since.
_CLEAR_PENDING = (
    text("DELETE FROM outbox"),
    text("DELETE FROM notice"),
    text("UPDATE arrived SET body = NULL"),
    text("UPDATE broadcast SET stopped = :yes"),
)


class DamagedDatabase(Exception):
    """The file is no database, or not a whole one."""


def write_copy(source: Path, target: Path) -> None:
    """Write a copy to `target`, which must not be there yet. Nobody has to wait for it, and nothing that was deleted
    goes along, as it would in a copy of the file: sqlite.org/lang_vacuum.html, "VACUUM INTO".

    Raises:
        Damaged: the database could not be read, or the copy not be written.
    """
    try:
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise DamagedDatabase(f"The database could not be copied: {error}.") from error


def check_integrity(path: Path) -> None:
    """Raises DamagedDatabase unless the database in this file is whole."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedDatabase("This is no database.") from error
    if found != ("ok",):
        raise DamagedDatabase("The database in it is damaged.")


async def clear_pending(connection: AsyncConnection) -> None:
    """Nothing is to be told, nothing is to be read, and no broadcast goes on."""
    for statement in _CLEAR_PENDING:
        await connection.execute(statement, {"yes": True})
