"""The board: read once for all who look, and never older than the last ring."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.bell import Bell
from bot.board import LEAST_SECONDS, Board, depth_of, line_of
from bot.clock import WallClock
from bot.views import Lanes
from bot.wishes import State
from storage import jobs, queue
from storage.database import Database, open_database
from tests.rows import NOON, insert


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
    bell: Bell = field(default_factory=Bell)

    def board(self) -> Board:
        return Board(self.database, self.bell, self.clock, Lanes(frozenset(), 1, 15.0))

    async def wish(self, source: str, state: State = State.QUEUED) -> int:
        async with self.database.write() as connection:
            job = await insert(connection, source, state=state, tag=1000)
        self.bell.ring()
        return job.id


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_database(tmp_path / "rows.db") as database:
        yield Hall(database)


async def test_it_shows_what_waits_and_runs_and_nothing_else(hall: Hall) -> None:
    ids = {state: await hall.wish(state, state) for state in State}
    sight = await hall.board().look()
    assert set(sight.waiting) == {ids[state] for state in jobs.WAITING}
    assert set(sight.line) == {ids[State.QUEUED]}


async def test_what_is_told_of_the_rows_is_what_the_database_tells(hall: Hall) -> None:
    """The rows are read anyway: places and depth are reckoned from them, and must be those that others see."""
    async with hall.database.write() as connection:
        for number, state in enumerate(list(State) * 3):
            who = ("anna", "ben")[number % 2]
            submitted = NOON - number if state in jobs.ACTIVE else None
            await insert(connection, f"{who}:{number}", who=who, state=state, tag=number % 4, submitted=submitted)
    async with hall.database.read() as connection:
        waiting = await jobs.waiting(connection)
        assert line_of(waiting) == await queue.line(connection)
        assert depth_of(waiting) == await queue.depth(connection)


async def test_who_looks_at_the_same_time_reads_once(hall: Hall) -> None:
    await hall.wish("test:1")
    board = hall.board()
    sights = await asyncio.gather(*(board.look() for _ in range(100)))
    assert len({id(sight) for sight in sights}) == 1


async def test_after_a_ring_nobody_sees_what_was_before(hall: Hall) -> None:
    board, first = hall.board(), await hall.wish("test:1")
    assert (await board.look()).waiting[first].state == State.QUEUED
    async with hall.database.write() as connection:
        job = await jobs.get(connection, first)
        assert job is not None
        await jobs.save(connection, replace(job, state=State.FETCHING))
    hall.bell.ring()
    assert (await board.look()).waiting[first].state == State.FETCHING


async def test_however_often_it_rings_the_rows_are_read_ten_times_a_second(hall: Hall) -> None:
    board = hall.board()
    await board.look()
    for number in range(5):
        await hall.wish(f"test:{number}")
        await board.look()
    assert hall.clock.slept[1:] == pytest.approx([LEAST_SECONDS] * 5)


@pytest.mark.parametrize(("reading", "pause"), [(0.001, 0.1), (0.02, 0.18), (0.3, 1.0)])
async def test_the_longer_a_reading_takes_the_longer_is_the_pause_up_to_a_second(
    hall: Hall, reading: float, pause: float
) -> None:
    board, hall.clock.step = hall.board(), reading
    await board.look()
    await hall.wish("test:1")
    await board.look()
    waited = hall.clock.slept[-1] + 2 * reading  # looking at the clock takes as long as the reading
    assert waited == pytest.approx(pause, abs=0.001)


async def test_without_a_ring_it_is_looked_at_again_after_a_second(hall: Hall) -> None:
    board = hall.board()
    before = await board.look()
    hall.clock.time += 0.9
    assert await board.look() is before
    hall.clock.time += 0.2
    assert await board.look() is not before


async def test_who_goes_away_in_the_middle_keeps_nobody_from_looking(hall: Hall) -> None:
    board = hall.board()
    for steps in range(12):
        looking = asyncio.create_task(board.look())
        for _ in range(steps):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        job = await hall.wish(f"test:{steps}")
        async with asyncio.timeout(5):
            assert job in (await board.look()).waiting
