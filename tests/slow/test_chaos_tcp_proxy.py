"""The wire to the database can be cut and hushed, and what comes after is as before."""

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
    """Nothing when the connection is gone, however it went."""
    try:
        return await reader.read(100)
    except ConnectionError:
        return b""


async def carries(proxy: TcpProxy) -> bool:
    async with connected(proxy) as (reader, writer):
        writer.write(b"hello")
        return await received(reader) == b"hello"


async def test_a_wire_carries_is_cut_falls_silent_and_is_mended() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with asyncio.timeout(30), server, tcp_proxy(("127.0.0.1", server.sockets[0].getsockname()[1])) as proxy:
        assert await carries(proxy)
        async with connected(proxy) as (reader, writer):
            writer.write(b"whole")
            assert await received(reader) == b"whole"
            proxy.cut()
            assert await received(reader) == b""
        assert not await carries(proxy)
        proxy.restore()
        async with connected(proxy) as (reader, writer):
            writer.write(b"whole")
            assert await received(reader) == b"whole"
            proxy.blackhole()
            writer.write(b"hushed")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.1)
            proxy.restore()
            assert await received(reader) == b""
        assert await carries(proxy)
