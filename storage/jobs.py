"""Jobs: one row each, which holds the job's state. `bot.domain.job_lifecycle` decides the transitions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection


class State(StrEnum):
    """The state of a job."""

    DRAFT = "draft"  # a photo without a style, or a reference without a photo; expires
    QUEUED = "queued"  # waiting for its turn; a unit of quota is reserved
    SUBMITTING = "submitting"  # holds a slot; the API may or may not have accepted it yet
    RUNNING = "running"  # accepted by the API, still holds the slot
    FETCHING = "fetching"  # finished at the API, slot released; the picture is not stored yet
    STORED = "stored"  # the picture is stored and the unit spent; the card does not show it yet
    DELIVERED = "delivered"  # shown to the person
    FAILED = "failed"  # ended with an error, the unit returned
    CANCELED = "canceled"  # canceled by the person, the unit returned


WAITING = frozenset({State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING})
ACTIVE = frozenset({State.SUBMITTING, State.RUNNING, State.FETCHING})
ENDED = frozenset({State.STORED, State.DELIVERED, State.FAILED, State.CANCELED})


@dataclass(frozen=True)
class NewJob:
    """A job without a row yet. `turn`: its person's number in the queue, see `storage.queue`; None for
    drafts and for jobs that never queue.

    `subject`: the platform id of the person in the photo, if that is not the requester; `consent` is then "asked" or
    "given". `asker_name` and `subject_name`: how both are called, for as long as the subject is asked.
    `reference_name`: the requester's name for the saved style used as reference. `album_id`: see `storage.albums`.
    """

    source: str
    person_id: int
    chat_id: int
    thread: str | None
    reply_to: str | None
    state: State
    style: int | None
    seed: int
    photo: str | None
    photo_hash: str | None
    reference: str | None
    reference_hash: str | None
    cropped: bool
    created: float
    turn: int | None = None
    subject: str | None = None
    consent: str | None = None
    reference_name: str | None = None
    album_id: int | None = None
    asker_name: str | None = None
    subject_name: str | None = None


@dataclass(frozen=True)
class Job:
    """One row. Times are seconds since the epoch; `photo` and `reference` are keys of the photo store; `asked`: when it
    was queued, or answered with a stored result."""

    id: int
    version: int
    source: str
    person_id: int
    chat_id: int
    thread: str | None
    reply_to: str | None
    message_id: str | None
    state: State
    style: int | None
    seed: int
    photo: str | None
    photo_hash: str | None
    reference: str | None
    reference_hash: str | None
    cropped: bool
    turn: int | None
    next_at: float
    account_id: str | None
    slot: int | None
    attempts: int
    resubmits: int
    task_id: str | None
    result_url: str | None
    cancel_requested: bool
    hidden: bool
    error: str | None
    error_code: str | None
    created: float
    updated: float
    submitted: float | None
    asked: float | None = None
    subject: str | None = None
    consent: str | None = None
    reference_name: str | None = None
    album_id: int | None = None
    asker_name: str | None = None
    subject_name: str | None = None


_FIELDS = tuple(field.name for field in fields(Job))
_FLAGS = ("cropped", "cancel_requested", "hidden")
COLUMNS = ", ".join(_FIELDS)
_INSERT = text(f"""
    INSERT INTO job ({", ".join(field.name for field in fields(NewJob))}, updated, cancel_requested, hidden)
    VALUES ({", ".join(":" + field.name for field in fields(NewJob))}, :created, :no, :no)
    ON CONFLICT (source) DO NOTHING
    RETURNING id
""")  # noqa: S608  # the names come from the dataclass above
_NOT_UPDATED = {"id", "version", "source", "created", "turn", "message_id"}  # `storage.cards` writes the card's message
_UPDATED = [field.name for field in fields(Job) if field.name not in _NOT_UPDATED]
_OF_DRAFTS = "turn = CASE WHEN state = 'draft' THEN :turn ELSE turn END"  # afterwards `storage.queue` writes it
_UPDATE = text(f"""
    UPDATE job SET {", ".join(f"{name} = :{name}" for name in _UPDATED)}, {_OF_DRAFTS}, version = version + 1
    WHERE id = :id AND version = :version
