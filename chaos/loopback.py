"""TCP servers on loopback ports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

LIMIT = 64 * 1024  # bytes of a stream's buffer


class LoopbackServer(Protocol):
    """Handles connections, and can drop them all."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    async def stop(self) -> None: ...


@asynccontextmanager
async def listening(server: LoopbackServer) -> AsyncIterator[int]:
    """The port of a server that runs until the end of the block."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=LIMIT)
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()
