"""Utilization of the paid slot: the real dispatcher and client against the stand-in, over a simulated network.

In real time: in scaled time the cost of our own code would be exaggerated. The peers send the same photos (a task
takes the same time for each of them) with the same client, and do nothing else: no database, no queue.
"""

import asyncio
import random
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, quantiles

import httpx
from pydantic import SecretStr

from bench.delayed_link import delayed_link
from bench.harness import NO_LIMITS, new_job, worker_deps
from bench.peer_scripts import fixed_interval, run_scripts, sdk_interval
from bench.report import Aim, Section, Table, publish
from bench.slow_engine import photo, slow_engine
from bot.dashscope.client import DashScope
from bot.dashscope.photo_links import InlineLinks
from bot.jobs.admission import admit, insert_job, person_and_chat_rows
from bot.messaging.platform import Chat, Person
from bot.runtime import event_loop
from bot.runtime.clock import WallClock
from bot.worker.accounts import ApiAccount
from bot.worker.context import WorkerDeps
from bot.worker.dispatcher import run_account
from storage import jobs
from storage.photos import Kind
from stylizer.settings import BASE_PATH
from stylizer.tasks import Task
from tests.fakes.dashscope.service import StandIn, stand_in

ONE_WAY_DELAY = (0.040, 0.120)  # seconds in each direction
AIM, AIM_AHEAD = 0.98, 0.998


@dataclass(frozen=True)
class Plan:
    """The number of accounts and photos, and how much faster than real time the run is."""

    api_accounts: int = 6
    photos: int = 72
    speed: float = 1.0


@dataclass(frozen=True)
class SlotUsage:
    """By the service's records: the share of the time between an account's first start and its last in which its
    slot was busy, the gaps between a task's end and the next one's start in seconds, queries per task, refused
    calls."""

    share: float
    gaps: list[float]
    queries: float
    refused: int


Driver = Callable[[str, Plan, WallClock], Awaitable[None]]


async def by_script(base_url: str, plan: Plan, clock: WallClock, *, rule: Callable[[int], float]) -> None:
    """A peer."""
    await run_scripts(base_url, clock, rule, api_accounts=plan.api_accounts, photos=plan.photos)


async def by_dispatcher(base_url: str, plan: Plan, clock: WallClock, *, prefetch: int) -> None:
    """The bot's own dispatchers, until every job has its picture."""
    with tempfile.TemporaryDirectory() as name:
        async with httpx.AsyncClient(trust_env=False) as http, worker_deps(Path(name), clock) as shared:
            for number in range(plan.photos):
                await _queue(shared, number)
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for number in range(plan.api_accounts):
                    client = DashScope(http, base_url=base_url, api_key=SecretStr(f"sk-ours-{number}"))
                    api_account = ApiAccount(f"account-{number}", client, InlineLinks(), prefetch=prefetch, paid=True)
                    group.create_task(run_account(api_account, shared, stop))
                await _all_done(shared)
                stop.set()
                shared.wakeups.notify()


async def _queue(shared: WorkerDeps, number: int) -> None:
    now, name = shared.clock.now(), f"person {number}"
    async with shared.database.write() as connection:
        person_id, chat_id = await person_and_chat_rows(connection, Person("bench", name), Chat("bench", name), now)
    key = await shared.photos.put(Kind.ORIGINAL, person_id, photo(number), expires=now + 3600)
    new = replace(new_job(person_id, chat_id, f"bench:{number}", now), photo=key)
    async with shared.database.write() as connection:
        await admit(connection, await insert_job(connection, new, None, now), 0, NO_LIMITS, now)


async def _all_done(shared: WorkerDeps) -> None:
    while True:
        wakeup = shared.wakeups.subscribe()
        async with shared.database.read() as connection:
            if not await jobs.list_waiting(connection):
                return
        await shared.clock.wait(wakeup, 1.0)


