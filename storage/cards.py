"""The card of each job: its chat, message and language."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = """
    j.id, p.platform_id AS person, COALESCE(p.chosen_language, p.language) AS language,
    c.platform_id AS chat, c.is_group, j.thread, j.reply_to,
    CASE WHEN j.album_id IS NULL THEN j.message_id
         ELSE (SELECT a.message_id FROM album a WHERE a.id = j.album_id) END AS message_id,
    j.album_id
"""
_FROM = "FROM job j JOIN person p ON p.id = j.person_id JOIN chat c ON c.id = j.chat_id"
# CROSS JOIN makes SQLite start at the open jobs (the exact condition of a partial index), not at all chats.
_LIST_OPEN = text(f"""
    SELECT {_COLUMNS} FROM job j CROSS JOIN person p CROSS JOIN chat c
    WHERE j.state IN ('draft', 'queued', 'submitting', 'running', 'fetching')
      AND NOT j.hidden AND NOT j.cancel_requested
      AND p.id = j.person_id AND c.id = j.chat_id AND c.platform = :platform
    ORDER BY j.turn NULLS FIRST, j.id
""")  # noqa: S608  # constant
_GET_OF_JOB = text(f"SELECT {_COLUMNS} {_FROM} WHERE j.id = :job_id")
_SET_MESSAGE = text("UPDATE job SET message_id = :message_id WHERE id = :job_id")


@dataclass(frozen=True)
class CardPlace:
    """Where a card is. Ids are the platform's. `message_id`: None until the card is sent; in an `album` (our id) that
    of the card of all its jobs."""

    job_id: int
    person: str
    language: str
    chat: str
    is_group: bool
    thread: str | None
    reply_to: str | None
    message_id: str | None
    album: int | None = None


async def list_open(connection: AsyncConnection, platform: str) -> tuple[CardPlace, ...]:
    """Return the cards on a platform whose jobs have not ended, in queue order."""
    rows = await connection.execute(_LIST_OPEN, {"platform": platform})
    return tuple(CardPlace(*row) for row in rows)


async def get_of_job(connection: AsyncConnection, job_id: int) -> CardPlace:
    """Return where this job's card is."""
    return CardPlace(*(await connection.execute(_GET_OF_JOB, {"job_id": job_id})).one())


async def set_message(connection: AsyncConnection, job_id: int, message_id: str | None) -> None:
    """Store the card's message; None: it was deleted, and a new one may be sent."""
    await connection.execute(_SET_MESSAGE, {"job_id": job_id, "message_id": message_id})
