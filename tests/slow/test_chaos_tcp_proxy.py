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
async def connected(line: TcpProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said(reader: asyncio.StreamReader) -> bytes:
    """Nothing when the connection is gone, however it went."""
    try:
        return await reader.read(100)
    except ConnectionError:
        return b""


async def carries(line: TcpProxy) -> bool:
    async with connected(line) as (reader, writer):
        writer.write(b"hello")
        return await said(reader) == b"hello"


async def test_a_wire_carries_is_cut_falls_silent_and_is_mended() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with asyncio.timeout(30), server, tcp_proxy(("127.0.0.1", server.sockets[0].getsockname()[1])) as line:
        assert await carries(line)
        async with connected(line) as (reader, writer):
            writer.write(b"whole")
            assert await said(reader) == b"whole"
            line.cut()
            assert await said(reader) == b""
        assert not await carries(line)
        line.mend()
        async with connected(line) as (reader, writer):
            writer.write(b"whole")
            assert await said(reader) == b"whole"
            line.hush()
            writer.write(b"hushed")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.1)
            line.mend()
            assert await said(reader) == b""
        assert await carries(line)
