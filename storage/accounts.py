"""API accounts: one row for each key, with its epoch, circuit breaker, pause and measured task durations.

Several keys may belong to one main account of the API, whose limits they share: their rows have the same `main_id`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PAUSED_BY_OWNER = "PausedByOwner"  # a `paused_reason` beside the API's own codes

_COLUMNS = (
    "id, epoch, next_submit_at, failures, open_until, paused_reason, mean_seconds, deviation_seconds,"
    " name, key_id, main_id, queries_refused"
)
# While the owner has paused every account, a new one is paused too.
_TAKE_OVER = text(f"""
    INSERT INTO account (id, epoch, mean_seconds, deviation_seconds, name, paused_reason)
    VALUES (:id, 1, :mean, :deviation, :name,
        (SELECT CASE WHEN COUNT(*) = COUNT(paused_reason)
            THEN MIN(CASE WHEN paused_reason = :owner THEN paused_reason END) END FROM account))
    ON CONFLICT (id) DO UPDATE SET epoch = account.epoch + 1, name = COALESCE(:name, account.name)
    RETURNING {_COLUMNS}
""")  # noqa: S608  # constant
_GET = text(f"SELECT {_COLUMNS} FROM account WHERE id = :id")  # noqa: S608  # constant
_GET_STATUS = text(f"""
    SELECT {", ".join("a." + name for name in _COLUMNS.replace(" ", "").split(","))}, j.slot, j.state
    FROM account a LEFT JOIN job j ON j.account_id = a.id AND j.slot IS NOT NULL
    WHERE a.id = :id OR a.main_id = (SELECT main_id FROM account WHERE id = :id)
    ORDER BY a.id
""")  # noqa: S608  # constant
_LIST_ALL = text(f"SELECT {_COLUMNS} FROM account ORDER BY id")  # noqa: S608  # constant
_IS_CURRENT_EPOCH = text("SELECT COUNT(*) FROM account WHERE id = :id AND epoch = :epoch")
_SET_NEXT_SUBMIT = text("UPDATE account SET next_submit_at = :next_submit_at WHERE id = :id")
_SET_BREAKER = text("UPDATE account SET failures = :failures, open_until = :open_until WHERE id = :id")
_SET_PAUSE = text("""
    UPDATE account SET failures = :failures, open_until = :until, queries_refused = :queries_refused,
        paused_reason = CASE WHEN paused_reason = :by_owner THEN paused_reason ELSE :reason END
    WHERE id = :id
""")
_PAUSE_ALL = text("UPDATE account SET paused_reason = :reason")
_RESUME_ALL = text("UPDATE account SET paused_reason = NULL, queries_refused = :no, failures = 0, open_until = 0")
_RESET = text("""
    UPDATE account SET failures = :failures, open_until = 0, queries_refused = :no,
        paused_reason = CASE WHEN paused_reason = :by_owner THEN paused_reason END
    WHERE id = :id
