"""Discord as the program starts it: from a token in the settings."""

import asyncio
from pathlib import Path

import pytest

from bot.app import run
from bot.messaging.platform import CannotStart
from tests.fakes.discord_api.server import discord_server
from tests.harness.app import settings_for


async def test_a_token_in_the_settings_starts_discord_and_it_stops_cleanly(tmp_path: Path) -> None:
    async with discord_server() as server:
        settings = settings_for(tmp_path, discord_bot_token=server.token, discord_api_url=server.api_url)
        stop = asyncio.Event()
        running = asyncio.create_task(run(settings, stop, ready=lambda _: None))
        await server.wait_until(lambda: server.gateway.is_connected and server.commands.all)
        stop.set()
        await running
        assert server.violations == []


async def test_a_refused_token_is_reported_without_showing_it(tmp_path: Path) -> None:
    async with discord_server() as server:
        settings = settings_for(tmp_path, discord_bot_token="not.the-token", discord_api_url=server.api_url)
        with pytest.raises(CannotStart, match="DISCORD_BOT_TOKEN") as raised:
            await run(settings, asyncio.Event(), ready=lambda _: None)
        assert "the-token" not in str(raised.value)
