"""Everything of one bot but its connection, put together: who hears, who answers, who shows."""

from dataclasses import dataclass

from pydantic import SecretStr

from bot.conversation.buttons import ButtonRouter
from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Responder
from bot.conversation.retry import Retry
from bot.messaging.interaction_tokens import InteractionTokens
from bot.messaging.platform_files import PlatformFiles
from bot.services import Services
from handlers.discord.api_writer import Pen
from handlers.discord.autocomplete import Suggesting
from handlers.discord.client import Ears, Wire
from handlers.discord.command_sync import Speaker, Tree
from handlers.discord.commands import commands
from handlers.discord.component_presses import Pressing
from handlers.discord.connection import Connection
from handlers.discord.deferral import Promptness
from handlers.discord.files import Files
from handlers.discord.identities import PLATFORM
from handlers.discord.interaction_replies import Replies, seal_of
from handlers.discord.interactions_endpoint import Endpoint
from handlers.discord.parsing import Reading
from handlers.discord.platform import DiscordPlatform
from handlers.discord.responder import Answering
from handlers.discord.style_commands import painting
from handlers.discord.upload_limits import Sizes


@dataclass(frozen=True)
class House:
    """What belongs to one bot, whatever becomes of its connection."""

    platform: DiscordPlatform
    patience: Retry
    lineup: KeyedExecutor
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


def house_of(services: Services, connection: Connection, files: Files, secret: bytes) -> House:
    job_service, line, lineup = services.job_service, connection.line, KeyedExecutor()
    now = job_service.clock.now
    rows = job_service.database, account_of(connection.token), job_service.clock
    memory, replies = PlatformFiles(*rows), Replies(InteractionTokens(*rows), seal_of(secret))
    pen = Pen(line)
    routes = (Endpoint(line).route,) if connection.by_webhook else ()
    platform = DiscordPlatform(
        pen, replies, memory, Sizes(job_service.photo_intake), connection=connection, routes=routes
    )
    patience = Retry(connection.clock)
    telling, reading, promptness = Responder(platform, patience), Reading(files), Promptness(replies, now)
    answering = Answering(
        reading,
        promptness,
        MessageRouter(services, "", now, room=platform.capabilities),
        telling,
        memory,
        platform.sizes,
        lineup,
    )
    pressing = Pressing(
        reading, promptness, ButtonRouter(services, now, room=platform.capabilities), telling, platform.hooks, lineup
    )
    return House(platform, patience, lineup, answering, pressing, Suggesting(services))


def account_of(token: SecretStr) -> str:
    """The bot's name in our rows. The first part of a token is its id, which is no secret."""
    return f"{PLATFORM}:{token.get_secret_value().partition('.')[0]}"
