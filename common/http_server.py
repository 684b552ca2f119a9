"""uvicorn in a process that does more than serve: someone else decides when it stops."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling.

    uvicorn raises a signal again as soon as it has stopped serving, which would end the process before the rest of it
    is closed.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    config: uvicorn.Config,
    stop: asyncio.Event,
    *,
    listener: socket.socket | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is set, then finish as `config` says.

    `listener` is a bound socket; without one, the config's host and port are used. `ready` is called once requests are
    answered. Serving that ends by itself (the port is taken) ends this call too.
    """
    server = _Server(config, ready)
    serving = asyncio.create_task(server.serve(sockets=None if listener is None else [listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving
