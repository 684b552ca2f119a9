"""Updates that a platform has delivered and that are not handled yet: none is lost, none is handled twice.

Several processes may receive them. Each update has one of them as owner, and all open updates with the same ordering
key (`lane`) have the same owner, so that they are handled in order. Owners renew their claims (`until`); expired claims
may be taken over. Of a handled update only the number is kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

_LIST_KNOWN = text("SELECT number FROM arrived WHERE account = :account AND number IN :numbers").bindparams(
    bindparam("numbers", expanding=True)
)
_LIST_LANES = text("""
    SELECT lane, COUNT(*) AS waiting, MAX(CASE WHEN until >= :now THEN owner END) AS owner, MAX(until) AS until
    FROM arrived WHERE account = :account AND body IS NOT NULL AND lane IN :lanes GROUP BY lane
""").bindparams(bindparam("lanes", expanding=True))
_INSERT = text("""
    INSERT INTO arrived (account, number, body, lane, sender, size, owner, until, at)
    VALUES (:account, :number, :body, :lane, :sender, :size, :owner, :until, :now)
""")
_LIST_OPEN = text(
    "SELECT number, lane, owner, until FROM arrived WHERE account = :account AND body IS NOT NULL ORDER BY number"
)
_LIST_OWNED = text("""
    SELECT number, body FROM arrived
    WHERE account = :account AND body IS NOT NULL AND owner = :owner AND number IN :numbers ORDER BY number
""").bindparams(bindparam("numbers", expanding=True))
_MEASURE = text("""
    SELECT COUNT(*) AS updates, COALESCE(SUM(size), 0) AS characters FROM arrived
    WHERE account = :account AND body IS NOT NULL
""")
_RENEW = text("""
    UPDATE arrived SET until = :until WHERE account = :account AND body IS NOT NULL AND owner = :owner
""")
_CLAIM_EXPIRED = text("""
    UPDATE arrived SET owner = :owner, until = :until
    WHERE account = :account AND body IS NOT NULL AND (until IS NULL OR until < :now)
""")
_EMPTY = "UPDATE arrived SET body = NULL, lane = NULL, sender = NULL, size = NULL, owner = NULL, until = NULL"
_MARK_DONE = text(f"{_EMPTY} WHERE account = :account AND number IN :numbers").bindparams(
    bindparam("numbers", expanding=True)
)
_EMPTY_OF_SENDER = text(f"""
    {_EMPTY} WHERE body IS NOT NULL AND sender = :sender
    AND SUBSTR(account, 1, LENGTH(:platform) + 1) = :platform || ':'
""")
_EMPTY_OLD = text(f"{_EMPTY} WHERE body IS NOT NULL AND at < :before")
_MARK_SEEN = text("INSERT INTO arrived (account, number, at) VALUES (:account, :number, :now) ON CONFLICT DO NOTHING")
_DELETE_OLD = text("DELETE FROM arrived WHERE at < :before")
_GET_LAST_KEPT = text("SELECT at FROM arrived ORDER BY at DESC LIMIT 1 OFFSET :keep")
_DELETE_HANDLED = text("DELETE FROM arrived WHERE at < :before AND body IS NULL")

# What a driver or a server raises because of a value, as opposed to those of a lost connection or a full disk.
_UNSTORABLE = (DataError, IntegrityError, InterfaceError, ProgrammingError, ValueError, OverflowError)


@dataclass(frozen=True)
class StoredUpdate:
    """An update as received: its number (at most 62 bits), its JSON, its ordering key, and the platform id of whoever
    caused it.

    `body` None: only the number is stored, as of one that was handled. `can_be_dropped`: when too many with its key
    wait already.
    """

    number: int
    body: str | None
    ordering_key: str | None = None
    sender: str | None = None
    can_be_dropped: bool = False


@dataclass(frozen=True)
class OpenUpdate:
    """An update that is not handled: its ordering key, its owner, and when the owner's claim expires."""

    number: int
    ordering_key: str | None
    owner: str | None
    until: float | None


@dataclass(frozen=True)
class Inserted:
    """What became of a batch: new open updates, and the numbers of those `dropped` and of those that can't be stored
    (`unstorable`)."""

    updates: tuple[OpenUpdate, ...] = ()
    dropped: tuple[int, ...] = ()
    unstorable: tuple[int, ...] = ()


@dataclass(frozen=True)
class Volume:
    """How many updates are open, and how many characters they have."""

    updates: int
    characters: int


