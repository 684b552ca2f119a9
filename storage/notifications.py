"""Notifications: short new messages to send. A row is deleted before its message is sent: delivery is at most once."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("INSERT INTO notice (job_id, next_at) VALUES (:job_id, :next_at) ON CONFLICT (job_id) DO NOTHING")
_LIST_DUE = text("""
    SELECT n.job_id FROM notice n JOIN job j ON j.id = n.job_id JOIN chat c ON c.id = j.chat_id
    WHERE c.platform = :platform AND n.next_at <= :now AND NOT j.hidden ORDER BY n.next_at LIMIT 50
""")
_DELETE = text("DELETE FROM notice WHERE job_id = :job_id")
_CLAMP_TIMES = text("UPDATE notice SET next_at = :latest WHERE next_at > :latest")
_DELETE_BEFORE = text("DELETE FROM notice WHERE next_at < :before")
_LIST_EXPIRED_CARDS = text("""
    SELECT j.id AS job_id, NULL AS album_id, j.message_id
    FROM group_rules g JOIN chat c ON c.id = g.chat_id JOIN job j ON j.chat_id = g.chat_id
    WHERE g.delete_cards_after_hours IS NOT NULL AND c.platform = :platform
      AND j.message_id IS NOT NULL AND j.state IN ('stored', 'delivered', 'failed', 'canceled')
      AND j.updated + g.delete_cards_after_hours * 3600 <= :now
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.id)
    UNION ALL
    SELECT MIN(j.id), a.id, a.message_id
    FROM group_rules g JOIN chat c ON c.id = g.chat_id JOIN job j ON j.chat_id = g.chat_id
    JOIN album a ON a.id = j.album_id
    WHERE g.delete_cards_after_hours IS NOT NULL AND c.platform = :platform AND a.message_id IS NOT NULL
    GROUP BY a.id, a.message_id, g.delete_cards_after_hours
    HAVING MAX(j.updated) + g.delete_cards_after_hours * 3600 <= :now
      AND MIN(CASE WHEN j.state IN ('stored', 'delivered', 'failed', 'canceled') THEN 1 ELSE 0 END) = 1
      AND MAX(CASE WHEN EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.id) THEN 1 ELSE 0 END) = 0
    ORDER BY 1 LIMIT 50
""")


@dataclass(frozen=True)
class ExpiredCard:
    """The message of a job; with `album_id` the card of its album."""

    job_id: int
    album_id: int | None
    message_id: str


async def insert(connection: AsyncConnection, job_id: int, next_at: float) -> None:
    """Send a notification about this job at `next_at` or later."""
    await connection.execute(_INSERT, {"job_id": job_id, "next_at": next_at})


async def list_due(connection: AsyncConnection, platform: str, now: float) -> tuple[int, ...]:
    """Return the ids of the jobs with a notification due on a platform; at most 50."""
    return tuple((await connection.execute(_LIST_DUE, {"platform": platform, "now": now})).scalars())


async def take(connection: AsyncConnection, job_id: int) -> bool:
    """Delete a notification that is about to be sent; False if another process has."""
    return (await connection.execute(_DELETE, {"job_id": job_id})).rowcount == 1


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """Limit the due times of notifications to `latest`, in case a wrong clock has written later ones."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def delete_before(connection: AsyncConnection, before: float) -> None:
    """Delete notifications that were due before `before`."""
    await connection.execute(_DELETE_BEFORE, {"before": before})


async def list_expired_cards(connection: AsyncConnection, platform: str, now: float) -> tuple[ExpiredCard, ...]:
    """Return messages of jobs and albums that were in a group for as long as its settings allow; at most 50."""
    rows = await connection.execute(_LIST_EXPIRED_CARDS, {"platform": platform, "now": now})
    return tuple(ExpiredCard(*row) for row in rows)
