"""Several candidates at one PostgreSQL: each role has one holder at a time, and soon a new one after a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from procrastinate.manager import JobManager
from sqlalchemy import text

from bot.cluster.election import Election, RoleLeases
from bot.cluster.leadership import Leadership, LeadershipLost, Role, fenced_write
from bot.runtime.clock import WallClock
from chaos.tcp_proxy import database_proxy
from storage.database import open_database
from storage.leases import open_elections

SOON = 30.0  # seconds; on a busy machine too
ROLES = ("dispatcher:a", "courier:b", "housekeeping")


@dataclass
class Held:
    """Who holds which role now, as its work sees it; `most`: how many ever held a role at the same time."""

    by: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ROLES})
    most: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    terms: dict[str, Leadership] = field(default_factory=dict)

    def works(self, who: str) -> list[Role]:
        """The roles with the work that this candidate does for them."""

        def role(name: str) -> Role:
            async def work(leadership: Leadership, stop: asyncio.Event) -> None:
                self.by[name].append(who)
                self.terms[name] = leadership
                self.most = max(self.most, len(self.by[name]))
                self._tell()
                try:
                    await stop.wait()
                finally:
                    self.by[name].remove(who)
                    self._tell()

            return Role(name, work)

        return [role(name) for name in ROLES]

    async def until(self, fits: Callable[[dict[str, list[str]]], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not fits(self.by):
                await self.changed.wait()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass
class Candidate:
    """One process. `stop` ends it cleanly, `die` like a kill."""

    election: Election
    task: asyncio.Task[None]
    stop: asyncio.Event

    async def leave(self) -> None:
        self.stop.set()
        await self.task


@asynccontextmanager
async def candidate(url: str, who: str, held: Held, flush: float = 0.0) -> AsyncIterator[Candidate]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(url))
        manager = await stack.enter_async_context(open_elections(url))
        for name in ("update_heartbeat", "defer_job_async", "fetch_job", "finish_job_by_id_async") if flush else ():
            slow_down(manager, name, flush)
        election, stop = Election(database, RoleLeases(manager), WallClock(), who), asyncio.Event()
        task = asyncio.create_task(election.run(held.works(who), stop))
        try:
            yield Candidate(election, task, stop)
        finally:
            stop.set()
            await task


def slow_down(manager: JobManager, name: str, seconds: float) -> None:
    """Let this write of the election take so long, as on a slow disk."""
    quick = getattr(manager, name)

    async def slow(*args: Any, **options: Any) -> Any:
        answer = await quick(*args, **options)
        await asyncio.sleep(seconds)
        return answer

    setattr(manager, name, slow)


def all_held(by: dict[str, list[str]]) -> bool:
    return all(len(holders) == 1 for holders in by.values())


async def test_each_role_has_one_holder_and_a_clean_stop_hands_over(postgres_url: str) -> None:
    held = Held()
    async with candidate(postgres_url, "one", held) as one, candidate(postgres_url, "two", held):
        await held.until(all_held)
        started = asyncio.get_running_loop().time()
        await one.leave()
        await held.until(lambda by: all(holders == ["two"] for holders in by.values()))
        assert asyncio.get_running_loop().time() - started < 4.0  # no process was declared dead
    assert held.most == 1


@pytest.mark.parametrize("trouble", ["cut", "blackhole"])
async def test_a_process_that_is_cut_off_is_replaced_and_writes_nothing_any_more(
    postgres_url: str, trouble: str
) -> None:
    held = Held()
    async with database_proxy(postgres_url) as (line, through), candidate(through, "one", held):
        await held.until(lambda by: all(holders == ["one"] for holders in by.values()))
        terms = dict(held.terms)
        async with candidate(postgres_url, "two", held):
            getattr(line, trouble)()
            await held.until(lambda by: all("two" in holders for holders in by.values()))
            await held.until(lambda by: all(holders == ["two"] for holders in by.values()))
            line.restore()
            async with open_database(postgres_url) as database:
                for leadership in terms.values():
                    with pytest.raises(LeadershipLost):
                        async with fenced_write(database, leadership):
                            pytest.fail("an old epoch must not write")
                for leadership in held.terms.values():
                    async with fenced_write(database, leadership):
                        await leadership.confirm()


async def test_on_a_slow_disk_roles_are_taken_and_kept(postgres_url: str) -> None:
    held = Held()
    async with candidate(postgres_url, "one", held, flush=1.3):
        await held.until(all_held)
        async with candidate(postgres_url, "two", held) as two:
            await two.election.heartbeat.confirm()
            for leadership in list(held.terms.values()):
                await leadership.confirm()
            assert all(holders == ["one"] for holders in held.by.values())
            assert two.election.held_elsewhere() == frozenset(ROLES)
    assert held.most == 1


async def test_a_role_whose_work_has_lost_leadership_is_elected_again(postgres_url: str) -> None:
    times, again = 0, asyncio.Event()

    async def work(leadership: Leadership, stop: asyncio.Event) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise ExceptionGroup("of several tasks", [LeadershipLost("by somebody")])
        again.set()
        await stop.wait()

    async with open_database(postgres_url) as database, open_elections(postgres_url) as manager:
        election, stop = Election(database, RoleLeases(manager), WallClock(), "one"), asyncio.Event()
        running = asyncio.create_task(election.run([Role("dispatcher:a", work)], stop))
        async with asyncio.timeout(SOON):
            await again.wait()
        stop.set()
        await running
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT name, epoch FROM role"))).all() == [("dispatcher:a", 2)]


async def test_a_released_role_leaves_only_the_job_for_its_next_holder(postgres_url: str) -> None:
    held = Held()
    async with candidate(postgres_url, "one", held) as one:
        await held.until(all_held)
        async with candidate(postgres_url, "two", held) as two:
            await two.election.heartbeat.confirm()  # after its first look
            assert two.election.held_elsewhere() == frozenset(ROLES)
        assert one.election.held_elsewhere() == frozenset()
    async with open_elections(postgres_url) as manager:
        left = [(job.queue, job.status) for job in await manager.list_jobs_async()]
    assert {status for _, status in left} <= {"todo"}
    assert len(left) == len({queue for queue, _ in left})
