"""Every transaction of a database, with its caller and its statements: what a request costs, in counts.

with transaction_log(app.services.database) as log:
    ...
assert len(log.writes) <= 8
"""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

Opener = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)", re.IGNORECASE)
_WRAPPERS = ("contextlib", "bot.cluster.leadership", __name__)  # what lies between a transaction and its caller


@dataclass
class Transaction:
    """One transaction: `kind` is "write" or "read", `caller` a function's qualified name, `statements` are short:
    verb and table."""

    kind: str
    caller: str
    statements: list[str] = field(default_factory=list)


@dataclass
class TransactionLog:
    """All transactions that were begun, in order."""

    transactions: list[Transaction] = field(default_factory=list)

    @property
    def writes(self) -> list[Transaction]:
        return [one for one in self.transactions if one.kind == "write"]

    @property
    def reads(self) -> list[Transaction]:
        return [one for one in self.transactions if one.kind == "read"]

    def clear(self) -> None:
        self.transactions.clear()


@contextmanager
def transaction_log(database: Database) -> Iterator[TransactionLog]:
    """Log the transactions of this database until the end of the block."""
    log = TransactionLog()
    for kind in ("write", "read"):
        setattr(database, kind, _logged(getattr(database, kind), kind, log))
    try:
        yield log
    finally:
        del database.write, database.read


def _logged(opener: Opener, kind: str, log: TransactionLog) -> Opener:
    @asynccontextmanager
    async def run(caller: str) -> AsyncIterator[AsyncConnection]:
        transaction = Transaction(kind, caller)
        log.transactions.append(transaction)
        async with opener() as connection:
            execute = connection.execute

            async def logged(statement: Any, *values: Any, **options: Any) -> Any:
                transaction.statements.append(_short(str(statement)))
                return await execute(statement, *values, **options)

            connection.execute = logged  # type: ignore[method-assign]  # this connection is ours until it is closed
            try:
                yield connection
            finally:
                del connection.execute

    return lambda: run(_caller(sys._getframe(1)))


def _caller(frame: FrameType | None) -> str:
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_WRAPPERS):
        frame = frame.f_back
    assert frame is not None
    module = frame.f_globals["__name__"].removeprefix("bot.")
    return f"{module}.{frame.f_code.co_qualname.split('.')[-1]}"


def _short(statement: str) -> str:
    table = _TABLE.search(statement)
    return f"{statement.split(maxsplit=1)[0]} {table.group(1) if table else ''}".strip().lower()
