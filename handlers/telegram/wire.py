"""The connection to the Bot API: its library, set up for this bot."""

import os
from typing import Any

from pydantic import SecretStr
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

Bot = ExtBot[Any]

CONNECTIONS = 32
READ_SECONDS, CONNECT_SECONDS, UPLOAD_SECONDS = 20.0, 10.0, 60.0


def telegram_bot(token: SecretStr, api_url: str) -> Bot:
    """A bot that talks to `api_url`: Telegram's own, or a Bot API server of the owner. Nothing is sent yet."""
    # The library's switch for time spans as timedelta; without it flood control ends in a deprecation warning.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    base = api_url.rstrip("/")
    return ExtBot(
        token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=_request(),
        get_updates_request=_request(),
        rate_limiter=AIORateLimiter(max_retries=0),  # whoever waits for flood control decides so: see NotNow
    )


def _request() -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=CONNECTIONS,
        read_timeout=READ_SECONDS,
        write_timeout=READ_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=READ_SECONDS,
        media_write_timeout=UPLOAD_SECONDS,
    )
