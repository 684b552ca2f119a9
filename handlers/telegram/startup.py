"""Says who we are to Telegram, as often as it takes, and then receives updates the one way or the other."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.conversation.buttons import ButtonRouter
from bot.conversation.messages import MessageRouter
from bot.conversation.retry import Retry
from bot.runtime.clock import Clock
from bot.runtime.tasks import run_until
from bot.services import Services
from handlers.telegram.api_writer import Pen
from handlers.telegram.command_menu import introduce_ourselves
from handlers.telegram.errors import TokenRefused
from handlers.telegram.long_polling import Receiver
from handlers.telegram.lookups import TelegramSource
from handlers.telegram.other_updates import Asides
from handlers.telegram.platform import TelegramPlatform
from handlers.telegram.responder import Answering
from handlers.telegram.update_dispatcher import Taking
from handlers.telegram.update_kinds import ALLOWED_UPDATES
from handlers.telegram.webhook import Webhook, WebhookRefused

log = structlog.get_logger(__name__)

INTRODUCTION_PAUSE = 5.0  # seconds
WEBHOOK_CONNECTIONS = 40  # at once; each only keeps an update


@dataclass
class Connection:
    """One bot's connection, from the first word to the last. With a `webhook` every process takes what is brought to
    it; without, one process at a time asks."""

    pen: Pen
    services: Services
    webhook: Webhook | None
    owners: Collection[str]
    clock: Clock
    _introduced: asyncio.Event = field(default_factory=asyncio.Event)

    async def introduce(self) -> None:
        """Learn who we are and say how we receive. Without a network nothing happens, and `attend` tries again.

        Raises TokenRefused or WebhookRefused.
        """
        bot = self.pen.bot
        try:
            await bot.initialize()
            await self._choose_the_way()
            self.pen.us = bot.bot
            self._introduced.set()
        except InvalidToken:
            log.error("Telegram does not accept TELEGRAM_BOT_TOKEN")  # noqa: TRY400  # the traceback quotes the token
            raise TokenRefused from None
        except TelegramError as error:
            log.warning("Telegram can't be reached yet", error=type(error).__name__)

    async def attend(self, platform: TelegramPlatform) -> None:
        """Be there until cancelled: known to Telegram, and taking what is brought."""
        while not self._introduced.is_set():
            await self.clock.sleep(INTRODUCTION_PAUSE)
            with suppress(TokenRefused, WebhookRefused):
                await self.introduce()
        if self.webhook is None:
            return
        await self._show_ourselves()
        try:
            await self.webhook.run(self._taking(platform))
        finally:
            await self.webhook.finish()

    async def receive(self, platform: TelegramPlatform, stop: asyncio.Event) -> None:
        """Ask for updates until told to stop, and end in good order."""
        await run_until(stop, self._ask(platform))

    async def _ask(self, platform: TelegramPlatform) -> None:
        await self._introduced.wait()
        await self._show_ourselves()
        receiver = Receiver(self.pen.bot, self._taking(platform), self.clock)
        try:
            await receiver.run()
        finally:
            await receiver.finish()

    async def _show_ourselves(self) -> None:
        await introduce_ourselves(self.pen.bot, self.owners, for_sale=bool(self.services.credits.packages))

    async def _choose_the_way(self) -> None:
        """Webhook or long polling; nothing that waits at Telegram is dropped."""
        bot = self.pen.bot
        if self.webhook is None:
            await bot.delete_webhook(drop_pending_updates=False)
            return
        hook = self.webhook.hook
        try:
            await bot.set_webhook(
                hook.url,
                secret_token=hook.secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=WEBHOOK_CONNECTIONS,
                drop_pending_updates=False,
            )
        except BadRequest:
            raise WebhookRefused from None

    def _taking(self, platform: TelegramPlatform) -> Taking:
        services, us = self.services, self.pen.us
        assert us is not None
        now, username = services.job_service.clock.now, us.username or ""
        patience, source = Retry(self.clock), TelegramSource(self.pen.bot, us, services.job_service.clock)

        def link(payload: str) -> str:
            return f"https://t.me/{username}?start={payload}"

        conversation = MessageRouter(services, username, now, link=link, bank=platform)
        presses = ButtonRouter(services, now, link=link)
        answering = Answering(platform, source, conversation, presses, patience)
        return Taking(answering, Asides(platform, source, conversation, patience), patience, self.clock)
