"""The connection to the Bot API: its library, set up for this bot."""

import os
from typing import Any

from pydantic import SecretStr
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from handlers.telegram.payload_filter import SievingRequest

Bot = ExtBot[Any]

CONNECTIONS = 32
READ_SECONDS, CONNECT_SECONDS, UPLOAD_SECONDS = 20.0, 10.0, 60.0
PER_SECOND = 30.0  # messages to all chats together


def telegram_bot(token: SecretStr, api_url: str, per_second: float = PER_SECOND) -> Bot:
    """A bot that talks to `api_url`: Telegram's own, or a Bot API server of the owner. Nothing is sent yet."""
    # The library's switch for time spans as timedelta; without it flood control ends in a deprecation warning.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    base = api_url.rstrip("/")
    return ExtBot(
        token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=_request(HTTPXRequest),
        get_updates_request=_request(SievingRequest),
        # All chats together are the library's business; each chat's pace is ours, which knows what is urgent. Whoever
        # waits for flood control decides so himself: see NotNow.
        rate_limiter=AIORateLimiter(overall_max_rate=per_second, group_max_rate=0, group_time_period=0, max_retries=0),
    )


def account_of(token: SecretStr) -> str:
    """The bot's name in our rows: files and update numbers mean nothing to another bot."""
    return f"telegram:{token.get_secret_value().partition(':')[0]}"


def _request(kind: type[HTTPXRequest]) -> HTTPXRequest:
    return kind(
        connection_pool_size=CONNECTIONS,
        read_timeout=READ_SECONDS,
        write_timeout=READ_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=READ_SECONDS,
        media_write_timeout=UPLOAD_SECONDS,
    )
