"""The fast loop: waiting passes quickly, working takes no time at all."""

import asyncio
import time

from common.clock import steady
from tests.harness.fast_time import FastTime, fast_runner

HOUR = 3600.0


async def _two_waits(fast: FastTime) -> list[str]:
    order: list[str] = []

    async def wait(seconds: float, name: str) -> None:
        await fast.clock.sleep(seconds)
        order.append(name)

    await asyncio.gather(wait(HOUR, "an hour"), wait(HOUR / 2, "half an hour"), wait(1, "a second"))
    return order


def test_an_hour_of_waiting_is_soon_over_on_all_clocks() -> None:
    with fast_runner(speed=100_000) as fast:
        began = fast.now(), fast.clock.now(), steady(), time.monotonic()
        assert fast.runner.run(_two_waits(fast)) == ["a second", "half an hour", "an hour"]
        passed = [fast.now() - began[0], fast.clock.now() - began[1], steady() - began[2]]
        assert all(HOUR <= seconds < HOUR + 60 for seconds in passed), passed
        assert time.monotonic() - began[3] < HOUR / 60


def test_work_takes_no_time() -> None:
    async def work() -> float:
        began = steady()
        async with asyncio.timeout(1):
            while time.process_time() - cpu < 0.05:
                pass
            await asyncio.sleep(0)
        return steady() - began

    with fast_runner(speed=1_000) as fast:
        cpu = time.process_time()
        assert fast.runner.run(work()) < 1


def test_timeouts_keep_their_order() -> None:
    async def timed_out() -> bool:
        try:
            async with asyncio.timeout(10):
                await asyncio.sleep(12)
        except TimeoutError:
            return True
        return False

    with fast_runner(speed=10_000) as fast:
        assert fast.runner.run(timed_out())
