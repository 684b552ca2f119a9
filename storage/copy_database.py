"""Copy all rows of one database to an empty one, from SQLite to PostgreSQL or back, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

BATCH = 1000
_NOT_COPIED = {"alembic_version"}
_OTHER_CONNECTIONS = text("""
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'repaint' AND pid <> pg_backend_pid()
""")
_NO_IDLE_TIMEOUT = text("SET LOCAL idle_in_transaction_session_timeout = 0")
_CLEAR_QUEUE = text("DELETE FROM queue")  # its only row is written by a migration


class NotEmpty(Exception):
    """The target has rows already."""


class RowCountMismatch(Exception):
    """Source and target have different numbers of rows: nothing is committed."""


async def is_in_use(connection: AsyncConnection) -> bool:
    """Whether another Repaint is connected to this PostgreSQL database. For SQLite a lock file is used instead."""
    if connection.dialect.name != "postgresql":
        return False
    return int((await connection.execute(_OTHER_CONNECTIONS)).scalar_one()) > 0


async def copy_rows(source: AsyncConnection, target: AsyncConnection) -> int:
    """Copy all rows and return how many. Both connections are in a write transaction and have the same schema.

    Raises:
        NotEmpty, Miscounted: then roll back.
    """
    for connection in (source, target):
        if connection.dialect.name == "postgresql":
            await connection.execute(_NO_IDLE_TIMEOUT)
    tables, theirs = await source.run_sync(_tables), await target.run_sync(_tables)
    await target.execute(_CLEAR_QUEUE)
    counts = await source.run_sync(_counts, tables)
    if any((await target.run_sync(_counts, theirs)).values()):
        raise NotEmpty
    for name, table in tables.items():
        last: Sequence[Any] | None = None
        while rows := await source.run_sync(_batch, table, last):
            await target.run_sync(_insert, theirs[name], rows)
            last = [rows[-1][column.name] for column in table.primary_key]
    if await target.run_sync(_counts, theirs) != counts:
        raise RowCountMismatch
    await target.run_sync(_reset_sequences, theirs.values())
    return sum(counts.values())


def _tables(connection: Connection) -> dict[str, Table]:
    """Our tables, each after those that it references."""
    schema = MetaData()
    schema.reflect(connection)
    return {table.name: table for table in schema.sorted_tables if table.name not in _NOT_COPIED}


def _counts(connection: Connection, tables: Mapping[str, Table]) -> dict[str, int]:
    return {
        name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for name, table in tables.items()
    }


def _batch(connection: Connection, table: Table, last: Sequence[Any] | None) -> list[dict[str, Any]]:
    """The next rows after `last`, by primary key."""
    key = list(table.primary_key)
    rows = select(table).order_by(*key).limit(BATCH)
    if last is not None:
        rows = rows.where(tuple_(*key) > tuple_(*last))
    return [dict(row) for row in connection.execute(rows).mappings()]


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def _reset_sequences(connection: Connection, tables: Iterable[Table]) -> None:
    """Continue the ids after the highest one, which SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        if "id" in table.columns and table.columns["id"].identity is not None:
            sequence = select(func.pg_get_serial_sequence(table.name, "id")).scalar_subquery()
            highest = select(func.coalesce(func.max(table.columns["id"]), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, highest, False)))  # noqa: FBT003  # SQL's own signature
