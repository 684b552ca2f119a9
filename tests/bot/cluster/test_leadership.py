"""What keeps a part going, and what ends it."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.cluster.leadership import (
    RECONNECT_SECONDS,
    RETRY_SECONDS,
    Leadership,
    LeadershipLost,
    Role,
    SingleProcess,
    is_connection_lost,
    keep_running,
)
from bot.runtime.clock import WallClock
from chaos.tcp_proxy import database_proxy
from storage.database import open_database


class Noting(WallClock):
    """Notes what it is asked to wait for, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        return event.is_set()


async def breaks_with(errors: list[Exception], stop: asyncio.Event) -> None:
    if errors:
        raise errors.pop()
    stop.set()


async def test_a_part_that_broke_begins_again_until_it_is_told_to_stop() -> None:
    clock, stop = Noting(), asyncio.Event()
    errors: list[Exception] = [KeyError("a bug"), ExceptionGroup("several", [OSError("a full disk")])]
    await keep_running(partial(breaks_with, errors, stop), clock, stop)
    assert clock.waits == [RETRY_SECONDS] * 2


async def test_who_is_deposed_does_not_begin_again() -> None:
    stop = asyncio.Event()
    for error in (
        LeadershipLost("by another"),
        ExceptionGroup("", [OSError(), ExceptionGroup("", [LeadershipLost("by another")])]),
    ):
        with pytest.raises(LeadershipLost):
            await keep_running(partial(breaks_with, [error], stop), Noting(), stop)


async def test_who_is_alone_takes_a_role_again_whoever_has_taken_it() -> None:
    errors: list[Exception] = [LeadershipLost("against the rules")]

    async def work(_: Leadership, stop: asyncio.Event) -> None:
        await breaks_with(errors, stop)

    clock, stop = Noting(), asyncio.Event()
    await SingleProcess(clock).run([Role("housekeeping", work)], stop)
    assert clock.waits == [RETRY_SECONDS]


async def test_a_database_that_has_gone_away_is_soon_tried_again_and_told_from_a_bug(postgres_url: str) -> None:
    clock, stop, tries = Noting(), asyncio.Event(), 0
    async with database_proxy(postgres_url) as (line, through), open_database(through) as database:

        async def work() -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                line.cut()
            if tries == 3:
                line.restore()
            async with database.read() as connection:
                await connection.execute(text("SELECT 1"))
            stop.set()

        await keep_running(work, clock, stop)
        assert clock.waits
        assert set(clock.waits) == {RECONNECT_SECONDS}
        with pytest.raises(DBAPIError) as caught:
            async with database.read() as connection:
                await connection.execute(text("SELECT nonsense"))
    assert not is_connection_lost(caught.value)
