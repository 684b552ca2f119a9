"""The whole product with Telegram, in one event loop: the real library against the fake Bot API server.

    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: anna.pictures)

No call of the bot may violate the Bot API's specification: that is checked when the block ends.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app import Installation, open_installation, running, web_application
from bot.runtime.clock import Clock, WallClock
from handlers.telegram import telegram, webhook_config
from handlers.telegram.bot_client import MESSAGES_PER_SECOND
from tests.fakes.dashscope.quick_engine import STYLES, quick_engine
from tests.fakes.dashscope.service import served
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.app import settings_for
from tests.harness.databases import add_database
from tests.harness.rows import count_open_updates

SPEEDUP = 20.0  # else tests would wait for the limit of one message a second
GROUP = -1001


@dataclass(frozen=True)
class TelegramHarness:
    """The app, and Telegram as people see it."""

    app: Installation
    api: BotApi

    async def units(self, user: ChatUser) -> tuple[int, int]:
        """Units used and reserved today."""
        quota = await self.app.services.queries.quota(user.person)
        return quota.used, quota.reserved

    def person(self, number: int, language: str = "en") -> ChatUser:
        """A person in their private chat."""
        return ChatUser(self.api, number, number, language)

    def member(self, number: int, language: str = "en", thread: int | None = None, chat: int = GROUP) -> ChatUser:
        """A person in a group."""
        return ChatUser(self.api, number, chat, language, thread)


@dataclass
class DeferredApp:
    """An ASGI app for a server that starts before the app it serves: responds 503 until then."""

    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.app or Response(status_code=503))(scope, receive, send)


@asynccontextmanager
async def telegram_harness(
    data_dir: Path,
    *,
    api: BotApi | None = None,
    until: Path | None = None,
    styles: frozenset[int] = STYLES,
    by_webhook: bool = False,
    clock: Clock | None = None,
    handler_clock: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[TelegramHarness]:
    """Everything running until the block ends. With the `api` and folder of an earlier block it is a restart.

    `until`: pictures are finished only once that file exists. `styles`: those that can be painted.
    `by_webhook`: updates are delivered to our HTTP server.
    `clock`: the core's. `handler_clock`: that of the Telegram handler, by default one that is `SPEEDUP` times as fast.
    """
    async with AsyncExitStack() as stack:
        if api is None:
            api = await stack.enter_async_context(bot_api())
        add_database(data_dir)
        opening = open_installation(
            settings_for(data_dir, **settings),
            clock=clock or WallClock(),
            engine=quick_engine(until=until, styles=styles),
        )
        app, web_app = await stack.enter_async_context(opening), DeferredApp()
        api.count_open = partial(count_open_updates, app.services.database)
        webhook = None
        if by_webhook:
            webhook = webhook_config(await stack.enter_async_context(served(web_app)), app.http_deps.secret)
        connecting = telegram(
            app.services,
            token=SecretStr(TOKEN),
            api_url=api.url,
            webhook=webhook,
            owners=app.settings.admins,
            clock=handler_clock or WallClock(SPEEDUP),
            per_second=MESSAGES_PER_SECOND * SPEEDUP,
        )
        try:
            async with connecting as platform, running(app, [platform]):
                web_app.app = web_application(app, [platform])
                yield TelegramHarness(app, api)
                web_app.app = None
        except ExceptionGroup as group:  # the test's own assertion, wrapped by the task group around it
            raise group.exceptions[0] from None
        assert api.breaches == []
