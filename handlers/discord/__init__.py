"""The Discord bot: receives commands and messages, by the gateway or over HTTP, and shows the answers.

The package translates between Discord and the core; it takes no decisions of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog
from pydantic import SecretStr

from bot.runtime.clock import Clock
from bot.services import Services
from handlers.discord.client import ClientRef, use_api_url
from handlers.discord.components import build_components
from handlers.discord.connection import Connection
from handlers.discord.errors import TokenRefused
from handlers.discord.files import FileDownloader, trusted_origins
from handlers.discord.log_redaction import install_redaction
from handlers.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform", "TokenRefused", "discord"]

log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0  # how long requests in progress may take to finish at shutdown


@asynccontextmanager
async def discord(
    services: Services,
    *,
    token: SecretStr,
    secret: bytes,
    api_url: str,
    by_webhook: bool = False,
    clock: Clock | None = None,
) -> AsyncIterator[DiscordPlatform]:
    """Run the bot for as long as the context is entered; yields the platform that shows job cards. The caller must also
    run its `receive` (see `bot.messaging.platform.Receiver`).

    Raises TokenRefused if Discord rejects the token at startup; without a network it keeps retrying.

    `secret` is the installation's secret, used to encrypt interaction tokens. `api_url` is without a version, e.g.
    `https://discord.com/api`. `by_webhook`: interactions arrive over our HTTP server; private messages arrive over the
    gateway all the same. `clock` is used for retries and defaults to the services' clock.
    """
    with install_redaction(), use_api_url(api_url):
        async with httpx.AsyncClient() as http:
            clock = clock or services.clock
            connection = Connection(ClientRef(), token, api_url, clock, by_webhook=by_webhook)
            files = FileDownloader(http, trusted_origins(api_url))
            components = build_components(services, connection, files, secret)
            try:
                await connection.connect(components.new_command_tree)
                maintenance = asyncio.create_task(connection.run(components.new_command_tree))
                maintenance.add_done_callback(_log_failure)
                try:
                    yield components.platform
                finally:
                    components.retry.stop()
                    await components.executor.finish(STOP_SECONDS)
                    maintenance.cancel()
                    await asyncio.wait([maintenance])
            finally:
                await connection.close()


def _log_failure(maintenance: asyncio.Task[None]) -> None:
    """Make sure that a bot that stopped working is noticed."""
    if not maintenance.cancelled() and (error := maintenance.exception()) is not None:
        log.error("the Discord connection is no longer maintained", exc_info=error)
