"""A real HTTP server on loopback that answers as scripted, or hangs, drops and talks nonsense."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes back: a proper answer, or (`raw`) any bytes. Then the connection is closed."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None

    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(self.body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(value).encode(), tuple(headers.items()))


async def hang(_: Received) -> Reply:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


Handler = Callable[[Received], Awaitable[Reply] | Reply]


class Loopback:
    """The server: `url` to reach it, `received` in order of arrival, `met` once there was a request."""

    def __init__(self, handler: Handler) -> None:
        self.received: list[Received] = []
        self.met = asyncio.Event()
        self.url = ""
        self._handler = handler
        self._busy: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._busy.add(task)
        try:
            request = await self._read(reader)
            self.received.append(request)
            self.met.set()
            reply = self._handler(request)
            writer.write((reply if isinstance(reply, Reply) else await reply).bytes())
            await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went first, or the test is over
        finally:
            self._busy.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in list(self._busy):
            task.cancel()
        while self._busy:
            await asyncio.wait(self._busy)

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Received(method, target, headers, body)


@asynccontextmanager
async def loopback(handler: Handler) -> AsyncIterator[Loopback]:
    """Runs the server for the length of a test."""
    here = Loopback(handler)
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        server.close()
        await here.stop()
        await server.wait_closed()
