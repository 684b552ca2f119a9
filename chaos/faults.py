"""Faults: every call between the bot and the outside may fail in every way a network, a gateway or a service can fail,
and a machine in its own ways. In the end nothing is lost, nothing was paid twice, and everybody was told once."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos import audit, discord_audit
from chaos.bot_process import BotProcess
from chaos.discord_users import DiscordUsers
from chaos.fault_injector import FaultInjector
from chaos.machine_faults import MACHINE_FAULTS
from chaos.summary import Summary
from chaos.testbed import LINKS, Testbed, open_testbed
from chaos.users import Users, submit_request

SPEED = 4.0  # a starved machine has to carry a submit out within 24 s of the bot's time: six of its own
ACCOUNTS = 4
BACKLOG = 24  # wishes under way at any time
FAULT_RATE = 0.3  # of all calls
GATEWAY_FAULT_RATE = 0.01  # of all looks
BATCH = 500  # faults between two audits; each batch has one calamity, in turn
DRAIN_TIMEOUT = 240.0
POLL_INTERVAL = 0.1


@dataclass
class Report:
    """What was done, what came of it, and everything that was wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    calamities: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    wishes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    sorry: int = 0
    tasks: int = 0
    twice: int = 0
    guests: int = 0
    late: int = 0
    wrong: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part as the command runs it."""
    report = asyncio.run(run_faults(folder, number, seed))
    ended = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("faults", str(report.faults.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.faults.items())),
        ("calamities", str(report.calamities.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.calamities.items())),
        ("calls that passed", str(report.passed)),
        ("wishes accepted", str(report.wishes)),
        ("outcomes", ended),
        ("people told that it did not work just now", str(report.sorry)),
        ("tasks made at the API", str(report.tasks)),
        ("cards sent again (sent, and the answer lost)", str(report.twice)),
        ("people on Discord", str(report.guests)),
        ("answers later than Discord takes them", str(report.late)),
    ]
    return Summary(figures, report.wrong)


async def run_faults(
    folder: Path,
    number: int,
    seed: int,
    *,
    calamities: Sequence[str] = tuple(MACHINE_FAULTS),
    say: Callable[[str], None] = print,
) -> Report:
    """So many faults, a calamity in every batch of them, then the audit."""
    dice = random.Random(seed)
    async with open_testbed(folder, speed=SPEED, lanes=ACCOUNTS) as here:
        guests = DiscordUsers(here.discord, dice)
        storm = FaultRun(here, Users(here, dice), guests, FaultInjector(dice, FAULT_RATE, unheard=guests.unheard))
        here.api.choose, here.chat.choose = storm.faulty.at_api, storm.faulty.at_chat
        here.guild.choose = storm.faulty.at_guild
        turn = 0
        while storm.faulty.done.total() < number and not storm.report.wrong:
            async with here.bot(links=LINKS[turn % len(LINKS)]) as living:
                address = await living.address
                if address is None:
                    return storm.broken("the bot did not start")
                name = calamities[turn % len(calamities)] if calamities else ""
                await storm.batch(living, address, min(storm.faulty.done.total() + BATCH, number), name)
            turn += 1
            say(f"{storm.faulty.done.total()} faults, {storm.report.wishes} wishes, {len(storm.report.wrong)} wrong")
    return storm.report


@dataclass
class FaultRun:
    """One run."""

    stage: Testbed
    people: Users
    guests: DiscordUsers
    faulty: FaultInjector
    report: Report = field(default_factory=Report)

    async def batch(self, living: BotProcess, address: str, until: int, calamity: str) -> None:
        """Faults until there were so many, in the midst of them a calamity; then peace, and a look at everything."""
        self.faulty.on = True
        befalling = asyncio.create_task(self._befall(living, calamity))
        visiting = asyncio.create_task(self.guests.keep_asking())
        while not living.died.is_set() and (self.faulty.done.total() < until or not befalling.done()):
            await self._wishes()
            await self.people.ask(address)
            await self._gateway()
            await asyncio.sleep(POLL_INTERVAL)
        self.report.wrong += await befalling
        self.faulty.on = False
        if living.died.is_set():
            self.broken(f"the bot died of {calamity or 'a fault'}")
        await self._rest(address)
        visiting.cancel()
        await asyncio.wait([visiting])
        await self._audit()

    async def _gateway(self) -> None:
        """Now and then Discord's gateway breaks off, or asks for a new connection or a new session."""
        if self.people.dice.random() >= GATEWAY_FAULT_RATE:
            return
        gateway = self.stage.discord.gateway
        name = self.people.dice.choice(("gateway dropped", "gateway moves", "session over"))
        self.faulty.done[name] += 1
        match name:
            case "gateway dropped":
                await gateway.drop()
            case "gateway moves":
                await gateway.ask_to_reconnect()
            case _:
                await gateway.invalidate()

    def broken(self, why: str) -> Report:
        self.report.wrong.append(why)
        return self.report

    async def _befall(self, living: BotProcess, calamity: str) -> list[str]:
        if not calamity:
            return []
        self.report.calamities[calamity] += 1
        return await MACHINE_FAULTS[calamity](self.stage, living)

    async def _wishes(self) -> None:
        open_now = audit.unfinished(self.stage.database)
        for _ in range(BACKLOG - open_now - self._waiting):
            await submit_request(self.people, self.guests)

    @property
    def _waiting(self) -> int:
        return len(self.people.unheard) + len(self.stage.telegram.updates) + len(self.guests.waiting)

    async def _rest(self, address: str) -> None:
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while self.people.unheard:
                    await self.people.ask(address)
                # Another process and its file: nobody tells us when they have changed.
                while self._waiting or audit.unfinished(self.stage.database):  # noqa: ASYNC110  # see above
                    await asyncio.sleep(POLL_INTERVAL)
                await self.people.look(address)
        except TimeoutError:
            self.broken(f"after {DRAIN_TIMEOUT:.0f} s of peace something was still under way")

    async def _audit(self) -> None:
        database, wishes, report = self.stage.database, self.people.wishes, self.report
        tasks = await self.stage.tasks()
        report.faults, report.passed = self.faulty.done, self.faulty.passed
        report.wishes, report.tasks = len(wishes), len(tasks)
        report.twice = self.faulty.twice.total()
        report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
        sorry = audit.apologized_chats(self.stage.telegram, wishes)
        report.sorry = len(sorry)
        report.wrong += [
            *self.people.answers,
            *audit.outcome_violations(database, wishes, sorry),
            *audit.payment_violations(database, tasks),
            *audit.ledger_violations(database),
            *audit.integrity_violations(database),
            *audit.chat_violations(database, self.stage.telegram, wishes, self.faulty.twice),
            *discord_audit.violations(database, self.guests, set(), self.guests.spare),
        ]
        report.guests, report.late = len(self.guests.all), discord_audit.late_responses(self.stage.discord)
