"""Discord in process: the real library against simcord's Discord, with its own idea of what a client may do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import simcord
from pydantic import SecretStr

from bot.app import opened, running
from bot.clock import WallClock
from handlers.discord.files import Files
from handlers.discord.house import house_of
from tests.house import settings_for
from tests.quick_engine import quick_engine
from tests.stand_in import portrait_jpeg

CDN = "https://cdn.simcord.invalid"
PATIENCE = 60.0  # seconds


@asynccontextmanager
async def simulated(data_dir: Path) -> AsyncIterator[simcord.Env]:
    """Everything at work until the block ends."""
    files: dict[str, simcord.Env] = {}

    def cdn(request: httpx.Request) -> httpx.Response:
        blob = files["env"].backend.cdn.get(str(request.url))
        return httpx.Response(404) if blob is None else httpx.Response(200, content=blob)

    async with (
        opened(settings_for(data_dir), clock=WallClock(), engine=quick_engine()) as parts,
        httpx.AsyncClient(transport=httpx.MockTransport(cdn)) as http,
    ):
        house = house_of(parts.service, SecretStr("simcord.x"), Files(http, frozenset({CDN})), None, by_webhook=False)
        tree = await house.planted()
        async with simcord.run(tree.client, shard_count=1) as env:
            files["env"] = env
            house.line.client = tree.client
            await tree.sync()
            async with running(parts, [house.platform]):
                yield env
                await house.lineup.finish(10)


async def until(wanted: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not wanted():
            await asyncio.sleep(0.02)


async def test_a_command_becomes_a_picture(tmp_path: Path) -> None:
    async with simulated(tmp_path) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("portraits")
        anna = guild.add_member(env.create_user("anna"))
        result = await anna.slash(channel, "style", photo=("me.jpg", portrait_jpeg()), style="2")
        print(result)
        await until(lambda: channel.last_message and channel.last_message.attachments)
        print(channel.last_message)
