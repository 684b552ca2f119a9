"""One of several replicas of the bot: a process that is restarted whenever it dies, with a port, a folder and a
database connection of its own."""

import asyncio
import multiprocessing
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chaos.bot_process import BotConfig, BotProcess, bot_process
from chaos.crash_points import EDGES, CrashPoint
from chaos.tcp_proxy import TcpProxy, database_proxy
from chaos.testbed import Testbed, free_port

MAX_RESTART_DELAY = 2.0  # seconds
MAX_COMMITS = 60  # of a process, at which it may kill itself
CRASH_POINT_RATE = 0.3  # of all processes
LINKS = ("inline", "upload")  # no signed links: they need a public address that outlives a replica
UNEXPECTED_EXIT = "unexpected exit"


@dataclass
class Replica:
    """`process` is the running process; `crash_point` where it will kill itself; `clock_skew` the error of its wall
    clock."""

    number: int
    testbed: Testbed
    proxy: TcpProxy
    settings: dict[str, Any]
    rng: random.Random
    port: int = field(default_factory=free_port)
    process: BotProcess | None = None
    crash_point: CrashPoint | None = None
    quiesced: bool = False  # no crash points
    clock_skew: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver").RawValue("d", 0.0))
    exits: list[str] = field(default_factory=list)  # the cause of each process's death
    _cause: str = ""

    @property
    def pid(self) -> int:
        """0 while it is down."""
        return 0 if self.process is None else self.process.pid

    @property
    def address(self) -> str | None:
        """Its URL, while it serves requests."""
        address = None if self.process is None else self.process.address
        return address.result() if address is not None and address.done() else None

    async def run(self) -> None:
        """Restart it whenever it dies, until cancelled."""
        while True:
            self.crash_point = None
            if not self.quiesced and self.rng.random() < CRASH_POINT_RATE:
                self.crash_point = CrashPoint(self.rng.choice(EDGES), self.rng.randint(1, MAX_COMMITS))
            async with bot_process(self._config()) as self.process:
                await self.process.died.wait()
            self.process = None
            self.exits.append(
                self._cause or ("" if self.crash_point is None else self.crash_point.edge) or UNEXPECTED_EXIT
            )
            self._cause = ""
            await asyncio.sleep(0 if self.quiesced else self.rng.uniform(0, MAX_RESTART_DELAY))

    def kill(self, cause: str) -> None:
        """SIGKILL, if it is running."""
        if self.process is not None and not self._cause:
            self._cause = cause
            self.process.kill()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """SIGSTOP until the block ends."""
        if process := self.process:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if process is not None and not process.died.is_set():
                os.kill(process.pid, signal.SIGCONT)

    def _config(self) -> BotConfig:
        folder = self.testbed.folder / f"replica-{self.number}"
        folder.mkdir(exist_ok=True)
        base_settings = self.testbed.base_settings(folder, self.port)
        settings = {**base_settings, "photo_links": self.rng.choice(LINKS), **self.settings}
        log = self.testbed.folder / f"replica-{self.number}.log"
        return BotConfig(settings, self.testbed.time_scale, log, self.clock_skew, self.crash_point, is_shared=True)


@asynccontextmanager
async def replica(
    number: int, testbed: Testbed, database: str, settings: dict[str, Any], rng: random.Random
) -> AsyncIterator[Replica]:
    """A replica that is kept running, with interruptions, until the block ends. `database`: its URL, without the
    proxy."""
    async with database_proxy(database) as (proxy, database_url):
        own_settings = {**settings, "database_url": database_url}
        started = Replica(number, testbed, proxy, own_settings, random.Random(rng.random()))
        process = asyncio.create_task(started.run())
        try:
            yield started
        finally:
            process.cancel()
            await asyncio.wait([process])
