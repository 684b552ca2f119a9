"""Updates that a platform has delivered and that are not handled yet: none is lost, none is handled twice.

Several processes may receive them. Each update has one of them as owner, and all open updates with the same ordering
key (`lane`) have the same owner, so that they are handled in order. Owners renew their claims (`until`); expired claims
may be taken over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_GET_OWNER = text("""
    SELECT owner, until FROM arrived
    WHERE account = :account AND body IS NOT NULL AND lane = :lane AND until >= :now
    ORDER BY number LIMIT 1
""")
_INSERT = text("""
    INSERT INTO arrived (account, number, body, lane, owner, until, at)
    VALUES (:account, :number, :body, :lane, :owner, :until, :now) ON CONFLICT DO NOTHING
""")
_LIST_OPEN = text(
    "SELECT number, owner, until FROM arrived WHERE account = :account AND body IS NOT NULL ORDER BY number"
)
_LIST_OWNED = text("""
    SELECT number, body FROM arrived
    WHERE account = :account AND body IS NOT NULL AND owner = :owner AND number IN :numbers ORDER BY number
""").bindparams(bindparam("numbers", expanding=True))
_RENEW = text("""
    UPDATE arrived SET until = :until WHERE account = :account AND body IS NOT NULL AND owner = :owner
""")
_CLAIM_EXPIRED = text("""
    UPDATE arrived SET owner = :owner, until = :until
    WHERE account = :account AND body IS NOT NULL AND (until IS NULL OR until < :now)
""")
_MARK_DONE = text("UPDATE arrived SET body = NULL WHERE account = :account AND number = :number")
_MARK_SEEN = text("INSERT INTO arrived (account, number, at) VALUES (:account, :number, :now) ON CONFLICT DO NOTHING")
_DELETE_OLD = text("DELETE FROM arrived WHERE at < :before")


@dataclass(frozen=True)
class StoredUpdate:
    """An update as received: its number, its JSON, and its ordering key."""

    number: int
    body: str
    ordering_key: str | None = None


@dataclass(frozen=True)
class OwnedUpdate:
    """The owner of an update, and when its claim expires."""

    number: int
    owner: str | None
    until: float | None


async def insert(
    connection: AsyncConnection,
    account: str,
    update: StoredUpdate,
    *,
    owner: str,
    now: float,
    until: float,
    before: float,
) -> str | None:
    """Insert an update and return its owner: `owner`, or the owner of its lane's open updates. None if it is known.
    Updates received before `before` are deleted, handled or not."""
    await connection.execute(_DELETE_OLD, {"before": before})
    found = await connection.execute(_GET_OWNER, {"account": account, "lane": update.ordering_key, "now": now})
    current = found.one_or_none()
    values = {
        "account": account,
        "number": update.number,
        "body": update.body,
        "lane": update.ordering_key,
        "owner": owner if current is None else current.owner,
        "until": until if current is None else current.until,
        "now": now,
    }
    is_new = (await connection.execute(_INSERT, values)).rowcount == 1
    return str(values["owner"]) if is_new else None


async def list_open(connection: AsyncConnection, account: str) -> tuple[OwnedUpdate, ...]:
    """Return the updates that are not handled yet, in order."""
    return tuple(OwnedUpdate(*row) for row in await connection.execute(_LIST_OPEN, {"account": account}))


async def list_owned(
    connection: AsyncConnection, account: str, owner: str, numbers: Sequence[int]
) -> tuple[StoredUpdate, ...]:
    """Return those of these updates that the owner still owns, in order."""
    values = {"account": account, "owner": owner, "numbers": list(numbers)}
    return tuple(StoredUpdate(*row) for row in await connection.execute(_LIST_OWNED, values))


async def claim(connection: AsyncConnection, account: str, owner: str, *, now: float, until: float) -> None:
    """Renew the owner's claims until `until`, and take over those that have expired by `now`."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": until})
    await connection.execute(_CLAIM_EXPIRED, {"account": account, "owner": owner, "now": now, "until": until})


async def release(connection: AsyncConnection, account: str, owner: str) -> None:
    """Release the owner's claims."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": 0.0})


async def mark_seen(connection: AsyncConnection, account: str, number: int, *, now: float, before: float) -> bool:
    """Record the number of something delivered once without a body; False if it is known."""
    await connection.execute(_DELETE_OLD, {"before": before})
    return (await connection.execute(_MARK_SEEN, {"account": account, "number": number, "now": now})).rowcount == 1


async def mark_done(connection: AsyncConnection, account: str, number: int) -> None:
    """Mark an update as handled: its number is kept, its body deleted."""
    await connection.execute(_MARK_DONE, {"account": account, "number": number})
