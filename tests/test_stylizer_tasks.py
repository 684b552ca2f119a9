"""The task table, in a real file and on a real PostgreSQL: order, slots, leases, and callers who are cancelled."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from stylizer.database import Database, open_database
from stylizer.errors import BROKEN, Refused
from stylizer.tasks import Status, Task, TaskTable

NOW = 1_800_000_000_000
LIFE = 1000  # seconds


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A new table on either."""
    is_file = request.param == "sqlite"
    async with open_database(
        tmp_path / "stylizer.db" if is_file else request.getfixturevalue("postgres_url")
    ) as opened:
        yield opened


@pytest.fixture
async def table(database: Database) -> TaskTable:
    table = TaskTable(database, life=LIFE)
    await table.allow(1)
    return table


async def add(table: TaskTable, task_id: str, account: str = "a", *, free_images: int | None = None) -> Task | None:
    task = Task(task_id, account, "request", 0, NOW, photo="https://x/y", strength=0.5, seed=7)
    await table.add(task, max_pending=1000, free_images=free_images)
    return task


async def test_a_task_comes_back_as_it_was_put_in(table: TaskTable) -> None:
    task = await add(table, "t")
    assert await table.find("a", "t", NOW) == task
    assert await table.find("b", "t", NOW) is None


async def test_the_oldest_task_of_an_account_with_a_free_slot_is_claimed(table: TaskTable) -> None:
    for task_id, account in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        await add(table, task_id, account)
    claimed = [await table.claim(NOW) for _ in range(3)]
    assert [task and task.task_id for task in claimed] == ["a1", "b1", None]
    assert claimed[0] is not None
    await table.succeed(claimed[0], "results/x", NOW)
    following = await table.claim(NOW + 5)
    assert following is not None
    assert (following.task_id, following.started, following.status) == ("a2", NOW + 5, Status.RUNNING)


async def test_a_hundred_claims_at_once_give_out_every_slot_once(table: TaskTable) -> None:
    for number in range(20):
        await add(table, str(number))
    await table.allow(3)
    claimed = await asyncio.gather(*[table.claim(NOW) for _ in range(100)])
    assert sorted(task.task_id for task in claimed if task) == ["0", "1", "2"]


async def test_a_task_ends_once(table: TaskTable) -> None:
    await add(table, "t")
    task = await table.claim(NOW)
    assert task is not None
    assert await table.fail(task, BROKEN, NOW + 1)
    assert not await table.succeed(task, "results/x", NOW + 2)
    await table.release(task)
    found = await table.find("a", "t", NOW)
    assert found == replace(
        task, status=Status.FAILED, ended=NOW + 1, code=BROKEN.code, message=BROKEN.message, photo=None
    )
    await add(table, "still free", free_images=1)


async def test_released_and_reclaimed_tasks_keep_their_place(table: TaskTable) -> None:
    for task_id in ("first", "second"):
        await add(table, task_id)
    task = await table.claim(NOW)
    assert task is not None
    await table.release(task)
    again = await table.claim(NOW)
    await table.reclaim()
    once_more = await table.claim(NOW)
    assert [one and (one.task_id, one.runs) for one in (again, once_more)] == [("first", 1), ("first", 2)]


async def test_expired_tasks_are_forgotten_but_for_one_that_runs(table: TaskTable) -> None:
    for task_id in ("running", "waiting"):
        await add(table, task_id)
    await table.claim(NOW)
    assert await table.forget(NOW + LIFE * 1000 - 1) == []
    assert await table.forget(NOW + LIFE * 1000) == ["https://x/y"]
    assert await table.find("a", "running", NOW) is not None
    assert await table.find("a", "waiting", NOW) is None


async def test_a_cancelled_caller_never_leaves_a_transaction_open(table: TaskTable) -> None:
    rng = random.Random(7)
    await table.allow(1000)
    for step in range(60):
        calls: list[asyncio.Task[Task | None]] = [
            asyncio.create_task(add(table, f"{step}-{number}")) for number in range(4)
        ]
        calls += [asyncio.create_task(table.claim(NOW)) for _ in range(2)]
        await asyncio.wait(calls, timeout=rng.random() / 100)
        for call in calls:
            if rng.random() < 0.7:
                call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert not [one for one in outcomes if isinstance(one, Exception)]


async def test_the_free_quota_counts_what_is_unfinished_too(table: TaskTable) -> None:
    await add(table, "one", free_images=2)
    await add(table, "two", free_images=2)
    with pytest.raises(Refused) as refusal:
        await add(table, "three", free_images=2)
    assert refusal.value.fault.code == "AllocationQuota.FreeTierOnly"
    assert await table.cancel("a", "two", NOW) == ("https://x/y",)
    await add(table, "three", free_images=2)


async def test_what_nobody_speaks_for_any_more_is_taken_over_and_only_the_last_attempt_ends_it(
    table: TaskTable,
) -> None:
    await add(table, "t")
    frozen = await table.claim(NOW, lease=NOW + 10)
    assert frozen is not None
    assert await table.claim(NOW + 9, lease=NOW + 19) is None
    assert await table.renew(frozen, NOW + 15)
    assert await table.claim(NOW + 14, lease=NOW + 24) is None
    following = await table.claim(NOW + 15, lease=NOW + 25)
    assert following is not None
    assert (following.task_id, following.attempt, following.runs) == ("t", 2, 2)
    assert not await table.renew(frozen, NOW + 99)
    assert not await table.fail(frozen, BROKEN, NOW + 16)
    assert not await table.succeed(frozen, "results/late", NOW + 16)
    await table.release(frozen)
    assert await table.succeed(following, "results/right", NOW + 17)
    found = await table.find("a", "t", NOW + 20)
    assert found is not None
    assert (found.status, found.result, found.ended) == (Status.SUCCEEDED, "results/right", NOW + 17)


async def test_a_release_does_not_bring_an_older_attempt_back(table: TaskTable) -> None:
    await add(table, "t")
    frozen = await table.claim(NOW, lease=NOW + 1)
    stopped = await table.claim(NOW + 1, lease=NOW + 2)
    assert frozen is not None and stopped is not None
    await table.release(stopped)
    running = await table.claim(NOW + 2, lease=NOW + 9)
    assert running is not None
    assert (running.runs, running.attempt) == (2, 3)
    assert not await table.succeed(frozen, "results/late", NOW + 3)
    assert not await table.succeed(stopped, "results/late", NOW + 3)


async def test_who_is_alone_never_loses_a_task_to_time(table: TaskTable) -> None:
    await add(table, "t")
    assert await table.claim(NOW) is not None
    assert await table.claim(NOW + LIFE * 500, lease=NOW + LIFE * 600) is None


async def test_of_several_sweepers_one_has_the_turn_even_after_a_wrong_clock(table: TaskTable) -> None:
    turns = await asyncio.gather(*[table.is_turn_to_sweep(NOW, interval=60) for _ in range(5)])
    assert sorted(turns) == [False, False, False, False, True]
    assert not await table.is_turn_to_sweep(NOW + 59_999, interval=60)
    assert await table.is_turn_to_sweep(NOW + 60_000, interval=60)
    assert await table.is_turn_to_sweep(NOW - 10**9, interval=60)


async def test_a_text_that_a_database_cannot_hold_is_no_task(table: TaskTable) -> None:
    assert await table.find("a", "t\0", NOW) is None
    assert await table.cancel("a", "t\0", NOW) is None
