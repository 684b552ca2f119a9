"""Updates that a platform has handed over and that are not dealt with yet: none is lost, none is taken twice.

Several processes may be handed them. Each update has an owner among them, and all that is open in a lane has the same
one, so that what was sent after something is dealt with after it. Owners say again and again that they are there
(`until`); from one that doesn't, others may take.
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
    """An update as it came: its number, its JSON, and what it is to be dealt with one after the other."""

    number: int
    body: str
    lane: str | None = None


@dataclass(frozen=True)
class OwnedUpdate:
    """Who deals with an update, and until when nobody else may."""

    number: int
    owner: str | None
    until: float | None


async def insert(
    connection: AsyncConnection,
    account: str,
    arrival: StoredUpdate,
    *,
    owner: str,
    now: float,
    until: float,
    before: float,
) -> str | None:
    """Who is to deal with it: `owner`, or whoever deals with its lane; None when it is known. It is kept until it is
    done. What came before `before` is forgotten, done or not."""
    await connection.execute(_DELETE_OLD, {"before": before})
    found = await connection.execute(_GET_OWNER, {"account": account, "lane": arrival.lane, "now": now})
    whose = found.one_or_none()
    values = {
        "account": account,
        "number": arrival.number,
        "body": arrival.body,
        "lane": arrival.lane,
        "owner": owner if whose is None else whose.owner,
        "until": until if whose is None else whose.until,
        "now": now,
    }
    is_new = (await connection.execute(_INSERT, values)).rowcount == 1
    return str(values["owner"]) if is_new else None


async def list_open(connection: AsyncConnection, account: str) -> tuple[OwnedUpdate, ...]:
    """What came and is not done, in order."""
    return tuple(OwnedUpdate(*row) for row in await connection.execute(_LIST_OPEN, {"account": account}))


async def list_owned(
    connection: AsyncConnection, account: str, owner: str, numbers: Sequence[int]
) -> tuple[StoredUpdate, ...]:
    """Those of these that are still the owner's, in order."""
    values = {"account": account, "owner": owner, "numbers": list(numbers)}
    return tuple(StoredUpdate(*row) for row in await connection.execute(_LIST_OWNED, values))


async def claim(connection: AsyncConnection, account: str, owner: str, *, now: float, until: float) -> None:
    """What nobody has said to be at by `now` is the owner's, who is at everything of theirs until then."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": until})
    await connection.execute(_CLAIM_EXPIRED, {"account": account, "owner": owner, "now": now, "until": until})


async def release(connection: AsyncConnection, account: str, owner: str) -> None:
    """What the owner has not done is anybody's."""
    await connection.execute(_RENEW, {"account": account, "owner": owner, "until": 0.0})


async def mark_seen(connection: AsyncConnection, account: str, number: int, *, now: float, before: float) -> bool:
    """Whether nobody has heard of it before; for what is told once, and can't be told again."""
    await connection.execute(_DELETE_OLD, {"before": before})
    return (await connection.execute(_MARK_SEEN, {"account": account, "number": number, "now": now})).rowcount == 1


async def mark_done(connection: AsyncConnection, account: str, number: int) -> None:
    """This one is dealt with; its number is remembered, its words are not."""
    await connection.execute(_MARK_DONE, {"account": account, "number": number})
