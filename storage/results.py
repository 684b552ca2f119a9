"""Results: the stored picture of each job. And the outbox: outcomes that are still to be delivered."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO result (job_id, key, bytes, width, height, created, expires)
    VALUES (:job_id, :key, :bytes, :width, :height, :created, :expires)
""")
_GET = text("SELECT key, bytes, width, height, created, expires FROM result WHERE job_id = :job_id")
_GET_MANY = text(
    "SELECT job_id, key, bytes, width, height, created, expires FROM result WHERE job_id IN :job_ids"
).bindparams(bindparam("job_ids", expanding=True))
_DELETE = text("DELETE FROM result WHERE job_id = :job_id")
_DELETE_EXPIRED = text("DELETE FROM result WHERE expires <= :now")
_COUNT_USES = text("SELECT COUNT(*) FROM result r JOIN job j ON j.id = r.job_id WHERE r.key = :key AND NOT j.hidden")
_FIND_SAME_REQUEST = text("""
    SELECT r.key, r.bytes, r.width, r.height, r.created, r.expires, j.state FROM job j JOIN result r ON r.job_id = j.id
    WHERE j.person_id = :person_id AND j.photo_hash = :photo_hash AND j.style = :style
      AND COALESCE(j.reference_hash, '') = :reference_hash AND j.seed = :seed AND NOT j.hidden AND r.expires > :now
    ORDER BY CASE j.state WHEN 'canceled' THEN 1 ELSE 0 END, r.created DESC LIMIT 1
""")
_ADD_TO_OUTBOX = text("""
    INSERT INTO outbox (job_id, platform, tries, next_at)
    SELECT :job_id, c.platform, 0, :now FROM job j JOIN chat c ON c.id = j.chat_id WHERE j.id = :job_id
    ON CONFLICT (job_id) DO UPDATE SET tries = 0, next_at = excluded.next_at, given_up = NULL
""")
# The jobs of an album are due together: when none of them waits and no photo can join any more.
_LIST_DUE = text("""
    SELECT o.job_id, o.tries FROM outbox o JOIN job j ON j.id = o.job_id
    WHERE o.platform = :platform AND o.next_at <= :now AND (o.given_up IS NULL OR o.tries <= :last_try)
      AND (j.album_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM album a WHERE a.id = j.album_id AND (
            (a.is_open AND a.created > :opened) OR EXISTS (
                SELECT 1 FROM job w WHERE w.album_id = a.id AND NOT w.cancel_requested AND NOT w.hidden
                  AND w.state IN ('draft', 'queued', 'submitting', 'running', 'fetching')))))
    ORDER BY o.next_at LIMIT 100
""")
_REMOVE_FROM_OUTBOX = text("DELETE FROM outbox WHERE job_id = :job_id")
_LIST_OWED = text("SELECT job_id FROM outbox WHERE job_id IN :job_ids").bindparams(bindparam("job_ids", expanding=True))
_DELETE_OUTBOX_BEFORE = text("""
    DELETE FROM outbox WHERE next_at < :before
      AND (given_up IS NULL OR NOT EXISTS (SELECT 1 FROM result r WHERE r.job_id = outbox.job_id))
""")
_CLAMP_TIMES = text("UPDATE outbox SET next_at = :latest WHERE next_at > :latest")
_POSTPONE = text("UPDATE outbox SET tries = tries + 1, next_at = :next_at WHERE job_id = :job_id")

MORE_TRIES = 3  # of an outcome that could be shown nowhere
ALBUM_OPEN_SECONDS = 600.0  # an album that is still open after that was abandoned while its photos arrived


@dataclass(frozen=True)
class Result:
    """A stored picture: its key, size in bytes and pixels, and when it expires."""

    key: str
    bytes: int
    width: int
    height: int
    created: float
    expires: float


@dataclass(frozen=True)
class KnownResult:
    """An existing result for the same request. Not `spent`: the job was canceled and its unit returned."""

    result: Result
    spent: bool


