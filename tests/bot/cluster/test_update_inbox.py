"""Updates delivered to any of several processes: each is handled once and in order, whichever process dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest_asyncio

from bot.cluster.update_inbox import KEPT_SECONDS, LEASE_SECONDS, UpdateInbox
from bot.runtime.clock import WallClock
from bot.runtime.wakeups import Wakeups
from storage import update_inbox
from storage.database import Database, open_database
from storage.update_inbox import StoredUpdate
from tests.fakes.postgres import place_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

BOT = "telegram:1"


@dataclass
class Inboxes:
    """The inboxes of several processes over one database, with a clock that the test sets."""

    database: Database
    now: float = 1_000_000.0
    wakeups: Wakeups = field(default_factory=Wakeups)

    def process(self, name: str, *, alone: bool = False) -> UpdateInbox:
        clock = WallClock(wall=lambda: self.now, steady=lambda: 0.0)
        return UpdateInbox(self.database, BOT, clock, self.wakeups, name, alone)

    async def open(self) -> list[tuple[int, str | None]]:
        """Number and owner of the unfinished updates."""
        async with self.database.read() as connection:
            return [(one.number, one.owner) for one in await update_inbox.list_open(connection, BOT)]


@pytest_asyncio.fixture
async def inboxes(database_kind: str, tmp_path: Path) -> AsyncIterator[Inboxes]:
    async with open_database(place_of(tmp_path)) as database:
        yield Inboxes(database)


async def next_of(process: UpdateInbox, count: int, begun: tuple[int, ...] = ()) -> list[int]:
    """The numbers of the next updates for this process."""
    found: list[int] = []
    ours = cast("AsyncGenerator[StoredUpdate, None]", process.assigned(begun))
    async with asyncio.timeout(20), aclosing(ours):
        while len(found) < count:
            arrival = await anext(ours)
            assert arrival.body == f"body {arrival.number}"
            found.append(arrival.number)
    return found


def update(number: int, api_account: str | None = None) -> StoredUpdate:
    return StoredUpdate(number, f"body {number}", api_account)


async def test_an_update_is_new_only_once_whichever_process_receives_it(inboxes: Inboxes) -> None:
    here, there = inboxes.process("here"), inboxes.process("there")
    assert await here.accept(update(8))
    assert not await there.accept(update(8))
    assert await there.accept(update(7))
    assert await inboxes.open() == [(7, "there"), (8, "here")]
    await here.done(8)
    assert not await there.accept(update(8)), "it was dealt with"
    assert await inboxes.open() == [(7, "there")]


async def test_update_numbers_may_be_reused_after_some_days(inboxes: Inboxes) -> None:
    here = inboxes.process("here")
    await here.accept(update(7))
    await here.done(7)
    inboxes.now += KEPT_SECONDS + 1
    assert await here.accept(update(7))


async def test_updates_that_belong_together_go_to_one_process_in_order(inboxes: Inboxes) -> None:
    here, there = inboxes.process("here"), inboxes.process("there")
    assert await here.accept(update(1, "chat"))
    assert not await there.accept(update(2, "chat")), "here is not done with the chat"
    assert await there.accept(update(3, "elsewhere"))
    assert await next_of(here, 1, begun=(1,)) == [2]
    for number in (1, 2):
        await here.done(number)
    assert await there.accept(update(4, "chat")), "nothing of the chat is open any more"


async def test_updates_of_a_dead_process_are_taken_over_when_their_lease_has_expired(inboxes: Inboxes) -> None:
    dead, heir = inboxes.process("dead"), inboxes.process("heir")
    await dead.accept(update(1, "chat"))
    await heir.accept(update(2, "chat"))
    await heir.accept(update(3))
    assert await next_of(heir, 1) == [3]
    inboxes.now += LEASE_SECONDS + 1
    assert await heir.accept(update(4, "chat")), "a chat does not wait for the dead"
    assert await next_of(heir, 4) == [1, 2, 3, 4]
    assert {owner for _, owner in await inboxes.open()} == {"heir"}


async def test_a_process_that_works_for_long_renews_its_lease(inboxes: Inboxes) -> None:
    slow, other = inboxes.process("slow"), inboxes.process("other")
    await slow.accept(update(1))
    for _ in range(4):
        inboxes.now += LEASE_SECONDS / 2
        await other.accept(update(9))
        await next_of(slow, 1)  # every look renews the lease
        await next_of(other, 1)
    assert await inboxes.open() == [(1, "slow"), (9, "other")]


async def test_released_updates_are_taken_over_at_once(inboxes: Inboxes) -> None:
    leaving, staying = inboxes.process("leaving"), inboxes.process("staying")
    await leaving.accept(update(1))
    waiting = asyncio.create_task(next_of(staying, 1))
    await leaving.release()
    assert await waiting == [1]


async def test_a_single_process_takes_all_unfinished_updates_at_the_start(inboxes: Inboxes) -> None:
    before = inboxes.process("before", alone=True)
    await before.accept(update(1, "chat"))
    await before.accept(update(2))
    after = inboxes.process("after", alone=True)
    assert await next_of(after, 2) == [1, 2]


async def test_an_update_that_two_processes_receive_at_once_goes_to_one_of_them(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        inboxess = [Inboxes(await stack.enter_async_context(open_database(postgres_url))) for _ in range(2)]
        processes = [inboxes.process(str(number)) for number, inboxes in enumerate(inboxess)]
        for number in range(10):
            answers = await asyncio.gather(*(process.accept(update(number, "chat")) for process in processes))
            assert sum(answers) == 1 if number == 0 else sum(answers) <= 1
        assert len({owner for _, owner in await inboxess[0].open()}) == 1
        assert [number for number, _ in await inboxess[0].open()] == list(range(10))
