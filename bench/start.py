"""Start-up time, memory when idle, and memory with ten thousand waiting requests, beside a bare web application.

Ready is when the process prints its address, which it does once it serves requests. Memory is the resident memory of
the bot and of the process in which it decodes photos.
"""

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import SecretStr

from bench.harness import queue_harness
from bench.queue import fill
from bench.report import ROOT, Aim, Section, Table, publish
from bot.domain.poll_schedule import TaskDurations
from bot.worker.accounts import account_id
from chaos.processes import children, current_mib
from storage import accounts
from storage.accounts import PAUSED_BY_OWNER
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.bot_process import bot_process

STARTS = 5
WAITING = 50_000
READY, IDLE, IDLE_WITH_STAND_IN = 1.5, 90, 130
KEY = "sk-bench-never-called"
BARE_APP = """
import asyncio, socket
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/healthz", lambda request: PlainTextResponse("ok"))])
listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_config=None))
async def main():
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.001)
    print("ready", flush=True)
    await serving
asyncio.run(main())
"""


@dataclass(frozen=True)
class StartupResult:
    """Seconds until ready; MiB of the process itself, and with its children."""

    seconds: float
    mib: int
    total: int


def memory(pid: int) -> tuple[int, int]:
    """Of the process itself, and with its children, in MiB."""
    own = current_mib(pid)
    return own, own + sum(current_mib(child) for child in children(pid))


async def start_bare_app() -> StartupResult:
    """The peer: Starlette and uvicorn with one route."""
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE_APP, stdout=PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        return StartupResult(time.perf_counter() - start, *memory(process.pid))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def start_bot(folder: Path, settings: Mapping[str, str]) -> StartupResult:
    """The bot on this folder."""
    start = time.perf_counter()
    async with bot_process(folder, log=folder / "log", **settings) as running:
        seconds = time.perf_counter() - start
        return StartupResult(seconds, *memory(running.process.pid))


async def median_start(number: int, **settings: str) -> StartupResult:
    """The median of so many starts, on a folder that was used before, as nearly all are."""
    with tempfile.TemporaryDirectory() as name:
        found = [await start_bot(Path(name), settings) for _ in range(number + 1)][1:]
    return median_result(found)


def median_result(found: list[StartupResult]) -> StartupResult:
    """The median of each figure."""
    seconds, mib, total = (median(getattr(one, name) for one in found) for name in ("seconds", "mib", "total"))
    return StartupResult(seconds, round(mib), round(total))


async def start_with_queue(waiting: int) -> StartupResult:
    """The bot with a paused account and so many waiting jobs, after three visitors have joined the queue and seen
    their places."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with queue_harness(folder / "data") as harness:
            async with harness.database.write() as connection:
                api_account, durations = account_id(SecretStr(KEY)), TaskDurations(15, 4)
                await accounts.take_over(connection, api_account, mean=durations.mean, deviation=durations.deviation)
                await accounts.set_pause(connection, api_account, PAUSED_BY_OWNER)
            if waiting:
                await fill(harness, waiting, 0)
        start = time.perf_counter()
        async with bot_process(folder, log=folder / "log", DASHSCOPE_API_KEY=KEY) as running:
            seconds = time.perf_counter() - start
            for number in range(3):
                job = await running.request(portrait_jpeg(shade=number), key=f"bench-of-memory-{number}")
                await running.when(job, "queued")
            return StartupResult(seconds, *memory(running.process.pid))


def section(peer: StartupResult, found: Mapping[str, StartupResult], *, waiting: int) -> Section:
    """The section of the report."""
    head = ("process", "ready, s", "of bare", "memory, MiB", "with children", "of bare")
    rows = [_row("a bare starlette and uvicorn", peer, peer)]
    rows += [_row(name, one, peer) for name, one in found.items()]
    idle, stand_in, *_ = found.values()
    few, many = list(found.values())[-2:]
    each = (many.mib - few.mib) / (waiting / 10_000)
    aims = (
        Aim("start to ready", f"≤ {READY} s", f"{idle.seconds:.2f} s", idle.seconds <= READY),
        Aim("idle with a key", f"≤ {IDLE} MiB", f"{idle.total} MiB", idle.total <= IDLE),
        Aim(
            "idle with the stand-in",
            f"≤ {IDLE_WITH_STAND_IN} MiB",
            f"{stand_in.total} MiB",
            stand_in.total <= IDLE_WITH_STAND_IN,
        ),
    )
    notes = (f"Ten thousand waiting requests take {each:.1f} MiB of the bot's memory.",)
    how = """
        The bot in a process of its own with SQLite and the web page, on a folder that was used before (the first start
        creates the tables). In the last two rows the owner has paused the account, and three visitors in the queue see
        their places.
    """
    return Section("start", "Start and memory", how, [Table(head, rows)], aims, notes)


def _row(name: str, one: StartupResult, peer: StartupResult) -> tuple[str, ...]:
    ready = f"{one.seconds:.2f}", f"{one.seconds / peer.seconds:.1f}"
    return (name, *ready, f"{one.mib}", f"{one.total}", f"{one.total / peer.total:.1f}")


async def measure(starts: int, waiting: int) -> Section:
    """The peer, the bot in its usual configurations, and the bot with a long queue."""
    peer = median_result([await start_bare_app() for _ in range(starts)])
    found = {
        "the bot with a key": await median_start(starts, DASHSCOPE_API_KEY=KEY),
        "the bot without one, with its own stylizer": await median_start(starts, DASHSCOPE_API_KEY=""),
        "the bot with a key, 3 jobs wait": await start_with_queue(0),
        f"the bot with a key, {waiting:,} jobs wait": await start_with_queue(waiting),
    }
    return section(peer, found, waiting=waiting)


def main() -> None:
    """Print the results and write them to the page."""
    publish(asyncio.run(measure(STARTS, WAITING)))
