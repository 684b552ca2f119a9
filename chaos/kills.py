"""Kills: the bot is killed with SIGKILL again and again, at chosen points and at random, and restarted on the data
it left. In the end every request has one outcome and every task was paid for once."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos import audit, discord_audit
from chaos.bot_process import BotProcess
from chaos.crash_points import CrashPoint
from chaos.http_proxy import pass_through
from chaos.kill_points import AfterDelay, KillPoint, KillTrigger, draw_kill_point, label
from chaos.summary import Summary
from chaos.testbed import ACCOUNTS, LINKS, Testbed, open_testbed
from chaos.workload import Workload, WorkloadReport, counted

SPEED = 4.0
BACKLOG = 6  # requests in progress at any time
KILL_TIMEOUT = 3.0  # seconds to wait for the kill point once the bot serves requests; then it is killed anyway
BATCH = 100  # kills between two audits
DRAIN_TIMEOUT = 180.0  # seconds


@dataclass
class Report(WorkloadReport):
    """What was done, the results, and all violations."""

    kills: Counter[str] = field(default_factory=Counter)
    missed: int = 0  # kill points not reached in time: killed anyway


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    return _summarize(asyncio.run(run_kills(folder, number, seed)))


def run_embedded(folder: Path, number: int, seed: int) -> Summary:
    """The same for a bot without an API key: its own stylizer is killed with it."""
    return _summarize(asyncio.run(run_kills(folder, number, seed, embedded=True)))


def _summarize(report: Report) -> Summary:
    figures = [
        *counted("kills", report.kills),
        ("  of these at a kill point not reached in time", str(report.missed)),
        *report.workload_figures(("cards sent again (sent but not recorded)", str(report.resent_cards))),
    ]
    return Summary(figures, report.violations)


async def run_kills(
    folder: Path, number: int, seed: int, *, embedded: bool = False, log: Callable[[str], None] = print
) -> Report:
    """So many kills, with audits between. An `embedded` stylizer runs in real time, so the bot has to as well."""
    report, rng = Report(), random.Random(seed)
    async with open_testbed(folder, speed=1.0 if embedded else SPEED, accounts=0 if embedded else ACCOUNTS) as testbed:
        run = KillRun(testbed, Workload(testbed, rng, BACKLOG), rng, report)
        while (done := report.kills.total()) < number and not report.violations:
            for _ in range(min(BATCH, number - done)):
                await run.run_round()
            await run.drain()
            log(f"{report.kills.total()} kills, {report.requests} requests, {len(report.violations)} violations")
    return report


@dataclass
class KillRun:
    """`allowed_duplicates`: by chat, messages that may appear twice because the bot died between sending and
    recording them; `unrecorded`: such messages on Discord."""

    testbed: Testbed
    workload: Workload
    rng: random.Random
    report: Report
    allowed_duplicates: Counter[int] = field(default_factory=Counter)
    unrecorded: set[int] = field(default_factory=set)

    async def run_round(self) -> None:
        """Submit requests, start the bot, kill it."""
        await self._submit_requests()
        kill_point = draw_kill_point(self.rng, at_api=self.testbed.accounts > 0)
        async with self.testbed.bot(
            kill_point if isinstance(kill_point, CrashPoint) else None, self.rng.choice(LINKS)
        ) as bot:
            trigger = KillTrigger(kill_point, lambda _: bot.kill())
            self.testbed.set_policy(trigger.policy)
            web_task = asyncio.create_task(self._send_requests(bot))
            async with self.workload.discord_users.active():
                reached = await self._wait_for_death(bot, kill_point)
                await web_task
        self.report.kills[label(kill_point)] += 1
        self.report.missed += not reached
        await self.testbed.api_proxy.settled()
        await self.testbed.telegram_proxy.settled(ignoring="getUpdates")
        await self.testbed.discord_proxy.settled()
        self._note_unrecorded_cards()

    async def drain(self) -> None:
        """Run the bot without kills until no work is left, then audit."""
        self.testbed.set_policy(lambda _: pass_through)
        async with self.testbed.bot() as bot:
            address = await bot.address
            if address is None:
                self.report.violations.append("the bot did not start")
                return
            async with self.workload.discord_users.active():
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_TIMEOUT):
                        await self.workload.drain(address)
            await self.workload.users.verify_results(address)
        await self._audit()

    async def _submit_requests(self) -> None:
        has_started = self.testbed.database.exists() and self.report.kills.total()
        unfinished = audit.unfinished(self.testbed.database) if has_started else 0
        await self.workload.fill(unfinished)

    async def _send_requests(self, bot: BotProcess) -> None:
        address = await bot.address
        if address is not None:
            await self.workload.users.send(address)

    async def _wait_for_death(self, bot: BotProcess, kill_point: KillPoint) -> bool:
        """Whether the kill point was reached; the bot is killed anyway."""
        reached = isinstance(kill_point, AfterDelay)
        if not isinstance(kill_point, AfterDelay):  # the time a start takes depends on the machine's load
            await bot.address
        with suppress(TimeoutError):
            async with asyncio.timeout(kill_point.seconds if isinstance(kill_point, AfterDelay) else KILL_TIMEOUT):
                await bot.died.wait()
                reached = True
        bot.kill()
        await bot.wait_ended()
        return reached

    def _note_unrecorded_cards(self) -> None:
        """Note the cards that the killed bot sent but did not record: the next process sends them again."""
        if not self.testbed.database.exists():
            return
        self.unrecorded |= discord_audit.unrecorded_cards(self.testbed.database, self.workload.discord_users)
        self.report.resent_cards += audit.count_unrecorded_cards(
            self.testbed.database, self.testbed.telegram, self.workload.users.requests, self.allowed_duplicates
        )

    async def _audit(self) -> None:
        database, workload = self.testbed.database, self.workload
        workload.audit(self.report, database, await self.testbed.tasks(), self.allowed_duplicates)
        self.report.violations += discord_audit.violations(database, workload.discord_users, self.unrecorded, {})
