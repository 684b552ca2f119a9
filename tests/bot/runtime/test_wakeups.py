"""Wake-ups in this process, and in every process at the same PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.runtime.clock import WallClock, wait_for
from bot.runtime.wakeups import Wakeups
from storage.database import open_database


@asynccontextmanager
async def in_service(url: str) -> AsyncIterator[Wakeups]:
    """The wake-ups of one process."""
    wakeups, stop = Wakeups(), asyncio.Event()
    async with open_database(url) as database, asyncio.TaskGroup() as group:
        group.create_task(wakeups.forward(database, WallClock(), stop))
        group.create_task(wakeups.listen(database, stop))
        try:
            yield wakeups
        finally:
            stop.set()


async def test_a_wake_up_between_subscribing_and_waiting_is_not_missed() -> None:
    wakeups = Wakeups()
    wakeup, later = wakeups.subscribe(), wakeups.subscribe()
    wakeups.notify()
    assert wakeup.is_set()
    assert later.is_set()
    assert not wakeups.subscribe().is_set()


async def test_a_wake_up_reaches_every_process_and_is_not_forwarded_again(postgres_url: str) -> None:
    async with (
        in_service(postgres_url) as here,
        in_service(postgres_url) as there,
        open_database(postgres_url) as third,
    ):
        heard = there.subscribe()
        while not await wait_for(heard, 0.5):  # until it listens
            here.notify()
        await wait_for(there.subscribe(), 0.5)  # whatever was still on its way
        silence = here.subscribe()
        there.notify_local()
        assert not await wait_for(silence, 0.5)
        wakeups = here.subscribe(), there.subscribe()
        await third.notify()
        async with asyncio.timeout(30):
            for wakeup in wakeups:
                await wakeup.wait()
