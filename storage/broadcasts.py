"""Broadcasts of the owner, with one row per recipient.

A row is marked "sending" before its message is sent, so that after a crash nobody gets it twice.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Outcome = Literal["told", "gone", "unsure"]  # unsure: it may have arrived

_INSERT = text("""
    INSERT INTO broadcast (text, created, stopped) VALUES (:text, :now, :no) RETURNING id
""")
_INSERT_RECIPIENTS = text("""
    INSERT INTO recipient (broadcast_id, chat_id)
    SELECT :id, c.id FROM chat c JOIN person p ON p.id = c.person_id
    WHERE NOT c.is_group AND c.platform <> 'web' AND p.banned_at IS NULL AND p.forgotten_at IS NULL
      AND c.platform_id NOT LIKE '%:%'
""")  # an id with a colon can't be written to: an inline message, or deleted data
_GET_NEXT = text("""
    SELECT r.broadcast_id, r.chat_id, c.platform_id AS chat, b.text
    FROM recipient r JOIN broadcast b ON b.id = r.broadcast_id JOIN chat c ON c.id = r.chat_id
    WHERE NOT b.stopped AND r.outcome IS NULL AND r.next_at <= :now AND c.platform = :platform
    ORDER BY r.broadcast_id, r.next_at, r.chat_id LIMIT 1
""")
_MARK_SENDING = text("""
    UPDATE recipient SET outcome = 'sending'
    WHERE broadcast_id = :broadcast_id AND chat_id = :chat_id AND outcome IS NULL
""")
_SET_OUTCOME = text("""
    UPDATE recipient SET outcome = :outcome WHERE broadcast_id = :broadcast_id AND chat_id = :chat_id
""")
_POSTPONE = text("""
    UPDATE recipient SET outcome = NULL, next_at = :next_at
    WHERE broadcast_id = :broadcast_id AND chat_id = :chat_id
""")
_CLAMP_TIMES = text("UPDATE recipient SET next_at = :latest WHERE outcome IS NULL AND next_at > :latest")
_SET_STOPPED = text("UPDATE broadcast SET stopped = :stopped WHERE id = :id")
_LIST_NEWEST = text("""
    SELECT b.id, b.text, b.created, b.stopped,
        COALESCE(SUM(CASE WHEN r.chat_id IS NOT NULL AND r.outcome IS NULL THEN 1 ELSE 0 END), 0) AS waiting,
        COALESCE(SUM(CASE r.outcome WHEN 'told' THEN 1 ELSE 0 END), 0) AS told,
        COALESCE(SUM(CASE r.outcome WHEN 'gone' THEN 1 ELSE 0 END), 0) AS gone,
        COALESCE(SUM(CASE WHEN r.outcome IN ('sending', 'unsure') THEN 1 ELSE 0 END), 0) AS unsure
    FROM broadcast b LEFT JOIN recipient r ON r.broadcast_id = b.id
    GROUP BY b.id, b.text, b.created, b.stopped ORDER BY b.id DESC LIMIT :limit
""")


@dataclass(frozen=True)
class Broadcast:
    """A broadcast, and the number of recipients who wait for it, got it, can't be reached, and may have got it."""

    id: int
    text: str
    created: float
    stopped: bool
    waiting: int
    delivered: int
    gone: int
    unsure: int


@dataclass(frozen=True)
class BroadcastMessage:
    """A broadcast to one private chat; `chat` is the platform's id."""

    broadcast_id: int
    chat_id: int
    chat: str
    text: str


async def insert(connection: AsyncConnection, content: str, now: float) -> int:
    """Insert a broadcast to everybody with a private chat; return its id."""
    broadcast_id = (await connection.execute(_INSERT, {"text": content, "now": now, "no": False})).scalar_one()
    await connection.execute(_INSERT_RECIPIENTS, {"id": broadcast_id})
    return int(broadcast_id)


async def take_next(connection: AsyncConnection, platform: str, now: float) -> BroadcastMessage | None:
    """Mark the next message on a platform as being sent and return it; None if none is due."""
    row = (await connection.execute(_GET_NEXT, {"platform": platform, "now": now})).one_or_none()
    if row is None:
        return None
    message = BroadcastMessage(*row)
    values = {"broadcast_id": message.broadcast_id, "chat_id": message.chat_id}
    return message if (await connection.execute(_MARK_SENDING, values)).rowcount == 1 else None


async def is_any_due(connection: AsyncConnection, platform: str, now: float) -> bool:
    """Whether there is a message to send on this platform now."""
    return (await connection.execute(_GET_NEXT, {"platform": platform, "now": now})).one_or_none() is not None


async def set_outcome(connection: AsyncConnection, message: BroadcastMessage, outcome: Outcome) -> None:
    """Store the outcome of a message."""
    values = {"broadcast_id": message.broadcast_id, "chat_id": message.chat_id, "outcome": outcome}
    await connection.execute(_SET_OUTCOME, values)


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """Limit the due times of messages to `latest`, in case a wrong clock has written later ones."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def postpone(connection: AsyncConnection, message: BroadcastMessage, next_at: float) -> None:
    """Retry a message at `next_at` after it was certainly not sent."""
    values = {"broadcast_id": message.broadcast_id, "chat_id": message.chat_id, "next_at": next_at}
    await connection.execute(_POSTPONE, values)


async def set_stopped(connection: AsyncConnection, broadcast_id: int, *, stopped: bool) -> bool:
    """Stop or resume a broadcast; False if it does not exist."""
    return (await connection.execute(_SET_STOPPED, {"id": broadcast_id, "stopped": stopped})).rowcount == 1


async def list_newest(connection: AsyncConnection, limit: int) -> tuple[Broadcast, ...]:
    """Return the latest broadcasts with their counts, newest first."""
    rows = await connection.execute(_LIST_NEWEST, {"limit": limit})
    return tuple(Broadcast(row[0], row[1], row[2], bool(row[3]), *row[4:]) for row in rows)
