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
from chaos.discord_users import DiscordUsers
from chaos.kill_points import draw_call, label
from chaos.replica import UNEXPECTED_EXIT, replica
from chaos.slow_engine import slow_engine
from chaos.summary import Summary
from chaos.testbed import SLOTS, Testbed, open_testbed
from chaos.users import Users
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
class Report:
    """What was done, the results, and all violations."""

    kills: Counter[str] = field(default_factory=Counter)
    disturbances: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    longest_idle: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    discord_users: int = 0
    tasks: int = 0
    submits: int = 0
    late_responses: int = 0
    violations: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    try:
        with postgres_server() as server:
            report = asyncio.run(run_replicas(folder, number, seed, server=server))
    except NoServer as reason:
        return Summary([("not run", str(reason))], [])
    outcomes = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("kills", str(report.kills.total())),
        *((f"  {what}", str(count)) for what, count in sorted(report.kills.items())),
        *((f"  {what} for a while", str(count)) for what, count in sorted(report.disturbances.items())),
        ("requests accepted", str(report.requests)),
        ("Discord users", str(report.discord_users)),
        ("outcomes", outcomes),
        ("tasks made at the API", str(report.tasks)),
        ("most submits of an account within a second", str(report.submits)),
        *((f"longest idle account, {cause}, s", f"{idle:.1f}") for cause, idle in report.longest_idle.items()),
        ("responses too late for Discord", str(report.late_responses)),
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
        discord_users = DiscordUsers(testbed.discord, rng, album_rate=0.0)
        yield testbed, Cluster(testbed, server, database, replicas, Users(testbed, rng), discord_users, rng, backlog)


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
    database, requests, tasks = cluster.database, cluster.users.requests, await testbed.tasks()
    report.requests, report.discord_users, report.tasks = len(requests), len(cluster.discord_users.all), len(tasks)
    report.late_responses, report.longest_idle = (
        discord_audit.late_responses(testbed.discord),
        cluster.activity.longest_idle,
    )
    report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
    accounts = {task.account for task in tasks}
    report.submits = max(
        (most_within_a_second([task.submitted / 1000 for task in tasks if task.account == one]) for one in accounts),
        default=0,
    )
    report.violations += [
        *cluster.violations,
        *cluster.users.unexpected_responses,
        *audit.outcome_violations(database, requests),
        *audit.payment_violations(database, tasks),
        *audit.limit_violations(tasks, SLOTS, SUBMITS),
        *audit.fencing_violations(database),
        *audit.ledger_violations(database),
        *audit.chat_violations(database, testbed.telegram, requests, cluster.allowed_duplicates),
        *discord_audit.violations(database, cluster.discord_users, cluster.unrecorded, {}, several=True),
    ]
