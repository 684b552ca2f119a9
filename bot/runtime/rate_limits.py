"""Rate limits: of those who ask us, a bucket of tokens for each key that refills over time; of our own submits, as the
API counts them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.runtime.clock import Clock


@dataclass(frozen=True)
class Rate:
    """`burst` requests at once, then `per_second`."""

    burst: float
    per_second: float


@dataclass(frozen=True)
class TokenBucket:
    """`tokens` that were left at the time `at` (seconds)."""

    tokens: float
    at: float


def take(bucket: TokenBucket | None, now: float, rate: Rate) -> tuple[TokenBucket, float]:
    """The bucket after one request, and the seconds to wait (0: allowed). A refused request takes no token."""
    tokens = rate.burst if bucket is None else min(rate.burst, bucket.tokens + (now - bucket.at) * rate.per_second)
    if tokens >= 1:
        return TokenBucket(tokens - 1, now), 0.0
    return TokenBucket(tokens, now), (1 - tokens) / rate.per_second


class TokenBuckets:
    """The buckets of the `max_keys` keys that were used last; a key that was dropped begins again with a full one."""

    def __init__(self, rate: Rate, clock: Callable[[], float], max_keys: int = 10_000) -> None:
        self._rate = rate
        self._clock = clock
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, key: str) -> float:
        """Count one request of `key`. Returns the seconds it should have waited; 0: it is allowed."""
        bucket, seconds = take(self._buckets.get(key), self._clock(), self._rate)
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return seconds


class SubmitLimiter:
    """At most `per_second` submits arrive within any second; below one, one submit in every 1 / `per_second` seconds.

    The API counts arrivals, and the network may bunch what was sent evenly. A submit arrives between our sending it and
    its answer, so a slot is free again one whole window after its submit was *answered*: however long each was on its
    way, the API never sees more submits in a window than there are slots. (A submit that was given up may arrive later
    than that; it is in doubt then, and its account sends nothing until its task was looked for.)
    """

    def __init__(self, clock: Clock, per_second: float) -> None:
        slots = max(1, int(per_second))
        self._clock, self._window = clock, slots / per_second
        self._free_at: asyncio.Queue[float] = asyncio.Queue()
        for _ in range(slots):
            self._free_at.put_nowait(float("-inf"))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot, and keep it until one window after the block, in which a submit is sent and answered."""
        at = await self._free_at.get()
        try:
            while (early := at - self._clock.now()) > 0:  # a sleep may end a little before its time
                await self._clock.sleep(early)
            yield
        finally:
            self._free_at.put_nowait(self._clock.now() + self._window)
