"""When to query a task again, learned from how long tasks took, and the list while the API is silent. Pure.

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
SILENCE_LOOK_SECONDS = 5.0  # between two calls for the list
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


@dataclass
class Silence:
    """Whether the API has fallen silent: calls get no answer, or the page of something that stands before it.

    While it is silent, the list is asked every few seconds, which costs nothing, and its first answer ends all waits. A
    list that was answered all the while proves nothing: then only submits are lost, and their own waits decide.

    `is_on`: the last submit that failed got no answer; `is_confirmed`: nor did the list since then;
    `is_of_queries`: queries get none either."""

    is_on: bool = False
    is_confirmed: bool = False
    is_of_queries: bool = False
    next_look: float = float("-inf")

    def note_failure(self, now: float, *, is_silence: bool) -> None:
        """A submit has failed at `now`."""
        self.is_confirmed = is_silence and self.is_on and self.is_confirmed
        self.is_on, self.next_look = is_silence, now + SILENCE_LOOK_SECONDS

    def note_queries(self, now: float) -> None:
        """Several queries in a row got no answer: the next one that does ends the silence, too."""
        self.is_on = self.is_of_queries = True
        self.next_look = max(self.next_look, now)

    def is_look_due(self, now: float) -> bool:
        """Whether the list should be asked now; the next time is some seconds later."""
        if not self.is_on or now < self.next_look:
            return False
        self.next_look = now + SILENCE_LOOK_SECONDS
        return True

    def note_list_failure(self, *, is_silence: bool) -> None:
        """The list was not answered, or refused, which says nothing about submits."""
        self.is_confirmed = self.is_on and (self.is_confirmed or is_silence)

    def is_broken(self, *, by_query: bool = False) -> bool:
        """The list, or a query, was answered. Whether that ends a silence; true only once."""
        ends = self.is_on and (self.is_confirmed or (by_query and self.is_of_queries))
        if ends:
            self.is_on = self.is_confirmed = self.is_of_queries = False
        return ends
