"""Rate limit over a sliding window of one second. Refused calls do not count."""

from collections import deque
from collections.abc import Callable

WINDOW = 1.0  # seconds
MAX_ACCOUNTS = 10_000


class RateLimit:
    """`per_second` calls in any second, separately for each account. `clock` returns seconds since the epoch."""

    def __init__(self, per_second: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}

    def allows(self, account: str) -> bool:
        """Whether the account may make this call now; if so, it counts."""
        now = self._clock()
        if len(self._calls) > MAX_ACCOUNTS:
            self._forget(now)
        calls = self._calls.setdefault(account, deque())
        if calls and calls[-1] > now:  # the clock was set back: a window in the future would lock the account out
            calls.clear()
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= self._per_second:
            return False
        calls.append(now)
        return True

    def _forget(self, now: float) -> None:
        self._calls = {name: calls for name, calls in self._calls.items() if calls and calls[-1] > now - WINDOW}
