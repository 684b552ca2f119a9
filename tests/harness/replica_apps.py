"""Several installations of the product in one loop, on one PostgreSQL and one folder of pictures, with Telegram or
Discord before them and one service behind them. The core of each is as far from the others' as another machine's: they
share rows and pictures, and nothing else.

    async with telegram_towns(tmp_path, postgres_url) as towns:
        towns.mail.everywhere = True
        await towns.person(1).says("/quota")
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.app import Installation, open_installation, running, web_application
from bot.cluster.election import Election
from bot.messaging.platform import Platform
from bot.runtime.clock import WallClock
from handlers.discord import DiscordPlatform, discord
from handlers.discord.client import use_api_url
from handlers.telegram import TelegramPlatform, telegram, webhook_config
from handlers.telegram.bot_client import MESSAGES_PER_SECOND
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import served, stand_in
from tests.fakes.discord_api.endpoint_caller import EndpointCaller
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.app import settings_for
from tests.harness.discord import DiscordApp as DiscordTown
from tests.harness.rows import count_open_updates
from tests.harness.telegram import GROUP

SECRET = "s" * 40
HASTE = 2.0


@dataclass
class Mail:
    """A load balancer: passes requests to each installation in turn, to the `pinned` one, or (`everywhere`) the same
    request to all of them at once."""

    insides: dict[int, ASGIApp] = field(default_factory=dict)
    pinned: int | None = None
    everywhere: bool = False
    brought: list[int] = field(default_factory=list)  # to whom

    @property
    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["POST"])])

    async def _pass_on(self, request: Request) -> Response:
        body = await request.body()
        if not self.insides:
            return Response(status_code=503)
        answers = await asyncio.gather(*(self._post(number, request, body) for number in self._whose()))
        worst = max(answers, key=lambda answer: answer.status_code)
        return Response(worst.content, worst.status_code)

    def _whose(self) -> list[int]:
        there = sorted(self.insides)
        if self.everywhere:
            return there
        return [there[len(self.brought) % len(there)] if self.pinned is None else self.pinned]

    async def _post(self, number: int, request: Request, body: bytes) -> httpx.Response:
        self.brought.append(number)
        transport = httpx.ASGITransport(self.insides[number])
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
            return await http.post(request.url.path, content=body, headers=dict(request.headers))


class ClockAfterDeliveries(WallClock):
    """A fast clock whose waits begin when every update is delivered: on a busy machine an album's next photo may be
    late."""

    def __init__(self, api: BotApi) -> None:
        super().__init__(HASTE)
        self._api = api

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        await self._api.acknowledged()
        return await super().wait(event, seconds)


@dataclass(frozen=True)
class Replicas:
    """The installations, their load balancer, and the contexts that each has entered."""

    apps: list[Installation]
    mail: Mail
    stays: list[AsyncExitStack]

    async def holder(self, role: str) -> int:
        """The number of the installation that has this role."""
        names = [one.roles.owner for one in self.apps if isinstance(one.roles, Election)]
        async with self.apps[0].services.database.read() as connection:
            found = await connection.execute(text("SELECT owner FROM role WHERE name = :role"), {"role": role})
            return names.index(found.scalar_one())

    async def leave(self, number: int) -> None:
        """Stop this installation cleanly."""
        await self.stays[number].aclose()


@dataclass(frozen=True)
class TelegramReplicas(Replicas):
    api: BotApi
    platforms: list[TelegramPlatform]

    def person(self, number: int) -> ChatUser:
        """A person in their private chat."""
        return ChatUser(self.api, number, number)

    def member(self, number: int) -> ChatUser:
        """A person in the group."""
        return ChatUser(self.api, number, GROUP)


@dataclass(frozen=True)
class DiscordReplicas(Replicas):
    discord: DiscordServer
    platforms: list[DiscordPlatform]

    @property
    def town(self) -> DiscordTown:
        """The harness of a single installation, for its people."""
        return DiscordTown(self.apps[0], self.discord)


@asynccontextmanager
async def installations(
    folder: Path, url: str, *, count: int = 2, until: Path | None = None, clock: WallClock | None = None, **more: Any
) -> AsyncIterator[list[Installation]]:
    """Open, but not running yet. `more` are settings."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(stand_in(folder / "service", engine=quick_engine(until=until)))
        same = {
            "database_url": SecretStr(url),
            "secret_key": SecretStr(SECRET),
            "dashscope_api_key": "sk-one",
            "dashscope_base_url": service.base_url,
            **more,
        }
        openings = [open_installation(settings_for(folder / "data", **same), clock=clock) for _ in range(count)]
        yield [await stack.enter_async_context(opening) for opening in openings]


@asynccontextmanager
async def telegram_replicas(
    folder: Path, url: str, *, by_webhook: bool = True, until: Path | None = None, **settings: Any
) -> AsyncIterator[TelegramReplicas]:
    """Two installations, running until the block ends."""
    mail = Mail()
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(bot_api())
        address = await stack.enter_async_context(served(mail.app))
        apps = await stack.enter_async_context(installations(folder, url, until=until, **settings))
        api.count_open = partial(count_open_updates, apps[0].services.database)
        platforms, stays = [], [await stack.enter_async_context(AsyncExitStack()) for _ in apps]
        for number, one in enumerate(apps):
            connecting = telegram(
                one.services,
                token=SecretStr(TOKEN),
                api_url=api.url,
                webhook=webhook_config(address, one.http_deps.secret) if by_webhook else None,
                alone=one.alone,
                clock=ClockAfterDeliveries(api) if by_webhook else WallClock(HASTE),
                per_second=MESSAGES_PER_SECOND * HASTE,
            )
            platforms.append(await stays[number].enter_async_context(connecting))
            await _at_work(stays[number], mail, number, one, platforms[-1])
        yield TelegramReplicas(apps, mail, stays, api, platforms)
    assert api.breaches == []


@asynccontextmanager
async def discord_replicas(
    folder: Path, url: str, *, until: Path | None = None, **settings: Any
) -> AsyncIterator[DiscordReplicas]:
    """Two installations, running until the block ends; interactions arrive by HTTP."""
    mail = Mail()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(discord_server())
        stack.enter_context(
            use_api_url(server.api_url)
        )  # the library's address is everybody's; who leaves puts it back
        address = await stack.enter_async_context(served(mail.app))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        server.set_endpoint(EndpointCaller(f"{address}/discord/interactions", http))
        clock = WallClock(wall=server.now)
        apps = await stack.enter_async_context(installations(folder, url, until=until, clock=clock, **settings))
        platforms, stays = [], [await stack.enter_async_context(AsyncExitStack()) for _ in apps]
        for number, one in enumerate(apps):
            connecting = discord(
                one.services,
                token=SecretStr(server.token),
                secret=one.http_deps.secret,
                api_url=server.api_url,
                by_webhook=True,
                clock=WallClock(HASTE),
            )
            platforms.append(await stays[number].enter_async_context(connecting))
            await _at_work(stays[number], mail, number, one, platforms[-1])
        await server.wait_until(lambda: server.gateway.is_connected and server.commands.all)
        yield DiscordReplicas(apps, mail, stays, server, platforms)
        await server.wait_until(lambda: not server.interactions.unanswered, seconds=5)
    assert not server.violations, server.violations


async def _at_work(stack: AsyncExitStack, mail: Mail, number: int, app: Installation, platform: Platform) -> None:
    """Run the app and pass requests to it until the stack is closed."""
    await stack.enter_async_context(running(app, [platform]))
    mail.insides[number] = web_application(app, [platform])
    stack.callback(mail.insides.pop, number)
