"""Enqueue and claim while 100, 10,000 and 100,000 requests wait, on SQLite and on PostgreSQL.

Each is the whole transaction, as the bot runs it. PostgreSQL is a server in a temporary folder, with `fsync` on;
without an installed one its rows are missing.
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

# Rows in bulk, in the order that admission would have given them.
_PEOPLE = """
    WITH RECURSIVE n(i) AS (SELECT CAST(:first AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    INSERT INTO person (platform, platform_id, language, created)
    SELECT 'fill', CAST(i AS TEXT), 'en', :now FROM n
"""
_CHATS = """
    INSERT INTO chat (platform, platform_id, is_group, created)
    SELECT p.platform, p.platform_id, :no, p.created FROM person p
    WHERE p.platform = 'fill' AND NOT EXISTS
        (SELECT 1 FROM chat c WHERE c.platform = 'fill' AND c.platform_id = p.platform_id)
"""
_JOBS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :each - 1)
    INSERT INTO job (source, person_id, chat_id, state, style, seed, photo, photo_hash, cropped, turn, cancel_requested,
                     hidden, created, updated)
    SELECT 'fill:' || p.platform_id || ':' || CAST(n.i AS TEXT), p.id, c.id, 'queued', 0, 0, 'original/fill.jpg',
           CAST(n.i AS TEXT), :no, p.id, :no, :no, :now, :now
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
    """Milliseconds of every enqueue and every claim while so many requests waited."""

    waiting: int
    enqueue: list[float]
    claim: list[float]


async def fill(harness: QueueHarness, waiting: int, existing: int) -> None:
    """Fill the queue up to `waiting` requests, of which `existing` are there already."""
    now, people = harness.clock.now(), (existing // PER_PERSON + 1, waiting // PER_PERSON)
    await harness.run(_PEOPLE, first=people[0], last=people[1], now=now)
    await harness.run(_CHATS, no=False)
    await harness.run(_JOBS, each=PER_PERSON, now=now, no=False)
    await harness.run(_LEDGER, now=now)
    await harness.run("UPDATE queue SET last_turn = (SELECT MAX(turn) FROM job)")
    await harness.run("ANALYZE")


async def measure_latencies(harness: QueueHarness, waiting: int, samples: int) -> Latencies:
    """Enqueue so many requests of new people and claim as many, so that the queue keeps its length."""
    context = await harness.context()
    results = Latencies(waiting, [], [])
    for _ in range(samples):
        start = perf_counter()
        await harness.request(f"newcomer {harness.request_count}")
        results.enqueue.append((perf_counter() - start) * 1000)
        start = perf_counter()
        job = await harness.claim(context)
        results.claim.append((perf_counter() - start) * 1000)
        assert job is not None, "the queue is not empty"
        await harness.done(context, job)
    return results


async def measure_database(where: Path | str | None, sizes: Sequence[int], samples: int) -> list[Latencies]:
    """All sizes, one after the other, in one growing database."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name), where) as harness:
            for existing, waiting in zip((0, *sizes), sizes, strict=False):
                await fill(harness, waiting, existing)
                await measure_latencies(harness, waiting, min(20, samples))  # caches and prepared statements
                found.append(await measure_latencies(harness, waiting, samples))
    return found


def section(results: dict[str, list[Latencies]], missing: Sequence[str]) -> Section:
    """The section of the report."""
    head = ("database, waiting", "enqueue p50, ms", "p95", "of shortest", "claim p50, ms", "p95", "of shortest")
    rows, aims = [], []
    for name, found in results.items():
        rows += [_row(name, one, found[0]) for one in found]
        for what in ("enqueue", "claim"):
            ratio = median(getattr(found[-1], what)) / median(getattr(found[0], what))
            aims.append(
                Aim(
                    f"{what} on {name}",
                    f"≤ {MAX_RATIO} × from the shortest to the longest queue",
                    f"{ratio:.2f} ×",
                    ratio <= MAX_RATIO,
                )
            )
    how = """
        One enqueue is the job service's whole transaction for a new person's request: person, chat, job, units, turn.
        One claim is the dispatcher's: account, slot, next turn, the job's transition, the attempt. Both are durable
        when they return (`synchronous=FULL`; `synchronous_commit=on`, `fsync=on`). Each person has five requests
        waiting.
    """
    return Section("queue", "A growing queue", how, [Table(head, rows)], aims, missing)


def _row(name: str, one: Latencies, shortest: Latencies) -> tuple[str, ...]:
    cells = [f"{name}, {one.waiting:,}"]
    for mine, least in ((one.enqueue, shortest.enqueue), (one.claim, shortest.claim)):
        cells += [f"{median(mine):.2f}", f"{quantiles(mine, n=20)[-1]:.2f}", f"{median(mine) / median(least):.2f}"]
    return tuple(cells)


async def measure(sizes: Sequence[int] = SIZES, samples: int = SAMPLES) -> Section:
    """On both databases."""
    results, missing = {"SQLite": await measure_database(None, sizes, samples)}, list[str]()
    try:
        with postgres_server(durable=True) as server:
            results["PostgreSQL"] = await measure_database(server.new_database(), sizes, samples)
    except NoServer as error:
        missing.append(f"PostgreSQL was not measured: {error}.")
    return section(results, missing)


def main() -> None:
    """Print the results and write them to the page."""
    publish(event_loop.run(measure()))
