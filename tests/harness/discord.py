"""The whole product with Discord: the real library against the loopback Discord of `tests.fakes.discord_api.server`, in
one loop.

    async with discord_house(tmp_path) as town:
        anna = town.person(1)
        await anna.writes("/style 0", portrait_jpeg())
        await town.discord.until(lambda: anna.pictures)

Nothing that the bot said to Discord may break its rules: that is checked when the block ends.
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
from tests.fakes.discord_api.endpoint_caller import Endpoint
from tests.fakes.discord_api.objects import GROUP_DM, THREAD, Guild
from tests.fakes.discord_api.people import Somebody
from tests.fakes.discord_api.server import Discord, discord_server
from tests.harness.app import settings_for
from tests.harness.telegram import Door

HASTE = 20.0
GUILD, FOREIGN = 1_230_000_000_000_000_001, 1_230_000_000_000_000_002
CHANNEL, TOPIC, ABROAD, AMONG = (1_240_000_000_000_000_000 + number for number in range(4))


@dataclass(frozen=True)
class Town:
    """The bot's inside, and Discord as people see it."""

    app: Installation
    discord: Discord

    async def units(self, someone: Somebody) -> tuple[int, int]:
        """Used and reserved today."""
        quota = await self.app.job_service.quota(someone.person)
        return quota.used, quota.reserved

    def person(self, number: int, locale: str = "en-US") -> Somebody:
        """Somebody in their private chat with the bot."""
        user = self.discord.world.user(number, locale)
        return Somebody(self.discord, user, self.discord.world.private(user))

    def member(self, number: int, locale: str = "en-US", *, thread: bool = False, rights: int = 0) -> Somebody:
        """Somebody in the server that has the bot; `rights` besides those of everybody."""
        world = self.discord.world
        guild = world.guilds.setdefault(GUILD, Guild(GUILD))
        user = world.user(number, locale)
        guild.rights[user.id] = guild.rights.get(user.id, 0) | rights
        channel = world.place(CHANNEL, guild=guild)
        if thread:
            channel = world.place(TOPIC, guild=guild, kind=THREAD, parent=CHANNEL)
        return Somebody(self.discord, user, channel)

    def abroad(self, number: int, locale: str = "en-US", *, among_people: bool = False) -> Somebody:
        """Somebody who has installed the bot for themselves, in a server or a group chat that does not have it."""
        world = self.discord.world
        user = world.user(number, locale)
        if among_people:
            return Somebody(self.discord, user, world.place(AMONG, kind=GROUP_DM, people=(user,)))
        guild = world.guilds.setdefault(FOREIGN, Guild(FOREIGN, has_bot=False))
        return Somebody(self.discord, user, world.place(ABROAD, guild=guild))


@asynccontextmanager
async def discord_house(
    data_dir: Path,
    *,
    server: Discord | None = None,
    until: Path | None = None,
    by_http: bool = False,
    styles: frozenset[int] = STYLES,
    **settings: Any,
) -> AsyncIterator[Town]:
    """Everything at work until the block ends. With the `server` and folder of an earlier block: a restart.

    `until`: pictures are finished only when that file exists; `styles`: what can be painted. `by_http`: interactions
    are brought to our HTTP server. The core's time is that of the server, which a test moves on by `server.ahead`.
    """
    async with AsyncExitStack() as stack:
        if server is None:
            server = await stack.enter_async_context(discord_server())
        engine = replace(quick_engine(until=until), styles=styles)
        opening = open_installation(settings_for(data_dir, **settings), clock=WallClock(wall=server.now), engine=engine)
        app, door = await stack.enter_async_context(opening), Door()
        url = await stack.enter_async_context(served(door)) if by_http else ""
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        server.move(Endpoint(f"{url}/discord/interactions", http) if by_http else None)
        connecting = discord(
            app.services,
            token=SecretStr(server.token),
            secret=app.http_deps.secret,
            api_url=server.api_url,
            by_webhook=by_http,
            clock=WallClock(HASTE),
        )
        try:
            async with connecting as platform, running(app, [platform]):
                door.inside = web_application(app, [platform])
                await server.until(lambda: server.gateway.is_heard and server.commands.all)
                yield Town(app, server)
                await server.until(lambda: not server.asks.waiting, patience=5)
                door.inside = None
        except ExceptionGroup as group:  # a test's own assertion, wrapped by the task group that it stands in
            raise group.exceptions[0] from None
        assert not server.breaches, server.breaches
