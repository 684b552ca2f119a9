"""Updates that a platform has handed over and that are not dealt with yet: none is lost, none is taken twice."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_KEEP = text("""
    INSERT INTO arrived (account, number, body, at) VALUES (:account, :number, :body, :now) ON CONFLICT DO NOTHING
""")
_OPEN = text("SELECT number, body FROM arrived WHERE account = :account AND body IS NOT NULL ORDER BY number")
_DONE = text("UPDATE arrived SET body = NULL WHERE account = :account AND number = :number")
_FORGET = text("DELETE FROM arrived WHERE at < :before")


@dataclass(frozen=True)
class Arrival:
    """An update as it came: its number and its JSON."""

    number: int
    body: str


async def keep(connection: AsyncConnection, account: str, arrival: Arrival, *, now: float, before: float) -> bool:
    """Whether it is new; then it is kept until it is done. What came before `before` is forgotten, done or not."""
    await connection.execute(_FORGET, {"before": before})
    values = {"account": account, "number": arrival.number, "body": arrival.body, "now": now}
    return (await connection.execute(_KEEP, values)).rowcount == 1


async def unfinished(connection: AsyncConnection, account: str) -> tuple[Arrival, ...]:
    """What came and is not done, in order."""
    return tuple(Arrival(*row) for row in await connection.execute(_OPEN, {"account": account}))


async def done(connection: AsyncConnection, account: str, number: int) -> None:
    """This one is dealt with; its number is remembered, its words are not."""
    await connection.execute(_DONE, {"account": account, "number": number})
