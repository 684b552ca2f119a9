"""The queue: whose turn it is, and at which place people are.

Everybody with a waiting photo has one number, from a counter in a row: no clock has a say. All their queued rows have
it (`job.turn`), and it is gone with the last of them. It changes in three cases only:

- Admission while none of theirs waits draws a number; a later photo shares it (`get_turn`).
- The transaction that claims one of theirs while another waits draws a new one (`redraw`).
- A claimed photo that comes back (429, not reached, lost, orphaned, failed there and tried again) has kept the number
  it was claimed with: its person has the lesser of both from then on (`restore`). Should rows of two people ever
  become one person's, that is the rule for them too.

An account claims, among the photos that it may take now (admitted, card sent, due, in a style it offers), one of the
person with the least number, and of that person the oldest (`jobs.get_next_queued`). Cancel, failure, expiry and a
restart change no number. Then, comebacks aside:

(a) A person's place, 1 + the people with a lesser number, never rises until one of theirs is claimed. For whoever comes
    later draws a higher number than all that were drawn, and so does whoever was claimed. One photo that comes back can
    put its person before others again: the place rises by one for each, and no more can be out at once than there are
    slots and prefetched tasks.
(b) Whoever is at place p, with a photo that an account may take, is claimed after at most p - 1 other claims of that
    account. For each of these is of somebody with a lesser number, who then has none or a higher one. Nobody starves.
(c) Between two claims of one person everybody whose photo their account could take all the while is claimed once, as
    the number drawn at the first claim is higher than all others.
(d) Somebody new and somebody known, with nothing waiting, are treated alike: there is no credit, and no debt.

So places are promised for a person's next photo only: what comes after that depends on who else comes.
`tests/storage/test_turns.py` checks (a)-(d).
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

# Must repeat the states of the partial index exactly.
_QUEUED = "state IN ('queued', 'submitting', 'running', 'fetching') AND state = 'queued'"
_GET_TURN = text(f"SELECT MIN(turn) FROM job WHERE person_id = :person_id AND {_QUEUED}")  # noqa: S608  # constant
_DRAW_FIRST, _DRAW_AGAIN = (
    text(f"""
        UPDATE queue SET last_turn = last_turn + 1
        WHERE id = 1 AND {condition} (SELECT 1 FROM job WHERE person_id = :person_id AND {_QUEUED})
        RETURNING last_turn
    """)  # noqa: S608  # constants
    for condition in ("NOT EXISTS", "EXISTS")
)
_SET_TURN = text(f"UPDATE job SET turn = :turn WHERE person_id = :person_id AND {_QUEUED}")  # noqa: S608  # constant
_CLAMP_TIMES = text("UPDATE job SET next_at = :latest WHERE state = 'queued' AND next_at > :latest")
# Outcomes of attempts that the API has not answered: see `bot.dashscope.errors`.
_END_WAITS = text("""
    UPDATE job SET next_at = :now
    WHERE state = 'queued' AND next_at > :now AND EXISTS (
        SELECT 1 FROM attempt a WHERE a.job_id = job.id AND a.n = job.attempts
            AND (a.outcome IN ('missed', 'Garbled') OR a.outcome LIKE 'HTTP%')
    )
""")
# `own`: the person's photos before this one: those that are due, then the older ones.
_LIST_OWN = text("""
    SELECT j.id, j.turn, (
        SELECT COUNT(*) FROM job q WHERE q.person_id = j.person_id
            AND q.state IN ('queued', 'submitting', 'running', 'fetching') AND q.state = 'queued'
            AND (q.next_at > :now, q.id) < (j.next_at > :now, j.id)
    ) AS own
    FROM job j WHERE j.state = 'queued' AND j.id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_LIST_FRONT = text("""
    SELECT DISTINCT turn FROM job WHERE state = 'queued' AND turn <= :last ORDER BY turn LIMIT :limit
""")
# Each from a partial index alone: to read the rows of a hundred thousand takes a fifth of a second.
_GET_DEPTH = text("""
    SELECT (SELECT COUNT(*) FROM job WHERE state = 'queued') AS waiting,
           (SELECT COUNT(*) FROM job WHERE slot IS NOT NULL) AS running
""")
# What holds a slot, then the first photos of those who wait, in their order.
_LIST_NEXT = text("""
    SELECT account_id, style, submitted FROM job WHERE slot IS NOT NULL
    UNION ALL
    SELECT NULL, style, NULL FROM (
        SELECT style FROM job WHERE state = 'queued' AND NOT EXISTS (
            SELECT 1 FROM job o WHERE o.state = 'queued' AND o.turn = job.turn AND o.id < job.id
        ) ORDER BY turn LIMIT :limit
    ) AS next
""")
_BATCH = 500  # databases limit the number of parameters
EXACT_PLACES = 1000  # people that are counted; a place beyond is rounded
ROUNDED_TO = 100


