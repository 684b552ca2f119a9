"""Telegram by long polling or webhook: translates between the Bot API and the core, with no rules of its own."""

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
from handlers.telegram.api_writer import ApiWriter
from handlers.telegram.bot_client import MESSAGES_PER_SECOND, account_name, create_bot
from handlers.telegram.chat_state import ChatState
from handlers.telegram.errors import TokenRefused
from handlers.telegram.log_redaction import redact_token
from handlers.telegram.platform import MigrateGroup, TelegramPlatform
from handlers.telegram.raw_updates import RawUpdates
from handlers.telegram.send_limits import SendLimits
from handlers.telegram.startup import Connection
from handlers.telegram.update_intake import UpdateIntake
from handlers.telegram.webhook import PATH, Webhook, WebhookConfig, WebhookRefused

__all__ = ["TelegramPlatform", "TokenRefused", "WebhookConfig", "WebhookRefused", "telegram", "webhook_config"]

log = structlog.get_logger(__name__)


def webhook_config(public_url: str, secret: bytes) -> WebhookConfig:
    """The webhook's address and secret token, which stay the same across restarts."""
    secret_token = hmac.new(secret, b"telegram webhook", hashlib.sha256).hexdigest()
    return WebhookConfig(public_url.rstrip("/") + PATH, secret_token)


@asynccontextmanager
async def telegram(
    services: Services,
    *,
    token: SecretStr,
    api_url: str,
    webhook: WebhookConfig | None = None,
    owners: Collection[str] = (),
    alone: bool = True,
    clock: Clock | None = None,
    per_second: float = MESSAGES_PER_SECOND,
) -> AsyncIterator[TelegramPlatform]:
    """Connect to Telegram and answer updates until the block ends; yields the platform that shows job cards.

    With a `webhook`, Telegram delivers updates to it; without, the platform must be polled: it is a
    `bot.messaging.platform.Receiver`. `alone`: no other process receives this bot's updates. `clock` and `per_second`
    set the pace of retries and of sending (messages a second to all chats); they default to the core's clock and
    Telegram's limit.

    Raises TokenRefused or WebhookRefused when Telegram rejects the token or the webhook at the start. If Telegram can't
    be reached, it keeps trying in the background.
    """
    with redact_token(token):
        received = RawUpdates()
        bot = create_bot(token, api_url, per_second, received)
        clock, account = clock or services.clock, account_name(token)
        database, core_clock = services.database, services.clock
        inbox = UpdateInbox(database, account, core_clock, services.wakeups, secrets.token_hex(8), alone)
        writer = ApiWriter(bot, ChatState(database, account, core_clock))
        intake = UpdateIntake(bot, inbox)
        receiver = Webhook(webhook, intake) if webhook else None
        connection = Connection(writer, services, intake, received, receiver, frozenset(owners), clock)
        deps = writer, SendLimits(clock.now), clock, services.groups.migrate
        platform = TelegramPlatform(*deps, (receiver.route,)) if receiver else PollingPlatform(*deps, connection)
        try:
            await connection.connect()
            connection_task = asyncio.create_task(connection.run(platform))
            connection_task.add_done_callback(_log_death)
            try:
                yield platform
            finally:
                connection_task.cancel()
                await asyncio.wait([connection_task])
        finally:
            await bot.shutdown()


class PollingPlatform(TelegramPlatform):
    """The platform when updates are received by long polling."""

    def __init__(
        self, writer: ApiWriter, limits: SendLimits, clock: Clock, migrate_group: MigrateGroup, connection: Connection
    ) -> None:
        super().__init__(writer, limits, clock, migrate_group)
        self._connection = connection

    async def receive(self, stop: asyncio.Event) -> None:
        """See `bot.messaging.platform.Receiver`."""
        await self._connection.receive(self, stop)


def _log_death(connection_task: asyncio.Task[None]) -> None:
    """Log the failure of the connection's task, which would otherwise go unnoticed."""
    if not connection_task.cancelled() and (error := connection_task.exception()) is not None:
        log.error("the connection to Telegram has failed", exc_info=error)
