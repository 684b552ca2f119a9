"""Kills: the bot is ended with SIGKILL again and again, at chosen points and by chance, and started again on what it
left behind. In the end every wish has had one outcome and every task was paid for once."""

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
from chaos.discord_users import DiscordUsers
from chaos.kill_points import AfterDelay, KillPoint, KillTrigger, draw_kill_point, label
from chaos.summary import Summary
from chaos.testbed import ACCOUNTS, LINKS, Testbed, open_testbed
from chaos.users import Users, submit_request

SPEED = 4.0
BACKLOG = 6  # wishes under way at any time
KILL_TIMEOUT = 3.0  # seconds that a moment is waited for once the bot answers; then the life ends anyway
BATCH = 100  # kills between two audits
DRAIN_TIMEOUT = 180.0  # for everything to come to its end


@dataclass
class Report:
    """What was done, what came of it, and everything that was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    missed: int = 0  # moments that did not come: killed all the same
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    resent_cards: int = 0  # new messages that were sent and whose answer nobody lived to hear
    discord_users: int = 0
    late_responses: int = 0
    violations: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part as the command runs it."""
    return _summarize(asyncio.run(run_kills(folder, number, seed)))


def run_embedded(folder: Path, number: int, seed: int) -> Summary:
    """The same for a bot without a key: the service that paints is part of what is killed."""
    return _summarize(asyncio.run(run_kills(folder, number, seed, embedded=True)))


def _summarize(report: Report) -> Summary:
    ended = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("kills", str(report.kills.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.kills.items())),
        ("  of these at a moment that did not come in time", str(report.missed)),
        ("wishes accepted", str(report.requests)),
        ("outcomes", ended),
        ("tasks made at the API", str(report.tasks)),
        ("cards sent again (sent, and nobody lived to hear it)", str(report.resent_cards)),
        ("people on Discord", str(report.discord_users)),
        ("answers later than Discord takes them", str(report.late_responses)),
    ]
    return Summary(figures, report.violations)


async def run_kills(
    folder: Path, number: int, seed: int, *, embedded: bool = False, log: Callable[[str], None] = print
) -> Report:
    """So many kills, then the audit. What paints `embedded` keeps the wall's time, so the bot has to do so as well."""
    report, rng = Report(), random.Random(seed)
    async with open_testbed(folder, speed=1.0 if embedded else SPEED, accounts=0 if embedded else ACCOUNTS) as testbed:
        rounds = KillRun(testbed, Users(testbed, rng), DiscordUsers(testbed.discord, rng), rng, report)
        while (done := report.kills.total()) < number and not report.violations:
            for _ in range(min(BATCH, number - done)):
                await rounds.run_round()
            await rounds.drain()
            log(f"{report.kills.total()} kills, {report.requests} wishes, {len(report.violations)} wrong")
    return report


@dataclass
class KillRun:
    """`allowed_duplicates`: messages that a chat may show twice, because the bot died between sending and knowing; `unrecorded`: such
    messages on Discord."""

    testbed: Testbed
    users: Users
    discord_users: DiscordUsers
    rng: random.Random
    report: Report
    allowed_duplicates: Counter[int] = field(default_factory=Counter)
    unrecorded: set[int] = field(default_factory=set)

    async def run_round(self) -> None:
        """Some wishes, a life, its end."""
        await self._submit_requests()
        kill_point = draw_kill_point(self.rng, at_api=self.testbed.accounts > 0)
        async with self.testbed.bot(
            kill_point if isinstance(kill_point, CrashPoint) else None, self.rng.choice(LINKS)
        ) as bot:
            trigger = KillTrigger(kill_point, lambda _: bot.kill())
            self.testbed.api_proxy.policy = self.testbed.telegram_proxy.policy = self.testbed.discord_proxy.policy = (
                trigger.policy
            )
            asking = asyncio.create_task(self._send_requests(bot))
            discord_task = asyncio.create_task(self.discord_users.run_all())
            reached = await self._wait_for_death(bot, kill_point)
            await asking
            discord_task.cancel()
            await asyncio.wait([discord_task])
        self.report.kills[label(kill_point)] += 1
        self.report.missed += not reached
        await self.testbed.api_proxy.settled()
        await self.testbed.telegram_proxy.settled(but_for="getUpdates")
        await self.testbed.discord_proxy.settled()
        self._note_unrecorded_cards()

    async def drain(self) -> None:
        """A life in peace, until nothing is left to do; then everything is looked at."""
        self.testbed.api_proxy.policy = self.testbed.telegram_proxy.policy = self.testbed.discord_proxy.policy = (
            KillTrigger(AfterDelay(0), lambda _: None).policy
        )
        async with self.testbed.bot() as bot:
            address = await bot.address
            if address is None:
                self.report.violations.append("the bot did not start")
                return
            discord_task = asyncio.create_task(self.discord_users.run_all())
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_TIMEOUT):
                    while self.users.unaccepted:
                        await self.users.send(address)
                    # Another process and its file: nobody tells us when they have changed.
                    while self._pending or audit.unfinished(self.testbed.database):  # noqa: ASYNC110  # see above
                        await asyncio.sleep(0.1)
            discord_task.cancel()
            await self.users.verify_results(address)
        await self._audit()

    @property
    def _pending(self) -> int:
        """Wishes of which the bot has not heard yet."""
        return len(self.users.unaccepted) + len(self.testbed.telegram.updates) + len(self.discord_users.pending)

    async def _submit_requests(self) -> None:
        begun = self.testbed.database.exists() and self.report.kills.total()
        open_now = audit.unfinished(self.testbed.database) if begun else 0
        for _ in range(BACKLOG - open_now - self._pending):
            await submit_request(self.users, self.discord_users)

    async def _send_requests(self, bot: BotProcess) -> None:
        address = await bot.address
        if address is not None:
            await self.users.send(address)

    async def _wait_for_death(self, bot: BotProcess, kill_point: KillPoint) -> bool:
        """Whether the moment came by itself."""
        reached = isinstance(kill_point, AfterDelay)
        if not isinstance(kill_point, AfterDelay):  # how long a start takes depends on what else the machine does
            await bot.address
        with suppress(TimeoutError):
            async with asyncio.timeout(kill_point.seconds if isinstance(kill_point, AfterDelay) else KILL_TIMEOUT):
                await bot.died.wait()
                reached = True
        bot.kill()
        await bot.wait_ended()
        return reached

    def _note_unrecorded_cards(self) -> None:
        """Cards that the dead bot has sent and not noted: the next one sends them once more."""
        if not self.testbed.database.exists():
            return
        self.unrecorded |= discord_audit.unrecorded_cards(self.testbed.database, self.discord_users)
        self.report.resent_cards += audit.count_unrecorded_cards(
            self.testbed.database, self.testbed.telegram, self.users.requests, self.allowed_duplicates
        )

    async def _audit(self) -> None:
        database, requests, report = self.testbed.database, self.users.requests, self.report
        tasks = await self.testbed.tasks()
        report.requests, report.tasks = len(requests), len(tasks)
        report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
        report.violations += [
            *self.users.unexpected_responses,
            *audit.outcome_violations(database, requests),
            *audit.payment_violations(database, tasks),
            *audit.ledger_violations(database),
            *audit.integrity_violations(database),
            *audit.chat_violations(database, self.testbed.telegram, requests, self.allowed_duplicates),
            *discord_audit.violations(database, self.discord_users, self.unrecorded, {}),
        ]
        report.discord_users, report.late_responses = (
            len(self.discord_users.all),
            discord_audit.late_responses(self.testbed.discord),
        )
