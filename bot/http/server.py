"""Our HTTP server: listening comes first, so that a taken port is known before anything starts; then uvicorn on it."""

import asyncio
import socket
from collections.abc import Callable
from typing import ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.messaging.platform import CannotStart
from common import http_server

HEAD_SECONDS = 20.0
IDLE_SECONDS = 75  # a proxy before us keeps its connections for 60 s or so; whoever hangs up first loses nothing
GOODBYE_SECONDS = 2  # for open requests; event streams never end by themselves


class _Punctual(H11Protocol):
    """Hangs up on whoever takes too long to say what they want; uvicorn itself would listen for ever."""

    seconds: ClassVar[float] = HEAD_SECONDS
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._listens()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._has_heard()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:  # a request has begun, and is not there yet
            self._listens()
        else:
            self._has_heard()

    def _listens(self) -> None:
        if self._late is None:
            self._late = asyncio.get_running_loop().call_later(self.seconds, self._hangs_up)

    def _has_heard(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _hangs_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off (40 ms an answer) only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = f"Could not listen on {host}:{port}: {error.strerror}. Set another HOST or PORT in .env."
        raise CannotStart(why) from None
    return listener


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds us. Pure."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    *,
    head_seconds: float = HEAD_SECONDS,
) -> None:
    """Serve until told to stop. `ready` is called with our address once it answers; a request's head may take
    `head_seconds` to arrive."""
    config = uvicorn.Config(
        app,
        http=type("Punctual", (_Punctual,), {"seconds": head_seconds}),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    ours = address(*listener.getsockname()[:2])
    await http_server.serve(config, stop, listener=listener, ready=lambda: ready(ours))
