"""The API's own time, as its answers tell it. A submit whose answer was lost is looked for by this time, so that it is
found whatever becomes of our clock, also across a crash."""

from collections.abc import Callable

from common.clock import steady

FRESH_SECONDS = 3600.0  # two good clocks drift apart by milliseconds in that time
ASK_SECONDS = 60.0


class ServerClock:
    """What was heard last, carried on by the steady clock."""

    def __init__(self, steady: Callable[[], float] = steady) -> None:
        self._steady = steady
        self._ahead: float | None = None
        self._heard_at = 0.0
        self._ask_at = float("-inf")

    def observe(self, told: float | None) -> None:
        """An answer with this time (epoch seconds) has come just now; None: it told none."""
        if told is not None:
            self._heard_at = self._steady()
            self._ahead = told - self._heard_at

    def now(self) -> float | None:
        """The API's time, epoch seconds: at most a second and the length of a call too early, never too late. None when
        nothing was heard for long."""
        return None if self._steady() - self._heard_at > FRESH_SECONDS else self.estimate()

    def estimate(self) -> float | None:
        """The same to the minute or so, however long ago it was heard; None when it never was."""
        return None if self._ahead is None else self._steady() + self._ahead

    def needs_query(self) -> bool:
        """Whether a question is worth it now: nothing is known, and the last question was not just before."""
        at = self._steady()
        if self.now() is not None or at < self._ask_at:
            return False
        self._ask_at = at + ASK_SECONDS
        return True
