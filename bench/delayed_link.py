"""A network on the way to a server: whatever is sent arrives later, in either direction, and in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 65536
Pipe = asyncio.Queue[tuple[float, bytes]]  # when it arrives, and what; nothing: the end


@dataclass
class DelayedLink:
    """`delay` gives the seconds that each piece of data is under way. `upstream` is where connections lead."""

    upstream: tuple[str, int]
    delay: Callable[[], float]
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        there, back = await asyncio.open_connection(*self.upstream)
        for source, sink in ((reader, back), (there, writer)):
            way: Pipe = asyncio.Queue()
            for task in (self._send_off(source, way), self._arrive(way, sink)):
                running = asyncio.create_task(task)
                self._running.add(running)
                running.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Nothing is under way any more."""
        for running in list(self._running):
            running.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _send_off(self, source: asyncio.StreamReader, way: Pipe) -> None:
        clock, data = asyncio.get_running_loop().time, b" "
        while data:
            try:
                data = await source.read(CHUNK)
            except OSError:
                data = b""  # it has gone without a word: the other side hears of it later, too
            way.put_nowait((clock() + self.delay(), data))

    async def _arrive(self, way: Pipe, sink: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            at, data = await way.get()
            await asyncio.sleep(at - clock())
            if not data:
                break
            sink.write(data)
        sink.close()


@asynccontextmanager
async def delayed_link(upstream: tuple[str, int], delay: Callable[[], float]) -> AsyncIterator[str]:
    """The address (`http://host:port`) at which a server can be reached with this delay."""
    distance = DelayedLink(upstream, delay)
    server = await asyncio.start_server(distance.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await distance.stop()
        await server.wait_closed()
