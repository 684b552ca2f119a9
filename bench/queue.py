"""Enqueue and claim while 100, 10,000 and 100,000 wishes wait, on SQLite and on PostgreSQL.

Each is the whole transaction with everything that hangs on it, as the bot does it. PostgreSQL is a server of its own in
a temporary folder, with `fsync` on; where none is installed its lines are missing.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from bench.harness import QueueHarness, queue_harness
from bench.report import Aim, Section, Table, publish
from bot.runtime import event_loop
from tests.fakes.postgres import NoServer, postgres_server

SIZES = (100, 10_000, 100_000)
SAMPLES = 300
PER_PERSON = 5  # MAX_QUEUED_PER_PERSON
MAX_RATIO = 1.5

# Whole rows at once, in the order that admission would have given them.
_PEOPLE = """
    WITH RECURSIVE n(i) AS (SELECT CAST(:first AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    INSERT INTO person (platform, platform_id, language, last_tag, weight, created)
    SELECT 'fill', CAST(i AS TEXT), 'en', 1000, 1, :now FROM n
"""
_CHATS = """
    INSERT INTO chat (platform, platform_id, is_group, created)
    SELECT p.platform, p.platform_id, :no, p.created FROM person p
    WHERE p.platform = 'fill' AND NOT EXISTS
        (SELECT 1 FROM chat c WHERE c.platform = 'fill' AND c.platform_id = p.platform_id)
"""
_JOBS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :each - 1)
    INSERT INTO job (source, person_id, chat_id, state, style, seed, photo, photo_hash, cropped, tag, cancel_requested,
                     hidden, created, updated)
    SELECT 'fill:' || p.platform_id || ':' || CAST(n.i AS TEXT), p.id, c.id, 'queued', 0, 0, 'original/fill.jpg',
           CAST(n.i AS TEXT), :no, n.i * 1000, :no, :no, :now, :now
    FROM n, person p JOIN chat c ON c.platform = 'fill' AND c.platform_id = p.platform_id
    WHERE p.platform = 'fill' AND NOT EXISTS (SELECT 1 FROM job j WHERE j.person_id = p.id)
"""
_LEDGER = """
    INSERT INTO ledger (job_id, scope_kind, scope, kind, period, at)
    SELECT j.id, 'person', 'person:' || CAST(j.person_id AS TEXT), 'reserve', '2026-11-22', :now FROM job j
    WHERE j.source LIKE 'fill:%' AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.job_id = j.id)
"""


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of every enqueue and every claim while so many waited."""

    waiting: int
    enqueue: list[float]
    claim: list[float]


async def fill(room: QueueHarness, waiting: int, there: int) -> None:
    """As many wait from now on, of whom some are `there` already."""
    now, people = room.clock.now(), (there // PER_PERSON + 1, waiting // PER_PERSON)
    await room.run(_PEOPLE, first=people[0], last=people[1], now=now)
    await room.run(_CHATS, no=False)
    await room.run(_JOBS, each=PER_PERSON, now=now, no=False)
    await room.run(_LEDGER, now=now)
    await room.run("ANALYZE")


async def measure_latencies(room: QueueHarness, waiting: int, samples: int) -> Latencies:
    """So many new people come with a photo, and as many are claimed: the queue stays as long as it was."""
    context = await room.context()
    timed = Latencies(waiting, [], [])
    for _ in range(samples):
        began = perf_counter()
        await room.wish(f"newcomer {room.wishes}")
        timed.enqueue.append((perf_counter() - began) * 1000)
        began = perf_counter()
        job = await room.claim(context)
        timed.claim.append((perf_counter() - began) * 1000)
        assert job is not None, "somebody waits"
        await room.done(context, job)
    return timed


async def measure_database(where: Path | str | None, sizes: Sequence[int], samples: int) -> list[Latencies]:
    """All sizes, one after the other, in one database that grows."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name), where) as room:
            for there, waiting in zip((0, *sizes), sizes, strict=False):
                await fill(room, waiting, there)
                await measure_latencies(room, waiting, min(20, samples))  # caches and prepared statements
                found.append(await measure_latencies(room, waiting, samples))
    return found


def section(timed: dict[str, list[Latencies]], missing: Sequence[str]) -> Section:
    """What is said of it."""
    head = ("database, waiting", "enqueue p50, ms", "p95", "of shortest", "claim p50, ms", "p95", "of shortest")
    rows, aims = [], []
    for name, found in timed.items():
        rows += [_row(name, one, found[0]) for one in found]
        for what in ("enqueue", "claim"):
            ratio = median(getattr(found[-1], what)) / median(getattr(found[0], what))
            aims.append(
                Aim(
                    f"{what} on {name}",
                    f"≤ {MOST} × from the shortest to the longest queue",
                    f"{ratio:.2f} ×",
                    ratio <= MAX_RATIO,
                )
            )
    how = """
        One enqueue is the studio's whole transaction for a wish by somebody new: person, chat, job, units, turn. One
        claim is the dispatcher's: account, slot, whose turn, the job's move, the attempt. Both are durable then
        (`synchronous=FULL`; `synchronous_commit=on`, `fsync=on`). Five wishes wait for each person.
    """
    return Section("queue", "A queue that grows", how, [Table(head, rows)], aims, missing)


def _row(name: str, one: Latencies, shortest: Latencies) -> tuple[str, ...]:
    cells = [f"{name}, {one.waiting:,}"]
    for mine, least in ((one.enqueue, shortest.enqueue), (one.claim, shortest.claim)):
        cells += [f"{median(mine):.2f}", f"{quantiles(mine, n=20)[-1]:.2f}", f"{median(mine) / median(least):.2f}"]
    return tuple(cells)


async def measure(sizes: Sequence[int] = SIZES, samples: int = SAMPLES) -> Section:
    """On both databases."""
    timed, missing = {"SQLite": await measure_database(None, sizes, samples)}, list[str]()
    try:
        with postgres_server(durable=True) as server:
            timed["PostgreSQL"] = await measure_database(server.new_database(), sizes, samples)
    except NoServer as error:
        missing.append(f"PostgreSQL was not measured: {error}.")
    return section(timed, missing)


def main() -> None:
    """Print and write."""
    publish(event_loop.run(measure()))
