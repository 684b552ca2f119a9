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
from chaos.fault_injector import FaultInjector
from chaos.machine_faults import MACHINE_FAULTS
from chaos.summary import Summary
from chaos.testbed import LINKS, Testbed, open_testbed
from chaos.workload import POLL_INTERVAL, Workload, WorkloadReport, counted

SPEED = 4.0  # a submit has to complete within 24 s of the bot's time: 6 s of a busy machine's
ACCOUNTS = 4
BACKLOG = 24  # requests in progress at any time
FAULT_RATE = 0.3  # of all calls
GATEWAY_FAULT_RATE = 0.01  # of all polls
BATCH = 200  # faults between two audits; each batch has one machine fault, in turn
DRAIN_TIMEOUT = 240.0


@dataclass
class Report(WorkloadReport):
    """What was injected, the results, and all violations."""

    faults: Counter[str] = field(default_factory=Counter)
    machine_faults: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    apologized: int = 0


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    report = asyncio.run(run_faults(folder, number, seed))
    figures = [
        *counted("faults", report.faults),
        *counted("machine faults", report.machine_faults),
        ("calls that passed", str(report.passed)),
        *report.workload_figures(
            ("chats told to try again later", str(report.apologized)),
            ("cards sent again (response lost)", str(report.resent_cards)),
        ),
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
        workload = Workload(testbed, rng, BACKLOG)
        on_lost_response = workload.discord_users.record_lost_response
        run = FaultRun(testbed, workload, FaultInjector(rng, FAULT_RATE, on_lost_response=on_lost_response))
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
    workload: Workload
    injector: FaultInjector
    report: Report = field(default_factory=Report)

    async def batch(self, bot: BotProcess, address: str, until: int, machine_fault: str) -> None:
        """Inject faults up to the total `until`, with one machine fault meanwhile; then drain and audit."""
        self.injector.enabled = True
        machine_fault_task = asyncio.create_task(self._inject_machine_fault(bot, machine_fault))
        async with self.workload.discord_users.active():
            while not bot.died.is_set() and (self.injector.injected.total() < until or not machine_fault_task.done()):
                await self.workload.fill(audit.unfinished(self.testbed.database))
                await self.workload.users.send(address)
                await self._inject_gateway_fault()
                await asyncio.sleep(POLL_INTERVAL)
            self.report.violations += await machine_fault_task
            self.injector.enabled = False
            if bot.died.is_set():
                self.fail(f"the bot died of {machine_fault or 'a fault'}")
            await self._drain(address)
        await self._audit()

    async def _inject_gateway_fault(self) -> None:
        """Now and then drop Discord's gateway connection, or ask for a reconnect or a new session."""
        if self.workload.rng.random() >= GATEWAY_FAULT_RATE:
            return
        gateway = self.testbed.discord.gateway
        name = self.workload.rng.choice(("gateway dropped", "gateway reconnect", "session invalidated"))
        self.injector.injected[name] += 1
        match name:
            case "gateway dropped":
                await gateway.drop_connections()
            case "gateway reconnect":
                await gateway.request_reconnect()
            case _:
                await gateway.invalidate_sessions()

    def fail(self, why: str) -> Report:
        self.report.violations.append(why)
        return self.report

    async def _inject_machine_fault(self, bot: BotProcess, machine_fault: str) -> list[str]:
        if not machine_fault:
            return []
        self.report.machine_faults[machine_fault] += 1
        return await MACHINE_FAULTS[machine_fault](self.testbed, bot)

    async def _drain(self, address: str) -> None:
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await self.workload.drain(address)
                await self.workload.users.verify_results(address)
        except TimeoutError:
            self.fail(f"after {DRAIN_TIMEOUT:.0f} s without faults work was unfinished")

    async def _audit(self) -> None:
        database, report, workload, injector = self.testbed.database, self.report, self.workload, self.injector
        report.faults, report.passed = injector.injected, injector.passed
        report.resent_cards = injector.allowed_duplicates.total()
        apologized = audit.apologized_chats(self.testbed.telegram, workload.users.requests)
        report.apologized = len(apologized)
        workload.audit(report, database, await self.testbed.tasks(), injector.allowed_duplicates, apologized)
        report.violations += audit.failure_violations(database)
        discord_users = workload.discord_users
        report.violations += discord_audit.violations(database, discord_users, set(), discord_users.allowed_extra)
