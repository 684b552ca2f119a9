"""The task table, in a real file and on a real PostgreSQL: order, slots, leases, cancelled callers."""

import asyncio
import random
import sqlite3
import traceback
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stylizer.database import CannotOpen, Database, open_database
from stylizer.errors import INTERNAL_ERROR, Refused
from stylizer.schema import SCHEMA
from stylizer.task_repository import TaskRepository
from stylizer.tasks import Status, Task

NOW = 1_800_000_000_000
LIFE = 1000  # seconds


@dataclass
class ManualClock:
    """A clock that the test sets, in milliseconds."""

    at: int = NOW

    def __call__(self) -> float:
        return self.at / 1000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    """A new table on SQLite or PostgreSQL."""
    where = tmp_path / "stylizer.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async with open_database(where, clock=clock) as opened:
        yield opened


@pytest.fixture
async def repository(database: Database) -> TaskRepository:
    repository = TaskRepository(database, life=LIFE)
    await repository.set_max_running(1)
    return repository


async def add(
    repository: TaskRepository, task_id: str, account: str = "a", *, free_images: int | None = None
) -> Task | None:
    task = Task(task_id, account, "request", 0, NOW, photo="https://x/y", strength=0.5, seed=7)
    await repository.add(task, max_pending=1000, free_images=free_images)
    return task


async def test_a_task_is_read_as_it_was_added(repository: TaskRepository) -> None:
    task = await add(repository, "t")
    assert await repository.find("a", "t", NOW) == task
    assert await repository.find("b", "t", NOW) is None


async def test_the_oldest_task_of_an_account_with_a_free_slot_is_claimed(
    repository: TaskRepository, clock: ManualClock
) -> None:
    for task_id, account in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        await add(repository, task_id, account)
    claimed = [await repository.claim() for _ in range(3)]
    assert [task and task.task_id for task in claimed] == ["a1", "b1", None]
    assert claimed[0] is not None
    await repository.succeed(claimed[0], "results/x")
    clock.at += 5
    following = await repository.claim()
    assert following is not None
    assert (following.task_id, following.started, following.status) == ("a2", NOW + 5, Status.RUNNING)


async def test_a_hundred_concurrent_claims_use_every_slot_once(repository: TaskRepository) -> None:
    for number in range(20):
        await add(repository, str(number))
    await repository.set_max_running(3)
    claimed = await asyncio.gather(*[repository.claim() for _ in range(100)])
    assert sorted(task.task_id for task in claimed if task) == ["0", "1", "2"]


async def test_a_task_ends_once(repository: TaskRepository, clock: ManualClock) -> None:
    await add(repository, "t")
    task = await repository.claim()
    assert task is not None
    clock.at += 1
    assert await repository.fail(task, INTERNAL_ERROR)
    clock.at += 1
    assert not await repository.succeed(task, "results/x")
    await repository.release(task)
    found = await repository.find("a", "t", NOW)
    assert found == replace(
        task, status=Status.FAILED, ended=NOW + 1, code=INTERNAL_ERROR.code, message=INTERNAL_ERROR.message, photo=None
    )
    await add(repository, "still free", free_images=1)


async def test_released_and_requeued_tasks_keep_their_place(repository: TaskRepository) -> None:
    for task_id in ("first", "second"):
        await add(repository, task_id)
    task = await repository.claim()
    assert task is not None
    await repository.release(task)
    again = await repository.claim()
    await repository.requeue_running()
    once_more = await repository.claim()
    assert [one and (one.task_id, one.runs) for one in (again, once_more)] == [("first", 1), ("first", 2)]


async def test_expired_tasks_are_deleted_except_a_running_one(repository: TaskRepository, clock: ManualClock) -> None:
    for task_id in ("running", "waiting"):
        await add(repository, task_id)
    await repository.claim()
    clock.at += LIFE * 1000 - 1
    assert await repository.delete_expired() == []
    clock.at += 1
    assert await repository.delete_expired() == ["https://x/y"]
    assert await repository.find("a", "running", NOW) is not None
    assert await repository.find("a", "waiting", NOW) is None


async def test_a_cancelled_caller_never_leaves_a_transaction_open(repository: TaskRepository) -> None:
    rng = random.Random(7)
    await repository.set_max_running(1000)
    for step in range(60):
        calls: list[asyncio.Task[Task | None]] = [
            asyncio.create_task(add(repository, f"{step}-{number}")) for number in range(4)
        ]
        calls += [asyncio.create_task(repository.claim()) for _ in range(2)]
        await asyncio.wait(calls, timeout=rng.random() / 100)
        for call in calls:
            if rng.random() < 0.7:
                call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert not [one for one in outcomes if isinstance(one, Exception)]


async def test_the_free_quota_counts_unfinished_tasks_too(repository: TaskRepository) -> None:
    await add(repository, "one", free_images=2)
    await add(repository, "two", free_images=2)
    with pytest.raises(Refused) as refusal:
        await add(repository, "three", free_images=2)
    assert refusal.value.fault.code == "AllocationQuota.FreeTierOnly"
    assert await repository.cancel("a", "two") == ("https://x/y",)
    await add(repository, "three", free_images=2)


async def test_a_task_with_a_lapsed_lease_is_taken_over_and_only_the_last_attempt_ends_it(
    repository: TaskRepository, clock: ManualClock
) -> None:
    await add(repository, "t")
    frozen = await repository.claim(lease=10)
    assert frozen is not None
    clock.at += 9_999
    assert await repository.claim(lease=10) is None
    assert await repository.renew(frozen, 10)
    clock.at += 9_999
    assert await repository.claim(lease=10) is None
    clock.at += 1
    following = await repository.claim(lease=10)
    assert following is not None
    assert (following.task_id, following.attempt, following.runs) == ("t", 2, 2)
    assert not await repository.renew(frozen, 1000)
    assert not await repository.fail(frozen, INTERNAL_ERROR)
    assert not await repository.succeed(frozen, "results/late")
    await repository.release(frozen)
    clock.at += 1
    assert await repository.succeed(following, "results/right")
    found = await repository.find("a", "t", NOW)
    assert found is not None
    assert (found.status, found.result, found.ended) == (Status.SUCCEEDED, "results/right", clock.at)


async def test_a_release_does_not_revive_an_older_attempt(repository: TaskRepository, clock: ManualClock) -> None:
    await add(repository, "t")
    frozen = await repository.claim(lease=1)
    clock.at += 1000
    stopped = await repository.claim(lease=1)
    assert frozen is not None and stopped is not None
    await repository.release(stopped)
    running = await repository.claim(lease=1)
    assert running is not None
    assert (running.runs, running.attempt) == (2, 3)
    assert not await repository.succeed(frozen, "results/late")
    assert not await repository.succeed(stopped, "results/late")


async def test_without_leases_no_task_is_taken_over(repository: TaskRepository, clock: ManualClock) -> None:
    await add(repository, "t")
    assert await repository.claim() is not None
    clock.at += LIFE * 500
    assert await repository.claim(lease=10) is None


async def test_one_of_several_services_sweeps_even_after_a_wrong_clock(
    repository: TaskRepository, clock: ManualClock
) -> None:
    turns = await asyncio.gather(*[repository.claim_sweep(interval=60) for _ in range(5)])
    assert sorted(turns) == [False, False, False, False, True]
    clock.at += 59_999
    assert not await repository.claim_sweep(interval=60)
    clock.at += 1
    assert await repository.claim_sweep(interval=60)
    clock.at -= 10**9
    assert await repository.claim_sweep(interval=60)


async def test_text_that_the_database_cannot_hold_matches_no_task(repository: TaskRepository) -> None:
    assert await repository.find("a", "t\0", NOW) is None
    assert await repository.cancel("a", "t\0") is None


async def test_the_submit_limit_holds_over_all_services(repository: TaskRepository, clock: ManualClock) -> None:
    task = Task("first", "a", "request", 0, NOW)
    await repository.add(task, max_pending=9, per_second=2)
    clock.at += 999
    await repository.add(replace(task, task_id="second"), max_pending=9, per_second=2)
    with pytest.raises(Refused) as refusal:
        await repository.add(replace(task, task_id="third"), max_pending=9, per_second=2)
    assert refusal.value.fault.code == "Throttling.RateQuota"
    await repository.add(replace(task, task_id="another's", account="b"), max_pending=9, per_second=2)
    clock.at += 1
    await repository.add(replace(task, task_id="third"), max_pending=9, per_second=2)


async def test_a_new_task_wakes_the_listeners(postgres_url: str) -> None:
    async with open_database(postgres_url) as here, open_database(postgres_url) as there:
        heard = asyncio.Event()
        listening = asyncio.create_task(here.listen(heard.set))
        await heard.wait()  # it wakes once when it begins to listen
        heard.clear()
        await add(TaskRepository(there, life=LIFE), "t")
        await heard.wait()
        listening.cancel()
        await asyncio.wait([listening])


async def test_a_process_frozen_in_a_write_does_not_block_the_others(postgres_url: str) -> None:
    async with open_database(postgres_url) as frozen, open_database(postgres_url) as lively:
        with pytest.raises(DBAPIError):
            async with frozen.write() as connection:
                await connection.execute(text("insert into rule (name, value) values ('max_running', 99)"))
                await TaskRepository(lively, life=LIFE).set_max_running(
                    1
                )  # waits until the server ends the frozen session
        async with lively.read() as connection:
            found = await connection.execute(text("select value from rule where name = 'max_running'"))
            assert found.scalar_one() == 1


async def test_a_table_from_before_leases_is_upgraded(tmp_path: Path) -> None:
    file = tmp_path / "stylizer.db"
    before = next(part for part in SCHEMA if "table if not exists task" in part)
    before = before.replace(",\n        attempt      bigint not null default 0,\n        lease        bigint", "")
    assert "attempt" not in before
    with closing(sqlite3.connect(file)) as old:
        old.execute(before)
        old.execute(
            "insert into task (task_id, seq, account, request_id, status, style_index, submitted)"
            f" values ('old', 1, 'a', 'r', 'PENDING', 0, {NOW})"
        )
        old.commit()
    attempts = list[int]()
    for _ in range(2):
        async with open_database(file, clock=ManualClock()) as database:
            repository = TaskRepository(database, life=LIFE)
            await repository.set_max_running(1)
            task = await repository.claim()
            assert task is not None and task.task_id == "old"
            await repository.release(task)
            attempts.append(task.attempt)
    assert attempts == [1, 2]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://user:hush-hush@127.0.0.1/x", "has to begin with postgresql://"),
        ("postgresql://user:hush-hush@127.0.0.1:port/x", "write postgresql://"),
        ("postgresql://user:hush-hush@127.0.0.1:1/x", "127.0.0.1"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_reported_without_its_password(url: str, said: str) -> None:
    with pytest.raises(CannotOpen) as why:
        async with open_database(url):
            pass
    assert said in str(why.value)
    assert "hush" not in "".join(traceback.format_exception(why.value))
