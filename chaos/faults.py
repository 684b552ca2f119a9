"""Faults: every call between the bot and the outside may fail in any way a network, a gateway or a service can fail,
and the machine in ways of its own. No request is lost, none is paid for twice, and every user gets one answer."""

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

SPEED = 4.0  # a submit has to complete within 24 s of the bot's time: 6 s of a busy machine's
ACCOUNTS = 4
BACKLOG = 24  # requests in progress at any time
FAULT_RATE = 0.3  # of all calls
GATEWAY_FAULT_RATE = 0.01  # of all polls
BATCH = 500  # faults between two audits; each batch has one machine fault, in turn
DRAIN_TIMEOUT = 240.0
POLL_INTERVAL = 0.1


@dataclass
class Report:
    """What was injected, the results, and all violations."""

    faults: Counter[str] = field(default_factory=Counter)
    machine_faults: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    apologized: int = 0
    tasks: int = 0
    resent_cards: int = 0
    discord_users: int = 0
    late_responses: int = 0
    violations: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    report = asyncio.run(run_faults(folder, number, seed))
    outcomes = ", ".join(f"{count} {state}" for state, count in sorted(report.outcomes.items()))
    figures = [
        ("faults", str(report.faults.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.faults.items())),
        ("machine faults", str(report.machine_faults.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.machine_faults.items())),
        ("calls that passed", str(report.passed)),
        ("requests accepted", str(report.requests)),
        ("outcomes", outcomes),
        ("chats told to try again later", str(report.apologized)),
        ("tasks made at the API", str(report.tasks)),
        ("cards sent again (response lost)", str(report.resent_cards)),
        ("Discord users", str(report.discord_users)),
        ("responses too late for Discord", str(report.late_responses)),
    ]
    return Summary(figures, report.violations)


async def run_faults(
    folder: Path,
    number: int,
    seed: int,
    *,
    machine_faults: Sequence[str] = tuple(MACHINE_FAULTS),
    log: Callable[[str], None] = print,
) -> Report:
    """Inject so many faults, one machine fault per batch, with an audit after each batch."""
    rng = random.Random(seed)
    async with open_testbed(folder, speed=SPEED, accounts=ACCOUNTS) as testbed:
        discord_users = DiscordUsers(testbed.discord, rng)
        run = FaultRun(
            testbed,
            Users(testbed, rng),
            discord_users,
            FaultInjector(rng, FAULT_RATE, on_lost_response=discord_users.record_lost_response),
        )
        testbed.api_proxy.policy, testbed.telegram_proxy.policy = run.injector.api_policy, run.injector.telegram_policy
        testbed.discord_proxy.policy = run.injector.discord_policy
        turn = 0
        while run.injector.injected.total() < number and not run.report.violations:
            async with testbed.bot(links=LINKS[turn % len(LINKS)]) as bot:
                address = await bot.address
                if address is None:
                    return run.fail("the bot did not start")
                name = machine_faults[turn % len(machine_faults)] if machine_faults else ""
                await run.batch(bot, address, min(run.injector.injected.total() + BATCH, number), name)
            turn += 1
            log(
                f"{run.injector.injected.total()} faults, {run.report.requests} requests, "
                f"{len(run.report.violations)} violations"
            )
    return run.report


@dataclass
class FaultRun:
    """One run of this part."""

    testbed: Testbed
    users: Users
    discord_users: DiscordUsers
    injector: FaultInjector
    report: Report = field(default_factory=Report)

    async def batch(self, bot: BotProcess, address: str, until: int, machine_fault: str) -> None:
        """Inject faults up to the total `until`, with one machine fault meanwhile; then drain and audit."""
        self.injector.enabled = True
        machine_fault_task = asyncio.create_task(self._inject_machine_fault(bot, machine_fault))
        discord_task = asyncio.create_task(self.discord_users.run_all())
        while not bot.died.is_set() and (self.injector.injected.total() < until or not machine_fault_task.done()):
            await self._submit_requests()
            await self.users.send(address)
            await self._inject_gateway_fault()
            await asyncio.sleep(POLL_INTERVAL)
        self.report.violations += await machine_fault_task
        self.injector.enabled = False
        if bot.died.is_set():
            self.fail(f"the bot died of {machine_fault or 'a fault'}")
        await self._drain(address)
        discord_task.cancel()
        await asyncio.wait([discord_task])
        await self._audit()

    async def _inject_gateway_fault(self) -> None:
        """Now and then drop Discord's gateway connection, or ask for a reconnect or a new session."""
        if self.users.rng.random() >= GATEWAY_FAULT_RATE:
            return
        gateway = self.testbed.discord.gateway
        name = self.users.rng.choice(("gateway dropped", "gateway reconnect", "session invalidated"))
        self.injector.injected[name] += 1
        match name:
            case "gateway dropped":
                await gateway.drop()
            case "gateway reconnect":
                await gateway.ask_to_reconnect()
            case _:
                await gateway.invalidate()

    def fail(self, why: str) -> Report:
        self.report.violations.append(why)
        return self.report

    async def _inject_machine_fault(self, bot: BotProcess, machine_fault: str) -> list[str]:
        if not machine_fault:
            return []
        self.report.machine_faults[machine_fault] += 1
        return await MACHINE_FAULTS[machine_fault](self.testbed, bot)

    async def _submit_requests(self) -> None:
        unfinished = audit.unfinished(self.testbed.database)
        for _ in range(BACKLOG - unfinished - self._pending):
            await submit_request(self.users, self.discord_users)

    @property
    def _pending(self) -> int:
        return len(self.users.unaccepted) + len(self.testbed.telegram.updates) + len(self.discord_users.pending)

    async def _drain(self, address: str) -> None:
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while self.users.unaccepted:
                    await self.users.send(address)
                # Another process and its database: nothing signals a change.
                while self._pending or audit.unfinished(self.testbed.database):  # noqa: ASYNC110  # see above
                    await asyncio.sleep(POLL_INTERVAL)
                await self.users.verify_results(address)
        except TimeoutError:
            self.fail(f"after {DRAIN_TIMEOUT:.0f} s without faults work was unfinished")

    async def _audit(self) -> None:
        database, requests, report = self.testbed.database, self.users.requests, self.report
        tasks = await self.testbed.tasks()
        report.faults, report.passed = self.injector.injected, self.injector.passed
        report.requests, report.tasks = len(requests), len(tasks)
        report.resent_cards = self.injector.allowed_duplicates.total()
        report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
        apologized = audit.apologized_chats(self.testbed.telegram, requests)
        report.apologized = len(apologized)
        report.violations += [
            *self.users.unexpected_responses,
            *audit.outcome_violations(database, requests, apologized),
            *audit.payment_violations(database, tasks),
            *audit.ledger_violations(database),
            *audit.integrity_violations(database),
            *audit.chat_violations(database, self.testbed.telegram, requests, self.injector.allowed_duplicates),
            *discord_audit.violations(database, self.discord_users, set(), self.discord_users.allowed_extra),
        ]
        report.discord_users, report.late_responses = (
            len(self.discord_users.all),
            discord_audit.late_responses(self.testbed.discord),
        )
