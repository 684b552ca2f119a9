"""Rate limits: a bucket of tokens for each key that refills over time."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


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