@dataclass(frozen=True)
class OwedOutcome:
    """An outcome to deliver, and how often that was tried."""

    job_id: int
    tries: int


async def insert(connection: AsyncConnection, job_id: int, result: Result) -> None:
    """Insert the result of a job."""
    values = {"job_id": job_id, "key": result.key, "bytes": result.bytes, "width": result.width}
    values |= {"height": result.height, "created": result.created, "expires": result.expires}
    await connection.execute(_INSERT, values)


async def get(connection: AsyncConnection, job_id: int) -> Result | None:
    """Return the result of a job, or None."""
    row = (await connection.execute(_GET, {"job_id": job_id})).one_or_none()
    return None if row is None else Result(*row)


async def get_many(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[int, Result]:
    """Return the results of these jobs by job id. Pass at most a few hundred ids."""
    rows = await connection.execute(_GET_MANY, {"job_ids": list(job_ids)})
    return {row.job_id: Result(*row[1:]) for row in rows}


async def delete(connection: AsyncConnection, job_id: int) -> None:
    """Delete the result of a job."""
    await connection.execute(_DELETE, {"job_id": job_id})


async def is_in_use(connection: AsyncConnection, key: str) -> bool:
    """Whether a job that is not deleted still shows the picture with this key."""
    return int((await connection.execute(_COUNT_USES, {"key": key})).scalar_one()) > 0


async def delete_expired(connection: AsyncConnection, now: float) -> int:
    """Delete expired results; return how many."""
    return (await connection.execute(_DELETE_EXPIRED, {"now": now})).rowcount


async def find_same_request(
    connection: AsyncConnection,
    *,
    person_id: int,
    photo_hash: str,
    style: int,
    reference_hash: str | None,
    seed: int,
    now: float,
) -> KnownResult | None:
    """Return the newest stored result of this person for the same photo, style, reference and seed."""
    values = {"person_id": person_id, "photo_hash": photo_hash, "style": style, "seed": seed, "now": now}
    row = (
        await connection.execute(_FIND_SAME_REQUEST, {**values, "reference_hash": reference_hash or ""})
    ).one_or_none()
    return None if row is None else KnownResult(Result(*row[:-1]), spent=row.state != "canceled")


async def add_to_outbox(connection: AsyncConnection, job_id: int, now: float) -> None:
    """Add the outcome of a job to the outbox, due now."""
    await connection.execute(_ADD_TO_OUTBOX, {"job_id": job_id, "now": now})


async def list_due(connection: AsyncConnection, platform: str, now: float) -> tuple[OwedOutcome, ...]:
    """Return the outcomes due on a platform; at most 100."""
    values = {"platform": platform, "now": now, "opened": now - ALBUM_OPEN_SECONDS, "last_try": MORE_TRIES}
    rows = await connection.execute(_LIST_DUE, values)
    return tuple(OwedOutcome(row.job_id, row.tries) for row in rows)


async def list_owed(connection: AsyncConnection, job_ids: Sequence[int]) -> tuple[int, ...]:
    """Return those of these jobs that are in the outbox. Pass at most a few hundred ids."""
    return tuple((await connection.execute(_LIST_OWED, {"job_ids": list(job_ids)})).scalars())


async def remove_from_outbox(connection: AsyncConnection, job_id: int) -> None:
    """Remove an outcome that was delivered or can't be."""
    await connection.execute(_REMOVE_FROM_OUTBOX, {"job_id": job_id})


async def postpone(connection: AsyncConnection, job_id: int, next_at: float) -> None:
    """Count a failed delivery and retry it at `next_at`."""
    await connection.execute(_POSTPONE, {"job_id": job_id, "next_at": next_at})


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """Limit the due times of outcomes to `latest`, in case a wrong clock has written later ones."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def delete_outbox_before(connection: AsyncConnection, before: float) -> None:
    """Delete outcomes that were due before `before`, e.g. for a browser that never came back. Pictures that could be
    shown nowhere stay as long as they are stored."""
    await connection.execute(_DELETE_OUTBOX_BEFORE, {"before": before})
