"""Replicas: three bots on one PostgreSQL. Each is killed in turn and at chosen points, frozen, cut off from the
database, given a wrong clock, and the database itself is stopped. The invariants of one bot hold for all of them
together, and every account stays in use."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos import audit, discord_audit
from chaos.cluster import BACKLOG, Cluster
from chaos.kill_points import draw_call, label
from chaos.replica import UNEXPECTED_EXIT, replica
from chaos.slow_engine import slow_engine
from chaos.summary import Summary
from chaos.testbed import SLOTS, Testbed, open_testbed
from chaos.workload import Workload, WorkloadReport, counted
from tests.fakes.dashscope.service import most_within_a_second
from tests.fakes.postgres import NoServer, Server, postgres_server
from tests.fakes.s3 import bucket_server

REPLICAS = 3
SUBMITS = 2  # per account and second
BATCH = 25  # kills between two audits
DISTURBANCE_RATE = 0.08  # of all interventions; the rest are kills
KILL_AT_CALL_RATE = 0.5  # of the kills
MAX_KILL_DELAY = 1.5  # seconds, before a random kill
MAX_PAUSE = 2.0  # seconds, between two interventions
SECRET = "shared-by-all-replicas-of-the-chaos-run"


@dataclass
class Report(WorkloadReport):
    """What was done, the results, and all violations."""

    kills: Counter[str] = field(default_factory=Counter)
    disturbances: Counter[str] = field(default_factory=Counter)
    longest_idle: dict[str, float] = field(default_factory=dict)
    submits: int = 0


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    try:
        with postgres_server() as server:
            report = asyncio.run(run_replicas(folder, number, seed, server=server))
    except NoServer as reason:
        return Summary([("not run", str(reason))], [])
    idle = [(f"longest idle account, {cause}, s", f"{seconds:.1f}") for cause, seconds in report.longest_idle.items()]
    figures = [
        *counted("kills", report.kills),
        *counted("disturbances", report.disturbances),
        *report.workload_figures(("most submits of an account within a second", str(report.submits)), *idle),
    ]
    return Summary(figures, report.violations)


async def run_replicas(
    folder: Path,
    number: int,
    seed: int,
    *,
    server: Server,
    backlog: int = BACKLOG,
    log: Callable[[str], None] = print,
) -> Report:
    """So many kills, with audits between."""
    report, rng = Report(), random.Random(seed)
    async with open_cluster(folder, server, rng, backlog) as (testbed, cluster):
        while (done := report.kills.total()) < number and not report.violations:
            async with cluster.under_load():
                await _inject_kills(cluster, rng, min(number, done + BATCH), report)
            report.violations += await cluster.drain()
            await _audit(testbed, cluster, report)
            log(f"{report.kills.total()} kills, {report.requests} requests, {len(report.violations)} violations")
        report.violations += cluster.activity.violations()
    return report


@asynccontextmanager
async def open_cluster(
    folder: Path, server: Server, rng: random.Random, backlog: int
) -> AsyncIterator[tuple[Testbed, Cluster]]:
    """The testbed, and all replicas running on one database and one bucket."""
    async with AsyncExitStack() as stack:
        bucket = stack.enter_context(bucket_server())
        testbed = await stack.enter_async_context(open_testbed(folder, speed=1.0, engine=slow_engine()))
        database, storage = server.new_database(), bucket.environment(bucket.bucket())
        settings = {"secret_key": SECRET, **{key.lower(): value for key, value in storage.items()}}
        replicas = [
            await stack.enter_async_context(replica(number, testbed, database, settings, rng))
            for number in range(REPLICAS)
        ]
        # The results of an album interrupted by a kill are sent after ten minutes: too long in real time, so no albums.
        workload = Workload(testbed, rng, backlog, album_rate=0.0)
        yield testbed, Cluster(testbed, server, database, replicas, workload, rng)


async def _inject_kills(cluster: Cluster, rng: random.Random, until: int, report: Report) -> None:
    """Kill replicas until the total is reached, with other disturbances in between."""
    while report.kills.total() < until and not cluster.violations:
        await cluster.wait_for_recovery()
        if rng.random() < DISTURBANCE_RATE:
            report.disturbances[await cluster.disturb()] += 1
        elif rng.random() < KILL_AT_CALL_RATE:
            call = draw_call(rng)
            await cluster.kill_at(call, label(call))
        else:
            await asyncio.sleep(rng.uniform(0, MAX_KILL_DELAY))
            await cluster.kill_next("at random")
        await asyncio.sleep(rng.uniform(0, MAX_PAUSE))
        report.kills = Counter(cause for one in cluster.replicas for cause in one.exits if cause != UNEXPECTED_EXIT)


async def _audit(testbed: Testbed, cluster: Cluster, report: Report) -> None:
    database, workload, tasks = cluster.database, cluster.workload, await testbed.tasks()
    report.longest_idle = cluster.activity.longest_idle
    accounts = {task.account for task in tasks}
    report.submits = max(
        (most_within_a_second([task.submitted / 1000 for task in tasks if task.account == one]) for one in accounts),
        default=0,
    )
    report.violations += cluster.violations
    workload.audit(report, database, tasks, cluster.allowed_duplicates)
    report.violations += [
        *audit.limit_violations(tasks, SLOTS, SUBMITS),
        *audit.fencing_violations(database),
        *discord_audit.violations(database, workload.discord_users, cluster.unrecorded, {}, several=True),
    ]
