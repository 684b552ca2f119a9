"""Several candidates on one PostgreSQL: one holder of each role at every moment, and soon another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.ballot import Ballot
from bot.clock import WallClock
from bot.election import Election
from bot.roles import Deposed, Role, Term, fenced
from storage.database import Database, open_database
from storage.elections import open_elections

SOON = 30.0  # seconds; on a busy machine too
ROLES = ("dispatcher:a", "courier:b", "housekeeping")


@dataclass
class Held:
    """Who holds which role now, as the work itself sees it; `most`: how many ever held one at once."""

    by: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ROLES})
    most: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    terms: dict[str, Term] = field(default_factory=dict)

    def works(self, who: str) -> list[Role]:
        """Each role's work, as this candidate would do it."""

        def role(name: str) -> Role:
            async def work(term: Term, stop: asyncio.Event) -> None:
                self.by[name].append(who)
                self.terms[name] = term
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
    """One process's worth. `stop` ends it in good order, `die` as a kill would."""

    election: Election
    task: asyncio.Task[None]
    stop: asyncio.Event

    async def leave(self) -> None:
        self.stop.set()
        await self.task


@asynccontextmanager
async def candidate(url: str, who: str, held: Held) -> AsyncIterator[Candidate]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(url))
        manager = await stack.enter_async_context(open_elections(url))
        election, stop = Election(database, Ballot(manager), WallClock(), who), asyncio.Event()
        task = asyncio.create_task(election.run(held.works(who), stop))
        try:
            yield Candidate(election, task, stop)
        finally:
            stop.set()
            await task


def all_held(by: dict[str, list[str]]) -> bool:
    return all(len(holders) == 1 for holders in by.values())


async def test_each_role_has_one_holder_and_a_clean_stop_hands_over(postgres_url: str) -> None:
    held = Held()
    async with candidate(postgres_url, "one", held) as one, candidate(postgres_url, "two", held):
        await held.until(all_held)
        started = asyncio.get_running_loop().time()
        await one.leave()
        await held.until(lambda by: all(holders == ["two"] for holders in by.values()))
        assert asyncio.get_running_loop().time() - started < 4.0  # nobody had to be given up for dead
    assert held.most == 1
