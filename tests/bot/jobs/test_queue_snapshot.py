"""The board: read once for all who look, and never older than the last ring."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.domain.job_view import State
from bot.jobs.queue_snapshot import MIN_INTERVAL_SECONDS, WATCH_SECONDS, QueueSnapshot, QueueSnapshots
from bot.jobs.views import Capacity
from bot.runtime.clock import WallClock
from bot.runtime.wakeups import Wakeups
from storage import jobs, queue
from storage.database import Database, open_database
from tests.harness.rows import NOON, insert_job


class Still(WallClock):
    """A clock that moves only when somebody sleeps by it, which is noted."""

    def __init__(self) -> None:
        self.time = NOON
        self.slept: list[float] = []
        self.step = 0.0  # how much later it is at every look
        super().__init__(wall=lambda: self.time, steady=lambda: 0.0)

    def now(self) -> float:
        self.time += self.step
        return super().now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Hall:
    database: Database
    clock: Still = field(default_factory=Still)
    wakeups: Wakeups = field(default_factory=Wakeups)

    def board(self) -> QueueSnapshots:
        return QueueSnapshots(self.database, self.wakeups, self.clock, Capacity(frozenset(), 1, 15.0))

    async def wish(self, source: str, state: State = State.QUEUED) -> int:
        async with self.database.write() as connection:
            job = await insert_job(connection, source, state=state, tag=1000)
        self.wakeups.notify()
        return job.id


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_database(tmp_path / "rows.db") as database:
        yield Hall(database)


async def seen_of(hall: Hall, board: QueueSnapshots, *job_ids: int) -> QueueSnapshot:
    """The next reading, when somebody watches each of these jobs."""
    for job_id in job_ids:
        await board.current(job_id)
    hall.wakeups.notify()
    return await board.current(job_ids[0])


async def test_it_shows_what_waits_and_runs_and_nothing_else(hall: Hall) -> None:
    ids = {state: await hall.wish(state, state) for state in State}
    snapshot = await seen_of(hall, hall.board(), *ids.values())
    assert set(snapshot.waiting) == {ids[state] for state in jobs.WAITING}
    assert set(snapshot.places) == {ids[State.QUEUED]}


async def test_a_place_among_all_is_shown_of_the_jobs_that_are_watched(hall: Hall) -> None:
    ids = [await hall.wish(f"test:{number}") for number in range(20)]
    async with hall.database.read() as connection:
        everybody = await queue.list_places(connection)
    snapshot = await seen_of(hall, hall.board(), ids[7], ids[12])
    assert snapshot.places == {job_id: everybody[job_id] for job_id in (ids[7], ids[12])}
    assert [snapshot.places[job_id].number for job_id in (ids[7], ids[12])] == [8, 13]
    assert snapshot.state.waiting == 20


async def test_a_job_that_nobody_looks_at_any_more_is_not_read(hall: Hall) -> None:
    board, first, second = hall.board(), await hall.wish("test:1"), await hall.wish("test:2")
    assert set((await seen_of(hall, board, first, second)).waiting) == {first, second}
    hall.clock.time += WATCH_SECONDS
    assert set((await board.current(second)).waiting) == {second}


async def test_who_looks_at_the_same_time_reads_once(hall: Hall) -> None:
    job = await hall.wish("test:1")
    board = hall.board()
    sights = await asyncio.gather(*(board.current(job) for _ in range(100)))
    assert len({id(snapshot) for snapshot in sights}) == 1


async def test_after_a_ring_nobody_sees_what_was_before(hall: Hall) -> None:
    board, first = hall.board(), await hall.wish("test:1")
    assert (await board.current(first)).waiting[first].state == State.QUEUED
    async with hall.database.write() as connection:
        job = await jobs.get(connection, first)
        assert job is not None
        await jobs.update(connection, replace(job, state=State.FETCHING))
    hall.wakeups.notify()
    assert (await board.current(first)).waiting[first].state == State.FETCHING


async def test_however_often_it_rings_the_rows_are_read_ten_times_a_second(hall: Hall) -> None:
    board = hall.board()
    await board.current(1)
    for number in range(5):
        await board.current(await hall.wish(f"test:{number}"))
    assert hall.clock.slept[1:] == pytest.approx([MIN_INTERVAL_SECONDS] * 5)


@pytest.mark.parametrize(("reading", "pause"), [(0.001, 0.1), (0.02, 0.18), (0.3, 1.0)])
async def test_the_longer_a_reading_takes_the_longer_is_the_pause_up_to_a_second(
    hall: Hall, reading: float, pause: float
) -> None:
    board, hall.clock.step = hall.board(), reading
    await board.current(1)
    await board.current(await hall.wish("test:1"))
    waited = hall.clock.slept[-1] + 3 * reading  # looking at the clock takes as long as the reading
    assert waited == pytest.approx(pause, abs=0.001)


async def test_without_a_ring_it_is_looked_at_again_after_a_second(hall: Hall) -> None:
    board = hall.board()
    before = await board.current(1)
    hall.clock.time += 0.9
    assert await board.current(1) is before
    hall.clock.time += 0.2
    assert await board.current(1) is not before


async def test_who_goes_away_in_the_middle_keeps_nobody_from_looking(hall: Hall) -> None:
    board = hall.board()
    for steps in range(12):
        looking = asyncio.create_task(board.current(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        job = await hall.wish(f"test:{steps}")
        async with asyncio.timeout(5):
            assert job in (await board.current(job)).waiting
