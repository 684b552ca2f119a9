"""What restarts the work of a role, and what ends it."""

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


class RecordingClock(WallClock):
    """Records waits instead of waiting."""

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


async def test_work_that_fails_is_restarted_until_told_to_stop() -> None:
    clock, stop = RecordingClock(), asyncio.Event()
    errors: list[Exception] = [KeyError("a bug"), ExceptionGroup("several", [OSError("a full disk")])]
    await keep_running(partial(breaks_with, errors, stop), clock, stop)
    assert clock.waits == [RETRY_SECONDS] * 2


async def test_work_that_has_lost_leadership_is_not_restarted() -> None:
    stop = asyncio.Event()
    for error in (
        LeadershipLost("by another"),
        ExceptionGroup("", [OSError(), ExceptionGroup("", [LeadershipLost("by another")])]),
    ):
        with pytest.raises(LeadershipLost):
            await keep_running(partial(breaks_with, [error], stop), RecordingClock(), stop)


async def test_a_single_process_takes_a_lost_role_again() -> None:
    errors: list[Exception] = [LeadershipLost("against the rules")]

    async def work(_: Leadership, stop: asyncio.Event) -> None:
        await breaks_with(errors, stop)

    clock, stop = RecordingClock(), asyncio.Event()
    await SingleProcess(clock).run([Role("housekeeping", work)], stop)
    assert clock.waits == [RETRY_SECONDS]


async def test_a_lost_database_connection_is_retried_soon_and_not_taken_for_a_bug(postgres_url: str) -> None:
    clock, stop, tries = RecordingClock(), asyncio.Event(), 0
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
