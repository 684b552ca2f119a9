"""Outcomes that could be shown nowhere: their rows stay in the outbox, for the person's next contact or our return."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_GIVE_UP = text("""
    UPDATE outbox SET given_up = :now, tries = tries + 1, next_at = :next_at WHERE job_id = :job_id
""")
_DROP_HIDDEN = text("""
    DELETE FROM outbox WHERE job_id = :job_id AND EXISTS (SELECT 1 FROM job j WHERE j.id = :job_id AND j.hidden)
""")
_LIST_IN_CHAT = text("""
    SELECT o.job_id FROM outbox o JOIN job j ON j.id = o.job_id
    WHERE o.given_up IS NOT NULL AND j.chat_id = :chat_id AND NOT j.hidden
""")
_IS_ANY = text("""
    SELECT o.job_id FROM outbox o JOIN job j ON j.id = o.job_id
    JOIN person p ON p.id = j.person_id JOIN chat c ON c.id = j.chat_id
    WHERE o.given_up IS NOT NULL AND ((p.platform = :platform AND p.platform_id = :person)
       OR (c.platform = :platform AND c.platform_id = :chat)) LIMIT 1
""")
_TRY_AGAIN = text("UPDATE outbox SET given_up = NULL, tries = 0, next_at = :now WHERE job_id = :job_id")
_LIST_PICTURES = text("""
    SELECT o.job_id FROM outbox o JOIN job j ON j.id = o.job_id
    WHERE o.given_up IS NOT NULL AND j.person_id = :person_id AND j.chat_id <> :chat_id
      AND j.state = 'stored' AND NOT j.hidden AND EXISTS (SELECT 1 FROM result r WHERE r.job_id = j.id)
""")
# Must repeat the states of the partial index exactly.
_LIST_WAITING_IN_CHAT = text("""
    SELECT id FROM job WHERE state IN ('draft', 'queued', 'submitting', 'running', 'fetching')
      AND state IN ('draft', 'queued') AND chat_id = :chat_id AND NOT hidden
""")


async def give_up(connection: AsyncConnection, job_id: int, now: float, *, next_at: float) -> None:
    """Store that this outcome could be shown nowhere; at `next_at` it is tried once more, unless that was tried often
    (`storage.results.list_due`)."""
    await connection.execute(_DROP_HIDDEN, {"job_id": job_id})  # its person has deleted it and expects nothing any more
    await connection.execute(_GIVE_UP, {"job_id": job_id, "now": now, "next_at": next_at})


async def try_again(connection: AsyncConnection, job_id: int, now: float) -> None:
    """Show this outcome after all."""
    await connection.execute(_TRY_AGAIN, {"job_id": job_id, "now": now})


async def is_any(connection: AsyncConnection, *, platform: str, person: str, chat: str) -> bool:
    """Whether an outcome of this person, or in this chat, was given up."""
    values = {"platform": platform, "person": person, "chat": chat}
    return (await connection.execute(_IS_ANY, values)).one_or_none() is not None


async def list_in_chat(connection: AsyncConnection, chat_id: int) -> tuple[int, ...]:
    """Return the jobs of a chat whose outcomes were given up."""
    return tuple((await connection.execute(_LIST_IN_CHAT, {"chat_id": chat_id})).scalars())


async def list_pictures(connection: AsyncConnection, person_id: int, *, but_not_in: int) -> tuple[int, ...]:
    """Return a person's finished jobs that they were never told of, in other chats than this one."""
    return tuple((await connection.execute(_LIST_PICTURES, {"person_id": person_id, "chat_id": but_not_in})).scalars())


async def list_waiting_in_chat(connection: AsyncConnection, chat_id: int) -> tuple[int, ...]:
    """Return the jobs of a chat that nobody has begun to paint."""
    return tuple((await connection.execute(_LIST_WAITING_IN_CHAT, {"chat_id": chat_id})).scalars())
