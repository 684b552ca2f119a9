"""Whole days of requests in virtual time: how long people wait, how long the queue grows, what it costs.

The smallest days run through the real rows, admission and claims. The large ones run through the same rule in memory
(`InMemory`), which is first checked against the rows: both must serve the same people in the same order.
"""

import heapq
import random
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Protocol

from bench.harness import QueueHarness, queue_harness
from bench.report import Aim, Section, Table, publish
from bot.runtime import event_loop
from bot.worker.context import AccountContext
from storage.jobs import Job

HOUR, DAY = 3600.0, 86400.0
TASK_SECONDS, TASK_DEVIATION = 15.0, 3.75
PRICE_CNY = 0.12
# Requests in each hour of the day, in parts of the hour's even share: quiet nights, a lunch break, a long evening.
HOURS = (
    0.5,
    0.3,
    0.2,
    0.1,
    0.1,
    0.2,
    0.4,
    0.7,
    0.9,
    1.0,
    1.1,
    1.3,
    1.5,
    1.3,
    1.1,
    1.1,
    1.2,
    1.4,
    1.7,
    2.0,
    2.2,
    1.9,
    1.2,
    0.6,
)
VIRAL_HOUR, VIRAL_FACTOR = 20, 20.0
PHOTOS = (1, 1, 1, 1, 1, 1, 2, 2, 3, 5)  # of one visit; MAX_QUEUED_PER_PERSON is 5


@dataclass(frozen=True)
class Arrival:
    """Somebody sends a photo, so many seconds after midnight."""

    at: float
    person: int


@dataclass(frozen=True)
class Turn:
    """A photo that was claimed: when it had come, and whether its person had none waiting then."""

    arrival: Arrival
    was_next: bool


class Queue(Protocol):
    """What a day runs through. `now` is in seconds after midnight."""

    async def admit(self, arrival: Arrival, now: float) -> None: ...

    async def claim(self, now: float) -> Turn | None: ...

    async def done(self, turn: Turn, now: float) -> None: ...


@dataclass
class InMemory:
    """The rule of `storage.queue` for one kind of account, without jobs that come back."""

    waiting: dict[int, deque[Turn]] = field(default_factory=dict)
    order: list[tuple[int, int]] = field(default_factory=list)  # a heap of numbers and people
    numbers: Iterator[int] = field(default_factory=count)

    async def admit(self, arrival: Arrival, now: float) -> None:
        del now
        if arrival.person not in self.waiting:
            self.waiting[arrival.person] = deque([Turn(arrival, was_next=True)])
            heapq.heappush(self.order, (next(self.numbers), arrival.person))
        else:
            self.waiting[arrival.person].append(Turn(arrival, was_next=False))

    async def claim(self, now: float) -> Turn | None:
        del now
        if not self.order:
            return None
        _, person = heapq.heappop(self.order)
        turn = self.waiting[person].popleft()
        if self.waiting[person]:
            heapq.heappush(self.order, (next(self.numbers), person))
        else:
            del self.waiting[person]
        return turn

    async def done(self, turn: Turn, now: float) -> None:
        pass


@dataclass
class Rows:
    """The real rows, admission and claims, at one account."""

    harness: QueueHarness
    context: AccountContext
    started: float
    turns: dict[int, Turn] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)  # photos by person
    running: dict[Turn, Job] = field(default_factory=dict)

    async def admit(self, arrival: Arrival, now: float) -> None:
        self._set(now)
        mine = self.waiting.get(arrival.person, 0)
        job = await self.harness.request(f"person {arrival.person}")
        self.turns[job.id], self.waiting[arrival.person] = Turn(arrival, was_next=not mine), mine + 1

    async def claim(self, now: float) -> Turn | None:
        self._set(now)
        job = await self.harness.claim(self.context)
        if job is None:
            return None
        turn = self.turns.pop(job.id)
        self.waiting[turn.arrival.person] -= 1
        self.running[turn] = job
        return turn

    async def done(self, turn: Turn, now: float) -> None:
        self._set(now)
        await self.harness.done(self.context, self.running.pop(turn))

    def _set(self, now: float) -> None:
        self.harness.clock.time = max(self.harness.clock.time, self.started + now)


@dataclass
class Day:
    """What happened: everybody who was served, in order, with the seconds they waited, and the longest queue."""

    served: list[tuple[Turn, float]] = field(default_factory=list)
    longest: int = 0
    last: float = 0.0

    def waits(self) -> list[float]:
        """Seconds that people waited for their next photo."""
        return [waited for turn, waited in self.served if turn.was_next]


