"""The fake gateway: interrupted sessions resume without missing an event."""

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.fakes.discord_api.gateway import AUTHENTICATION_FAILED, DECODE_ERROR, DISALLOWED_INTENTS, Gateway
from tests.fakes.discord_api.objects import Guild
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.fakes.discord_api.sessions import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT

Json = Any


class GatewayClient:
    """One connection, read frame by frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.unzip = zlib.decompressobj()

    async def receive(self) -> Json:
        """The next frame, or the code with which the connection was closed."""
        message = await self.socket.receive(timeout=30)
        if message.type is aiohttp.WSMsgType.BINARY:
            return json.loads(self.unzip.decompress(message.data))
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else self.socket.close_code

    async def send(self, op: int, **data: Json) -> Json:
        await self.socket.send_json({"op": op, "d": data})
        return await self.receive()


@asynccontextmanager
async def connected(discord: DiscordServer, query: str = "v=10&encoding=json") -> AsyncIterator[GatewayClient]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{discord.gateway.url}?{query}") as socket:
        client = GatewayClient(socket)
        assert (await client.receive())["op"] == 10
        yield client


def identify(gateway: Gateway, intents: int = DIRECT_MESSAGES, **more: Json) -> Json:
    return {"token": gateway.token, "intents": intents, "properties": {}, **more}


async def test_a_session_receives_events_compressed_as_one_stream() -> None:
    async with discord_server() as discord, connected(discord, "v=10&encoding=json&compress=zlib-stream") as client:
        ready = await client.send(2, **identify(discord.gateway))
        assert (ready["t"], ready["s"]) == ("READY", 1)
        anna = discord.state.user(1)
        await SimulatedUser(discord, anna, discord.state.dm_channel(anna)).send("hello")
        event = await client.receive()
        assert (event["t"], event["s"], event["d"]["content"]) == ("MESSAGE_CREATE", 2, "hello")
        assert (await client.send(1))["op"] == 11
        assert discord.violations == []


async def test_a_resumed_session_replays_missed_events() -> None:
    async with discord_server() as discord:
        anna = discord.state.user(1)
        async with connected(discord) as client:
            ready = await client.send(2, **identify(discord.gateway))
            await discord.gateway.drop_connections()
            assert await client.receive() == 1006
        await SimulatedUser(discord, anna, discord.state.dm_channel(anna)).send("while disconnected")
        async with connected(discord) as client:
            resume = {"token": discord.token, "session_id": ready["d"]["session_id"], "seq": 1}
            assert (await client.send(6, **resume))["d"]["content"] == "while disconnected"
            assert (await client.receive())["t"] == "RESUMED"
            assert discord.gateway.resume_count == 1


async def test_an_invalidated_session_cannot_be_resumed() -> None:
    async with discord_server() as discord, connected(discord) as client:
        ready = await client.send(2, **identify(discord.gateway))
        await discord.gateway.invalidate_sessions()
        event = await client.receive()
        assert (event["op"], event["d"]) == (9, False)
        resume = {"token": discord.token, "session_id": ready["d"]["session_id"], "seq": 1}
        assert (await client.send(6, **resume))["op"] == 9


async def test_an_invalid_identify_closes_the_connection() -> None:
    async with discord_server() as discord:
        invalid = [
            (identify(discord.gateway) | {"token": "guessed"}, AUTHENTICATION_FAILED),
            (identify(discord.gateway, MESSAGE_CONTENT), DISALLOWED_INTENTS),
            ({"token": discord.token}, DECODE_ERROR),
            (identify(discord.gateway, properties={"os": "x" * 5000}), DECODE_ERROR),
        ]
        for payload, code in invalid:
            async with connected(discord) as client:
                assert await client.send(2, **payload) == code
        assert len(discord.violations) == 2


async def test_server_messages_reach_only_their_shard_and_without_content() -> None:
    async with discord_server() as discord, connected(discord) as first, connected(discord) as second:
        guild = Guild(3 << 22)
        anna = SimulatedUser(discord, discord.state.user(1), discord.state.channel(5, guild=guild))
        for client, shard in ((first, 0), (second, 1)):
            await client.send(2, **identify(discord.gateway, GUILD_MESSAGES, shard=[shard, 2]))
        await anna.send("not for you", b"x")
        event = await second.receive()
        assert (event["d"]["content"], event["d"]["attachments"]) == ("", [])
        assert (await first.send(1))["op"] == 11  # no event before the acknowledgement
