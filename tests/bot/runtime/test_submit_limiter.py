"""In no second do more submits arrive at the API than its limit, however long each was on its way."""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import accumulate

import pytest

from bot.runtime.clock import WallClock
from bot.runtime.rate_limits import SubmitLimiter
from tests.fakes.dashscope.service import most_within_a_second


@dataclass
class Api:
    """Records when each submit arrives, at some time between its sending and its answer."""

    clock: WallClock
    chance: random.Random
    longest: float  # seconds, of each way
    arrived: list[float] = field(default_factory=list)

    async def submit(self) -> None:
        await self.clock.sleep(self.chance.uniform(0, self.longest))
        self.arrived.append(self.clock.now())
        await self.clock.sleep(self.chance.uniform(0, self.longest))


async def submit_many(api: Api, limiter: SubmitLimiter, number: int, seconds: float) -> None:
    """`number` submits, one every `seconds`, each sent as soon as the limiter allows."""

    async def one(after: float) -> None:
        await api.clock.sleep(after)
        async with limiter.slot():
            await api.submit()

    await asyncio.gather(*map(one, accumulate([seconds] * number)))


@pytest.mark.parametrize("longest", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("between", [0.0, 0.55])
async def test_the_limit_holds_for_arrivals(longest: float, between: float) -> None:
    clock = WallClock(20)
    api = Api(clock, random.Random(5), longest)
    await submit_many(api, SubmitLimiter(clock, 2.0), 20, between)
    assert len(api.arrived) == 20
    assert most_within_a_second(api.arrived) <= 2


async def test_failed_and_cancelled_submits_give_their_slot_back() -> None:
    """A submit that failed, and one that was cancelled while it waited."""
    clock = WallClock(20)
    limiter = SubmitLimiter(clock, 1.0)
    with pytest.raises(ConnectionError):
        async with limiter.slot():
            raise ConnectionError
    waiting = asyncio.create_task(submit_many(Api(clock, random.Random(5), 0.0), limiter, 1, 0.0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    began = clock.now()
    async with limiter.slot():
        assert clock.now() - began >= 0.9


async def test_a_slow_account_waits_longer() -> None:
    clock = WallClock(20)
    api = Api(clock, random.Random(5), 0.0)
    await submit_many(api, SubmitLimiter(clock, 0.5), 3, 0.0)
    assert api.arrived[-1] - api.arrived[0] >= 4.0
