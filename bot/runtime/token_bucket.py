"""How fast somebody may ask: a bucket of tokens that fills again by itself."""

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
    """How many tokens there were at `at` (seconds)."""

    tokens: float
    at: float


def take(bucket: TokenBucket | None, now: float, pace: Rate) -> tuple[TokenBucket, float]:
    """The bucket after one request, and how many seconds to wait (0: go ahead). A refused request takes nothing."""
    tokens = pace.burst if bucket is None else min(pace.burst, bucket.tokens + (now - bucket.at) * pace.per_second)
    if tokens >= 1:
        return TokenBucket(tokens - 1, now), 0.0
    return TokenBucket(tokens, now), (1 - tokens) / pace.per_second


class TokenBuckets:
    """The buckets of those seen last, at most `most`; who falls out begins anew with a full one."""

    def __init__(self, pace: Rate, clock: Callable[[], float], most: int = 10_000) -> None:
        self._pace = pace
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, key: str) -> float:
        """Counts one request of `key`; how many seconds it should have waited, 0 when it may go on."""
        bucket, seconds = take(self._buckets.get(key), self._clock(), self._pace)
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return seconds
