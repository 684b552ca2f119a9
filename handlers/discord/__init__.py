"""Discord, by its gateway or by HTTP. Translates between its API and the core, and decides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog
from pydantic import SecretStr

from bot.clock import Clock
from bot.conversation import Conversation
from bot.keepsakes import Keepsakes
from bot.lineup import Lineup
from bot.patience import Patience
from bot.presses import Presses
from bot.service import Service
from bot.telling import Telling
from handlers.discord.answering import Answering
from handlers.discord.commands import commands
from handlers.discord.connecting import Connection
from handlers.discord.endpoint import Endpoint
from handlers.discord.errors import TokenRefused
from handlers.discord.files import Files, origins
from handlers.discord.painting import painting
from handlers.discord.pen import Pen
from handlers.discord.pressing import Pressing
from handlers.discord.promptness import Promptness
from handlers.discord.quiet import quiet
from handlers.discord.reading import Reading
from handlers.discord.replies import Replies
from handlers.discord.showing import DiscordPlatform
from handlers.discord.suggesting import Suggesting
from handlers.discord.syncing import Speaker, Tree
from handlers.discord.whose import PLATFORM
from handlers.discord.wire import Ears, Line, Wire, talking_to

__all__ = ["DiscordPlatform", "TokenRefused", "discord"]

log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0  # for what is being dealt with when told to stop


@asynccontextmanager
async def discord(
    service: Service, *, token: SecretStr, api_url: str, by_webhook: bool = False, clock: Clock | None = None
) -> AsyncIterator[DiscordPlatform]:
    """Receives and answers for as long as it is entered; gives the platform that shows job cards.

    Raises TokenRefused when Discord says so at the start. Without a network it goes on trying. `by_webhook`: commands
    are brought to our HTTP server; private messages come by the gateway all the same. `clock`: for trying again, where
    it is not to be the studio's.
    """
    with quiet(), talking_to(api_url):
        async with httpx.AsyncClient() as http:
            house = _house(service, token, Files(http, origins(api_url)), clock, by_webhook=by_webhook)
            connection = Connection(
                house.line, house.planted, token, api_url, clock or service.studio.clock, by_webhook=by_webhook
            )
            try:
                await connection.introduce()
                receiving = asyncio.create_task(connection.run())
                receiving.add_done_callback(_noticed)
                try:
                    yield house.platform
                finally:
                    house.patience.stop()
                    await house.lineup.finish(STOP_SECONDS)
                    receiving.cancel()
                    await asyncio.wait([receiving])
            finally:
                await connection.hang_up()


@dataclass(frozen=True)
class House:
    """What belongs to one bot, whatever becomes of its connection."""

    line: Line
    platform: DiscordPlatform
    patience: Patience
    lineup: Lineup
    answering: Answering
    pressing: Pressing
    suggesting: Suggesting

    async def planted(self) -> Tree:
        """A new client, with its commands."""
        ears = Ears(self.answering.message, self.answering.edit, self.pressing.interaction)
        tree = Tree(Wire(ears))
        await tree.set_translator(Speaker())
        for command in (*commands(self.answering), *painting(self.answering, self.suggesting)):
            tree.add_command(command)
        return tree


def _house(service: Service, token: SecretStr, files: Files, clock: Clock | None, *, by_webhook: bool) -> House:
    studio, line, lineup = service.studio, Line(), Lineup()
    now = studio.clock.now
    pen, replies = Pen(line), Replies(now)
    memory = Keepsakes(studio.database, account_of(token), studio.clock)
    routes = (Endpoint(line).route,) if by_webhook else ()
    platform = DiscordPlatform(pen, replies, memory, studio.reception, routes)
    patience = Patience(clock or studio.clock)
    telling, reading, promptness = Telling(platform, patience), Reading(files), Promptness(replies, now)
    answering = Answering(
        reading, promptness, Conversation(service, "", now, room=platform.room), telling, memory, lineup
    )
    pressing = Pressing(reading, promptness, Presses(service, now, room=platform.room), telling, platform.hooks, lineup)
    return House(line, platform, patience, lineup, answering, pressing, Suggesting(service))


def account_of(token: SecretStr) -> str:
    """The bot's name in our rows. The first part of a token is its id, which is no secret."""
    return f"{PLATFORM}:{token.get_secret_value().partition('.')[0]}"


def _noticed(receiving: asyncio.Task[None]) -> None:
    """A receiver ends only when it is told to; a bot that has gone deaf must not go unnoticed."""
    if not receiving.cancelled() and (error := receiving.exception()) is not None:
        log.error("nothing is received from Discord any more", exc_info=error)
