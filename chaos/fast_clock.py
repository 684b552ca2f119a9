"""Scaled time, shared by the bot and everything around it, across all restarts."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.runtime.clock import WallClock


@dataclass(frozen=True)
class TimeScale:
    """Unix time that runs `speed` times as fast since `start`. All processes of the testbed share it."""

    epoch: float
    start: float  # monotonic
    speed: float

    def now(self) -> float:
        return self.epoch + self.passed()

    def passed(self) -> float:
        """Scaled seconds since the start."""
        return (time.monotonic() - self.start) * self.speed


def start_time_scale(speed: float) -> TimeScale:
    """A time scale of this speed that starts now."""
    return TimeScale(time.time(), time.monotonic(), speed)


def scale_boot_clock(time_scale: TimeScale) -> None:
    """Scale CLOCK_BOOTTIME in this process, as libfaketime would."""
    real = time.clock_gettime

    def gettime(clock: int) -> float:
        return time_scale.passed() if clock == time.CLOCK_BOOTTIME else real(clock)

    setattr(time, "clock_gettime", gettime)  # noqa: B010  # patches the module: the process serves only this purpose


def skew_wall_clock(clock_skew: Callable[[], float]) -> None:
    """Shift the wall clock of this process by so many seconds."""
    real = time.time
    setattr(time, "time", lambda: real() + clock_skew())  # noqa: B010  # as above


class ScaledClock:
    """The bot's clock in scaled time: the product's WallClock on a wall clock that can be skewed. `clock_skew`: its
    present error in seconds."""

    def __init__(self, time_scale: TimeScale, clock_skew: Callable[[], float]) -> None:
        self._speed = time_scale.speed
        self._clock = WallClock(wall=lambda: time_scale.now() + clock_skew(), steady=time_scale.passed)

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await self._clock.wait(event, seconds / self._speed)