""")  # noqa: S608  # the names come from the dataclass above
_GET = text(f"SELECT {COLUMNS} FROM job WHERE id = :id")  # noqa: S608  # constant
_GET_MANY = text(f"SELECT {COLUMNS} FROM job WHERE id IN :ids").bindparams(  # noqa: S608  # constant
    bindparam("ids", expanding=True)
)
_GET_OWN = text(f"""
    SELECT {", ".join("j." + field.name for field in fields(Job))} FROM job j JOIN person p ON p.id = j.person_id
    WHERE j.id = :id AND p.platform = :platform AND p.platform_id = :platform_id AND NOT j.hidden
""")  # noqa: S608  # the names come from the dataclass above
_GET_BY_SOURCE = text(f"SELECT {COLUMNS} FROM job WHERE source = :source")  # noqa: S608  # constant
_LIST_HISTORY = text(f"""
    SELECT {COLUMNS} FROM job WHERE person_id = :person_id AND state <> 'draft' AND NOT hidden
    ORDER BY id DESC LIMIT :limit
""")  # noqa: S608  # constant
_LIST_OF_PERSON = text(f"""
    SELECT {COLUMNS} FROM job WHERE person_id = :person_id AND state IN :states ORDER BY id
""").bindparams(bindparam("states", expanding=True))  # noqa: S608  # constant
# Must repeat the condition of the partial index exactly, or the database scans the whole history.
IS_WAITING = "state IN ('queued', 'submitting', 'running', 'fetching')"
# No ORDER BY: SQLite would walk all rows in order rather than sort a few.
_LIST_WAITING = text(f"SELECT {COLUMNS} FROM job WHERE {IS_WAITING}")  # noqa: S608  # constant
_LIST_ACTIVE = text(f"SELECT {COLUMNS} FROM job WHERE {IS_WAITING} AND state <> 'queued'")  # noqa: S608  # constant
# The card of an album's jobs is the album's; a job's own message there is its picture.
HAS_CARD = """(
    CASE WHEN job.album_id IS NULL THEN job.message_id
         ELSE (SELECT a.message_id FROM album a WHERE a.id = job.album_id) END IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM chat c WHERE c.id = job.chat_id AND c.platform IN :card_platforms)
)"""
_GET_NEXT_QUEUED = text(f"""
    SELECT {COLUMNS} FROM job WHERE state = 'queued' AND next_at <= :now AND style IN :styles AND {HAS_CARD}
    ORDER BY turn, id LIMIT 1
""").bindparams(bindparam("styles", expanding=True), bindparam("card_platforms", expanding=True))  # noqa: S608  # constant
_LIST_QUEUED_IN_OTHER_STYLES = text(f"""
    SELECT {COLUMNS} FROM job WHERE state = 'queued' AND style NOT IN :styles ORDER BY turn, id
""").bindparams(bindparam("styles", expanding=True))  # noqa: S608  # constant
_COUNT_WAITING = text("""
    SELECT COUNT(*) FROM job
    WHERE person_id = :person_id AND state IN ('queued', 'submitting', 'running', 'fetching') AND NOT cancel_requested
""")
_FIND_SAME_REQUEST = text(f"""
    SELECT {COLUMNS} FROM job
    WHERE person_id = :person_id AND photo_hash = :photo_hash AND style = :style
      AND COALESCE(reference_hash, '') = :reference_hash AND seed = :seed
      AND state IN ('queued', 'submitting', 'running', 'fetching') AND NOT cancel_requested
    ORDER BY id LIMIT 1
""")  # noqa: S608  # constant
_GET_LAST_SEED = text("""
    SELECT COALESCE(MAX(seed), 0) FROM job
    WHERE person_id = :person_id AND photo_hash = :photo_hash AND style = :style
""")
# An album's jobs share the album's card; the message of each is its picture beside that.
_FIND_OF_MESSAGE = text("""
    SELECT id FROM job
    WHERE person_id = :person_id AND chat_id = :chat_id AND NOT hidden
      AND (message_id = :message_id
           OR (SELECT a.message_id FROM album a WHERE a.id = job.album_id) = :message_id)
    ORDER BY id DESC LIMIT 1
