"""When to query a task again, learned from how long tasks took. Pure.

Querying often only near the expected end keeps a slot busy more than 98 % of the time at 15 s a task, where one query
every 3 s gives 89 % (`docs/performance.md`). More queries than that would only use up the account's query limit.
"""

import math
from dataclasses import dataclass, replace

ALPHA = 0.05  # weight of the newest duration in the moving averages
NEAR_SECONDS = 0.15
FAR_SECONDS = 1.0
FAILURE_SECONDS = 0.25
MAX_SECONDS = 10.0
GIVE_UP_SECONDS = 3 * 3600.0 + 600.0  # a task may run for 3 h before the API itself gives it up
OUTLIER = 4.0  # times the mean: a longer wait was probably a restart, not a task


@dataclass(frozen=True)
class TaskDurations:
    """How long tasks take: mean and standard deviation, seconds."""

    mean: float
    deviation: float

    def updated_with(self, seconds: float) -> "TaskDurations":
        """The same after one more duration (exponentially weighted mean and variance; Finch 2009)."""
        step = ALPHA * (seconds - self.mean)
        variance = (1 - ALPHA) * (self.deviation**2 + step * (seconds - self.mean))
        return replace(self, mean=self.mean + step, deviation=max(0.05 * self.mean, math.sqrt(variance)))


def task_seconds(started: float | None, ended: float | None, *, waited: float, durations: TaskDurations) -> float:
    """Seconds that a task took: by the API's own clock, else what we have `waited`, if that is plausible."""
    if started is not None and ended is not None and 0 < ended - started <= GIVE_UP_SECONDS:
        return ended - started
    return min(waited, OUTLIER * durations.mean)


def next_poll(durations: TaskDurations, elapsed: float, query_seconds: float = 0.0) -> float:
    """Seconds until the next query of a task that has run for `elapsed` seconds. `query_seconds`: how long the last
    query took; near the end the interval is from query to query, or a slow network would count twice."""
    interval = _interval(durations, elapsed)
    return interval - min(query_seconds, NEAR_SECONDS, interval)


def while_pending(durations: TaskDurations) -> float:
    """Seconds until the next query of a pending task: soon enough to see its end, should it begin now, and to notice
    that its person has cancelled it."""
    return min(FAR_SECONDS, _interval(durations, 0.0))


def _interval(durations: TaskDurations, elapsed: float) -> float:
    first = durations.mean - 3 * durations.deviation
    if elapsed < first:
        return max(NEAR_SECONDS, first - elapsed)
    if elapsed < durations.mean + 4 * durations.deviation:
        return NEAR_SECONDS
    return min(MAX_SECONDS, max(FAR_SECONDS, elapsed / 60))


def after_failures(tries: int) -> float:
    """Seconds until the next query when `tries` in a row went unanswered."""
    return float(min(MAX_SECONDS, FAILURE_SECONDS * 2 ** min(tries, 16)))
