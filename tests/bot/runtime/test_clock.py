"""The wall clock follows the system time but never goes back."""

import asyncio
import time
from dataclasses import dataclass

from bot.runtime.clock import SharedClock, WallClock
from storage.database import open_database


@dataclass
class Machine:
    """A machine's two clocks, moved by assignment."""

    wall: float = 1_000_000.0
    steady: float = 50.0

    def clock(self, speed: float = 1.0) -> WallClock:
        return WallClock(speed, wall=lambda: self.wall, steady=lambda: self.steady)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def test_it_tells_the_system_time() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(10)
    assert clock.now() == 1_000_010


def test_a_system_clock_that_is_set_back_stops_nothing() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(10)
    machine.wall -= 3600
    before = clock.now()
    machine.passes(5)
    assert clock.now() == before + 5


def test_after_a_laptops_sleep_it_catches_up_with_the_system_time() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 8 * 3600  # the steady clock does not count sleep
    assert clock.now() == machine.wall
    machine.passes(5)
    assert clock.now() == machine.wall


def test_it_never_goes_back_whatever_the_system_clock_does() -> None:
    machine = Machine()
    clock, times = machine.clock(), []
    for step in (1.0, -500.0, 2.0, 10_000.0, -20_000.0, 0.5):
        machine.passes(1.0)
        machine.wall += step
        times.append(clock.now())
    assert times == sorted(times)


def test_a_fast_clock_does_not_follow_the_system_time() -> None:
    machine = Machine()
    clock = machine.clock(speed=10)
    machine.passes(6)
    machine.wall += 999
    assert clock.now() == 1_000_060


async def test_waiting_ends_with_the_event_or_the_timeout() -> None:
    clock, event = WallClock(speed=100), asyncio.Event()
    assert not await clock.wait(event, 1.0)
    event.set()
    async with asyncio.timeout(5):
        assert await clock.wait(event, 1e9)


async def test_without_arguments_it_tells_the_real_time(postgres_url: str) -> None:
    async with open_database(postgres_url) as database:
        clock = SharedClock(database)
        await clock.measure()
        assert abs(clock.now() - time.time()) < 5.0  # the same machine
