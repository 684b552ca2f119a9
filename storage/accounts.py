"""Accounts: one row a lane, with its fence, its breaker, the reason it stands still, and what it has learned."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = "id, epoch, next_submit_at, failures, open_until, paused_reason, mean_seconds, deviation_seconds"
_TAKE_OVER = text(f"""
    INSERT INTO account (id, epoch, mean_seconds, deviation_seconds) VALUES (:id, 1, :mean, :deviation)
    ON CONFLICT (id) DO UPDATE SET epoch = account.epoch + 1
    RETURNING {_COLUMNS}
""")  # noqa: S608  # constant
_GET = text(f"SELECT {_COLUMNS} FROM account WHERE id = :id")  # noqa: S608  # constant
_ALL = text(f"SELECT {_COLUMNS} FROM account ORDER BY id")  # noqa: S608  # constant
_FENCE = text("UPDATE account SET epoch = epoch WHERE id = :id AND epoch = :epoch")
_SPACE = text("UPDATE account SET next_submit_at = :next_submit_at WHERE id = :id")
_TRIP = text("UPDATE account SET failures = :failures, open_until = :open_until WHERE id = :id")
_PAUSE = text("UPDATE account SET paused_reason = :reason WHERE id = :id")
_REFRESH = text("""
    UPDATE account SET failures = 0, open_until = 0,
        paused_reason = CASE WHEN paused_reason = :stays THEN paused_reason END
""")
_LEARN = text("UPDATE account SET mean_seconds = :mean, deviation_seconds = :deviation WHERE id = :id")


@dataclass(frozen=True)
class Account:
    """One lane. `open_until`: the breaker lets nothing through before; `paused_reason`: the API's code, or None."""

    id: str
    epoch: int
    next_submit_at: float
    failures: int
    open_until: float
    paused_reason: str | None
    mean_seconds: float
    deviation_seconds: float


async def take_over(connection: AsyncConnection, account_id: str, *, mean: float, deviation: float) -> Account:
    """The lane is ours from now on: every write with an older epoch changes nothing."""
    values = {"id": account_id, "mean": mean, "deviation": deviation}
    return Account(*(await connection.execute(_TAKE_OVER, values)).one())


async def get(connection: AsyncConnection, account_id: str) -> Account:
    """The lane of this id."""
    return Account(*(await connection.execute(_GET, {"id": account_id})).one())


async def every(connection: AsyncConnection) -> tuple[Account, ...]:
    """All lanes that ever were."""
    return tuple(Account(*row) for row in await connection.execute(_ALL))


async def holds(connection: AsyncConnection, account_id: str, epoch: int) -> bool:
    """Whether the lane is still ours; locks its row until the end of the transaction."""
    return (await connection.execute(_FENCE, {"id": account_id, "epoch": epoch})).rowcount == 1


async def space(connection: AsyncConnection, account_id: str, next_submit_at: float) -> None:
    """No submit before this time."""
    await connection.execute(_SPACE, {"id": account_id, "next_submit_at": next_submit_at})


async def trip(connection: AsyncConnection, account_id: str, *, failures: int, open_until: float) -> None:
    """So many failures in a row; nothing passes until then."""
    await connection.execute(_TRIP, {"id": account_id, "failures": failures, "open_until": open_until})


async def pause(connection: AsyncConnection, account_id: str, reason: str | None) -> None:
    """Stop the lane for this reason, or let it go on (None)."""
    await connection.execute(_PAUSE, {"id": account_id, "reason": reason})


async def refresh(connection: AsyncConnection, *, stays: str = "") -> None:
    """All lanes go on, and trouble is forgotten: the owner may have done what they were waiting for. A pause for the
    reason that `stays` is left."""
    await connection.execute(_REFRESH, {"stays": stays})


async def learn(connection: AsyncConnection, account_id: str, *, mean: float, deviation: float) -> None:
    """How long tasks take here, seconds."""
    await connection.execute(_LEARN, {"id": account_id, "mean": mean, "deviation": deviation})