""")
_FIND_SHOWN = text("""
    SELECT id FROM job
    WHERE chat_id = :chat_id AND NOT hidden
      AND (message_id = :message_id
           OR (SELECT a.message_id FROM album a WHERE a.id = job.album_id) = :message_id)
    ORDER BY id DESC LIMIT 1
""")
_LIST_OF_SUBJECT = text(f"""
    SELECT {", ".join("j." + field.name for field in fields(Job))} FROM job j JOIN chat c ON c.id = j.chat_id
    WHERE j.subject = :subject AND c.platform = :platform ORDER BY j.id
""")  # noqa: S608  # the names come from the dataclass above
_LIST_FAVORITE_STYLES = text("""
    SELECT style FROM job WHERE person_id = :person_id AND asked IS NOT NULL AND style >= 0 AND NOT hidden
    GROUP BY style ORDER BY COUNT(*) DESC, MAX(id) DESC LIMIT :limit
""")
_COUNT_PHOTO_USES = text("""
    SELECT COUNT(*) FROM job WHERE person_id = :person_id AND NOT hidden AND (photo = :key OR reference = :key)
""")


def job_from_row(row: Row[Any]) -> Job:
    """Build a job from a row of COLUMNS, which are in the order of its fields."""
    job = dict(zip(_FIELDS, row, strict=True))
    for name in _FLAGS:  # SQLite has no booleans
        job[name] = bool(job[name])
    job["state"] = State(job["state"])
    return Job(**job)


async def insert(connection: AsyncConnection, job: NewJob) -> int | None:
    """Insert a row and return its id, or None if this source already has one."""
    return (await connection.execute(_INSERT, {**asdict(job), "no": False})).scalar_one_or_none()


async def update(connection: AsyncConnection, job: Job) -> bool:
    """Write the job back. False if it was changed since it was read: read it again and decide again."""
    return (await connection.execute(_UPDATE, dict(vars(job)))).rowcount == 1  # `asdict` would copy each value


async def get(connection: AsyncConnection, job_id: int) -> Job | None:
    """Return the job with this id."""
    row = (await connection.execute(_GET, {"id": job_id})).one_or_none()
    return None if row is None else job_from_row(row)


async def get_own(connection: AsyncConnection, job_id: int, *, platform: str, platform_id: str) -> Job | None:
    """Return the job with this id if it belongs to this person and is not deleted."""
    values = {"id": job_id, "platform": platform, "platform_id": platform_id}
    row = (await connection.execute(_GET_OWN, values)).one_or_none()
    return None if row is None else job_from_row(row)


async def get_many(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[int, Job]:
    """Return the jobs with these ids, by id."""
    found: dict[int, Job] = {}
    for start in range(0, len(job_ids), 500):  # databases limit the number of parameters
        rows = await connection.execute(_GET_MANY, {"ids": list(job_ids[start : start + 500])})
        found |= {job.id: job for job in map(job_from_row, rows)}
    return found


async def get_by_source(connection: AsyncConnection, source: str) -> Job | None:
    """Return the job that this update, interaction or request created."""
    row = (await connection.execute(_GET_BY_SOURCE, {"source": source})).one_or_none()
    return None if row is None else job_from_row(row)


async def list_history(connection: AsyncConnection, person_id: int, limit: int) -> tuple[Job, ...]:
    """Return a person's jobs, newest first, without drafts and deleted ones."""
    rows = await connection.execute(_LIST_HISTORY, {"person_id": person_id, "limit": limit})
    return tuple(map(job_from_row, rows))


async def list_of_person(connection: AsyncConnection, person_id: int, states: Sequence[State]) -> tuple[Job, ...]:
    """Return a person's jobs in these states, oldest first."""
    rows = await connection.execute(_LIST_OF_PERSON, {"person_id": person_id, "states": list(states)})
    return tuple(map(job_from_row, rows))


