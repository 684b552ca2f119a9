"""The queue: whose turn it is, in SQL. The order is (tag, id); `bot.domain.fair_queue` says how tags are given."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_GET_TURN = text("SELECT q.vtime, p.last_tag, p.weight FROM queue q JOIN person p ON p.id = :person_id WHERE q.id = 1")
_SET_LAST_TAG = text("UPDATE person SET last_tag = :tag WHERE id = :person_id")
_CLAMP_TIMES = text("UPDATE job SET next_at = :latest WHERE state = 'queued' AND next_at > :latest")
_ADVANCE = text("UPDATE queue SET vtime = :tag WHERE id = 1 AND vtime < :tag")
_GET_PLACE = text("""
    SELECT COUNT(*) + 1 AS number, COALESCE(SUM(CASE WHEN person_id = :person_id THEN 1 ELSE 0 END), 0) AS mine
    FROM job WHERE state = 'queued' AND (tag < :tag OR (tag = :tag AND id < :id))
""")
_LIST_QUEUED = text("SELECT id, person_id FROM job WHERE state = 'queued' ORDER BY tag, id")
# The list of states is that of a partial index, word for word.
_GET_DEPTH = text("""
    SELECT COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0) AS waiting,
           COALESCE(SUM(CASE WHEN state <> 'queued' THEN 1 ELSE 0 END), 0) AS running,
           MIN(CASE WHEN state <> 'queued' THEN submitted END) AS oldest
    FROM job WHERE state IN ('queued', 'submitting', 'running', 'fetching') AND state <> 'fetching'
""")


@dataclass(frozen=True)
class Turn:
    """What a person's next tag is made from."""

    vtime: int
    last_tag: int
    weight: int


@dataclass(frozen=True)
class Place:
    """A place in the queue, from 1, and whether it is the person's first."""

    number: int
    is_first: bool


@dataclass(frozen=True)
class Depth:
    """How many jobs wait and how many hold a slot; when the oldest of these was submitted."""

    waiting: int
    running: int
    oldest_submitted: float | None


async def get_turn(connection: AsyncConnection, person_id: int) -> Turn:
    """The queue's clock and this person's last tag."""
    return Turn(*(await connection.execute(_GET_TURN, {"person_id": person_id})).one())


async def set_last_tag(connection: AsyncConnection, person_id: int, tag: int) -> None:
    """This person's newest tag."""
    await connection.execute(_SET_LAST_TAG, {"person_id": person_id, "tag": tag})


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """No queued job waits for longer than until then, whatever a clock that was wrong has written."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def advance(connection: AsyncConnection, tag: int) -> None:
    """The queue's clock has come to this tag; it never goes back."""
    await connection.execute(_ADVANCE, {"tag": tag})


async def get_place(connection: AsyncConnection, *, job_id: int, person_id: int, tag: int) -> Place:
    """A queued job's place."""
    values = {"id": job_id, "tag": tag, "person_id": person_id}
    row = (await connection.execute(_GET_PLACE, values)).one()
    return Place(int(row.number), is_first=int(row.mine) == 0)


async def list_places(connection: AsyncConnection, of: Collection[int] | None = None) -> dict[int, Place]:
    """Places by job id: everybody's, or those `of` some jobs, which takes no memory for all the others."""
    found: dict[int, Place] = {}
    seen: set[int] = set()
    for number, (job_id, person_id) in enumerate(await connection.execute(_LIST_QUEUED), start=1):
        if of is None or job_id in of:
            found[job_id] = Place(number, is_first=person_id not in seen)
        seen.add(person_id)
    return found


async def get_depth(connection: AsyncConnection) -> Depth:
    """The queue from afar."""
    row = (await connection.execute(_GET_DEPTH)).one()
    return Depth(int(row.waiting), int(row.running), row.oldest)
