"""The API's own time, learned from its answers. A submit whose answer was lost is looked for by this time, so that its
task is found whatever happens to our clock, also across a crash."""

from collections.abc import Callable

from common.clock import steady

FRESH_SECONDS = 3600.0  # two good clocks drift apart by milliseconds in that time
ASK_SECONDS = 60.0


class ServerClock:
    """The last observed time, carried on by the steady clock."""

    def __init__(self, steady: Callable[[], float] = steady) -> None:
        self._steady = steady
        self._offset: float | None = None
        self._observed_at = 0.0
        self._next_query_at = float("-inf")

    def observe(self, time: float | None) -> None:
        """Note the time (epoch seconds) of an answer that has just arrived; None: it had none."""
        if time is not None:
            self._observed_at = self._steady()
            self._offset = time - self._observed_at

    def now(self) -> float | None:
        """The API's time, epoch seconds: at most a second and the length of a call too early, never too late. None when
        the last answer is too long ago."""
        return None if self._steady() - self._observed_at > FRESH_SECONDS else self.estimate()

    def estimate(self) -> float | None:
        """The same to about a minute, however old the last answer is; None when there was none."""
        return None if self._offset is None else self._steady() + self._offset

    def needs_query(self) -> bool:
        """Whether to query the API for its time: it is not known, and the last query was not just before."""
        at = self._steady()
        if self.now() is not None or at < self._next_query_at:
            return False
        self._next_query_at = at + ASK_SECONDS
        return True
