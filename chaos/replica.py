"""One of several replicas of the bot: a process that is started again whenever it has died, with a port, a folder and a
wire to the database of its own."""

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
from chaos.tcp_proxy import TcpProxy, tcp_proxy
from chaos.testbed import Testbed, free_port

MAX_RESTART_DELAY = 2.0  # at most, between a death and the next life
MAX_COMMITS = 60  # of a life, at whose edges it may end
CRASH_POINT_RATE = 0.3  # of all lives
LINKS = ("inline", "upload")  # a signed link leads to a public address that stays while one dies: there is none here
UNEXPECTED_EXIT = "by itself"


@dataclass
class Replica:
    """`living` is its present life; `point` where that will end by itself; `shift` the error of its wall clock."""

    number: int
    stage: Testbed
    line: TcpProxy
    settings: dict[str, Any]
    dice: random.Random
    port: int = field(default_factory=free_port)
    living: BotProcess | None = None
    point: CrashPoint | None = None
    peaceful: bool = False  # it is not to die by itself
    shift: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver").RawValue("d", 0.0))
    ends: list[str] = field(default_factory=list)  # what each life has died of
    _cause: str = ""

    @property
    def pid(self) -> int:
        """0 while it is away."""
        return 0 if self.living is None else self.living.pid

    @property
    def address(self) -> str | None:
        """Where it answers, if it does."""
        told = None if self.living is None else self.living.address
        return told.result() if told is not None and told.done() else None

    async def run(self) -> None:
        """Live again and again, until cancelled."""
        while True:
            self.point = None
            if not self.peaceful and self.dice.random() < CRASH_POINT_RATE:
                self.point = CrashPoint(self.dice.choice(EDGES), self.dice.randint(1, MAX_COMMITS))
            async with bot_process(self._birth()) as self.living:
                await self.living.died.wait()
            self.living = None
            self.ends.append(self._cause or ("" if self.point is None else self.point.edge) or UNEXPECTED_EXIT)
            self._cause = ""
            await asyncio.sleep(0 if self.peaceful else self.dice.uniform(0, MAX_RESTART_DELAY))

    def kill(self, cause: str) -> None:
        """SIGKILL, if it lives."""
        if self.living is not None and not self._cause:
            self._cause = cause
            self.living.kill()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """SIGSTOP until the block ends."""
        if living := self.living:
            os.kill(living.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if living is not None and not living.died.is_set():
                os.kill(living.pid, signal.SIGCONT)

    def _birth(self) -> BotConfig:
        folder = self.stage.folder / f"replica-{self.number}"
        folder.mkdir(exist_ok=True)
        usual = self.stage.usual(folder, self.port)
        settings = {**usual, "photo_links": self.dice.choice(LINKS), **self.settings}
        log = self.stage.folder / f"replica-{self.number}.log"
        return BotConfig(settings, self.stage.haste, log, self.shift, self.point, is_shared=True)


@asynccontextmanager
async def replica(
    number: int, stage: Testbed, database: str, settings: dict[str, Any], dice: random.Random
) -> AsyncIterator[Replica]:
    """A replica that lives, with interruptions, until the block ends. `database`: its address, without the wire."""
    before, _, after = database.rpartition("@")
    where, _, name = after.partition("/")
    host, _, port = where.partition(":")
    async with tcp_proxy((host, int(port))) as line:
        mine = {**settings, "database_url": f"{before}@127.0.0.1:{line.port}/{name}"}
        here = Replica(number, stage, line, mine, random.Random(dice.random()))
        living = asyncio.create_task(here.run())
        try:
            yield here
        finally:
            living.cancel()
            await asyncio.wait([living])
