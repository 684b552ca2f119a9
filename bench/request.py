"""What one request costs: a captioned photo on Telegram by long polling, from the update to the picture on its card.

Transactions are counted in an app of this process, with the real rows and the real card sender; processor time and the
profile are those of the bot in a process of its own, started as an owner starts it.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from bench.report import Aim, Section, Table, publish
from bench.submit import SLOTS, SUBMIT_INTERVAL, photos, servers
from bot.runtime import event_loop
from chaos.processes import children, cpu_seconds
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN
from tests.harness.bot_process import bot_process
from tests.harness.telegram import telegram_harness
from tests.harness.transaction_log import Transaction, transaction_log

REQUESTS, WARM_UP = 40, 10
IDLE_SECONDS = 3.0
TIMEOUT = 30.0
MAX_WRITES, MAX_READS, MAX_CPU_MS = 8, 12, 20.0
# Measured with this part on 1 December 2026, before anything was changed for it (the times beside a load of 17).
BEFORE = {"write transactions": 22, "read transactions": 34, "statements": 139}
PROFILE_BEFORE: dict[str, float] = {
    "own": 106.3,
    "workers": 11.0,
    "wall": 2199.9,
    "sqlalchemy": 43.3,
    "event loop": 25.0,
    "httpx": 16.6,
    "storage.transactions": 5.4,
    "telegram": 2.8,
    "storage.sqlite_thread": 2.0,
    "bot.dashscope": 2.0,
    "bot.worker": 1.1,
}


@dataclass(frozen=True)
class Profile:
    """Milliseconds per request: of the bot's process, of its imaging workers, and by package; `wall`: from the photo to
    its picture."""

    own: float
    workers: float
    wall: float
    packages: dict[str, float] = field(default_factory=dict)


async def count_transactions(requests: int = 3) -> list[Transaction]:
    """The transactions of the last of so many requests, with those that its wake-ups cause."""
    with tempfile.TemporaryDirectory() as name:
        async with telegram_harness(Path(name)) as harness:
            user = harness.person(1)
            for number, photo in enumerate(photos(requests), start=1):
                await harness.api.handled()
                with transaction_log(harness.app.services.database) as log:
                    await user.sends(photo, caption="/style 0")
                    await harness.api.until(partial(_has_pictures, user, number))
                    await asyncio.sleep(0.3)  # what is written after that belongs to it
    return log.transactions


async def profile(requests: int) -> Profile:
    """Processor time for each of so many requests, without what the bot uses when idle."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        system, api, base_url = await stack.enter_async_context(servers(folder / "service", None))
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": api,
            "DASHSCOPE_BASE_URL": base_url,
            "DASHSCOPE_MAX_RUNNING": str(SLOTS),
            "DAILY_FREE_IMAGES": "100000",
            "MESSAGES_PER_MINUTE": "100000",
        }
        command = ("-m", "bench.profiled_bot", str(folder), "run")
        opening = bot_process(folder / "bot", log=folder / "bot.log", command=command, **settings)
        pid = (await stack.enter_async_context(opening)).process.pid
        pictures = photos(WARM_UP + requests)
        for number in range(WARM_UP):
            await _request(ChatUser(system.telegram, number + 1, number + 1), pictures[number])
        before, began = _cpu(pid), time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        idle = [(now - then) / IDLE_SECONDS for now, then in zip(_cpu(pid), before, strict=True)]
        _signal(pid, signal.SIGUSR1)
        before, began, walls = _cpu(pid), time.monotonic(), list[float]()
        for number in range(WARM_UP, WARM_UP + requests):
            walls.append(await _request(ChatUser(system.telegram, number + 1, number + 1), pictures[number]))
        took, after = time.monotonic() - began, _cpu(pid)
        spent = [
            (now - then - took * rest) * 1000 / requests for now, then, rest in zip(after, before, idle, strict=True)
        ]
        samples = await _samples(pid, folder)
    total = sum(samples.values())
    packages = {name: spent[0] * count / total for name, count in samples.most_common()}
    return Profile(spent[0], spent[1], median(walls) * 1000, packages)


