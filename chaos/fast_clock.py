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


def scale_boot_clock(haste: TimeScale) -> None:
    """The machine's clock that nobody sets runs in this time too, for this process: as libfaketime would have it."""
    real = time.clock_gettime

    def gettime(clock: int) -> float:
        return haste.passed() if clock == time.CLOCK_BOOTTIME else real(clock)

    setattr(time, "clock_gettime", gettime)  # noqa: B010  # the module's own name, in a process that is only for this


def skew_wall_clock(shift: Callable[[], float]) -> None:
    """The machine's wall clock is wrong by so many seconds, for this process."""
    real = time.time
    setattr(time, "time", lambda: real() + shift())  # noqa: B010  # as above


class ScaledClock:
    """The bot's clock in this time: the product's own WallClock, on a wall that somebody turns. `shift`: by how many
    seconds the wall's clock is wrong at the moment."""

    def __init__(self, haste: TimeScale, shift: Callable[[], float]) -> None:
        self._speed = haste.speed
        self._clock = WallClock(wall=lambda: haste.now() + shift(), steady=haste.passed)

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await self._clock.wait(event, seconds / self._speed)
