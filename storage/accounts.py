"""Accounts: one row a lane, with its fence, its breaker, the reason it stands still, and what it has learned."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PAUSED_BY_OWNER = "PausedByOwner"  # a `paused_reason` beside the API's own codes

_COLUMNS = "id, epoch, next_submit_at, failures, open_until, paused_reason, mean_seconds, deviation_seconds"
_TAKE_OVER = text(f"""
    INSERT INTO account (id, epoch, mean_seconds, deviation_seconds) VALUES (:id, 1, :mean, :deviation)
    ON CONFLICT (id) DO UPDATE SET epoch = account.epoch + 1
    RETURNING {_COLUMNS}
""")  # noqa: S608  # constant
_GET = text(f"SELECT {_COLUMNS} FROM account WHERE id = :id")  # noqa: S608  # constant
_GET_STATUS = text(f"""
    SELECT {", ".join("a." + name for name in _COLUMNS.split(", "))}, j.slot, j.state
    FROM account a LEFT JOIN job j ON j.account_id = a.id AND j.slot IS NOT NULL WHERE a.id = :id
""")  # noqa: S608  # constant
_LIST_ALL = text(f"SELECT {_COLUMNS} FROM account ORDER BY id")  # noqa: S608  # constant
_IS_CURRENT_EPOCH = text("SELECT COUNT(*) FROM account WHERE id = :id AND epoch = :epoch")
_SET_NEXT_SUBMIT = text("UPDATE account SET next_submit_at = :next_submit_at WHERE id = :id")
_SET_BREAKER = text("UPDATE account SET failures = :failures, open_until = :open_until WHERE id = :id")
_SET_PAUSE = text("UPDATE account SET paused_reason = :reason WHERE id = :id")
_RESET = text("""
    UPDATE account SET failures = 0, open_until = 0,
        paused_reason = CASE WHEN paused_reason = :stays THEN paused_reason END
    WHERE id = :id
""")
_SET_DURATIONS = text("UPDATE account SET mean_seconds = :mean, deviation_seconds = :deviation WHERE id = :id")


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


@dataclass(frozen=True)
class AccountStatus:
    """A lane at one moment: the slots that jobs occupy, and whether a submit of its is under way or unsettled, when no
    other may be sent."""

    account: Account
    taken: frozenset[int]
    in_doubt: bool

    def free_slot(self, allowed: Collection[int]) -> int | None:
        """The least slot that no job occupies; None also when as many others are occupied, as after the owner has set
        fewer slots."""
        return None if len(self.taken) >= len(allowed) else min(set(allowed) - self.taken)


async def take_over(connection: AsyncConnection, account_id: str, *, mean: float, deviation: float) -> Account:
    """The lane is ours from now on: every write with an older epoch changes nothing."""
    values = {"id": account_id, "mean": mean, "deviation": deviation}
    return Account(*(await connection.execute(_TAKE_OVER, values)).one())


async def get(connection: AsyncConnection, account_id: str) -> Account:
    """The lane of this id."""
    return Account(*(await connection.execute(_GET, {"id": account_id})).one())


async def get_status(connection: AsyncConnection, account_id: str) -> AccountStatus:
    """The lane of this id, with what is under way there."""
    rows = (await connection.execute(_GET_STATUS, {"id": account_id})).all()
    taken = frozenset(row.slot for row in rows if row.slot is not None)
    return AccountStatus(Account(*rows[0][:-2]), taken, in_doubt=any(row.state == "submitting" for row in rows))


async def list_all(connection: AsyncConnection) -> tuple[Account, ...]:
    """All lanes that ever were."""
    return tuple(Account(*row) for row in await connection.execute(_LIST_ALL))


async def is_current_epoch(connection: AsyncConnection, account_id: str, epoch: int) -> bool:
    """Whether the lane is still ours; in a write, which is alone in all processes, until the end of it."""
    return int((await connection.execute(_IS_CURRENT_EPOCH, {"id": account_id, "epoch": epoch})).scalar_one()) == 1


async def set_next_submit(connection: AsyncConnection, account_id: str, next_submit_at: float) -> None:
    """No submit before this time."""
    await connection.execute(_SET_NEXT_SUBMIT, {"id": account_id, "next_submit_at": next_submit_at})


async def set_breaker(connection: AsyncConnection, account_id: str, *, failures: int, open_until: float) -> None:
    """So many failures in a row; nothing passes until then."""
    await connection.execute(_SET_BREAKER, {"id": account_id, "failures": failures, "open_until": open_until})


async def set_pause(connection: AsyncConnection, account_id: str, reason: str | None) -> None:
    """Stop the lane for this reason, or let it go on (None)."""
    await connection.execute(_SET_PAUSE, {"id": account_id, "reason": reason})


async def reset(connection: AsyncConnection, account_id: str, *, stays: str = "") -> None:
    """The lane goes on, and trouble is forgotten: the owner may have done what it was waiting for. A pause for the
    reason that `stays` is left."""
    await connection.execute(_RESET, {"id": account_id, "stays": stays})


async def set_durations(connection: AsyncConnection, account_id: str, *, mean: float, deviation: float) -> None:
    """How long tasks take here, seconds."""
    await connection.execute(_SET_DURATIONS, {"id": account_id, "mean": mean, "deviation": deviation})
