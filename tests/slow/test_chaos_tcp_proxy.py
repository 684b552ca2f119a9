"""The TCP proxy can be cut, black-holed and restored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chaos.tcp_proxy import TcpProxy, tcp_proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(100):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def connected(proxy: TcpProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def received(reader: asyncio.StreamReader) -> bytes:
    """Empty when the connection is closed, in whatever way."""
    try:
        return await reader.read(100)
    except ConnectionError:
        return b""


async def passes(proxy: TcpProxy) -> bool:
    async with connected(proxy) as (reader, writer):
        writer.write(b"hello")
        return await received(reader) == b"hello"


async def test_a_proxy_passes_bytes_is_cut_is_black_holed_and_is_restored() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with asyncio.timeout(30), server, tcp_proxy(("127.0.0.1", server.sockets[0].getsockname()[1])) as proxy:
        assert await passes(proxy)
        async with connected(proxy) as (reader, writer):
            writer.write(b"open")
            assert await received(reader) == b"open"
            proxy.cut()
            assert await received(reader) == b""
        assert not await passes(proxy)
        proxy.restore()
        async with connected(proxy) as (reader, writer):
            writer.write(b"open")
            assert await received(reader) == b"open"
            proxy.blackhole()
            writer.write(b"lost")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.1)
            proxy.restore()
            assert await received(reader) == b""
        assert await passes(proxy)
