"""Files that a platform keeps for us: the file id of each picture sent, and which photos were sent as spoilers.

`account` is the platform and the id of our bot there: file and message ids are not valid for another bot.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_UPSERT = text("""
    INSERT INTO shown_file (account, job_id, file) SELECT :account, id, :file FROM job WHERE id = :job_id AND NOT hidden
    ON CONFLICT (account, job_id) DO UPDATE SET file = excluded.file
""")
_GET_MANY = text("""
    SELECT f.job_id, f.file FROM shown_file f JOIN job j ON j.id = f.job_id JOIN result r ON r.job_id = f.job_id
    WHERE f.account = :account AND f.job_id IN :job_ids AND NOT j.hidden
""").bindparams(bindparam("job_ids", expanding=True))
_DELETE = text("DELETE FROM shown_file WHERE job_id = :job_id")
_MARK_SPOILER = text("""
    INSERT INTO veiled (account, chat, message, at) VALUES (:account, :chat, :message, :at) ON CONFLICT DO NOTHING
""")
_DELETE_OLD_SPOILERS = text("DELETE FROM veiled WHERE at < :before")
_COUNT_SPOILERS = text("SELECT COUNT(*) FROM veiled WHERE account = :account AND chat = :chat AND message = :message")


async def upsert(connection: AsyncConnection, *, account: str, job_id: int, file: str) -> None:
    """Store the platform's file id of the job's picture, unless the job has been deleted."""
    await connection.execute(_UPSERT, {"account": account, "job_id": job_id, "file": file})


async def get_many(connection: AsyncConnection, account: str, job_ids: Sequence[int]) -> dict[int, str]:
    """Return the file ids of those jobs whose results still exist, by job id."""
    rows = await connection.execute(_GET_MANY, {"account": account, "job_ids": list(job_ids)})
    return {row.job_id: row.file for row in rows}


async def delete(connection: AsyncConnection, job_id: int) -> None:
    """Delete the file ids of this job's picture."""
    await connection.execute(_DELETE, {"job_id": job_id})


async def mark_spoiler(
    connection: AsyncConnection, *, account: str, chat: str, message: str, at: float, before: float
) -> None:
    """Store that the photo of this message is a spoiler; marks older than `before` are deleted."""
    await connection.execute(_DELETE_OLD_SPOILERS, {"before": before})
    await connection.execute(_MARK_SPOILER, {"account": account, "chat": chat, "message": message, "at": at})


async def is_spoiler(connection: AsyncConnection, *, account: str, chat: str, message: str) -> bool:
    """Whether the photo of this message is a spoiler, so that replies to it must be too."""
    values = {"account": account, "chat": chat, "message": message}
    return int((await connection.execute(_COUNT_SPOILERS, values)).scalar_one()) > 0
