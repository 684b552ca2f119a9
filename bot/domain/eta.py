"""Estimates of a job's remaining time and progress, and which changes of them are worth showing. Pure.

What an account takes for a task in a style is learned from our own clocks: how long the task holds a slot, from its
claim (with the upload) until it is seen to be over, and how long picture and card take after that. A forecast then
assigns the jobs ahead to the slots of all accounts as they become free.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from storage.jobs import Job, State

ETA_STEP = 0.2  # an estimate is shown again when it changed by this share
MEMORY = 12.0  # after so many tasks, the newest one weighs as much as ever
PRIOR_WEIGHT = 0.5  # tasks that the first guess is worth
OUTLIER = 4.0  # times the mean: what took longer counts as this long
SPREAD = 0.25  # of the time, where nothing was measured
LEAST_SPREAD = 0.04  # of the time, however alike the measured ones were
SURE = 1.6  # standard deviations above the likely time: nine of ten keep it
WIDE = 1.35  # most / least, from which a range is shown
STEPS = ((55.0, 5.0), (3600.0, 60.0), (math.inf, 3600.0))  # up to so many seconds, times are shown in such steps
EXACT_AHEAD = 64  # jobs ahead that are assigned one by one
AWAY_FAILURES = 2  # in a row: then the account is away
AWAY_SECONDS = 20.0  # … until so long after it may try again


@dataclass(frozen=True)
class Timing:
    """What was measured of one kind of work: mean and standard deviation in seconds, and of how many."""

    mean: float
    deviation: float
    count: int = 0

    def updated_with(self, seconds: float) -> "Timing":
        """The same after one more measurement: a plain mean at first, in which the guess soon counts for little, then
        an exponentially weighted one."""
        seconds = min(seconds, OUTLIER * self.mean) if self.count else seconds
        weight = max(1 / MEMORY, 1 / (self.count + 1 + PRIOR_WEIGHT))
        step = weight * (seconds - self.mean)
        if not self.count:  # how far the guess was off says nothing about how much tasks differ
            mean = self.mean + step
            return Timing(mean, self.deviation * mean / max(self.mean, 1e-9), 1)
        variance = (1 - weight) * (self.deviation**2 + step * (seconds - self.mean))
        return Timing(self.mean + step, math.sqrt(variance), self.count + 1)

    def then(self, other: "Timing") -> "Timing":
        """This work and the other after it."""
        deviation = math.hypot(self.deviation, other.deviation)
        return Timing(self.mean + other.mean, deviation, min(self.count, other.count))

    @property
    def spread(self) -> float:
        """The standard deviation, never implausibly small."""
        return max(self.deviation, LEAST_SPREAD * self.mean)

    @property
    def error(self) -> float:
        """How far the mean itself may be off."""
        return self.spread / math.sqrt(min(self.count, MEMORY) + PRIOR_WEIGHT)


NO_WORK = Timing(0.0, 0.0)


@dataclass(frozen=True)
class Speed:
    """How long an account holds a slot for each style. `guesses`: seconds by style before anything was measured, of
    which only the ratios count as soon as some are; `guess`: for all other styles."""

    guess: float
    guesses: Mapping[int, float] = field(default_factory=dict)
    measured: Mapping[int, Timing] = field(default_factory=dict)

    def of(self, style: int | None) -> Timing:
        """What a task in this style takes."""
        if style is not None and style in self.measured:
            return self.measured[style]
        mean = self._guess(style) * self._ratio()
        return Timing(mean, SPREAD * mean)

    def updated_with(self, style: int, seconds: float) -> "Speed":
        return replace(self, measured={**self.measured, style: self.of(style).updated_with(seconds)})

    def _guess(self, style: int | None) -> float:
        return self.guess if style is None else self.guesses.get(style, self.guess)

    def _ratio(self) -> float:
        """How many times the guesses tasks took here, on the geometric mean."""
        weights = {style: min(timing.count, 3.0) for style, timing in self.measured.items()}
        logs = sum(weights[style] * math.log(timing.mean / self._guess(style)) for style, timing in self._sound())
        return math.exp(logs / (PRIOR_WEIGHT + sum(weights.values())))

    def _sound(self) -> list[tuple[int, Timing]]:
        return [(style, timing) for style, timing in self.measured.items() if timing.mean > 0]


@dataclass(frozen=True)
class HeldSlot:
    """A task that holds a slot: its style, and for how many seconds."""

    style: int | None
    seconds: float


@dataclass(frozen=True)
class AccountLoad:
    """One account at one moment. `styles`: what it paints (None: everything); `opens_in`: seconds until it may submit
    again; `after`: what picture and card take when a task is over."""

    slots: int
    speed: Speed
    held: tuple[HeldSlot, ...] = ()
    styles: frozenset[int] | None = None
    opens_in: float = 0.0
    after: Timing = NO_WORK

    def paints(self, style: int | None) -> bool:
        return style is None or self.styles is None or style in self.styles


@dataclass(frozen=True)
class Forecast:
    """Seconds until a picture is there: at least, likely, and at most, which nine of ten keep."""

    least: float
    likely: float
    most: float


@dataclass(order=True, frozen=True)
class _Free:
    """When a slot becomes free: seconds from now; the variance of that, and how far the means in it may be off."""

    seconds: float
    account: int
    variance: float = 0.0
    error: float = 0.0

    def after(self, timing: Timing, times: float = 1.0) -> "_Free":
        return _Free(
            self.seconds + times * timing.mean,
            self.account,
            self.variance + times * timing.spread**2,
            self.error + times * timing.error,
        )

    def forecast(self) -> Forecast:
        around = math.sqrt(self.variance + self.error**2)
        most = self.seconds + SURE * around
        return Forecast(max(1.0, self.seconds - SURE * around), max(1.0, self.seconds), max(1.0, most))


def is_away(failures: int, open_until: float, now: float) -> bool:
    """Whether an account with so many failures in a row has lost its painting service: nothing can be promised."""
    return failures >= AWAY_FAILURES and now < open_until + AWAY_SECONDS


def remaining(timing: Timing, seconds: float) -> Timing:
    """What is left of work that has lasted for `seconds`: as of a normal distribution."""
    spread = max(timing.spread, 1e-6)
    late = (seconds - timing.mean) / spread
    if late < -3:
        return replace(timing, mean=timing.mean - seconds, deviation=spread)
    # Beyond some deviations it is another distribution: the later, the more is left.
    density, left = math.exp(-late * late / 2) / math.sqrt(2 * math.pi), math.erfc(late / math.sqrt(2)) / 2
    rest = spread * (density / left - late) if late < 4 else seconds / 10
    return Timing(rest, min(spread, rest), timing.count)


def styles_ahead(upcoming: Sequence[int | None], number: int) -> list[int | None]:
    """The styles of the `number` jobs before one; beyond those that are known it goes on with their mix."""
    if not upcoming:
        return [None] * number
    return [upcoming[at % len(upcoming)] for at in range(number)]


def forecast_queued(accounts: Sequence[AccountLoad], ahead: Sequence[int | None], style: int | None) -> Forecast | None:
    """When a queued job is done; None if no account paints its style. `ahead`: the styles of the jobs before it."""
    free = _free_slots(accounts)
    if len(ahead) > EXACT_AHEAD:
        free = _after_many(accounts, free, ahead[EXACT_AHEAD:])
    for before in ahead[:EXACT_AHEAD]:
        _take(accounts, free, before)
    done = _take(accounts, free, style)
    return None if done is None else done.after(accounts[done.account].after).forecast()


def forecast_held(account: AccountLoad, style: int | None, seconds: float) -> Forecast:
    """When a job that has held a slot for `seconds` is done."""
    return _Free(0.0, 0).after(remaining(account.speed.of(style), seconds)).after(account.after).forecast()


def forecast_after(account: AccountLoad, seconds: float) -> Forecast:
    """When a job whose task was over for `seconds` is done."""
    return _Free(0.0, 0).after(remaining(account.after, seconds)).forecast()


def _free_slots(accounts: Sequence[AccountLoad]) -> list[_Free]:
    """When each slot becomes free, as a heap. Tasks beyond an account's slots wait there for one."""
    heap: list[_Free] = []
    for number, account in enumerate(accounts):
        oldest = sorted(account.held, key=lambda held: -held.seconds)
        running, waiting = oldest[: account.slots], oldest[account.slots :]
        own = [_Free(0.0, number).after(remaining(account.speed.of(one.style), one.seconds)) for one in running]
        own += [_Free(account.opens_in, number)] * (account.slots - len(running))
        heapq.heapify(own)
        for one in waiting:
            heapq.heapreplace(own, own[0].after(account.speed.of(one.style)))
        heap += [replace(one, seconds=max(one.seconds, account.opens_in)) for one in own]
    heapq.heapify(heap)
    return heap


