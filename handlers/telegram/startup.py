"""Connects to Telegram, retrying until it succeeds, then receives updates by webhook or long polling."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.conversation.responder import Retry
from bot.runtime.clock import Clock
from bot.runtime.event_loop import run_until
from bot.services import Conversation, Services, open_conversation
from handlers.telegram.api_writer import ApiWriter
from handlers.telegram.command_menu import update_profile
from handlers.telegram.errors import TokenRefused
from handlers.telegram.long_polling import LongPoller
from handlers.telegram.lookups import TelegramLookups
from handlers.telegram.other_updates import OtherUpdates
from handlers.telegram.platform import TelegramPlatform
from handlers.telegram.raw_updates import RawUpdates
from handlers.telegram.responder import TelegramResponder
from handlers.telegram.update_dispatcher import UpdateDispatcher
from handlers.telegram.update_handlers import UpdateHandlers
from handlers.telegram.update_intake import UpdateIntake
from handlers.telegram.update_kinds import ALLOWED_UPDATES
from handlers.telegram.webhook import Webhook, WebhookRefused

log = structlog.get_logger(__name__)

CONNECT_RETRY_SECONDS = 5.0
WEBHOOK_MAX_CONNECTIONS = 40  # each request only stores an update


@dataclass
class Connection:
    """One bot's connection. With a `webhook`, every process handles what is delivered to it; without, only one process
    polls at a time. `received`: where the connection for polling puts updates.
    """

    writer: ApiWriter
    services: Services
    intake: UpdateIntake
    received: RawUpdates
    webhook: Webhook | None
    owners: Collection[str]
    clock: Clock
    _connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> None:
        """Learn the bot's own account and set or delete the webhook. Without a network it returns, and `run` tries
        again.

        Raises TokenRefused or WebhookRefused.
        """
        bot = self.writer.bot
        try:
            await bot.initialize()
            await self._configure_webhook()
            self.writer.bot_user = bot.bot
            self._connected.set()
        except InvalidToken:
            log.error("Telegram does not accept TELEGRAM_BOT_TOKEN")  # noqa: TRY400  # the traceback quotes the token
            raise TokenRefused from None
        except TelegramError as error:
            log.warning("Telegram can't be reached yet", error=type(error).__name__)

    async def run(self, platform: TelegramPlatform) -> None:
        """Keep trying to connect; with a webhook, also process its updates. Runs until cancelled."""
        while not self._connected.is_set():
            await self.clock.sleep(CONNECT_RETRY_SECONDS)
            with suppress(TokenRefused, WebhookRefused):
                await self.connect()
        if self.webhook is None:
            return
        await self._handle_updates(platform)

    async def receive(self, platform: TelegramPlatform, stop: asyncio.Event) -> None:
        """Poll for updates until told to stop, then shut down in good order."""
        await run_until(stop, self._poll(platform))

    async def _poll(self, platform: TelegramPlatform) -> None:
        await self._connected.wait()
        poller = LongPoller(self.writer.bot, self.received, self.intake, self.clock)
        await self._handle_updates(platform, poller)

    async def _handle_updates(self, platform: TelegramPlatform, poller: LongPoller | None = None) -> None:
        """Handle what is stored, and store what is polled, until cancelled."""
        conversation = self._conversation(platform)
        await self._update_profile(conversation)
        dispatcher = self._dispatcher(platform, conversation)
        self.intake.handle = dispatcher.add
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(dispatcher.run())
                if poller is not None:
                    tasks.create_task(poller.run())
        finally:
            await dispatcher.shutdown()

    async def _update_profile(self, conversation: Conversation) -> None:
        await update_profile(self.writer.bot, self.owners, conversation.messages.registry.commands.values())

    async def _configure_webhook(self) -> None:
        """Set or delete the webhook, and keep pending updates."""
        bot = self.writer.bot
        if self.webhook is None:
            await bot.delete_webhook(drop_pending_updates=False)
            return
        config = self.webhook.config
        try:
            await bot.set_webhook(
                config.url,
                secret_token=config.secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=WEBHOOK_MAX_CONNECTIONS,
                drop_pending_updates=False,
            )
        except BadRequest:
            raise WebhookRefused from None

    def _conversation(self, platform: TelegramPlatform) -> Conversation:
        bot_user = self.writer.bot_user
        assert bot_user is not None
        username = bot_user.username or ""

        def link(payload: str) -> str:
            return f"https://t.me/{username}?start={payload}"

        return open_conversation(
            self.services, username, link=link, refunder=platform, capabilities=platform.capabilities
        )

    def _dispatcher(self, platform: TelegramPlatform, conversation: Conversation) -> UpdateDispatcher:
        bot_user = self.writer.bot_user
        assert bot_user is not None
        retry, lookups = Retry(self.clock), TelegramLookups(self.writer.bot, bot_user, self.services.clock)
        messages, buttons = conversation.messages, conversation.buttons
        responder = TelegramResponder(platform, lookups, messages, buttons, retry)
        handlers = UpdateHandlers(responder, OtherUpdates(platform, lookups, messages, retry))
        return UpdateDispatcher(self.writer.bot, self.intake.inbox, handlers, retry, self.clock)