def arrivals(requests: int, *, viral: bool = False, seed: int = 1) -> list[Arrival]:
    """A day with so many requests, in order; with `viral`, one hour has twenty times the mean on top of them."""
    rng, share = random.Random(seed), requests / 24 / (sum(HOURS) / 24)
    found: list[Arrival] = []
    for hour, part in enumerate(HOURS):
        wanted = share * part + (requests / 24 * VIRAL_FACTOR if viral and hour == VIRAL_HOUR else 0.0)
        end = len(found) + round(wanted)
        while len(found) < end:
            at, person = (hour + rng.random()) * HOUR, len(found)
            found += [Arrival(at + 0.1 * number, person) for number in range(min(rng.choice(PHOTOS), end - len(found)))]
    return sorted(found, key=lambda arrival: arrival.at)


async def play(queue: Queue, coming: Sequence[Arrival], slots: int, seed: int = 2) -> Day:
    """Serve a day's arrivals at so many slots until none waits."""
    day, rng, at = Day(), random.Random(seed), 0
    running: list[tuple[float, int, Turn]] = []
    while at < len(coming) or running:
        if at < len(coming) and (not running or coming[at].at <= running[0][0]):
            now = coming[at].at
            await queue.admit(coming[at], now)
            at += 1
        else:
            now, _, turn = heapq.heappop(running)
            await queue.done(turn, now)
        while len(running) < slots and (claimed := await queue.claim(now)) is not None:
            day.served.append((claimed, now - claimed.arrival.at))
            ends = now + max(1.0, rng.gauss(TASK_SECONDS, TASK_DEVIATION))
            heapq.heappush(running, (ends, len(day.served), claimed))
        day.longest, day.last = max(day.longest, at - len(day.served)), now
    return day


async def play_on_rows(coming: Sequence[Arrival], slots: int) -> Day:
    """The same through a database of its own."""
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name)) as harness:
            return await play(Rows(harness, await harness.context(slots=slots), harness.clock.time), coming, slots)


@dataclass(frozen=True)
class Scenario:
    """A day with so many requests at so many slots."""

    requests: int
    slots: int
    viral: bool = False


SCENARIOS = (
    *(Scenario(1_000, 1), Scenario(1_000, 1, viral=True)),
    *(Scenario(20_000, 4), Scenario(20_000, 7), Scenario(20_000, 7, viral=True)),
    *(Scenario(1_000_000, 174), Scenario(1_000_000, 350), Scenario(1_000_000, 350, viral=True)),
    Scenario(1_000_000, 521, viral=True),
)
CHECKED = Scenario(1_000, 1, viral=True)


def _row(scenario: Scenario, day: Day) -> tuple[str, ...]:
    waits, coming = day.waits(), len(day.served)
    p95 = quantiles(waits, n=20)[-1]
    name = f"{scenario.requests:,}{' and a viral hour' if scenario.viral else ''}"
    after = max(0.0, day.last - DAY) / HOUR
    figures = (median(waits), p95, max(waits))
    late = sum(waited > DAY for _, waited in day.served)
    return (
        *(name, f"{scenario.slots}"),
        *(_duration(seconds) for seconds in figures),
        *(f"{day.longest:,}", f"{after:.1f}", f"{late:,}", f"{coming * PRICE_CNY:,.0f}"),
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def section(rows: Sequence[tuple[str, ...]], same: int, checked: int) -> Section:
    """The section of the report."""
    head = ("requests", "slots", "wait p50", "p95", "longest", "most waiting", "hours over", "photos over 24 h", "CNY")
    how = f"""
        A day from midnight to midnight in virtual time: quiet nights, a lunch break, a long evening (2.2 times the mean
        at eight), and where it says so an hour with {VIRAL_FACTOR:.0f} times the mean on top. Six of ten visitors bring
        one photo, the others up to five. Tasks take {TASK_SECONDS:.0f} ± {TASK_DEVIATION} s. Waits are those for a
        person's next photo, from the request to its turn. "Hours over": how long after midnight the last one is
        painted; "photos over 24 h": what `ORIGINAL_HOURS=24` would have deleted before its turn.
    """
    aims = (
        Aim(
            "the rule in memory and the rows serve the same",
            f"{checked:,} of {checked:,}",
            f"{same:,}",
            same == checked,
        ),
    )
    return Section("day", "Whole days", how, [Table(head, rows)], aims)


async def measure(scenarios: Sequence[Scenario] = SCENARIOS, checked: Scenario = CHECKED) -> Section:
    """All scenarios in memory, and the checked one on the rows too."""
    coming = arrivals(checked.requests, viral=checked.viral)
    one, other = await play(InMemory(), coming, checked.slots), await play_on_rows(coming, checked.slots)
    same = sum(mine[0] == theirs[0] for mine, theirs in zip(one.served, other.served, strict=True))
    rows = []
    for scenario in scenarios:
        day = await play(InMemory(), arrivals(scenario.requests, viral=scenario.viral), scenario.slots)
        rows.append(_row(scenario, day))
    return section(rows, same, len(coming))


def main() -> None:
    """Print the results and write them to the page."""
    publish(event_loop.run(measure()))
