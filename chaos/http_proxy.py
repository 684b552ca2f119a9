"""An HTTP proxy between the bot and a server it calls; faults can be injected into every call."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chaos.loopback import listening

PROBE = b"PROBE / HTTP/1.1\r\n\r\n"


@dataclass(frozen=True)
class ProxiedCall:
    """One call at the proxy. `kind` is what policies select by."""

    kind: str
    head: bytes  # up to and including the empty line, with `Connection: close`
    body: bytes
    upstream: tuple[str, int]
    writer: asyncio.StreamWriter

    @property
    def caller(self) -> int:
        """The port at which the caller's connection starts."""
        return int(self.writer.get_extra_info("peername")[1])

    async def forward(self) -> bytes:
        """Carry the call out. Returns the whole response as bytes."""
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(self.head + self.body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()

    async def answer(self, data: bytes) -> None:
        """Send bytes to the caller; a no-op when it has disconnected."""
        self.writer.write(data)
        await self.writer.drain()


Action = Callable[[ProxiedCall], Awaitable[None]]
Policy = Callable[[ProxiedCall], Action]


async def pass_through(call: ProxiedCall) -> None:
    """No fault."""
    await call.answer(await call.forward())


@dataclass
class HttpProxy:
    """`policy` chooses the action for each call; `seen` counts calls by kind."""

    upstream: tuple[str, int]
    kind_of: Callable[[str, str], str]  # method, path
    policy: Policy = field(default=lambda _: pass_through)
    seen: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _busy: dict[asyncio.Task[None], str] = field(default_factory=dict)  # with the kind of call, once known

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._busy[task] = ""
        try:
            call = await self._read(reader, writer)
            if call is None:
                return
            self._busy[task] = call.kind
            self.seen[call.kind] += 1
            await self.policy(call)(call)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller was killed, the server has gone, or the proxy is being stopped
        finally:
            del self._busy[task]
            writer.close()

    async def settled(self, *, ignoring: str = "") -> None:
        """Wait until no call is in progress. What a caller sent before it died is still carried out, and what lies
        in the listen queue is served before this probe."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(PROBE)
        await reader.read()
        writer.close()
        while pending := [task for task, kind in self._busy.items() if kind != ignoring]:
            await asyncio.wait(pending)

    async def stop(self) -> None:
        for task in list(self._busy):
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> ProxiedCall | None:
        received = await reader.readuntil(b"\r\n\r\n")
        if received == PROBE:
            return None
        lines = received.split(b"\r\n")[:-2]
        method, path, _ = lines[0].decode("latin-1").split(" ")
        length, kept = 0, [lines[0]]
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if name.lower() not in {b"connection", b"keep-alive"}:
                kept.append(line)
        head = b"\r\n".join([*kept, b"Connection: close", b"", b""])
        body = await reader.readexactly(length)
        return ProxiedCall(self.kind_of(method, path), head, body, self.upstream, writer)


@asynccontextmanager
async def http_proxy(upstream: str, kind_of: Callable[[str, str], str]) -> AsyncIterator[HttpProxy]:
    """A proxy on a loopback port in front of `upstream` (`http://host:port`), until the end of the block."""
    parts = urlsplit(upstream)
    assert parts.hostname
    assert parts.port
    proxy = HttpProxy((parts.hostname, parts.port), kind_of)
    async with listening(proxy) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy
