"""A TCP proxy, here between a replica and the database: it can be cut, black-holed and restored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from chaos.loopback import listening

State = Literal["open", "cut", "blackholed"]
CHUNK = 64 * 1024


@dataclass
class TcpProxy:
    """`open`: bytes pass. `cut`: existing connections are dropped and new ones refused. `blackholed`: no bytes pass
    in either direction and no connection is closed."""

    upstream: tuple[str, int]
    port: int = 0
    state: State = "open"
    _passable: asyncio.Event = field(default_factory=asyncio.Event)
    _connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._passable.set()

    def cut(self) -> None:
        self.state = "cut"
        self._drop_connections()

    def blackhole(self) -> None:
        self.state = "blackholed"
        self._passable.clear()

    def restore(self) -> None:
        """Accept new connections. Those that were black-holed are dropped: their peers have given up on them, or
        will."""
        if self.state == "blackholed":
            self._drop_connections()
        self.state = "open"
        self._passable.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
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
        from_upstream, to_upstream = await asyncio.open_connection(*self.upstream)
        self._connections[task].append(to_upstream)
        pumps = [
            asyncio.create_task(self._pump(reader, to_upstream)),
            asyncio.create_task(self._pump(from_upstream, writer)),
        ]
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
        """Drop all connections."""
        tasks = list(self._connections)
        self._drop_connections()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def tcp_proxy(upstream: tuple[str, int]) -> AsyncIterator[TcpProxy]:
    """A proxy on a loopback port, until the end of the block."""
    proxy = TcpProxy(upstream)
    async with listening(proxy) as proxy.port:
        yield proxy


@asynccontextmanager
async def database_proxy(url: str) -> AsyncIterator[tuple[TcpProxy, str]]:
    """A proxy in front of the database at this URL, and the URL of the database through it."""
    credentials, _, after = url.rpartition("@")
    address, _, name = after.partition("/")
    host, _, port = address.partition(":")
    async with tcp_proxy((host, int(port))) as proxy:
        yield proxy, f"{credentials}@127.0.0.1:{proxy.port}/{name}"
