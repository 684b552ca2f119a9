"""The Bot API client: python-telegram-bot, configured for this bot."""

import os
from typing import Any

from pydantic import SecretStr
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from handlers.telegram.raw_updates import RawUpdates, RawUpdatesRequest

Bot = ExtBot[Any]

CONNECTION_POOL_SIZE = 32
READ_TIMEOUT, CONNECT_TIMEOUT, UPLOAD_TIMEOUT = 20.0, 10.0, 60.0  # seconds
MESSAGES_PER_SECOND = 30.0  # to all chats together
_CONNECTION: dict[str, Any] = {
    "connection_pool_size": CONNECTION_POOL_SIZE,
    "read_timeout": READ_TIMEOUT,
    "write_timeout": READ_TIMEOUT,
    "connect_timeout": CONNECT_TIMEOUT,
    "pool_timeout": READ_TIMEOUT,
    "media_write_timeout": UPLOAD_TIMEOUT,
}


def create_bot(
    token: SecretStr, api_url: str, per_second: float = MESSAGES_PER_SECOND, received: RawUpdates | None = None
) -> Bot:
    """A client for `api_url`: Telegram's own server, or a local Bot API server. Nothing is sent yet.

    `received`: where polled updates are put; the library returns none.
    """
    # Makes the library return durations as timedelta; without it flood control raises a deprecation warning.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    base = api_url.rstrip("/")
    return ExtBot(
        token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(**_CONNECTION),
        get_updates_request=RawUpdatesRequest(received or RawUpdates(), **_CONNECTION),
        # The library limits the overall rate only. `SendLimits` limits each chat, because it knows what is urgent, and
        # callers decide whether to wait for flood control: see TryLater.
        rate_limiter=AIORateLimiter(overall_max_rate=per_second, group_max_rate=0, group_time_period=0, max_retries=0),
    )


def account_name(token: SecretStr) -> str:
    """The bot's key in the database: file ids and update ids are only valid for one bot."""
    return f"telegram:{token.get_secret_value().partition(':')[0]}"