def _take(accounts: Sequence[AccountLoad], free: list[_Free], style: int | None) -> _Free | None:
    """Give the first slot that may have it to a job of this style; returns when the job is over."""
    able = [one for one in free if accounts[one.account].paints(style)]
    if not able:
        return None
    first = min(able)
    free.remove(first)
    done = first.after(accounts[first.account].speed.of(style))
    free.append(done)
    return done


def _after_many(accounts: Sequence[AccountLoad], free: Sequence[_Free], ahead: Sequence[int | None]) -> list[_Free]:
    """The slots after many jobs, by the mean of their styles: each slot does its share by its speed."""
    styles = set(ahead)
    shares = {style: sum(one == style for one in ahead) / len(ahead) for style in styles}
    means = [
        _mixed([(share, accounts[one.account].speed.of(style)) for style, share in shares.items()]) for one in free
    ]
    rate = sum(1 / mean.mean for mean in means)
    return [one.after(mean, times=len(ahead) / mean.mean / rate) for one, mean in zip(free, means, strict=True)]


def _mixed(parts: Sequence[tuple[float, Timing]]) -> Timing:
    """One timing for several kinds of work, each with its share of 1."""
    mean = sum(share * part.mean for share, part in parts)
    variance = sum(share * (part.spread**2 + (part.mean - mean) ** 2) for share, part in parts)
    return Timing(max(mean, 0.1), math.sqrt(variance), round(sum(share * part.count for share, part in parts)))


def progress(job: Job, cycle: float, now: float) -> float | None:
    """The progress of a running job in 0..1, estimated from its running time: it slows down near the end and never
    reaches 1. None unless it is running. `cycle`: seconds that a task takes; `now`: epoch seconds."""
    if job.state == State.FETCHING:
        return 0.98
    if job.state != State.RUNNING or job.submitted is None:
        return None
    share = max(0.0, now - job.submitted) / max(cycle, 0.1)
    return min(0.95, share * 0.9 if share < 1 else 0.9 + 0.05 * (1 - 1 / share))


def is_worth_showing(place: int) -> bool:
    """Whether a card shows this place: 1-7, 9, 11, 14, 18, 23, … each step a quarter more than the last."""
    if place <= 7:
        return True
    shown, step = 7, 2.0
    while shown < place:
        shown += round(step)
        step *= 1.25
    return shown == place


def shown_range(least: float, most: float, *, is_minimum: bool = False) -> tuple[float, float]:
    """The two times to show, in seconds, in whole steps of one unit; equal where one is enough. The later one is never
    rounded down, as it is a promise; a minimum never up."""
    step = next(step for within, step in STEPS if most <= within)
    low = max(1, math.floor(least / step)) * step
    high = max(1, math.ceil(most / step - 1e-9)) * step
    if is_minimum:
        return low, low
    return (min(low, high), high) if most >= WIDE * least else (high, high)


def eta_differs(old: float | None, new: float | None) -> bool:
    """Whether an estimate (in seconds) changed enough to be shown again."""
    if old is None or new is None:
        return old is not new
    return abs(new - old) >= ETA_STEP * max(old, 1.0)
