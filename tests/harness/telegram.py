"""The whole product with Telegram: the real library against the Bot API server of `tests.fakes.telegram_api.server`, in
one loop.

    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await town.api.until(lambda: anna.pictures)

Nothing that the bot said to Telegram may break the specification: that is checked when the block ends.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app import Installation, open_installation, running, web_application
from bot.runtime.clock import Clock, WallClock
from handlers.telegram import telegram, webhook_config
from handlers.telegram.bot_client import MESSAGES_PER_SECOND
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import served
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.app import settings_for

HASTE = 20.0  # the chats' pace is one message a second; nobody has to wait for that here
GROUP = -1001


@dataclass(frozen=True)
class Town:
    """The bot's inside, and Telegram as people see it."""

    app: Installation
    api: BotApi

    async def units(self, someone: Someone) -> tuple[int, int]:
        """Used and reserved today."""
        quota = await self.app.job_service.quota(someone.person)
        return quota.used, quota.reserved

    def person(self, number: int, language: str = "en") -> Someone:
        """Somebody in their private chat."""
        return Someone(self.api, number, number, language)

    def member(self, number: int, language: str = "en", thread: int | None = None, chat: int = GROUP) -> Someone:
        """Somebody in the group."""
        return Someone(self.api, number, chat, language, thread)


@dataclass
class Door:
    """Our HTTP server, there before what it serves: 503 until then."""

    inside: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.inside or Response(status_code=503))(scope, receive, send)


@asynccontextmanager
async def telegram_house(
    data_dir: Path,
    *,
    api: BotApi | None = None,
    until: Path | None = None,
    by_webhook: bool = False,
    clock: Clock | None = None,
    haste: float = HASTE,
    **settings: Any,
) -> AsyncIterator[Town]:
    """Everything at work until the block ends. With the `api` and folder of an earlier block: a restart.

    `until`: pictures are finished only when that file exists. `by_webhook`: updates are brought to our HTTP server.
    `clock`: that of the core; `haste`: how fast time goes for what waits for Telegram.
    """
    async with AsyncExitStack() as stack:
        if api is None:
            api = await stack.enter_async_context(bot_api())
        opening = open_installation(
            settings_for(data_dir, **settings), clock=clock or WallClock(), engine=quick_engine(until=until)
        )
        app, door = await stack.enter_async_context(opening), Door()
        hook = (
            webhook_config(await stack.enter_async_context(served(door)), app.http_deps.secret) if by_webhook else None
        )
        connecting = telegram(
            app.services,
            token=SecretStr(TOKEN),
            api_url=api.url,
            config=hook,
            owners=app.settings.admins,
            clock=WallClock(haste),
            per_second=MESSAGES_PER_SECOND * haste,
        )
        try:
            async with connecting as platform, running(app, [platform]):
                door.inside = web_application(app, [platform])
                yield Town(app, api)
                door.inside = None
        except ExceptionGroup as group:  # a test's own assertion, wrapped by the task group that it stands in
            raise group.exceptions[0] from None
        assert api.breaches == []
