"""Waits and fairness: one person brings a hundred photos, fifty others bring one each.

Rows, admission and claims are real; only the painting is simulated, in time of its own. The peer is the same queue with
everybody served in the order in which they came.
"""

import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench.harness import QueueHarness, queue_harness
from bench.report import Aim, Section, Table, publish
from bot.runtime import event_loop
from bot.worker.context import AccountContext
from storage.jobs import Job

TASK_SECONDS, TASK_DEVIATION = 15.0, 3.75
HEAVY = "heavy"
BY_ARRIVAL = "UPDATE job SET tag = id WHERE id = :id"


@dataclass(frozen=True)
class Workload:
    """How many light people come, and with how many photos the heavy one comes before them."""

    light: int = 50
    heavy: int = 100
    seed: int = 1


@dataclass(frozen=True)
class Arrival:
    """Who comes when, seconds from the beginning."""

    at: float
    who: str


@dataclass(frozen=True)
class Turn:
    """Whose turn came, and how long they had waited for it, seconds."""

    who: str
    waited: float


@dataclass(frozen=True)
class PolicyResult:
    """One order of serving: the light people's waits, the heavy one's longest, and Jain's index of a rush."""

    waits: list[float]
    longest: float
    jain: float


def spread_arrivals(crowd: Workload) -> list[Arrival]:
    """The hundred come first; the others one by one while those alone would keep the slot busy."""
    chance = random.Random(crowd.seed)
    span = crowd.heavy * TASK_SECONDS
    light = [Arrival(chance.uniform(0, span), f"light {number}") for number in range(crowd.light)]
    return [Arrival(0.0, HEAVY)] * crowd.heavy + sorted(light, key=lambda wish: wish.at)


def burst_arrivals(crowd: Workload) -> list[Arrival]:
    """The hundred come first, and all the others right behind them."""
    return [Arrival(0.0, HEAVY)] * crowd.heavy + [Arrival(0.0, f"light {number}") for number in range(crowd.light)]


def jain_index(shares: Sequence[int]) -> float:
    """Jain's index of fairness: 1 when all got the same, 1/n when one got all."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


async def simulate(room: QueueHarness, context: AccountContext, wishes: Sequence[Arrival], *, by_arrival: bool) -> list[Turn]:
    """Everybody is served at one slot, in the order in which they are claimed."""
    start, chance, waiting, served = room.clock.time, random.Random(2), list(wishes), list[Turn]()
    came: dict[int, Arrival] = {}
    while len(served) < len(wishes):
        while waiting and start + waiting[0].at <= room.clock.time:
            wish = waiting.pop(0)
            came[(await _enqueue(room, wish, by_arrival=by_arrival)).id] = wish
        job = await room.claim(context)
        if job is None:
            room.clock.time = max(room.clock.time + 1.0, start + waiting[0].at if waiting else 0.0)
            continue
        served.append(Turn(came[job.id].who, room.clock.time - start - came[job.id].at))
        until = room.clock.time + max(1.0, chance.gauss(TASK_SECONDS, TASK_DEVIATION))
        while waiting and start + waiting[0].at <= until:  # they come while the task runs
            room.clock.time = max(room.clock.time, start + waiting[0].at)
            wish = waiting.pop(0)
            came[(await _enqueue(room, wish, by_arrival=by_arrival)).id] = wish
        room.clock.time = until
        await room.done(context, job)
    return served


async def _enqueue(room: QueueHarness, wish: Arrival, *, by_arrival: bool) -> Job:
    job = await room.wish(wish.who)
    if by_arrival:
        await room.run(BY_ARRIVAL, id=job.id)
    return job


async def measure_policy(crowd: Workload, *, by_arrival: bool) -> PolicyResult:
    """Both crowds, in this order of serving."""
    async with _fresh_queue() as (room, context):
        calm = await simulate(room, context, spread_arrivals(crowd), by_arrival=by_arrival)
    async with _fresh_queue() as (room, context):
        rush = await simulate(room, context, burst_arrivals(crowd), by_arrival=by_arrival)
    first = Counter(served.who for served in rush[: crowd.light + 1])
    shares = [first[who] for who in {served.who for served in rush}]
    light = [served.waited for served in calm if served.who != HEAVY]
    return PolicyResult(light, max(served.waited for served in calm if served.who == HEAVY), jain_index(shares))


@asynccontextmanager
async def _fresh_queue() -> AsyncIterator[tuple[QueueHarness, AccountContext]]:
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name)) as room:
            yield room, await room.context()


def section(crowd: Workload, ours: PolicyResult, peer: PolicyResult) -> Section:
    """What is said of it."""
    rows = [_row("first come, first served", peer, peer), _row("turns, as the bot takes them", ours, peer)]
    head = ("order", "light p50, s", "light p95, s", "p95 of peer", "heavy's last, s", "Jain of a rush")
    ratio = _p95(ours) / _p95(peer)
    aims = (
        Aim("light users' p95", "≤ 0.5 of first come, first served", f"{ratio:.2f}", ratio <= 0.5),
        Aim("Jain's index", "≥ 0.99", f"{ours.jain:.3f}", ours.jain >= 0.99),
    )
    how = f"""
        One person brings {crowd.heavy} photos; {crowd.light} others bring one each, one by one in the time that those
        alone would take. One slot, tasks of 15 ± 3.75 s. Seconds from a wish to its turn. Jain's index is that of a
        rush, where all come at once and the heavy one first, over the first {crowd.light + 1} turns (1: everybody got
        one). Admission and claims are the real ones on SQLite; only the painting is simulated.
    """
    return Section("fairness", "Waiting, and in whose turn", how, [Table(head, rows)], aims)


def _p95(one: PolicyResult) -> float:
    return quantiles(one.waits, n=20)[-1]


def _row(name: str, one: PolicyResult, peer: PolicyResult) -> tuple[str, ...]:
    p95 = _p95(one)
    figures = (f"{median(one.waits):.0f}", f"{p95:.0f}", f"{p95 / _p95(peer):.2f}", f"{one.longest:.0f}")
    return (name, *figures, f"{one.jain:.3f}")


async def measure(crowd: Workload) -> Section:
    """The same crowds in either order."""
    peer, ours = await measure_policy(crowd, by_arrival=True), await measure_policy(crowd, by_arrival=False)
    return section(crowd, ours, peer)


def main() -> None:
    """Print and write."""
    publish(event_loop.run(measure(Workload())))
