"""When to ask for a task again, learned from how long tasks took. Pure.

Asking often only near the expected end keeps the one slot busy more than 98 % of the time at 15 s a task, where every
3 s gives 89 % (`docs/performance.md`); asking more often than that would only spend the account's query limit.
"""

import math
from dataclasses import dataclass, replace

ALPHA = 0.05  # weight of the newest duration in the moving averages
NEAR_SECONDS = 0.15
FAR_SECONDS = 1.0
TROUBLE_SECONDS = 0.25
LONGEST_SECONDS = 10.0
GIVE_UP_SECONDS = 1800.0  # a task that runs for so long is dead: it is documented to take 15 s
OUTLIER = 4.0  # times the mean: longer waits of ours may have been a restart, not a task


@dataclass(frozen=True)
class TaskDurations:
    """How long tasks take: mean and standard deviation, seconds."""

    mean: float
    deviation: float

    def updated_with(self, seconds: float) -> "TaskDurations":
        """The pace after one more duration (exponentially weighted mean and variance; Finch 2009)."""
        step = ALPHA * (seconds - self.mean)
        variance = (1 - ALPHA) * (self.deviation**2 + step * (seconds - self.mean))
        return replace(self, mean=self.mean + step, deviation=max(0.05 * self.mean, math.sqrt(variance)))


def task_seconds(started: float | None, ended: float | None, *, waited: float, pace: TaskDurations) -> float:
    """Seconds that a task took: by the API's own clock, or what we have `waited`, if that can be."""
    if started is not None and ended is not None and 0 < ended - started <= GIVE_UP_SECONDS:
        return ended - started
    return min(waited, OUTLIER * pace.mean)


def next_poll(pace: TaskDurations, elapsed: float, asking: float = 0.0) -> float:
    """Seconds until the next question about a task that has run for `elapsed` seconds. `asking`: how long the last
    question took; near the end we count from question to question, or a far network would slow us down twice."""
    beat = _beat(pace, elapsed)
    return beat - min(asking, NEAR_SECONDS, beat)


def while_pending(pace: TaskDurations) -> float:
    """Seconds until the next question about a task that waits for its turn there: in time for its end, should it begin
    now, and for its person's second thoughts."""
    return min(FAR_SECONDS, _beat(pace, 0.0))


def _beat(pace: TaskDurations, elapsed: float) -> float:
    first = pace.mean - 3 * pace.deviation
    if elapsed < first:
        return max(NEAR_SECONDS, first - elapsed)
    if elapsed < pace.mean + 4 * pace.deviation:
        return NEAR_SECONDS
    return min(LONGEST_SECONDS, max(FAR_SECONDS, elapsed / 60))


def after_trouble(tries: int) -> float:
    """Seconds until the next question when `tries` in a row went unanswered."""
    return float(min(LONGEST_SECONDS, TROUBLE_SECONDS * 2 ** min(tries, 16)))
