"""Telegram, by long polling or webhook. Translates between the Bot API and the core, and decides nothing."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import structlog
from pydantic import SecretStr

from bot.cluster.update_inbox import UpdateInbox
from bot.runtime.clock import Clock
from bot.services import Services
from handlers.telegram.api_writer import Pen
from handlers.telegram.bot_client import PER_SECOND, account_of, telegram_bot
from handlers.telegram.chat_state import Memory
from handlers.telegram.errors import TokenRefused
from handlers.telegram.log_redaction import quiet
from handlers.telegram.platform import Follow, TelegramPlatform
from handlers.telegram.send_limits import Pace
from handlers.telegram.startup import Connection
from handlers.telegram.webhook import PATH, Hook, Webhook, WebhookRefused

__all__ = ["Hook", "TelegramPlatform", "TokenRefused", "WebhookRefused", "hook_at", "telegram"]

log = structlog.get_logger(__name__)


def hook_at(public_url: str, secret: bytes) -> Hook:
    """Where Telegram brings updates, and the word it brings with them: the same after every start."""
    word = hmac.new(secret, b"telegram webhook", hashlib.sha256).hexdigest()
    return Hook(public_url.rstrip("/") + PATH, word)


@asynccontextmanager
async def telegram(
    services: Services,
    *,
    token: SecretStr,
    api_url: str,
    hook: Hook | None = None,
    owners: Collection[str] = (),
    alone: bool = True,
    clock: Clock | None = None,
    per_second: float = PER_SECOND,
) -> AsyncIterator[TelegramPlatform]:
    """Answers for as long as it is entered; gives the platform that shows job cards. Without a `hook` that has to be
    told to receive, see `bot.messaging.platform.Receives`.

    Raises TokenRefused or WebhookRefused when Telegram says so at the start. Without a network it goes on trying.
    `hook`: have updates brought there; None: ask for them. `alone`: no other process is brought any. `clock`
    and `per_second`: the pace of writing and of trying again, where it is not to be the studio's and Telegram's.
    """
    with quiet(token):
        bot = telegram_bot(token, api_url, per_second)
        clock = clock or services.job_service.clock
        job_service, account = services.job_service, account_of(token)
        kept = UpdateInbox(
            job_service.database, account, job_service.clock, job_service.wakeups, secrets.token_hex(8), alone
        )
        pen = Pen(bot, Memory(job_service.database, account, job_service.clock))
        webhook = Webhook(bot, hook, kept) if hook else None
        connection = Connection(pen, services, webhook, frozenset(owners), clock)
        parts = pen, Pace(clock.now), clock, services.groups.migrate
        platform = TelegramPlatform(*parts, (webhook.route,)) if webhook else Polled(*parts, connection)
        try:
            await connection.introduce()
            attending = asyncio.create_task(connection.attend(platform))
            attending.add_done_callback(_noticed)
            try:
                yield platform
            finally:
                attending.cancel()
                await asyncio.wait([attending])
        finally:
            await bot.shutdown()


class Polled(TelegramPlatform):
    """One that has to be asked for updates."""

    def __init__(self, pen: Pen, pace: Pace, clock: Clock, follow: Follow, connection: Connection) -> None:
        super().__init__(pen, pace, clock, follow)
        self._connection = connection

    async def receive(self, stop: asyncio.Event) -> None:
        """See `bot.messaging.platform.Receives`."""
        await self._connection.receive(self, stop)


def _noticed(attending: asyncio.Task[None]) -> None:
    """A bot that has gone deaf must not go unnoticed."""
    if not attending.cancelled() and (error := attending.exception()) is not None:
        log.error("nothing is received from Telegram any more", exc_info=error)
