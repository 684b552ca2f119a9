"""Queue snapshots are shared by all watchers and never older than the last wake-up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.domain.job_view import State
from bot.jobs import views
from bot.jobs.queue_snapshot import MIN_INTERVAL_SECONDS, WATCH_SECONDS, QueueSnapshot, QueueSnapshots
from bot.jobs.views import Capacity
from bot.runtime.clock import WallClock
from bot.runtime.wakeups import Wakeups
from storage import jobs, queue, timings
from storage.accounts import Account
from storage.database import Database, open_database
from tests.harness.rows import NOON, insert_job


class ManualClock(WallClock):
    """A clock that moves only by `sleep`, which is recorded in `slept`."""

    def __init__(self) -> None:
        self.time = NOON
        self.slept: list[float] = []
        self.step = 0.0  # seconds that pass with every reading of the clock
        super().__init__(wall=lambda: self.time, steady=lambda: 0.0)

    def now(self) -> float:
        self.time += self.step
        return super().now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class SnapshotFixture:
    database: Database
    clock: ManualClock = field(default_factory=ManualClock)
    wakeups: Wakeups = field(default_factory=Wakeups)

    def snapshots(self) -> QueueSnapshots:
        return QueueSnapshots(self.database, self.wakeups, self.clock, Capacity(frozenset(), 1, 15.0))

    async def insert(self, source: str, state: State = State.QUEUED) -> int:
        async with self.database.write() as connection:
            job = await insert_job(connection, source, state=state, turn=1000)
        self.wakeups.notify()
        return job.id


@pytest.fixture
async def env(tmp_path: Path) -> AsyncIterator[SnapshotFixture]:
    async with open_database(tmp_path / "rows.db") as database:
        yield SnapshotFixture(database)


async def read_watched(env: SnapshotFixture, snapshots: QueueSnapshots, *job_ids: int) -> QueueSnapshot:
    """The next snapshot after each of these jobs was requested."""
    for job_id in job_ids:
        await snapshots.current(job_id)
    env.wakeups.notify()
    return await snapshots.current(job_ids[0])


async def test_a_snapshot_holds_only_waiting_and_running_jobs(env: SnapshotFixture) -> None:
    ids = {state: await env.insert(state, state) for state in State}
    snapshot = await read_watched(env, env.snapshots(), *ids.values())
    assert set(snapshot.waiting) == {ids[state] for state in jobs.WAITING}
    assert set(snapshot.places) == {ids[State.QUEUED]}


async def test_watched_jobs_have_their_place_among_all_jobs(env: SnapshotFixture) -> None:
    ids = [await env.insert(f"test:{number}") for number in range(20)]
    async with env.database.read() as connection:
        everybody = await queue.list_places(connection, ids, NOON)
    snapshot = await read_watched(env, env.snapshots(), ids[7], ids[12])
    assert snapshot.places == {job_id: everybody[job_id] for job_id in (ids[7], ids[12])}
    assert [snapshot.places[job_id].number for job_id in (ids[7], ids[12])] == [8, 13]
    assert snapshot.state.waiting == 20


async def test_a_job_that_is_no_longer_watched_is_not_read(env: SnapshotFixture) -> None:
    snapshots, first, second = env.snapshots(), await env.insert("test:1"), await env.insert("test:2")
    assert set((await read_watched(env, snapshots, first, second)).waiting) == {first, second}
    env.clock.time += WATCH_SECONDS
    assert set((await snapshots.current(second)).waiting) == {second}


async def test_concurrent_watchers_share_one_read(env: SnapshotFixture) -> None:
    job = await env.insert("test:1")
    snapshots = env.snapshots()
    results = await asyncio.gather(*(snapshots.current(job) for _ in range(100)))
    assert len({id(snapshot) for snapshot in results}) == 1


async def test_after_a_wake_up_the_snapshot_is_fresh(env: SnapshotFixture) -> None:
    snapshots, first = env.snapshots(), await env.insert("test:1")
    assert (await snapshots.current(first)).waiting[first].state == State.QUEUED
    async with env.database.write() as connection:
        job = await jobs.get(connection, first)
        assert job is not None
        await jobs.update(connection, replace(job, state=State.FETCHING))
    env.wakeups.notify()
    assert (await snapshots.current(first)).waiting[first].state == State.FETCHING


async def test_however_many_wake_ups_come_the_rows_are_read_ten_times_a_second(env: SnapshotFixture) -> None:
    snapshots = env.snapshots()
    await snapshots.current(1)
    for number in range(5):
        await snapshots.current(await env.insert(f"test:{number}"))
    assert env.clock.slept[1:] == pytest.approx([MIN_INTERVAL_SECONDS] * 5)


@pytest.mark.parametrize(("reading", "pause"), [(0.001, 0.1), (0.02, 0.18), (0.3, 1.0)])
async def test_slow_reads_lengthen_the_interval_up_to_a_second(
    env: SnapshotFixture, reading: float, pause: float
) -> None:
    snapshots, env.clock.step = env.snapshots(), reading
    await snapshots.current(1)
    await snapshots.current(await env.insert("test:1"))
    waited = env.clock.slept[-1] + 3 * reading  # each reading of the clock takes as long as reading the rows
    assert waited == pytest.approx(pause, abs=0.001)


async def test_without_a_wake_up_the_rows_are_read_again_after_a_second(env: SnapshotFixture) -> None:
    snapshots = env.snapshots()
    before = await snapshots.current(1)
    env.clock.time += 0.9
    assert await snapshots.current(1) is before
    env.clock.time += 0.2
    assert await snapshots.current(1) is not before


async def test_a_cancelled_watcher_does_not_block_the_others(env: SnapshotFixture) -> None:
    snapshots = env.snapshots()
    for steps in range(12):
        looking = asyncio.create_task(snapshots.current(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        job = await env.insert(f"test:{steps}")
        async with asyncio.timeout(5):
            assert job in (await snapshots.current(job)).waiting


async def test_what_deliveries_take_is_learned_and_part_of_every_promise(env: SnapshotFixture) -> None:
    for seconds in (3.0, 3.0, 3.0, 9000.0):  # the last waited for a platform
        async with env.database.write() as connection:
            await views.learn_delivery(connection, seconds)
    async with env.database.read() as connection:
        [row] = await timings.list_all(connection)
        rows = await views.read_queue_rows(connection)
    assert (row.account_id, row.step, row.count) == (timings.NO_ACCOUNT, timings.DELIVERY, 4)
    assert 2.5 < row.mean < 8.0
    account = Account("key-a", 1, 0.0, 0, 0.0, None, 15.0, 3.0)
    state = views.queue_state(replace(rows, accounts=[account]), Capacity(frozenset({"key-a"}), 1, 15.0), 0.0)
    assert state.loads["key-a"].after.mean == pytest.approx(row.mean + views.FETCH.mean)
