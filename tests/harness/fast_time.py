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
        self.passed = 0.0
        self.waits_for_others = 0
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        speed = 1.0 if self.waits_for_others else self._speed
        began = time.monotonic()
        events = super().select(None if timeout is None else timeout / speed)
        waited = time.monotonic() - began
        self.passed += min(waited * speed, timeout) if timeout else waited
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
    def slowly(self) -> Iterator[None]:
        """The machine's own time until the end of the block: other processes have work to do. Blocks may overlap."""
        self.selector.waits_for_others += 1
        try:
            yield
        finally:
            self.selector.waits_for_others -= 1


@contextmanager
def fast_runner(speed: float) -> Iterator[FastTime]:
    """A runner whose loop is so many times as fast as the machine, and begins at noon (UTC)."""
    noon = time.time() // 86_400 * 86_400 + 43_200  # people's days end at midnight, which is not to fall into a test
    selector, epoch, real = _FastSelector(speed), noon, time.clock_gettime

    def clock_gettime(clock: int) -> float:
        return selector.passed if clock == time.CLOCK_BOOTTIME else real(clock)

    clock = WallClock(wall=lambda: epoch + selector.passed, steady=lambda: selector.passed)
    with (
        mock.patch.object(time, "clock_gettime", clock_gettime),
        asyncio.Runner(loop_factory=lambda: _FastLoop(selector)) as runner,
    ):
        yield FastTime(runner, clock, selector, epoch)