@dataclass(frozen=True)
class Place:
    """Where a queued job is: `number` is 1 + the people with a lesser number + the person's own photos before it, and
    a promise only for the person's next photo (`is_first`); for later ones it is the least that it can be."""

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


async def get_turn(connection: AsyncConnection, person_id: int) -> int:
    """Return the number for a photo of this person that is admitted now: theirs, or a new one. Lock the person's row
    first."""
    drawn = (await connection.execute(_DRAW_FIRST, {"person_id": person_id})).scalar_one_or_none()
    return int((await connection.execute(_GET_TURN, {"person_id": person_id})).scalar_one() if drawn is None else drawn)


async def redraw(connection: AsyncConnection, person_id: int) -> None:
    """Give this person, of whom a photo was claimed in this transaction, a new number if they have another waiting."""
    drawn = (await connection.execute(_DRAW_AGAIN, {"person_id": person_id})).scalar_one_or_none()
    if drawn is not None:
        await connection.execute(_SET_TURN, {"person_id": person_id, "turn": drawn})


async def restore(connection: AsyncConnection, person_id: int) -> None:
    """Give this person, of whom a claimed photo came back in this transaction, the lesser of both numbers."""
    turn = (await connection.execute(_GET_TURN, {"person_id": person_id})).scalar_one()
    await connection.execute(_SET_TURN, {"person_id": person_id, "turn": turn})


async def clamp_times(connection: AsyncConnection, latest: float) -> None:
    """Limit the due times of queued jobs to `latest`, in case a wrong clock has written later ones."""
    await connection.execute(_CLAMP_TIMES, {"latest": latest})


async def end_waits_for_answers(connection: AsyncConnection, now: float) -> None:
    """Let queued jobs go on at once that wait because their last submit was not answered by the API."""
    await connection.execute(_END_WAITS, {"now": now})


async def list_places(connection: AsyncConnection, job_ids: Collection[int], now: float) -> dict[int, Place]:
    """Return the places of those of these jobs that are queued, by job id. `now` is in epoch seconds."""
    every, rows = list(job_ids), list[Row[Any]]()
    for start in range(0, len(every), _BATCH):
        rows += await connection.execute(_LIST_OWN, {"ids": every[start : start + _BATCH], "now": now})
    if not rows:
        return {}
    front = {"last": max(row.turn for row in rows), "limit": EXACT_PLACES}
    turns = (await connection.execute(_LIST_FRONT, front)).scalars().all()
    return {row.id: Place(place_of(row.turn, turns) + int(row.own), is_first=int(row.own) == 0) for row in rows}


def place_of(turn: int, front: Sequence[int]) -> int:
    """The place of a number, given the lowest numbers of the queue in order. Pure.

    Beyond `EXACT_PLACES` it is the most that it can be, as no two people have one number, rounded up: like an exact
    place, it never rises.
    """
    if len(front) < EXACT_PLACES or turn <= front[-1]:
        return bisect_left(front, turn) + 1
    return -(-(EXACT_PLACES + turn - front[-1]) // ROUNDED_TO) * ROUNDED_TO


async def get_depth(connection: AsyncConnection) -> Depth:
    """Return the length of the queue and the number of running jobs."""
    row = (await connection.execute(_GET_DEPTH)).one()
    return Depth(int(row.waiting), int(row.running))


async def get_upcoming(connection: AsyncConnection, limit: int) -> Upcoming:
    """Return what holds a slot, and the styles of the first `limit` queued jobs."""
    rows = (await connection.execute(_LIST_NEXT, {"limit": limit})).all()
    held = tuple(Held(*row) for row in rows if row[0] is not None and row[2] is not None)
    return Upcoming(held, tuple(row[1] for row in rows if row[0] is None))