async def find_of_message(connection: AsyncConnection, *, person_id: int, chat_id: int, message_id: str) -> int | None:
    """Return the id of a person's job that this message of the chat shows, alone or with others; the newest one."""
    values = {"person_id": person_id, "chat_id": chat_id, "message_id": message_id}
    return (await connection.execute(_FIND_OF_MESSAGE, values)).scalar_one_or_none()


async def find_shown(connection: AsyncConnection, chat_id: int, message_id: str) -> int | None:
    """Return the id of anybody's job that this message of the chat shows; the newest one."""
    values = {"chat_id": chat_id, "message_id": message_id}
    return (await connection.execute(_FIND_SHOWN, values)).scalar_one_or_none()


async def list_of_subject(connection: AsyncConnection, *, platform: str, subject: str) -> tuple[Job, ...]:
    """Return the jobs that use a photo of the person with this platform id, requested by others, oldest first."""
    rows = await connection.execute(_LIST_OF_SUBJECT, {"platform": platform, "subject": subject})
    return tuple(map(job_from_row, rows))


async def list_waiting(connection: AsyncConnection) -> tuple[Job, ...]:
    """Return all jobs that wait or run, unordered."""
    return tuple(map(job_from_row, await connection.execute(_LIST_WAITING)))


async def list_active(connection: AsyncConnection) -> tuple[Job, ...]:
    """Return all jobs that a worker has claimed, unordered."""
    return tuple(map(job_from_row, await connection.execute(_LIST_ACTIVE)))


async def get_next_queued(
    connection: AsyncConnection, now: float, styles: Iterable[int], *, card_platforms: Collection[str] = ()
) -> Job | None:
    """Return the queued job whose turn it is among those in these styles, or None; the others keep their places. Jobs
    on `card_platforms` are passed over until their card was sent: nothing is painted where we can't speak."""
    platforms = sorted(card_platforms) or [""]  # PostgreSQL knows no type of an empty list
    values = {"now": now, "styles": sorted(styles), "card_platforms": platforms}
    row = (await connection.execute(_GET_NEXT_QUEUED, values)).one_or_none()
    return None if row is None else job_from_row(row)


async def list_queued_in_other_styles(connection: AsyncConnection, styles: Iterable[int]) -> tuple[Job, ...]:
    """Return the queued jobs in any style but these."""
    return tuple(map(job_from_row, await connection.execute(_LIST_QUEUED_IN_OTHER_STYLES, {"styles": sorted(styles)})))


async def count_waiting(connection: AsyncConnection, person_id: int) -> int:
    """Count a person's jobs that wait or run. Lock the person's row first if a limit depends on it."""
    return int((await connection.execute(_COUNT_WAITING, {"person_id": person_id})).scalar_one())


async def find_same_request(
    connection: AsyncConnection, *, person_id: int, photo_hash: str, style: int, reference_hash: str | None, seed: int
) -> Job | None:
    """Return a waiting job of this person for the same photo, style, reference and seed."""
    values = {
        "person_id": person_id,
        "photo_hash": photo_hash,
        "style": style,
        "reference_hash": reference_hash or "",
        "seed": seed,
    }
    row = (await connection.execute(_FIND_SAME_REQUEST, values)).one_or_none()
    return None if row is None else job_from_row(row)


async def get_last_seed(
    connection: AsyncConnection, *, person_id: int, photo_hash: str | None, style: int | None
) -> int:
    """Return the highest seed that this person has used for a photo and style; 0 if none."""
    values = {"person_id": person_id, "photo_hash": photo_hash, "style": style}
    return int((await connection.execute(_GET_LAST_SEED, values)).scalar_one())


async def list_favorite_styles(connection: AsyncConnection, person_id: int, *, limit: int) -> tuple[int, ...]:
    """Return the styles that this person requested most often, most frequent first."""
    return tuple((await connection.execute(_LIST_FAVORITE_STYLES, {"person_id": person_id, "limit": limit})).scalars())


async def is_photo_in_use(connection: AsyncConnection, person_id: int, key: str) -> bool:
    """Whether a job that this person has not deleted still uses the photo with this key."""
    values = {"person_id": person_id, "key": key}
    return int((await connection.execute(_COUNT_PHOTO_USES, values)).scalar_one()) > 0
