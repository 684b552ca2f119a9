"""Waiting times and fairness: one person sends a hundred photos, fifty others send one each.

Rows, admission and claims are real; only the stylizing is simulated, in simulated time. The peer is the same queue,
served in order of arrival.
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

TASK_SECONDS, TASK_DEVIATION = 15.0, 3.75
HEAVY = "heavy"
MAX_RATIO = 0.09  # of the light users' 95th percentile
BY_ARRIVAL = "UPDATE job SET turn = id WHERE state = 'queued'"


@dataclass(frozen=True)
class Workload:
    """The number of light users with one photo each, and of photos of the one heavy user, who comes first."""

    light: int = 50
    heavy: int = 100
    seed: int = 1


@dataclass(frozen=True)
class Arrival:
    """Who sends a photo when, in seconds from the beginning."""

    at: float
    person: str


@dataclass(frozen=True)
class Turn:
    """A job's owner, and the seconds until its turn came."""

    person: str
    waited: float


@dataclass(frozen=True)
class PolicyResult:
    """The results of one queueing policy: the light users' waits and the heavy user's longest, in seconds, and
    Jain's index of a burst."""

    waits: list[float]
    longest: float
    jain: float


def spread_arrivals(workload: Workload) -> list[Arrival]:
    """The heavy user's photos first; the others one by one over the time in which those alone would keep the slot
    busy."""
    rng = random.Random(workload.seed)
    span = workload.heavy * TASK_SECONDS
    light = [Arrival(rng.uniform(0, span), f"light {number}") for number in range(workload.light)]
    return [Arrival(0.0, HEAVY)] * workload.heavy + sorted(light, key=lambda arrival: arrival.at)


def burst_arrivals(workload: Workload) -> list[Arrival]:
    """The heavy user's photos first, and all others immediately behind them."""
    return [Arrival(0.0, HEAVY)] * workload.heavy + [
        Arrival(0.0, f"light {number}") for number in range(workload.light)
    ]


def jain_index(shares: Sequence[int]) -> float:
    """Jain's fairness index: 1 when all shares are equal, 1/n when one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


async def simulate(
    harness: QueueHarness, context: AccountContext, arrivals: Sequence[Arrival], *, by_arrival: bool
) -> list[Turn]:
    """Serve all arrivals at one slot, in the order in which they are claimed."""
    start, rng, waiting, served = harness.clock.time, random.Random(2), list(arrivals), list[Turn]()
    arrival_of: dict[int, Arrival] = {}
    while len(served) < len(arrivals):
        while waiting and start + waiting[0].at <= harness.clock.time:
            arrival = waiting.pop(0)
            arrival_of[(await harness.request(arrival.person)).id] = arrival
        if by_arrival:
            await harness.run(BY_ARRIVAL)
        job = await harness.claim(context)
        if job is None:
            harness.clock.time = max(harness.clock.time + 1.0, start + waiting[0].at if waiting else 0.0)
            continue
        served.append(Turn(arrival_of[job.id].person, harness.clock.time - start - arrival_of[job.id].at))
        until = harness.clock.time + max(1.0, rng.gauss(TASK_SECONDS, TASK_DEVIATION))
        while waiting and start + waiting[0].at <= until:  # they arrive while the task runs
            harness.clock.time = max(harness.clock.time, start + waiting[0].at)
            arrival = waiting.pop(0)
            arrival_of[(await harness.request(arrival.person)).id] = arrival
        harness.clock.time = until
        await harness.done(context, job)
    return served


async def measure_policy(workload: Workload, *, by_arrival: bool) -> PolicyResult:
    """Both workloads under this policy."""
    async with _fresh_queue() as (harness, context):
        spread = await simulate(harness, context, spread_arrivals(workload), by_arrival=by_arrival)
    async with _fresh_queue() as (harness, context):
        burst = await simulate(harness, context, burst_arrivals(workload), by_arrival=by_arrival)
    first = Counter(served.person for served in burst[: workload.light + 1])
    shares = [first[person] for person in {served.person for served in burst}]
    light = [served.waited for served in spread if served.person != HEAVY]
    return PolicyResult(light, max(served.waited for served in spread if served.person == HEAVY), jain_index(shares))


@asynccontextmanager
async def _fresh_queue() -> AsyncIterator[tuple[QueueHarness, AccountContext]]:
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name)) as harness:
            yield harness, await harness.context()


def section(workload: Workload, ours: PolicyResult, peer: PolicyResult) -> Section:
    """The section of the report."""
    rows = [_row("first come, first served", peer, peer), _row("fair queue, as in the bot", ours, peer)]
    head = ("order", "light p50, s", "light p95, s", "p95 of peer", "heavy's last, s", "Jain of a burst")
    ratio = _p95(ours) / _p95(peer)
    aims = (
        Aim("light users' p95", f"≤ {MAX_RATIO} of first come, first served", f"{ratio:.2f}", ratio <= MAX_RATIO),
        Aim("Jain's index", "≥ 0.99", f"{ours.jain:.3f}", ours.jain >= 0.99),
    )
    how = f"""
        One user sends {workload.heavy} photos; {workload.light} others send one each, spread over the time that those
        alone would take. One slot, tasks of 15 ± 3.75 s. The figures are seconds from a request to its turn. Jain's
        index is that of a burst, where all arrive at once and the heavy user first, over the first {workload.light + 1}
        turns (1: everyone got one). Admission and claims are the real ones on SQLite; only the stylizing is simulated.
    """
    return Section("fairness", "Waiting times and fairness", how, [Table(head, rows)], aims)


def _p95(one: PolicyResult) -> float:
    return quantiles(one.waits, n=20)[-1]


def _row(name: str, one: PolicyResult, peer: PolicyResult) -> tuple[str, ...]:
    p95 = _p95(one)
    figures = (f"{median(one.waits):.0f}", f"{p95:.0f}", f"{p95 / _p95(peer):.2f}", f"{one.longest:.0f}")
    return (name, *figures, f"{one.jain:.3f}")


async def measure(workload: Workload) -> Section:
    """The same workloads under both policies."""
    peer, ours = await measure_policy(workload, by_arrival=True), await measure_policy(workload, by_arrival=False)
    return section(workload, ours, peer)


def main() -> None:
    """Print the results and write them to the page."""
    publish(event_loop.run(measure(Workload())))
