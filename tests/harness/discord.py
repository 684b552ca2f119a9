"""The whole app with the Discord bot: the real library against the fake Discord of `tests.fakes.discord_api`, in one
event loop.

    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        await anna.send("/style 0", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.pictures)

Leaving the block checks that the bot broke none of Discord's rules.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.app import Installation, open_installation, running, web_application
from bot.runtime.clock import WallClock
from handlers.discord import discord
from tests.fakes.dashscope.quick_engine import STYLES, quick_engine
from tests.fakes.dashscope.service import served
from tests.fakes.discord_api.endpoint_caller import EndpointCaller
from tests.fakes.discord_api.objects import GROUP_DM, PUBLIC_THREAD, Guild
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.harness.app import settings_for
from tests.harness.databases import add_database
from tests.harness.telegram import DeferredApp

CLOCK_SPEED = 20.0
GUILD, FOREIGN_GUILD = 1_230_000_000_000_000_001, 1_230_000_000_000_000_002
CHANNEL, THREAD_CHANNEL, FOREIGN_CHANNEL, GROUP_DM_CHANNEL = (1_240_000_000_000_000_000 + number for number in range(4))


@dataclass(frozen=True)
class DiscordApp:
    """The installation, and the Discord it is connected to."""

    installation: Installation
    discord: DiscordServer

    async def units(self, user: SimulatedUser) -> tuple[int, int]:
        """The units used and reserved today."""
        quota = await self.installation.services.queries.quota(user.person)
        return quota.used, quota.reserved

    def person(self, number: int, locale: str = "en-US") -> SimulatedUser:
        """A user in their private chat with the bot."""
        user = self.discord.state.user(number, locale)
        return SimulatedUser(self.discord, user, self.discord.state.dm_channel(user))

    def member(
        self, number: int, locale: str = "en-US", *, thread: bool = False, permissions: int = 0
    ) -> SimulatedUser:
        """A user in the server that has the bot, with extra `permissions`."""
        state = self.discord.state
        guild = state.guilds.setdefault(GUILD, Guild(GUILD))
        user = state.user(number, locale)
        guild.member_permissions[user.id] = guild.member_permissions.get(user.id, 0) | permissions
        channel = state.channel(CHANNEL, guild=guild)
        if thread:
            channel = state.channel(THREAD_CHANNEL, guild=guild, kind=PUBLIC_THREAD, parent_id=CHANNEL)
        return SimulatedUser(self.discord, user, channel)

    def user_install(self, number: int, locale: str = "en-US", *, in_group_dm: bool = False) -> SimulatedUser:
        """A user who has installed the bot for themselves, in a server or a group chat that does not have it."""
        state = self.discord.state
        user = state.user(number, locale)
        if in_group_dm:
            return SimulatedUser(self.discord, user, state.channel(GROUP_DM_CHANNEL, kind=GROUP_DM, recipients=(user,)))
        guild = state.guilds.setdefault(FOREIGN_GUILD, Guild(FOREIGN_GUILD, has_bot=False))
        return SimulatedUser(self.discord, user, state.channel(FOREIGN_CHANNEL, guild=guild))


@asynccontextmanager
async def discord_app(
    data_dir: Path,
    *,
    server: DiscordServer | None = None,
    until: Path | None = None,
    by_http: bool = False,
    styles: frozenset[int] = STYLES,
    api_suffix: str = "",
    **settings: Any,
) -> AsyncIterator[DiscordApp]:
    """The app, running until the block ends. Passing the `server` and folder of an earlier block is a restart.

    `until`: pictures are finished only once that file exists; `styles`: the styles on offer. `by_http`: interactions
    are sent to our HTTP server. `api_suffix`: what follows the API's URL in the settings. The core uses the server's
    clock, which a test moves with `server.clock_offset`.
    """
    async with AsyncExitStack() as stack:
        if server is None:
            server = await stack.enter_async_context(discord_server())
        engine = replace(quick_engine(until=until), styles=styles)
        add_database(data_dir)
        settings["discord_api_url"] = f"{server.api_url}{api_suffix}"
        opening = open_installation(settings_for(data_dir, **settings), clock=WallClock(wall=server.now), engine=engine)
        app, deferred_app = await stack.enter_async_context(opening), DeferredApp()
        url = await stack.enter_async_context(served(deferred_app)) if by_http else ""
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        server.set_endpoint(EndpointCaller(f"{url}/discord/interactions", http) if by_http else None)
        connecting = discord(
            app.services,
            token=SecretStr(server.token),
            secret=app.http_deps.secret,
            api_url=str(app.settings.discord_api_url),
            by_webhook=by_http,
            clock=WallClock(CLOCK_SPEED),
        )
        try:
            async with connecting as platform, running(app, [platform]):
                deferred_app.app = web_application(app, [platform])
                await server.wait_until(lambda: server.gateway.is_connected and server.commands.all)
                yield DiscordApp(app, server)
                await server.wait_until(lambda: not server.interactions.unanswered, seconds=5)
                deferred_app.app = None
        except ExceptionGroup as group:  # a test's own assertion, wrapped by the task group that it stands in
            raise group.exceptions[0] from None
        assert not server.violations, server.violations
