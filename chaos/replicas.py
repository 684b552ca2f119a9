"""Replicas: three bots on one PostgreSQL, each killed in its turn and at chosen points, frozen, cut off from the
database, with a wrong clock, and the database itself dying. What holds for one bot holds for them together, and every
lane goes on."""

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
SUBMITS = 2  # of an account, within a second
BATCH = 25  # kills between two audits
DISTURBANCE_RATE = 0.08  # of what is done to them; the rest is kills
KILL_AT_CALL_RATE = 0.5  # of the kills
MAX_KILL_DELAY = 1.5  # until one that is nothing but chance
MAX_PAUSE = 2.0  # at most, between two of them
SECRET = "of three replicas that trust each other"


@dataclass
class Report:
    """What was done, what came of it, and everything that was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    upsets: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    still: dict[str, float] = field(default_factory=dict)
    wishes: int = 0
    guests: int = 0
    tasks: int = 0
    submits: int = 0
    late: int = 0
    wrong: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part as the command runs it."""
    try:
        with postgres_server() as server:
            report = asyncio.run(run_replicas(folder, number, seed, server=server))
    except NoServer as reason:
        return Summary([("not run", str(reason))], [])
    ended = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("kills", str(report.kills.total())),
        *((f"  {what}", str(count)) for what, count in sorted(report.kills.items())),
        *((f"{what} for a while", str(count)) for what, count in sorted(report.upsets.items())),
        ("wishes accepted", str(report.wishes)),
        ("people on Discord", str(report.guests)),
        ("outcomes", ended),
        ("tasks made at the API", str(report.tasks)),
        ("most tasks of an account sent within a second", str(report.submits)),
        *((f"longest that a lane stood still, {why}, s", f"{still:.1f}") for why, still in report.still.items()),
        ("answers later than Discord takes them", str(report.late)),
    ]
    return Summary(figures, report.wrong)


async def run_replicas(
    folder: Path,
    number: int,
    seed: int,
    *,
    server: Server,
    backlog: int = BACKLOG,
    say: Callable[[str], None] = print,
) -> Report:
    """So many kills, with audits between."""
    report, dice = Report(), random.Random(seed)
    async with open_cluster(folder, server, dice, backlog) as (here, all_of_them):
        while (done := report.kills.total()) < number and not report.wrong:
            async with all_of_them.beset():
                await _inject_kills(all_of_them, dice, min(number, done + BATCH), report)
            report.wrong += await all_of_them.rest()
            await _audit(here, all_of_them, report)
            say(f"{report.kills.total()} kills, {report.wishes} wishes, {len(report.wrong)} wrong")
        report.wrong += all_of_them.lanes.wrong()
    return report


@asynccontextmanager
async def open_cluster(
    folder: Path, server: Server, dice: random.Random, backlog: int
) -> AsyncIterator[tuple[Testbed, Cluster]]:
    """The stage, and all replicas at work on one database and one bucket."""
    async with AsyncExitStack() as stack:
        bucket = stack.enter_context(bucket_server())
        here = await stack.enter_async_context(open_testbed(folder, speed=1.0, engine=slow_engine()))
        database, kept = server.new_database(), bucket.environment(bucket.bucket())
        settings = {"secret_key": SECRET, **{key.lower(): value for key, value in kept.items()}}
        there = [
            await stack.enter_async_context(replica(number, here, database, settings, dice))
            for number in range(REPLICAS)
        ]
        # Of an album that a death has cut off, what came is told after ten minutes: too long to wait in real time.
        guests = DiscordUsers(here.discord, dice, albums=0.0)
        yield here, Cluster(here, server, database, there, Users(here, dice), guests, dice, backlog)


async def _inject_kills(them: Cluster, dice: random.Random, until: int, report: Report) -> None:
    """Kills until there were so many, in between what is worse than dying."""
    while report.kills.total() < until and not them.wrong:
        await them.driven()
        if dice.random() < DISTURBANCE_RATE:
            report.upsets[await them.upset()] += 1
        elif dice.random() < KILL_AT_CALL_RATE:
            call = draw_call(dice)
            await them.kill_at(call, label(call))
        else:
            await asyncio.sleep(dice.uniform(0, MAX_KILL_DELAY))
            await them.kill_next("at random")
        await asyncio.sleep(dice.uniform(0, MAX_PAUSE))
        report.kills = Counter(cause for one in them.replicas for cause in one.ends if cause != UNEXPECTED_EXIT)


async def _audit(here: Testbed, them: Cluster, report: Report) -> None:
    database, wishes, tasks = them.database, them.people.wishes, await here.tasks()
    report.wishes, report.guests, report.tasks = len(wishes), len(them.guests.all), len(tasks)
    report.late, report.still = discord_audit.late_responses(here.discord), them.lanes.still
    report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
    accounts = {task.account for task in tasks}
    report.submits = max(
        (most_within_a_second([task.submitted / 1000 for task in tasks if task.account == one]) for one in accounts),
        default=0,
    )
    report.wrong += [
        *them.wrong,
        *them.people.answers,
        *audit.outcome_violations(database, wishes),
        *audit.payment_violations(database, tasks),
        *audit.limit_violations(tasks, SLOTS, SUBMITS),
        *audit.fencing_violations(database),
        *audit.ledger_violations(database),
        *audit.chat_violations(database, here.telegram, wishes, them.again),
        *discord_audit.violations(database, them.guests, them.doubtful, {}, several=True),
    ]
