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
    _passable: asyncio.Event = field(default_factory=asyncio.Event)
    _connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._passable.set()

    def cut(self) -> None:
        self.state = "cut"
        self._drop_connections()

    def blackhole(self) -> None:
        self.state = "silent"
        self._passable.clear()

    def restore(self) -> None:
        """New connections get through. Those that were silent break: their peers have given them up, or will."""
        if self.state == "silent":
            self._drop_connections()
        self.state = "whole"
        self._passable.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = [writer]
        with suppress(OSError, asyncio.CancelledError):
            await self._connect(task, reader, writer)
        for one in self._connections.pop(task):
            one.transport.abort()

    async def _connect(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._passable.wait()
        if self.state == "cut":
            return
        theirs, ours = await asyncio.open_connection(*self.upstream)
        self._connections[task].append(ours)
        pumps = [asyncio.create_task(self._pump(reader, ours)), asyncio.create_task(self._pump(theirs, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._passable.wait()
            writer.write(data)
            await writer.drain()

    def _drop_connections(self) -> None:
        for task in list(self._connections):
            task.cancel()

    async def stop(self) -> None:
        """Nobody is connected any more."""
        tasks = list(self._connections)
        self._drop_connections()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def tcp_proxy(upstream: tuple[str, int]) -> AsyncIterator[TcpProxy]:
    """A wire on a loopback port, until the end of the block."""
    proxy = TcpProxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = int(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
