"""Discord, by its gateway or by HTTP. Translates between its API and the core, and decides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog
from pydantic import SecretStr

from bot.runtime.clock import Clock
from bot.services import Services
from handlers.discord.client import Line, talking_to
from handlers.discord.components import house_of
from handlers.discord.connection import Connection
from handlers.discord.errors import TokenRefused
from handlers.discord.files import Files, origins
from handlers.discord.log_redaction import quiet
from handlers.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform", "TokenRefused", "discord"]

log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0  # for what is being dealt with when told to stop


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
    """Answers for as long as it is entered; gives the platform that shows job cards, and that has to be told to
    receive, see `bot.messaging.platform.Receives`.

    Raises TokenRefused when Discord says so at the start. Without a network it goes on trying. `by_webhook`: commands
    are brought to our HTTP server; private messages come by the gateway all the same. `secret`: the
    installation's, which seals what an interaction lets us do. `clock`: for trying again, where it is not to be the
    studio's.
    """
    with quiet(), talking_to(api_url):
        async with httpx.AsyncClient() as http:
            connection = Connection(Line(), token, api_url, clock or services.job_service.clock, by_webhook=by_webhook)
            house = house_of(services, connection, Files(http, origins(api_url)), secret)
            try:
                await connection.connect(house.planted)
                attending = asyncio.create_task(connection.run(house.planted))
                attending.add_done_callback(_noticed)
                try:
                    yield house.platform
                finally:
                    house.patience.stop()
                    await house.lineup.finish(STOP_SECONDS)
                    attending.cancel()
                    await asyncio.wait([attending])
            finally:
                await connection.hang_up()


def _noticed(attending: asyncio.Task[None]) -> None:
    """A bot that has gone deaf must not go unnoticed."""
    if not attending.cancelled() and (error := attending.exception()) is not None:
        log.error("nothing is received from Discord any more", exc_info=error)