async def _request(user: ChatUser, photo: bytes) -> float:
    """Seconds from the photo to its picture; returns when the next submit is allowed."""
    start = time.monotonic()
    await user.sends(photo, caption="/style 0")
    await user.api.until(partial(_has_pictures, user, 1), TIMEOUT)
    took = time.monotonic() - start
    await asyncio.sleep(max(0.0, SUBMIT_INTERVAL - took))
    return took


def _has_pictures(user: ChatUser, number: int) -> bool:
    return len(user.pictures) >= number


def _cpu(pid: int) -> tuple[float, float]:
    return cpu_seconds(pid), sum(cpu_seconds(child) for child in children(pid))


def _signal(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)


async def _samples(pid: int, folder: Path) -> Counter[str]:
    _signal(pid, signal.SIGUSR2)
    while not (found := folder / "samples.json").exists():  # noqa: ASYNC110  # another process writes it
        await asyncio.sleep(0.01)
    return Counter(json.loads(found.read_text("utf-8")))  # small, and nothing else is going on


def section(transactions: Sequence[Transaction], found: Profile) -> Section:
    """The section of the report."""
    writes = [one for one in transactions if one.kind == "write"]
    reads = [one for one in transactions if one.kind == "read"]
    now = {
        "write transactions": len(writes),
        "read transactions": len(reads),
        "statements": sum(len(one.statements) for one in transactions),
    }
    totals = Table(
        ("of one request", "before", "now", "of before"),
        [(name, f"{BEFORE[name]}", f"{count}", f"{count / BEFORE[name]:.2f}") for name, count in now.items()]
        + [_time_row("processor, the bot's process, ms", found.own, PROFILE_BEFORE.get("own"))]
        + [_time_row("processor, imaging workers, ms", found.workers, PROFILE_BEFORE.get("workers"))]
        + [_time_row("photo to picture, ms", found.wall, PROFILE_BEFORE.get("wall"))],
    )
    kinds = Counter((one.kind, one.caller, ", ".join(_counted(one.statements))) for one in transactions)
    named = Table(
        ("transaction", "times", "statements"),
        [(f"{kind} `{caller}`", f"{times}", statements) for (kind, caller, statements), times in kinds.items()],
    )
    packages = dict(PROFILE_BEFORE) | found.packages
    where = Table(
        ("package at work", "before, ms", "now, ms"),
        [
            (name, f"{PROFILE_BEFORE.get(name, 0):.1f}" if PROFILE_BEFORE else "", f"{found.packages.get(name, 0):.1f}")
            for name in sorted(packages, key=lambda name: -found.packages.get(name, 0))
            if name not in {"own", "workers", "wall"}
            and max(found.packages.get(name, 0), PROFILE_BEFORE.get(name, 0)) >= 0.1
        ],
    )
    aims = (
        Aim("write transactions", f"≤ {MAX_WRITES}", f"{len(writes)}", len(writes) <= MAX_WRITES),
        Aim("reads", f"≤ {MAX_READS}", f"{len(reads)}", len(reads) <= MAX_READS),
        Aim("processor", f"≤ {MAX_CPU_MS:.0f} ms", f"{found.own:.1f} ms", found.own <= MAX_CPU_MS),
    )
    how = """
        A photo of 1280 px with a caption arrives by long polling and is shown as a picture, without retries, on SQLite;
        the painting service answers at once. Below: every transaction from the update to the last write, with the looks
        that its wake-ups cause (a newcomer's takes one write more); and, of the processor time of the bot's process,
        what each package takes by itself.
    """
    return Section("request", "What one request costs", how, [totals, named, where], aims)


def _time_row(name: str, value: float, before: float | None) -> tuple[str, str, str, str]:
    if before is None:
        return (name, "", f"{value:.1f}", "")
    return (name, f"{before:.1f}", f"{value:.1f}", f"{value / before:.2f}")


def _counted(statements: Sequence[str]) -> list[str]:
    return [name if times == 1 else f"{name} × {times}" for name, times in Counter(statements).items()]


async def measure(requests: int = REQUESTS) -> Section:
    """Count, then profile."""
    return section(await count_transactions(), await profile(requests))


def main() -> None:
    """Print the results and write them to the page."""
    publish(event_loop.run(measure()))
