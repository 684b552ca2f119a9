"""Our server on a real socket: garbage and smuggled requests get one response and no more."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.app import Installation, web_application
from bot.http.server import listen, serve
from tests.conftest import SHARED_LOOP

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n\r\n"
SMUGGLED = b"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def served_on_port(app: Installation, head_seconds: float = 20.0) -> AsyncIterator[int]:
    """The port of the real server."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        serve_it = serve(web_application(app), listener, stop, lambda _: ready.set(), head_seconds=head_seconds)
        task = asyncio.create_task(serve_it)
        await ready.wait()
        yield listener.getsockname()[1]
        stop.set()
        await task


async def responses(port: int, *app: bytes) -> bytes:
    """Everything received on one connection until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in app:
        writer.write(part)
        await writer.drain()
    async with asyncio.timeout(30):
        try:
            response = await reader.read()
        except ConnectionResetError:
            response = b""
    writer.close()
    return response


SMUGGLING = {
    "length and chunks": b"POST /api/jobs HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": b"POST /api/jobs HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 0\r\nContent-Length: 99\r\nConnection: close\r\n\r\n"
    + SMUGGLED,
    "odd length": b"POST /api/jobs HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\nConnection: close\r\n\r\n" + SMUGGLED,
    "odd chunks": b"POST /api/jobs HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked, identity\r\nConnection: close\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "spaced name": b"POST /api/jobs HTTP/1.1\r\n"
    + HOST
    + b"Content-Length : 50\r\nConnection: close\r\n\r\n"
    + SMUGGLED,
    "folded line": b"GET /api/quota HTTP/1.1\r\n"
    + HOST
    + b"X: y\r\n Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    + SMUGGLED,
    "line in a value": b"GET /api/quota HTTP/1.1\r\n"
    + HOST
    + b"X: y\rTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    + SMUGGLED,
    "two hosts": b"GET /api/quota HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\nConnection: close\r\n\r\n" + SMUGGLED,
    "no host": b"GET /api/quota HTTP/1.1\r\nConnection: close\r\n\r\n" + SMUGGLED,
}
GARBAGE = {
    "words": b"hello there\r\n\r\n",
    "zeros": bytes(200) + b"\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    "long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + CLOSE,
    "many headers": b"GET /no HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 20_000 + CLOSE,
    "a zero in the path": b"GET /static/\x00 HTTP/1.1\r\n" + HOST + CLOSE,
}


@SHARED_LOOP
async def test_no_request_smuggles_another_and_garbage_is_rejected(app: Installation) -> None:
    async with served_on_port(app) as port:
        for name, sent in SMUGGLING.items():
            response = await responses(port, sent)
            assert response.count(b"HTTP/1.1 ") == 1, (name, response)
        for name, sent in GARBAGE.items():
            response = await responses(port, sent)
            assert response == b"" or response.split()[1] in {b"400", b"404"}, (name, response[:100])
        good = await responses(port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert good.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "path",
    [
        b"/static/../../bot/settings.py",
        b"/static/..%2f..%2fsettings.py",
        b"/static/%2e%2e/%2e%2e/secret.key",
        b"//etc/passwd",
        b"/static//etc/passwd",
        b"/photos/../secret.key",
        b"/samples/..%2f..%2f..%2fx.jpg",
        b"http://localhost/../secret.key",
        b"/static/..\\..\\settings.py",
    ],
)
@SHARED_LOOP
async def test_no_path_leaves_the_static_folder(app: Installation, path: bytes) -> None:
    async with served_on_port(app) as port:
        response = await responses(port, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert response.split()[1] in {b"404", b"400", b"405"}, response[:200]


@pytest.mark.parametrize("begun", [(), (b"GET / HT",), (b"GET / HTTP/1.1\r\n" + HOST, b"X-Slow: 1\r\n")])
@SHARED_LOOP
async def test_slow_request_heads_are_disconnected(app: Installation, begun: tuple[bytes, ...]) -> None:
    async with served_on_port(app, head_seconds=0.3) as port:
        assert await responses(port, *begun) == b""
        whole = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
        with socket.create_connection(
            ("127.0.0.1", port)
        ) as quick:  # a second request that never ends is disconnected too
            response = await asyncio.to_thread(_exchange, quick, whole, b"GET /healthz HT")
        assert response.count(b"HTTP/1.1 200") == 1


def _exchange(connection: socket.socket, *app: bytes) -> bytes:
    """What is received after each part, and then until the server closes the connection."""
    connection.settimeout(30)
    response = b""
    for part in app:
        connection.sendall(part)
        response += connection.recv(65536)
    while more := connection.recv(65536):
        response += more
    return response


@SHARED_LOOP
async def test_metrics_are_served_locally_but_not_through_a_proxy(app: Installation) -> None:
    async with served_on_port(app) as port:
        request = b"GET /metrics HTTP/1.1\r\n" + HOST
        assert (await responses(port, request + CLOSE)).split()[1] == b"200"
        for forwarded in (b"X-Forwarded-For: 127.0.0.1", b"Forwarded: for=127.0.0.1", b"x-real-ip: 127.0.0.1"):
            assert (await responses(port, request + forwarded + b"\r\n" + CLOSE)).split()[1] == b"403", forwarded