""")
_SET_IDENTITY = text("UPDATE account SET key_id = :key_id, main_id = :main_id WHERE id = :id")
_SET_DURATIONS = text("UPDATE account SET mean_seconds = :mean, deviation_seconds = :deviation WHERE id = :id")


@dataclass(frozen=True)
class Account:
    """One row. `open_until`: nothing is submitted until then, because of failures or a pause; `paused_reason`: the
    API's code, or None; `queries_refused`: the API refuses to tell about tasks, too.

    `name`: what its owner knows the key by; `key_id`, `main_id`: the API's own ids of the key and of the main account
    that it belongs to. Each is None until it is known.
    """

    id: str
    epoch: int
    next_submit_at: float
    failures: int
    open_until: float
    paused_reason: str | None
    mean_seconds: float
    deviation_seconds: float
    name: str | None = None
    key_id: str | None = None
    main_id: str | None = None
    queries_refused: bool = False


@dataclass(frozen=True)
class AccountStatus:
    """An account and the work of all keys that are known to share its limits: the slots that jobs occupy, and whether a
    submit is in progress or unresolved, in which case no other may be sent.

    `members`: the rows of these keys, the account's own among them; `busy`: the ids of those that occupy a slot;
    `occupied`: how many slots are occupied, since two keys may each hold one of the same number.
    """

    account: Account
    members: tuple[Account, ...]
    busy: frozenset[str]
    taken: frozenset[int]
    occupied: int
    in_doubt: bool

    @property
    def next_submit_at(self) -> float:
        """When the account may submit again, whichever of its keys was used."""
        return max(member.next_submit_at for member in self.members)

    def free_slot(self, allowed: Collection[int]) -> int | None:
        """Return the lowest free slot. None if there is none, or if as many slots are occupied as allowed, which can
        happen after the owner has lowered their number."""
        return None if self.occupied >= len(allowed) else min(set(allowed) - self.taken)


async def take_over(
    connection: AsyncConnection, account_id: str, *, mean: float, deviation: float, name: str | None = None
) -> Account:
    """Start a new epoch of the account: writes of older epochs are rejected from now on. Durations in seconds.

    A new account begins paused if the owner's pause of all accounts has not ended.
    """
    values = {"id": account_id, "mean": mean, "deviation": deviation, "name": name, "owner": PAUSED_BY_OWNER}
    return _account((await connection.execute(_TAKE_OVER, values)).one())


async def get(connection: AsyncConnection, account_id: str) -> Account:
    """Return the account with this id."""
    return _account((await connection.execute(_GET, {"id": account_id})).one())


async def get_status(connection: AsyncConnection, account_id: str) -> AccountStatus:
    """Return the account with this id, and the work in progress under all keys of its main account."""
    rows = (await connection.execute(_GET_STATUS, {"id": account_id})).all()
    members = {row.id: _account(row[:-2]) for row in rows}
    working = [row for row in rows if row.slot is not None]
    return AccountStatus(
        members[account_id],
        tuple(members.values()),
        busy=frozenset(row.id for row in working),
        taken=frozenset(row.slot for row in working),
        occupied=len(working),
        in_doubt=any(row.state == "submitting" for row in working),
    )


async def list_all(connection: AsyncConnection) -> tuple[Account, ...]:
    """Return every account that was ever used."""
    return tuple(_account(row) for row in await connection.execute(_LIST_ALL))


async def is_current_epoch(connection: AsyncConnection, account_id: str, epoch: int) -> bool:
    """Whether this epoch is current. In a write transaction it stays so until the end, as writes are exclusive."""
    return int((await connection.execute(_IS_CURRENT_EPOCH, {"id": account_id, "epoch": epoch})).scalar_one()) == 1


async def set_next_submit(connection: AsyncConnection, account_id: str, next_submit_at: float) -> None:
    """Allow no submit before this time."""
    await connection.execute(_SET_NEXT_SUBMIT, {"id": account_id, "next_submit_at": next_submit_at})


async def set_breaker(connection: AsyncConnection, account_id: str, *, failures: int, open_until: float) -> None:
    """Store the number of consecutive failures and the time until which submits are blocked."""
    await connection.execute(_SET_BREAKER, {"id": account_id, "failures": failures, "open_until": open_until})


async def set_pause(
    connection: AsyncConnection,
    account_id: str,
    reason: str,
    *,
    failures: int = 0,
    until: float = 0.0,
    queries_refused: bool = False,
) -> None:
    """Pause the account for an error of the API, until it is tried again at `until` (epoch seconds). A pause by the
    owner keeps its reason."""
    values = {"failures": failures, "until": until, "queries_refused": queries_refused, "by_owner": PAUSED_BY_OWNER}
    await connection.execute(_SET_PAUSE, {"id": account_id, "reason": reason, **values})


async def pause_all(connection: AsyncConnection, reason: str) -> int:
    """Pause every account that was ever used for this reason. Returns their number."""
    return (await connection.execute(_PAUSE_ALL, {"reason": reason})).rowcount


async def resume_all(connection: AsyncConnection) -> int:
    """Resume every account that was ever used, at once. Returns their number."""
    return (await connection.execute(_RESUME_ALL, {"no": False})).rowcount


async def reset(connection: AsyncConnection, account_id: str, *, failures: int = 0) -> None:
    """Resume the account at once, as the cause may be gone; a pause by the owner stays. `failures`: so many failures in
    a row are remembered."""
    values = {"failures": failures, "no": False, "by_owner": PAUSED_BY_OWNER}
    await connection.execute(_RESET, {"id": account_id, **values})


async def set_identity(
    connection: AsyncConnection, account_id: str, *, key_id: str | None, main_id: str | None
) -> None:
    """Store the API's ids of the account's key and of its main account."""
    await connection.execute(_SET_IDENTITY, {"id": account_id, "key_id": key_id, "main_id": main_id})


async def set_durations(connection: AsyncConnection, account_id: str, *, mean: float, deviation: float) -> None:
    """Store how long tasks take, in seconds."""
    await connection.execute(_SET_DURATIONS, {"id": account_id, "mean": mean, "deviation": deviation})


def _account(row: Sequence[Any]) -> Account:
    return Account(*(*row[:-1], bool(row[-1])))  # SQLite has numbers
