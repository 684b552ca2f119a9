"""Updates delivered to any of several processes: each is handled once and in order, whichever process dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import pytest_asyncio
from sqlalchemy import text

from bot.cluster import update_inbox as inbox_module
from bot.cluster.update_inbox import LEASE_SECONDS, InboxFull, OpenUpdate, UpdateInbox
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


async def accepts(process: UpdateInbox, *updates: StoredUpdate) -> list[int]:
    """The numbers of those updates that the process is to handle."""
    return [one.number for one in await process.accept(updates)]


async def next_of(process: UpdateInbox, count: int, known: tuple[int, ...] = ()) -> list[int]:
    """The numbers of the next updates for this process."""
    found: list[int] = []
    ours = cast("AsyncGenerator[tuple[OpenUpdate, ...], None]", process.assigned(known))
    async with asyncio.timeout(20), aclosing(ours):
        while len(found) < count:
            found += [one.number for one in await anext(ours)]
    assert await process.load(found) == {number: f"body {number}" for number in found}
    return found


def update(number: int, key: str | None = None, sender: str = "1") -> StoredUpdate:
    return StoredUpdate(number, f"body {number}", key, sender, can_be_dropped=key != "payments")


async def test_an_update_is_new_only_once_whichever_process_receives_it(inboxes: Inboxes) -> None:
    here, there = inboxes.process("here"), inboxes.process("there")
    assert await accepts(here, update(8)) == [8]
    assert await accepts(there, update(8)) == []
    assert await accepts(there, update(7)) == [7]
    assert await inboxes.open() == [(7, "there"), (8, "here")]
    await here.done([8])
    assert await accepts(there, update(8)) == [], "it was dealt with"
    assert await inboxes.open() == [(7, "there")]


async def test_a_batch_is_one_transaction_and_known_ones_are_left_out(inboxes: Inboxes) -> None:
    here = inboxes.process("here")
    await here.accept([update(2, "chat")])
    batch = [update(1, "chat"), update(2, "chat"), update(3, "chat"), update(3, "chat"), StoredUpdate(4, None)]
    assert await accepts(here, *batch) == [1, 3]
    assert await accepts(here, update(4)) == [], "its number is known"
    assert [number for number, _ in await inboxes.open()] == [1, 2, 3]


async def test_what_cant_be_stored_does_not_hold_its_batch(inboxes: Inboxes) -> None:
    here = inboxes.process("here")
    odd = [StoredUpdate(2, "lone \ud800"), update(3, "lane \ud800")]
    assert await accepts(here, update(1, "chat"), *odd, update(4, "chat")) == [1, 4]
    assert await accepts(here, update(5, "chat")) == [5]


async def test_of_one_chat_only_so_many_wait_but_payments_always(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MAX_WAITING", 3)
    here = inboxes.process("here")
    assert await accepts(here, update(1, "flood"), update(2, "flood")) == [1, 2]
    assert await accepts(here, *(update(number, "flood") for number in (3, 4, 5)), update(6, "other")) == [3, 6]
    assert await accepts(here, *(update(number, "payments") for number in range(10, 15))) == list(range(10, 15))
    await here.done([1])
    assert await accepts(here, update(4, "flood"), update(7, "flood")) == [7], "4 was dropped"


@pytest.mark.parametrize(("bound", "value"), [("MAX_OPEN", 2), ("MAX_CHARACTERS", 11)])
async def test_what_is_too_much_is_not_accepted_until_some_is_done(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(inbox_module, bound, value)
    here = inboxes.process("here")
    await here.accept([update(1, "one"), update(2, "two")])
    inboxes.now += 1
    with pytest.raises(InboxFull):
        await here.accept([update(3)])
    await here.done([1])
    inboxes.now += 1
    assert await accepts(here, update(3)) == [3]


async def test_contents_are_deleted_when_handled_or_when_their_sender_asks_or_after_a_day(inboxes: Inboxes) -> None:
    here = inboxes.process("here")
    await here.accept([update(1, "chat", "anna"), update(2, "chat", "ben"), update(3, "chat", "anna")])
    await here.done([1])
    async with inboxes.database.write() as connection:
        assert await update_inbox.delete_of_sender(connection, "tele", "anna") == 0
        assert await update_inbox.delete_of_sender(connection, "telegram", "anna") == 1
    assert await here.load([1, 2, 3]) == {2: "body 2"}
    assert await contents(inboxes) == {"body 2", "chat", "ben", "here"}
    await sweep(inboxes, days=1)
    assert await contents(inboxes) == set()
    assert await accepts(here, update(1), update(2), update(3)) == [], "their numbers are known for another day"
    await sweep(inboxes, days=1)
    assert await accepts(here, update(1)) == [1], "numbers may be used again after some days"


async def test_a_flood_of_handled_updates_does_not_fill_the_disk(inboxes: Inboxes) -> None:
    here = inboxes.process("here")
    for number in range(10):
        inboxes.now += 1
        await here.accept([update(number)])
    await here.done(list(range(9)))
    await sweep(inboxes, days=0, keep=4)
    async with inboxes.database.read() as connection:
        kept = set((await connection.execute(text("SELECT number FROM arrived"))).scalars())
    assert {9} < kept <= {5, 6, 7, 8, 9}


async def contents(inboxes: Inboxes) -> set[str]:
    """Everything but numbers and times that is stored of updates."""
    async with inboxes.database.read() as connection:
        rows = await connection.execute(text("SELECT body, lane, sender, owner FROM arrived"))
        return {str(value) for row in rows for value in row if value is not None}


async def sweep(inboxes: Inboxes, *, days: float, keep: int = 100) -> None:
    inboxes.now += days * 86400 + 1
    times = {"bodies_before": inboxes.now - 86400, "before": inboxes.now - 2 * 86400}
    async with inboxes.database.write() as connection:
        await update_inbox.delete_old(connection, **times, keep=keep)


async def test_updates_that_belong_together_go_to_one_process_in_order(inboxes: Inboxes) -> None:
    here, there = inboxes.process("here"), inboxes.process("there")
    assert await accepts(here, update(1, "chat")) == [1]
    assert await accepts(there, update(2, "chat")) == [], "here is not done with the chat"
    assert await accepts(there, update(3, "elsewhere")) == [3]
    assert await next_of(here, 1, known=(1,)) == [2]
    for number in (1, 2):
        await here.done([number])
    assert await accepts(there, update(4, "chat")) == [4], "nothing of the chat is open any more"


async def test_updates_of_a_dead_process_are_taken_over_when_their_lease_has_expired(inboxes: Inboxes) -> None:
    dead, heir = inboxes.process("dead"), inboxes.process("heir")
    await dead.accept([update(1, "chat")])
    await heir.accept([update(2, "chat")])
    await heir.accept([update(3)])
    assert await next_of(heir, 1) == [3]
    inboxes.now += LEASE_SECONDS + 1
    assert await accepts(heir, update(4, "chat")) == [4], "a chat does not wait for the dead"
    assert await next_of(heir, 4) == [1, 2, 3, 4]
    assert {owner for _, owner in await inboxes.open()} == {"heir"}


async def test_a_process_that_works_for_long_renews_its_lease(inboxes: Inboxes) -> None:
    slow, other = inboxes.process("slow"), inboxes.process("other")
    await slow.accept([update(1)])
    for _ in range(4):
        inboxes.now += LEASE_SECONDS / 2
        await other.accept([update(9)])
        await next_of(slow, 1)  # every look renews the lease
        await next_of(other, 1)
    assert await inboxes.open() == [(1, "slow"), (9, "other")]


async def test_released_updates_are_taken_over_at_once(inboxes: Inboxes) -> None:
    leaving, staying = inboxes.process("leaving"), inboxes.process("staying")
    await leaving.accept([update(1)])
    waiting = asyncio.create_task(next_of(staying, 1))
    await leaving.release()
    assert await waiting == [1]


async def test_a_single_process_takes_all_unfinished_updates_at_the_start(inboxes: Inboxes) -> None:
    before = inboxes.process("before", alone=True)
    await before.accept([update(1, "chat")])
    await before.accept([update(2)])
    after = inboxes.process("after", alone=True)
    assert await next_of(after, 2) == [1, 2]


async def test_an_update_that_two_processes_receive_at_once_goes_to_one_of_them(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        inboxess = [Inboxes(await stack.enter_async_context(open_database(postgres_url))) for _ in range(2)]
        processes = [inboxes.process(str(number)) for number, inboxes in enumerate(inboxess)]
        for number in range(10):
            answers = await asyncio.gather(*(accepts(process, update(number, "chat")) for process in processes))
            taken = sum(map(len, answers))
            assert taken == 1 if number == 0 else taken <= 1
        assert len({owner for _, owner in await inboxess[0].open()}) == 1
        assert [number for number, _ in await inboxess[0].open()] == list(range(10))
