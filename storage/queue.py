"""The queue, ordered by (tag, id). `bot.domain.fair_queue` computes the tags."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_GET_TURN = text("SELECT q.vtime, p.last_tag, p.weight FROM queue q JOIN person p ON p.id = :person_id WHERE q.id = 1")
_SET_LAST_TAG = text("UPDATE person SET last_tag = :tag WHERE id = :person_id")
_CLAMP_TIMES = text("UPDATE job SET next_at = :latest WHERE state = 'queued' AND next_at > :latest")
# Outcomes of attempts that the API has not answered: see `bot.dashscope.errors`.
_END_WAITS = text("""
    UPDATE job SET next_at = :now
    WHERE state = 'queued' AND next_at > :now AND EXISTS (
        SELECT 1 FROM attempt a WHERE a.job_id = job.id AND a.n = job.attempts
            AND (a.outcome IN ('missed', 'Garbled') OR a.outcome LIKE 'HTTP%')
    )
""")
_ADVANCE = text("UPDATE queue SET vtime = :tag WHERE id = 1 AND vtime < :tag")
_GET_PLACE = text("""
    SELECT COUNT(*) + 1 AS number, COALESCE(SUM(CASE WHEN person_id = :person_id THEN 1 ELSE 0 END), 0) AS mine
    FROM job WHERE state = 'queued' AND (tag < :tag OR (tag = :tag AND id < :id))
""")
_LIST_QUEUED = text("SELECT id, person_id FROM job WHERE state = 'queued' ORDER BY tag, id")
# Must repeat the states of the partial index exactly.
_GET_DEPTH = text("""
    SELECT COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0) AS waiting,
           COALESCE(SUM(CASE WHEN state <> 'queued' THEN 1 ELSE 0 END), 0) AS running
    FROM job WHERE state IN ('queued', 'submitting', 'running', 'fetching') AND state <> 'fetching'
""")
# What holds a slot, then the first of those that wait, in their order.
_LIST_NEXT = text("""
    SELECT account_id, style, submitted FROM job
    WHERE state IN ('queued', 'submitting', 'running', 'fetching') AND state IN ('submitting', 'running')
    UNION ALL
    SELECT NULL, style, NULL FROM (SELECT style FROM job WHERE state = 'queued' ORDER BY tag, id LIMIT :limit) AS next
""")


@dataclass(frozen=True)
class Turn:
    """What a person's next tag is computed from."""

    vtime: int
    last_tag: int
    weight: int


@dataclass(frozen=True)
class Place:
    """A place in the queue, from 1, and whether no other job of the person is ahead."""

    number: int
    is_first: bool


@dataclass(frozen=True)
class Depth:
    """How many jobs wait, and how many hold a slot."""

    waiting: int
    running: int


@dataclass(frozen=True)
class Held:
    """A job that holds a slot of this account since it was claimed (epoch seconds)."""

    account_id: str
    style: int | None
    since: float


@dataclass(frozen=True)
class Upcoming:
    """What is painted now, and the styles of those that come next, in their order."""

    held: tuple[Held, ...] = ()
    styles: tuple[int | None, ...] = ()


async def get_turn(connection: AsyncConnection, person_id: int) -> Turn:
    """Return the queue's virtual time and this person's last tag and weight."""
    return Turn(*(await connection.execute(_GET_TURN, {"person_id": person_id})).one())


async def set_last_tag(connection: AsyncConnection, person_id: int, tag: int) -> None:
    """Store this person's latest tag."""
    await connection.execute(_SET_LAST_TAG, {"person_id": person_id, "tag": tag})


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """Limit the due times of queued jobs to `latest`, in case a wrong clock has written later ones."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def end_waits_for_answers(connection: AsyncConnection, now: float) -> None:
    """Let queued jobs go on at once that wait because their last submit was not answered by the API."""
    await connection.execute(_END_WAITS, {"now": now})


async def advance(connection: AsyncConnection, tag: int) -> None:
    """Advance the queue's virtual time to this tag; it never goes back."""
    await connection.execute(_ADVANCE, {"tag": tag})


async def get_place(connection: AsyncConnection, *, job_id: int, person_id: int, tag: int) -> Place:
    """Return the place of a queued job."""
    values = {"id": job_id, "tag": tag, "person_id": person_id}
    row = (await connection.execute(_GET_PLACE, values)).one()
    return Place(int(row.number), is_first=int(row.mine) == 0)


async def list_places(connection: AsyncConnection, of: Collection[int] | None = None) -> dict[int, Place]:
    """Return places by job id: of all queued jobs, or only `of` some of them, which saves memory."""
    found: dict[int, Place] = {}
    seen: set[int] = set()
    for number, (job_id, person_id) in enumerate(await connection.execute(_LIST_QUEUED), start=1):
        if of is None or job_id in of:
            found[job_id] = Place(number, is_first=person_id not in seen)
        seen.add(person_id)
    return found


async def get_depth(connection: AsyncConnection) -> Depth:
    """Return the length of the queue and the number of running jobs."""
    row = (await connection.execute(_GET_DEPTH)).one()
    return Depth(int(row.waiting), int(row.running))


async def get_upcoming(connection: AsyncConnection, limit: int) -> Upcoming:
    """Return what holds a slot, and the styles of the first `limit` queued jobs."""
    rows = (await connection.execute(_LIST_NEXT, {"limit": limit})).all()
    held = tuple(Held(*row) for row in rows if row[0] is not None and row[2] is not None)
    return Upcoming(held, tuple(row[1] for row in rows if row[0] is None))
