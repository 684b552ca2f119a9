"""How long each step of a job takes, learned from those that were measured; `bot.domain.eta` computes."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SLOT = "slot"  # a task in one style holds a slot of an account: from its claim until it is seen to be over
FETCH = "fetch"  # its picture is fetched and stored
DELIVERY = "delivery"  # … and shown; of no account
NO_ACCOUNT = ""

_PUT = text("""
    INSERT INTO timing (account_id, step, style, mean, deviation, count)
    VALUES (:account_id, :step, :style, :mean, :deviation, :count)
    ON CONFLICT (account_id, step, style) DO UPDATE SET mean = :mean, deviation = :deviation, count = :count
""")
_LIST_ALL = text("SELECT account_id, step, style, mean, deviation, count FROM timing")


@dataclass(frozen=True)
class TimingRow:
    """Mean and standard deviation in seconds, of how many. `style` is 0 for steps that don't depend on it."""

    account_id: str
    step: str
    style: int
    mean: float
    deviation: float
    count: int


async def put(connection: AsyncConnection, row: TimingRow) -> None:
    """Store what is known of a step, in place of what was known before."""
    await connection.execute(_PUT, vars(row))


async def list_all(connection: AsyncConnection) -> tuple[TimingRow, ...]:
    """Return what is known of every step: at most a few rows for each account and style."""
    return tuple(TimingRow(*row) for row in await connection.execute(_LIST_ALL))