async def measure_driver(plan: Plan, driver: Driver) -> SlotUsage:
    """One driver against a service of its own."""
    clock, rng = WallClock(plan.speed), random.Random(3)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        opening = stand_in(folder, engine=slow_engine(plan.speed), clock=clock.now, workers=plan.api_accounts)
        service = await stack.enter_async_context(opening)
        link = delayed_link(service.url, lambda: rng.uniform(*ONE_WAY_DELAY) / plan.speed)
        await driver(await stack.enter_async_context(link) + BASE_PATH, plan, clock)
        return slot_usage(await service.tasks(), service)


def slot_usage(tasks: Sequence[Task], service: StandIn) -> SlotUsage:
    """From the service's own tasks and calls."""
    by_account = defaultdict(list)
    for task in tasks:
        by_account[task.account].append((task.started or 0, task.ended or 0))
    gaps, worked = list[float](), 0.0
    for spans in by_account.values():
        for (start, ended), (following, _) in pairwise(sorted(spans)):
            worked += (ended - start) / 1000
            gaps.append((following - ended) / 1000)
    queries = sum(call.path.startswith(f"{BASE_PATH}/tasks/") for call in service.calls)
    refused = sum(call.status == 429 for call in service.calls)
    return SlotUsage(worked / (worked + sum(gaps)), gaps, queries / len(tasks), refused)


DRIVERS: dict[str, Driver] = {
    "polling every 3 s": partial(by_script, rule=fixed_interval),
    "polling like the official SDK": partial(by_script, rule=sdk_interval),
    "the bot": partial(by_dispatcher, prefetch=0),
    "the bot, one task prefetched": partial(by_dispatcher, prefetch=1),
}


def section(plan: Plan, found: dict[str, SlotUsage]) -> Section:
    """The section of the report."""
    head = ("way", "slot busy", "of 3 s", "gap mean, s", "gap p95, s", "queries per task", "refused")
    peer, alone, ahead = found["polling every 3 s"], found["the bot"], found["the bot, one task prefetched"]
    how = f"""
        {plan.photos} tasks of 15 ± 3.75 s on {plan.api_accounts} accounts of one slot each, with 40 to 120 ms of
        network delay each way, at {plan.speed:g} × real time. Busy is measured at the service: the share of the time
        between an account's first task and its last in which one of its tasks ran. All ways ran at the same time, each
        against a service of its own.
    """
    aims = (
        Aim("slot busy", f"≥ {AIM:.0%}", f"{alone.share:.2%}", alone.share >= AIM),
        Aim("with one task prefetched (`DASHSCOPE_PREFETCH=1`)", f"≥ {AIM_AHEAD:.1%}", f"{ahead.share:.2%}",
            ahead.share >= AIM_AHEAD),
    )  # fmt: skip
    rows = [_row(name, one, peer) for name, one in found.items()]
    return Section("slot", "The paid slot is busy", how, [Table(head, rows)], aims)


def _row(name: str, one: SlotUsage, peer: SlotUsage) -> tuple[str, ...]:
    gaps = f"{mean(one.gaps):.2f}", f"{quantiles(one.gaps, n=20)[-1]:.2f}"
    return (name, f"{one.share:.2%}", f"{one.share / peer.share:.3f}", *gaps, f"{one.queries:.1f}", f"{one.refused}")


def measure(plan: Plan) -> Section:
    """All drivers at the same time, each in a process of its own: they hardly need the CPU."""
    with ProcessPoolExecutor(len(DRIVERS), mp_context=get_context("spawn")) as processes:
        found = list(processes.map(partial(measure_in_process, plan), DRIVERS))
    return section(plan, dict(zip(DRIVERS, found, strict=True)))


def measure_in_process(plan: Plan, name: str) -> SlotUsage:
    """The main function of such a process."""
    return event_loop.run(measure_driver(plan, DRIVERS[name]))


def main() -> None:
    """Print the results and write them to the page."""
    publish(measure(Plan()))
