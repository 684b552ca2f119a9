"""Minutes in seconds: an event loop whose clock runs faster than the machine's while it waits, and stands still while
it works. A busy machine makes such a test slower, but hardly ever makes the bot late.

    with fast_runner(speed=25) as fast:
        fast.runner.run(test(fast))       # in it: fast.clock for the bot, fast.now for a server of the test's own

Everything in that loop shares its time: `asyncio.sleep`, timeouts (also those of HTTP clients), servers of the test.
The clock that counts a machine's sleep (CLOCK_BOOTTIME) is the loop's, too, as under libfaketime.
"""

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

from bot.runtime.clock import WallClock


class _FastSelector(selectors.DefaultSelector):
    """Waits only a part of the time that it is told to; `passed` is the loop's time in seconds."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        events = super().select(None if timeout is None else timeout / self.speed)
        waited = (time.monotonic() - began) * self.speed
        self.passed += min(waited, timeout) if timeout else waited / self.speed
        return events


class _FastLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector: _FastSelector) -> None:
        self._fast = selector
        super().__init__(selector)

    def time(self) -> float:
        return self._fast.passed


@dataclass(frozen=True)
class FastTime:
    """A runner and its clocks."""

    runner: asyncio.Runner
    clock: WallClock
    selector: _FastSelector
    epoch: float

    def now(self) -> float:
        """Epoch seconds."""
        return self.epoch + self.selector.passed

    @contextmanager
    def at_speed(self, speed: float) -> Iterator[None]:
        """Another speed until the end of the block: 1 while other processes have work to do."""
        usual, self.selector.speed = self.selector.speed, speed
        try:
            yield
        finally:
            self.selector.speed = usual


@contextmanager
def fast_runner(speed: float) -> Iterator[FastTime]:
    """A runner whose loop is so many times as fast as the machine."""
    selector, epoch, real = _FastSelector(speed), time.time(), time.clock_gettime

    def clock_gettime(clock: int) -> float:
        return selector.passed if clock == time.CLOCK_BOOTTIME else real(clock)

    clock = WallClock(wall=lambda: epoch + selector.passed, steady=lambda: selector.passed)
    with (
        mock.patch.object(time, "clock_gettime", clock_gettime),
        asyncio.Runner(loop_factory=lambda: _FastLoop(selector)) as runner,
    ):
        yield FastTime(runner, clock, selector, epoch)
