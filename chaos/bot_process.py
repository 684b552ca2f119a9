"""One process of the bot: the whole product, from its start until it ends or is killed."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Thread
from typing import Any

from bot.app import run
from bot.config.settings import Settings
from bot.runtime import event_loop
from bot.runtime.logging import set_up_logging
from chaos.crash_points import CrashPoint, arm
from chaos.fast_clock import ScaledClock, TimeScale, scale_boot_clock, skew_wall_clock
from storage.sqlite_connection import SqliteConnection
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.slow_disk import slow_commit

_CONTEXT = get_context("forkserver")  # imports are done once; each bot process is a fork
_CONTEXT.set_forkserver_preload(["chaos.bot_process", "handlers.telegram", "handlers.discord"])


@dataclass(frozen=True)
class BotConfig:
    """What a bot process is started with. `clock_skew`: shared memory holding the error of the wall clock in
    seconds. Without an API key the bot runs its own stylizer, with a quick engine. `is_shared`: several processes
    share a database and its clock, so all of them run in real time. `flush_seconds`: shared memory holding how long its
    disk takes for each flush, in seconds of the machine."""

    settings: Mapping[str, Any]
    time_scale: TimeScale
    log: Path
    clock_skew: Any
    crash_point: CrashPoint | None = None
    is_shared: bool = False
    flush_seconds: Any = None


def run_bot(config: BotConfig, sender: Pipe) -> None:
    """In the new process: run until killed. Sends the address once the bot serves requests."""
    log = os.open(config.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    set_up_logging("info")
    if config.crash_point is not None:
        arm(config.crash_point)
    if config.flush_seconds is not None:
        commit = slow_commit(lambda: float(config.flush_seconds.value))
        setattr(SqliteConnection, "commit", commit)  # noqa: B010  # mypy forbids assigning to a method
    Thread(target=_exit_with_parent, daemon=True).start()
    scale_boot_clock(config.time_scale)
    clock = None if config.is_shared else ScaledClock(config.time_scale, lambda: float(config.clock_skew.value))
    if config.is_shared:
        skew_wall_clock(lambda: float(config.clock_skew.value))
    settings = Settings(_env_file=None, **config.settings)

    async def until_killed() -> None:
        await run(settings, asyncio.Event(), ready=sender.send, clock=clock, engine=quick_engine(in_processes=True))

    event_loop.run(until_killed())


def _exit_with_parent() -> None:
    """Leave no bot behind when the chaos run is interrupted or killed."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


class BotProcess:
    """A bot process seen from outside. `address` is set once it serves requests, to None if it died before that."""

    def __init__(self, process: ForkServerProcess, receiver: Pipe) -> None:
        self.died = asyncio.Event()
        self.address: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._process = process
        self._hears = receiver
        loop = asyncio.get_running_loop()
        loop.add_reader(receiver.fileno(), self._on_address)
        loop.add_reader(process.sentinel, self._on_exit)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, without a clean shutdown."""
        if not self.died.is_set():
            self._process.kill()

    async def wait_ended(self) -> None:
        """Wait until the process is gone."""
        await self.died.wait()
        self._process.join()

    def _on_address(self) -> None:
        asyncio.get_running_loop().remove_reader(self._hears.fileno())
        try:
            address = str(self._hears.recv())
        except EOFError:
            address = None
        if not self.address.done():
            self.address.set_result(address)

    def _on_exit(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._process.sentinel)
        loop.remove_reader(self._hears.fileno())
        self.died.set()
        if not self.address.done():
            self.address.set_result(None)


@asynccontextmanager
async def bot_process(config: BotConfig) -> AsyncIterator[BotProcess]:
    """A bot process that ends with the block at the latest."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=run_bot, args=(config, sender), daemon=False)
    await asyncio.to_thread(process.start)
    sender.close()
    bot = BotProcess(process, receiver)
    try:
        yield bot
    finally:
        bot.kill()
        await bot.wait_ended()
        receiver.close()
        process.close()
