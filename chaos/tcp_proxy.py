"""The wire between one replica and the database: it can be cut, or fall silent, and be mended again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

State = Literal["whole", "cut", "silent"]
CHUNK = 64 * 1024


@dataclass
class TcpProxy:
    """`whole`: bytes pass. `cut`: what was connected breaks off, and nobody gets through. `silent`: nothing passes in
    either direction, and nobody is told."""

    upstream: tuple[str, int]
    port: int = 0
    state: State = "whole"
    _mended: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._mended.set()

    def cut(self) -> None:
        self.state = "cut"
        self._break()

    def hush(self) -> None:
        self.state = "silent"
        self._mended.clear()

    def mend(self) -> None:
        """New connections get through. Those that were silent break: their peers have given them up, or will."""
        if self.state == "silent":
            self._break()
        self.state = "whole"
        self._mended.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._lines[task] = [writer]
        with suppress(OSError, asyncio.CancelledError):
            await self._join(task, reader, writer)
        for one in self._lines.pop(task):
            one.transport.abort()

    async def _join(self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._mended.wait()
        if self.state == "cut":
            return
        theirs, ours = await asyncio.open_connection(*self.upstream)
        self._lines[task].append(ours)
        ways = [asyncio.create_task(self._carry(reader, ours)), asyncio.create_task(self._carry(theirs, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._mended.wait()
            writer.write(data)
            await writer.drain()

    def _break(self) -> None:
        for task in list(self._lines):
            task.cancel()

    async def stop(self) -> None:
        """Nobody is connected any more."""
        tasks = list(self._lines)
        self._break()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def tcp_proxy(upstream: tuple[str, int]) -> AsyncIterator[TcpProxy]:
    """A wire on a loopback port, until the end of the block."""
    here = TcpProxy(upstream)
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.port = int(server.sockets[0].getsockname()[1])
    try:
        yield here
    finally:
        server.close()
        await here.stop()
        await server.wait_closed()
