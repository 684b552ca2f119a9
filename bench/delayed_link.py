"""A simulated network link: data arrives later, in either direction, and in order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chaos.loopback import listening

CHUNK = 65536
Pipe = asyncio.Queue[tuple[float, bytes]]  # arrival time and data; empty data: end of stream


@dataclass
class DelayedLink:
    """`delay` gives the seconds that each piece of data takes. `upstream` is the server."""

    upstream: tuple[str, int]
    delay: Callable[[], float]
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection until either side closes it."""
        upstream_reader, upstream_writer = await asyncio.open_connection(*self.upstream)
        for source, sink in ((reader, upstream_writer), (upstream_reader, writer)):
            pipe: Pipe = asyncio.Queue()
            for task in (self._receive(source, pipe), self._deliver(pipe, sink)):
                running = asyncio.create_task(task)
                self._running.add(running)
                running.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Stop all transmission."""
        for running in list(self._running):
            running.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _receive(self, source: asyncio.StreamReader, pipe: Pipe) -> None:
        clock, data = asyncio.get_running_loop().time, b" "
        while data:
            try:
                data = await source.read(CHUNK)
            except OSError:
                data = b""  # connection reset: the other side notices after the delay, too
            pipe.put_nowait((clock() + self.delay(), data))

    async def _deliver(self, pipe: Pipe, sink: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            at, data = await pipe.get()
            await asyncio.sleep(at - clock())
            if not data:
                break
            sink.write(data)
        sink.close()


@asynccontextmanager
async def delayed_link(upstream: str, delay: Callable[[], float]) -> AsyncIterator[str]:
    """The URL at which the server at `upstream` (`http://host:port`) can be reached with this delay."""
    parts = urlsplit(upstream)
    link = DelayedLink((str(parts.hostname), parts.port or 0), delay)
    async with listening(link) as port:
        yield f"http://127.0.0.1:{port}"
