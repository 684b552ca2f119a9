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
    wishes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    unheard: int = 0  # new messages that were sent and whose answer nobody lived to hear
    guests: int = 0
    late: int = 0
    wrong: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part as the command runs it."""
    return _summarize(asyncio.run(run_kills(folder, number, seed)))


def run_embedded(folder: Path, number: int, seed: int) -> Summary:
    """The same for a bot without a key: the service that paints is part of what is killed."""
    return _summarize(asyncio.run(run_kills(folder, number, seed, at_home=True)))


def _summarize(report: Report) -> Summary:
    ended = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("kills", str(report.kills.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.kills.items())),
        ("  of these at a moment that did not come in time", str(report.missed)),
        ("wishes accepted", str(report.wishes)),
        ("outcomes", ended),
        ("tasks made at the API", str(report.tasks)),
        ("cards sent again (sent, and nobody lived to hear it)", str(report.unheard)),
        ("people on Discord", str(report.guests)),
        ("answers later than Discord takes them", str(report.late)),
    ]
    return Summary(figures, report.wrong)


async def run_kills(
    folder: Path, number: int, seed: int, *, at_home: bool = False, say: Callable[[str], None] = print
) -> Report:
    """So many kills, then the audit. What paints `at_home` keeps the wall's time, so the bot has to do so as well."""
    report, dice = Report(), random.Random(seed)
    async with open_testbed(folder, speed=1.0 if at_home else SPEED, lanes=0 if at_home else ACCOUNTS) as here:
        rounds = KillRun(here, Users(here, dice), DiscordUsers(here.discord, dice), dice, report)
        while (done := report.kills.total()) < number and not report.wrong:
            for _ in range(min(BATCH, number - done)):
                await rounds.one()
            await rounds.rest()
            say(f"{report.kills.total()} kills, {report.wishes} wishes, {len(report.wrong)} wrong")
    return report


@dataclass
class KillRun:
    """`again`: messages that a chat may show twice, because the bot died between sending and knowing; `doubtful`: such
    messages on Discord."""

    stage: Testbed
    people: Users
    guests: DiscordUsers
    dice: random.Random
    report: Report
    again: Counter[int] = field(default_factory=Counter)
    doubtful: set[int] = field(default_factory=set)

    async def one(self) -> None:
        """Some wishes, a life, its end."""
        await self._wishes()
        moment = draw_kill_point(self.dice, at_api=self.stage.lanes > 0)
        async with self.stage.bot(moment if isinstance(moment, CrashPoint) else None, self.dice.choice(LINKS)) as living:
            trap = KillTrigger(moment, lambda _: living.kill())
            self.stage.api.choose = self.stage.chat.choose = self.stage.guild.choose = trap.choose
            asking = asyncio.create_task(self._asked(living))
            visiting = asyncio.create_task(self.guests.keep_asking())
            came = await self._until_dead(living, moment)
            await asking
            visiting.cancel()
            await asyncio.wait([visiting])
        self.report.kills[label(moment)] += 1
        self.report.missed += not came
        await self.stage.api.settled()
        await self.stage.chat.settled(but_for="getUpdates")
        await self.stage.guild.settled()
        self._note_unheard()

    async def rest(self) -> None:
        """A life in peace, until nothing is left to do; then everything is looked at."""
        self.stage.api.choose = self.stage.chat.choose = self.stage.guild.choose = KillTrigger(
            AfterDelay(0), lambda _: None
        ).choose
        async with self.stage.bot() as living:
            address = await living.address
            if address is None:
                self.report.wrong.append("the bot did not start")
                return
            visiting = asyncio.create_task(self.guests.keep_asking())
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_TIMEOUT):
                    while self.people.unheard:
                        await self.people.ask(address)
                    # Another process and its file: nobody tells us when they have changed.
                    while self._waiting or audit.unfinished(self.stage.database):  # noqa: ASYNC110  # see above
                        await asyncio.sleep(0.1)
            visiting.cancel()
            await self.people.look(address)
        await self._audit()

    @property
    def _waiting(self) -> int:
        """Wishes of which the bot has not heard yet."""
        return len(self.people.unheard) + len(self.stage.telegram.updates) + len(self.guests.waiting)

    async def _wishes(self) -> None:
        begun = self.stage.database.exists() and self.report.kills.total()
        open_now = audit.unfinished(self.stage.database) if begun else 0
        for _ in range(BACKLOG - open_now - self._waiting):
            await submit_request(self.people, self.guests)

    async def _asked(self, living: BotProcess) -> None:
        address = await living.address
        if address is not None:
            await self.people.ask(address)

    async def _until_dead(self, living: BotProcess, moment: KillPoint) -> bool:
        """Whether the moment came by itself."""
        came = isinstance(moment, AfterDelay)
        if not isinstance(moment, AfterDelay):  # how long a start takes depends on what else the machine does
            await living.address
        with suppress(TimeoutError):
            async with asyncio.timeout(moment.seconds if isinstance(moment, AfterDelay) else KILL_TIMEOUT):
                await living.died.wait()
                came = True
        living.kill()
        await living.ended()
        return came

    def _note_unheard(self) -> None:
        """Cards that the dead bot has sent and not noted: the next one sends them once more."""
        if not self.stage.database.exists():
            return
        self.doubtful |= discord_audit.unrecorded_cards(self.stage.database, self.guests)
        self.report.unheard += audit.count_unrecorded_cards(self.stage.database, self.stage.telegram, self.people.wishes, self.again)

    async def _audit(self) -> None:
        database, wishes, report = self.stage.database, self.people.wishes, self.report
        tasks = await self.stage.tasks()
        report.wishes, report.tasks = len(wishes), len(tasks)
        report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
        report.wrong += [
            *self.people.answers,
            *audit.outcome_violations(database, wishes),
            *audit.payment_violations(database, tasks),
            *audit.ledger_violations(database),
            *audit.integrity_violations(database),
            *audit.chat_violations(database, self.stage.telegram, wishes, self.again),
            *discord_audit.violations(database, self.guests, self.doubtful, {}),
        ]
        report.guests, report.late = len(self.guests.all), discord_audit.late_responses(self.stage.discord)
