"""The gateway of the tests: sessions break off and are taken up again, and nothing that happened is missed."""

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


class Client:
    """One connection, read message by message."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.unzip = zlib.decompressobj()

    async def reads(self) -> Json:
        """The next message, or the code that the connection was closed with."""
        message = await self.socket.receive(timeout=30)
        if message.type is aiohttp.WSMsgType.BINARY:
            return json.loads(self.unzip.decompress(message.data))
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else self.socket.close_code

    async def says(self, op: int, **data: Json) -> Json:
        await self.socket.send_json({"op": op, "d": data})
        return await self.reads()


@asynccontextmanager
async def connected(discord: DiscordServer, query: str = "v=10&encoding=json") -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{discord.gateway.url}?{query}") as socket:
        client = Client(socket)
        assert (await client.reads())["op"] == 10
        yield client


def words(gateway: Gateway, intents: int = DIRECT_MESSAGES, **more: Json) -> Json:
    return {"token": gateway.token, "intents": intents, "properties": {}, **more}


async def test_a_session_receives_events_compressed_as_one_stream() -> None:
    async with discord_server() as discord, connected(discord, "v=10&encoding=json&compress=zlib-stream") as client:
        ready = await client.says(2, **words(discord.gateway))
        assert (ready["t"], ready["s"]) == ("READY", 1)
        anna = discord.state.user(1)
        await SimulatedUser(discord, anna, discord.state.dm_channel(anna)).send("hello")
        told = await client.reads()
        assert (told["t"], told["s"], told["d"]["content"]) == ("MESSAGE_CREATE", 2, "hello")
        assert (await client.says(1))["op"] == 11
        assert discord.violations == []


async def test_a_resumed_session_replays_missed_events() -> None:
    async with discord_server() as discord:
        anna = discord.state.user(1)
        async with connected(discord) as client:
            ready = await client.says(2, **words(discord.gateway))
            await discord.gateway.drop_connections()
            assert await client.reads() == 1006
        await SimulatedUser(discord, anna, discord.state.dm_channel(anna)).send("while you were away")
        async with connected(discord) as client:
            resume = {"token": discord.token, "session_id": ready["d"]["session_id"], "seq": 1}
            assert (await client.says(6, **resume))["d"]["content"] == "while you were away"
            assert (await client.reads())["t"] == "RESUMED"
            assert discord.gateway.resume_count == 1


async def test_an_invalidated_session_cannot_be_resumed() -> None:
    async with discord_server() as discord, connected(discord) as client:
        ready = await client.says(2, **words(discord.gateway))
        await discord.gateway.invalidate_sessions()
        told = await client.reads()
        assert (told["op"], told["d"]) == (9, False)
        resume = {"token": discord.token, "session_id": ready["d"]["session_id"], "seq": 1}
        assert (await client.says(6, **resume))["op"] == 9


async def test_an_invalid_identify_closes_the_connection() -> None:
    async with discord_server() as discord:
        wrong = [
            (words(discord.gateway) | {"token": "guessed"}, AUTHENTICATION_FAILED),
            (words(discord.gateway, MESSAGE_CONTENT), DISALLOWED_INTENTS),
            ({"token": discord.token}, DECODE_ERROR),
            (words(discord.gateway, properties={"os": "x" * 5000}), DECODE_ERROR),
        ]
        for said, code in wrong:
            async with connected(discord) as client:
                assert await client.says(2, **said) == code
        assert len(discord.violations) == 2


async def test_server_messages_reach_only_their_shard_and_without_content() -> None:
    async with discord_server() as discord, connected(discord) as first, connected(discord) as second:
        guild = Guild(3 << 22)
        anna = SimulatedUser(discord, discord.state.user(1), discord.state.channel(5, guild=guild))
        for client, shard in ((first, 0), (second, 1)):
            await client.says(2, **words(discord.gateway, GUILD_MESSAGES, shard=[shard, 2]))
        await anna.send("not for you", b"x")
        told = await second.reads()
        assert (told["d"]["content"], told["d"]["attachments"]) == ("", [])
        assert (await first.says(1))["op"] == 11  # nothing before it
