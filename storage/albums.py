"""Albums: the jobs of a request with several photos. They share one card, whose message belongs to the album. Where a
card can't show all pictures, the message of each job is its picture, sent beside the card."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

Hung = Literal["sending", "sent"]

# The update locks the row, so that the album can't be closed while a job joins it.
_JOIN = text("""
    INSERT INTO album (source, is_open, created) VALUES (:source, :yes, :now)
    ON CONFLICT (source) DO UPDATE SET source = excluded.source
    RETURNING id, is_open
""")
_CLOSE = text("UPDATE album SET is_open = :no WHERE source = :source")
_GET_MANY = text("SELECT id, message_id, is_open, hung, created FROM album WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_LIST_JOBS = text("SELECT id, album_id, hidden FROM job WHERE album_id IN :ids ORDER BY id").bindparams(
    bindparam("ids", expanding=True)
)
_LIST_REQUESTED_TOGETHER = text("""
    SELECT id FROM job
    WHERE NOT hidden AND (id = :job_id OR album_id = (SELECT album_id FROM job WHERE id = :job_id)) ORDER BY id
""")
_MOVE_JOBS = text("UPDATE job SET album_id = :album_id, version = version + 1 WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_SET_MESSAGE = text("UPDATE album SET message_id = :message_id WHERE id = :id")
_MARK_PICTURES_SENDING = text("UPDATE album SET hung = 'sending' WHERE id = :id AND hung IS NULL")
_CLEAR_PICTURES_SENDING = text("UPDATE album SET hung = NULL WHERE id = :id")
_MARK_PICTURES_SENT = text("UPDATE album SET hung = 'sent' WHERE id = :id")
_SET_JOB_MESSAGE = text("UPDATE job SET message_id = :message_id WHERE id = :job_id")


@dataclass(frozen=True)
class Album:
    """`jobs`: the ids of the visible jobs, in the order of their photos; of all jobs if none is visible
    (`is_in_sight`).

    `is_open`: photos may still join. `hung`: the state of its pictures beside the card. "sending" is written before
    they are sent, and stays if the outcome is not known.
    """

    id: int
    message_id: str | None
    is_open: bool
    hung: Hung | None
    created: float
    jobs: tuple[int, ...]
    is_in_sight: bool


async def join(connection: AsyncConnection, source: str, now: float) -> int | None:
    """Return the id of this request's album, created if needed; None if it is closed to more photos."""
    row = (await connection.execute(_JOIN, {"source": source, "now": now, "yes": True})).one()
    return int(row.id) if row.is_open else None


async def close(connection: AsyncConnection, source: str) -> None:
    """Close this request's album to more photos."""
    await connection.execute(_CLOSE, {"source": source, "no": False})


async def move_jobs(connection: AsyncConnection, job_ids: Sequence[int], source: str, now: float) -> None:
    """Move these jobs to a new album."""
    album_id = await join(connection, source, now)
    if album_id is not None:
        await connection.execute(_MOVE_JOBS, {"album_id": album_id, "ids": list(job_ids)})
        await close(connection, source)


async def get_many(connection: AsyncConnection, album_ids: Collection[int]) -> tuple[Album, ...]:
    """Return the albums with these ids, without empty ones."""
    if not album_ids:
        return ()
    ids = {"ids": sorted(album_ids)}
    everything: dict[int, list[int]] = {}
    in_sight: dict[int, list[int]] = {}
    for row in await connection.execute(_LIST_JOBS, ids):
        for members in (everything,) if row.hidden else (everything, in_sight):
            members.setdefault(row.album_id, []).append(row.id)
    found = (await connection.execute(_GET_MANY, ids)).all()
    return tuple(
        Album(
            *(row.id, row.message_id, bool(row.is_open), row.hung, row.created),
            jobs=tuple(in_sight.get(row.id, everything[row.id])),
            is_in_sight=row.id in in_sight,
        )
        for row in found
        if row.id in everything
    )


async def list_requested_together(connection: AsyncConnection, job_id: int) -> tuple[int, ...]:
    """Return the ids of the visible jobs that were requested together with this one, itself included."""
    return tuple((await connection.execute(_LIST_REQUESTED_TOGETHER, {"job_id": job_id})).scalars())


async def set_message(connection: AsyncConnection, album_id: int, message_id: str | None) -> None:
    """Store the card's message; None: it was deleted, and a new one may be sent."""
    await connection.execute(_SET_MESSAGE, {"id": album_id, "message_id": message_id})


async def mark_pictures_sending(connection: AsyncConnection, album_id: int) -> bool:
    """Claim sending the pictures beside the card; False if another caller has."""
    return (await connection.execute(_MARK_PICTURES_SENDING, {"id": album_id})).rowcount == 1


async def clear_pictures_sending(connection: AsyncConnection, album_id: int) -> None:
    """Release the claim after the pictures were certainly not sent."""
    await connection.execute(_CLEAR_PICTURES_SENDING, {"id": album_id})


async def mark_pictures_sent(connection: AsyncConnection, album_id: int, messages: Mapping[int, str]) -> None:
    """Store that the pictures were sent; `messages`: the message of each job's picture."""
    await connection.execute(_MARK_PICTURES_SENT, {"id": album_id})
    for job_id, message_id in messages.items():
        await connection.execute(_SET_JOB_MESSAGE, {"job_id": job_id, "message_id": message_id})