async def insert(
    connection: AsyncConnection,
    account: str,
    updates: Sequence[StoredUpdate],
    *,
    owner: str,
    now: float,
    until: float,
    max_waiting: int,
) -> Inserted:
    """Insert the new ones of these updates. Each is owned by `owner`, or by the owner of its lane's open updates, which
    may be `max_waiting`: droppable ones beyond that are stored without a body."""
    found = await connection.execute(_LIST_KNOWN, {"account": account, "numbers": [one.number for one in updates]})
    known = set(found.scalars())
    new = list({one.number: one for one in reversed(updates) if one.number not in known}.values())[::-1]
    lanes = await _lanes(connection, account, sorted({one.ordering_key for one in new if one.ordering_key}), now)
    waiting = Counter({lane: row.waiting for lane, row in lanes.items()})
    rows, dropped = [], []
    for one in new:
        if one.body is not None and one.can_be_dropped and waiting[one.ordering_key] >= max_waiting:
            dropped.append(one.number)
            one = replace(one, body=None)  # noqa: PLW2901  # it goes on without its body
        elif one.body is not None and one.ordering_key is not None:
            waiting[one.ordering_key] += 1
        lane = lanes.get(one.ordering_key)
        claim = (owner, until) if lane is None or lane.owner is None else (lane.owner, lane.until)
        rows.append(_row(account, one, claim, now))
    unstorable = await _insert_rows(connection, rows)
    stored = [row for row in rows if row["body"] is not None and row["number"] not in unstorable]
    return Inserted(
        tuple(OpenUpdate(row["number"], row["lane"], row["owner"], row["until"]) for row in stored),
        tuple(dropped),
        unstorable,
    )


async def _lanes(connection: AsyncConnection, account: str, lanes: list[str], now: float) -> dict[str | None, Any]:
    """How many updates of each lane are open, and who owns them, as far as the claim is valid."""
    if not lanes:
        return {}
    try:
        async with connection.begin_nested():
            found = await connection.execute(_LIST_LANES, {"account": account, "lanes": lanes, "now": now})
            return {row.lane: row for row in found}
    except _UNSTORABLE as error:
        _raise_if_lost(error)
        if len(lanes) == 1:
            return {}
    halves = lanes[: len(lanes) // 2], lanes[len(lanes) // 2 :]
    return await _lanes(connection, account, halves[0], now) | await _lanes(connection, account, halves[1], now)


def _row(account: str, update: StoredUpdate, claim: tuple[str, float], now: float) -> dict[str, Any]:
    is_open = update.body is not None
    return {
        "account": account,
        "number": update.number,
        "body": update.body,
        "lane": update.ordering_key if is_open else None,
        "sender": update.sender if is_open else None,
        "size": None if update.body is None else len(update.body),
        "owner": claim[0] if is_open else None,
        "until": claim[1] if is_open else None,
        "now": now,
    }


async def _insert_rows(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> tuple[int, ...]:
    """Insert all rows at once, or each by itself if one of them can't be stored; returns the numbers of such."""
    if not rows:
        return ()
    try:
        async with connection.begin_nested():
            await connection.execute(_INSERT, list(rows))
    except _UNSTORABLE as error:
        _raise_if_lost(error)
    else:
        return ()
    if len(rows) == 1:
        return (rows[0]["number"],)
    return tuple([number for row in rows for number in await _insert_rows(connection, [row])])


def _raise_if_lost(error: Exception) -> None:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        raise error


async def measure(connection: AsyncConnection, account: str) -> Volume:
    """Return how much is open."""
    return Volume(*(await connection.execute(_MEASURE, {"account": account})).one())


async def list_open(connection: AsyncConnection, account: str) -> tuple[OpenUpdate, ...]:
    """Return the updates that are not handled yet, in order."""
    return tuple(OpenUpdate(*row) for row in await connection.execute(_LIST_OPEN, {"account": account}))


async def list_owned(
    connection: AsyncConnection, account: str, owner: str, numbers: Sequence[int]
) -> tuple[StoredUpdate, ...]:
    """Return those of these updates that are open and still owned by `owner`, in order."""
    values = {"account": account, "owner": owner, "numbers": list(numbers)}
    return tuple(StoredUpdate(*row) for row in await connection.execute(_LIST_OWNED, values))


async def claim(connection: AsyncConnection, account: str, owner: str, *, now: float, until: float) -> None:
    """Renew the owner's claims until `until`, and take over those that have expired by `now`."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": until})
    await connection.execute(_CLAIM_EXPIRED, {"account": account, "owner": owner, "now": now, "until": until})


async def release(connection: AsyncConnection, account: str, owner: str) -> None:
    """Release the owner's claims."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": 0.0})


async def mark_seen(connection: AsyncConnection, account: str, number: int, *, now: float) -> bool:
    """Record the number of something delivered once without a body; False if it is known."""
    return (await connection.execute(_MARK_SEEN, {"account": account, "number": number, "now": now})).rowcount == 1


async def mark_done(connection: AsyncConnection, account: str, numbers: Sequence[int]) -> None:
    """Mark updates as handled: only their numbers are kept."""
    await connection.execute(_MARK_DONE, {"account": account, "numbers": list(numbers)})


async def delete_of_sender(connection: AsyncConnection, platform: str, sender: str) -> int:
    """Delete what open updates of this person contain; return how many there were."""
    return (await connection.execute(_EMPTY_OF_SENDER, {"platform": platform, "sender": sender})).rowcount


async def delete_old(connection: AsyncConnection, *, bodies_before: float, before: float, keep: int) -> None:
    """Delete what updates contain that were received before `bodies_before`, handled or not, and the numbers received
    before `before`, of which at most about `keep` are kept in any case."""
    await connection.execute(_EMPTY_OLD, {"before": bodies_before})
    await connection.execute(_DELETE_OLD, {"before": before})
    last_kept = (await connection.execute(_GET_LAST_KEPT, {"keep": keep})).scalar_one_or_none()
    if last_kept is not None:
        await connection.execute(_DELETE_HANDLED, {"before": last_kept})
