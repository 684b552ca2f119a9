"""A network on the way to a server: whatever is sent arrives later, in either direction, and in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 65536


@dataclass
class Distance:
    """`delay` gives the seconds that each piece of data is under way. `upstream` is where connections lead."""

    upstream: tuple[str, int]
    delay: Callable[[], float]
    _ways: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        there, back = await asyncio.open_connection(*self.upstream)
        for source, sink in ((reader, back), (there, writer)):
            way = asyncio.create_task(self._carry(source, sink))
            self._ways.add(way)
            way.add_done_callback(self._ways.discard)

    async def stop(self) -> None:
        """Nothing is under way any more."""
        for way in list(self._ways):
            way.cancel()
        if self._ways:
            await asyncio.wait(self._ways)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop, last = asyncio.get_running_loop(), 0.0
        try:
            while data := await source.read(CHUNK):
                last = max(last, loop.time() + self.delay())
                loop.call_at(last, sink.write, data)
        except OSError:
            pass  # one side has gone, and the other one hears of it
        finally:
            loop.call_at(max(last, loop.time()), sink.close)


@asynccontextmanager
async def far_away(upstream: tuple[str, int], delay: Callable[[], float]) -> AsyncIterator[str]:
    """The address (`http://host:port`) at which a server can be reached with this delay."""
    distance = Distance(upstream, delay)
    server = await asyncio.start_server(distance.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await distance.stop()
        await server.wait_closed()
