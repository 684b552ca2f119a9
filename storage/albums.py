"""Albums: the jobs of a request of several photos. They share one card, which is a message of the album's own; a job's
own message is then its picture beside that card, where a card can't hold them all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

Hung = Literal["sending", "sent"]

# The update is not idle: it locks the row, so that nobody settles the album while a job joins it.
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
    """`jobs`: the ids of those in sight, in the order of their photos; of all of them when none `is_in_sight`.

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
    """The id of the album of this request, made when it is new; None when it takes no more photos."""
    row = (await connection.execute(_JOIN, {"source": source, "now": now, "yes": True})).one()
    return int(row.id) if row.is_open else None


async def close(connection: AsyncConnection, source: str) -> None:
    """All photos of this request have come."""
    await connection.execute(_CLOSE, {"source": source, "no": False})


async def move_jobs(connection: AsyncConnection, job_ids: Sequence[int], source: str, now: float) -> None:
    """These jobs are an album of their own from now on."""
    album_id = await join(connection, source, now)
    if album_id is not None:
        await connection.execute(_MOVE_JOBS, {"album_id": album_id, "ids": list(job_ids)})
        await close(connection, source)


async def get_many(connection: AsyncConnection, album_ids: Collection[int]) -> tuple[Album, ...]:
    """The albums of these ids, without those that have no jobs."""
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
    """The ids of the jobs in sight that were asked for together with this one; itself among them."""
    return tuple((await connection.execute(_LIST_REQUESTED_TOGETHER, {"job_id": job_id})).scalars())


async def set_message(connection: AsyncConnection, album_id: int, message_id: str | None) -> None:
    """The card is this message now; None: it was deleted, and a new one may be sent."""
    await connection.execute(_SET_MESSAGE, {"id": album_id, "message_id": message_id})


async def mark_pictures_sending(connection: AsyncConnection, album_id: int) -> bool:
    """Its pictures are about to be sent beside the card, by whoever gets True."""
    return (await connection.execute(_MARK_PICTURES_SENDING, {"id": album_id})).rowcount == 1


async def clear_pictures_sending(connection: AsyncConnection, album_id: int) -> None:
    """They were surely not sent: somebody may try again."""
    await connection.execute(_CLEAR_PICTURES_SENDING, {"id": album_id})


async def mark_pictures_sent(connection: AsyncConnection, album_id: int, messages: Mapping[int, str]) -> None:
    """They were sent; `messages`: where the picture of each job is."""
    await connection.execute(_MARK_PICTURES_SENT, {"id": album_id})
    for job_id, message_id in messages.items():
        await connection.execute(_SET_JOB_MESSAGE, {"job_id": job_id, "message_id": message_id})
