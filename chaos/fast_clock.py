"""Time that goes faster, the same for the bot and for everything round it, through every restart."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.runtime.clock import WallClock


@dataclass(frozen=True)
class TimeScale:
    """Seconds since the epoch, `speed` times as fast since it began. All processes of a machine share it."""

    epoch: float
    began: float  # on the machine's steady clock
    speed: float

    def now(self) -> float:
        return self.epoch + self.passed()

    def passed(self) -> float:
        """Seconds since the beginning, as they pass in here."""
        return (time.monotonic() - self.began) * self.speed


def start_time_scale(speed: float) -> TimeScale:
    """From now on, this fast."""
    return TimeScale(time.time(), time.monotonic(), speed)


def scale_boot_clock(time_scale: TimeScale) -> None:
    """The machine's clock that nobody sets runs in this time too, for this process: as libfaketime would have it."""
    real = time.clock_gettime

    def gettime(clock: int) -> float:
        return time_scale.passed() if clock == time.CLOCK_BOOTTIME else real(clock)

    setattr(time, "clock_gettime", gettime)  # noqa: B010  # the module's own name, in a process that is only for this


def skew_wall_clock(clock_skew: Callable[[], float]) -> None:
    """The machine's wall clock is wrong by so many seconds, for this process."""
    real = time.time
    setattr(time, "time", lambda: real() + clock_skew())  # noqa: B010  # as above


class ScaledClock:
    """The bot's clock in this time: the product's own WallClock, on a wall that somebody turns. `clock_skew`: by how many
    seconds the wall's clock is wrong at the moment."""

    def __init__(self, time_scale: TimeScale, clock_skew: Callable[[], float]) -> None:
        self._speed = time_scale.speed
        self._clock = WallClock(wall=lambda: time_scale.now() + clock_skew(), steady=time_scale.passed)

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await self._clock.wait(event, seconds / self._speed)
