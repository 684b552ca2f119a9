"""An HTTP server on loopback that controls every byte: it reads slowly, answers slowly, and breaks off where it is told
to. Connections are kept alive, as the API keeps them.

    async with wire_server(answer, now=time.time) as server:
        client = httpx.AsyncClient(base_url=server.url)
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

CHUNK = 20_000
LATE_SECONDS = 0.3  # a gateway that has read a long request needs so long to pass it on


@dataclass(frozen=True)
class HttpRequest:
    """A request as it arrived; names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class HttpReply:
    """What goes back. `cut_after`: the connection breaks after so many bytes of the body, None: never, -1: before the
    head. `bytes_per_second`: of the body."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    bytes_per_second: float | None = None


DROPPED = HttpReply(cut_after=-1)
Answer = Callable[[HttpRequest], Awaitable[HttpReply]]


class WireServer:
    """See the module's docstring. `uplink`: how many bytes a second it takes from clients, None: all at once."""

    def __init__(self, answer: Answer, now: Callable[[], float], uplink: float | None) -> None:
        self.url = ""
        self.broken_uploads = 0  # requests whose sender hung up before they were complete
        self.failures: list[Exception] = []  # bugs in the server itself
        self._answer, self._now, self._uplink = answer, now, uplink
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went first, or the test is over
        except Exception as error:
            self.failures.append(error)
            raise
        finally:
            self._connections.discard(task)
            writer.close()

    async def stop(self) -> None:
        """End all connections."""
        for task in self._connections:
            task.cancel()
        while self._connections:
            await asyncio.wait(self._connections)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; whether the connection goes on."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await self._body(reader, int(headers.get("content-length", "0")))
        url = urlsplit(target)
        request = HttpRequest(method, url.path, dict(parse_qsl(url.query)), headers, body)
        return await self._send(writer, await self._answer(request))

    async def _body(self, reader: asyncio.StreamReader, size: int) -> bytes:
        if self._uplink is None:
            return await reader.readexactly(size)
        body, loop = bytearray(), asyncio.get_running_loop()
        began = loop.time()
        while len(body) < size:
            chunk = await reader.read(min(size - len(body), CHUNK))
            body += chunk
            if not chunk:
                self.broken_uploads += 1
                raise ConnectionError
            await asyncio.sleep(began + len(body) / self._uplink - loop.time())
        if size > CHUNK:
            await asyncio.sleep(LATE_SECONDS)
        if reader.at_eof():  # whoever hung up meanwhile is not served
            self.broken_uploads += 1
            raise ConnectionError
        return bytes(body)

    async def _send(self, writer: asyncio.StreamWriter, reply: HttpReply) -> bool:
        if reply.cut_after == -1:
            writer.transport.abort()
            return False
        headers = {"Date": formatdate(self._now(), usegmt=True), "Content-Type": reply.content_type}
        headers |= {"Content-Length": str(len(reply.body)), **reply.headers}
        head = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", *map(": ".join, headers.items())]
        writer.write("\r\n".join([*head, "", ""]).encode())
        body = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
        step = CHUNK if reply.bytes_per_second else max(1, len(body))
        for start in range(0, len(body), step):
            writer.write(body[start : start + step])
            await writer.drain()
            if reply.bytes_per_second:
                await asyncio.sleep(step / reply.bytes_per_second)
        await writer.drain()
        return reply.cut_after is None


@asynccontextmanager
async def wire_server(
    answer: Answer, *, now: Callable[[], float], uplink: float | None = None
) -> AsyncIterator[WireServer]:
    """Serve on a free port until the end of the block; `now` in epoch seconds, for the Date header."""
    here = WireServer(answer, now, uplink)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        if uplink is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)  # else the kernel takes it all at once
        listener.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(here.serve, sock=listener, limit=1 << 16)
        here.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield here
        finally:
            server.close()
            await here.stop()
            await server.wait_closed()
