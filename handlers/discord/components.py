"""Wires up the parts of one bot, apart from its connection."""

from dataclasses import dataclass

from pydantic import SecretStr

from bot.conversation.concurrency import KeyedExecutor
from bot.conversation.responder import Responder, Retry
from bot.messaging.interaction_tokens import InteractionTokens
from bot.messaging.platform_files import PlatformFiles
from bot.services import Services, open_conversation
from handlers.discord.api_writer import ApiWriter
from handlers.discord.autocomplete import Autocomplete
from handlers.discord.client import DiscordClient, EventHandlers
from handlers.discord.command_sync import BotCommandTree, CommandTranslator
from handlers.discord.commands import general_commands
from handlers.discord.component_presses import ComponentPresses
from handlers.discord.connection import Connection
from handlers.discord.deferral import Deferral
from handlers.discord.files import FileDownloader
from handlers.discord.identities import PLATFORM
from handlers.discord.interaction_replies import InteractionReplies, token_cipher
from handlers.discord.interactions_endpoint import InteractionsEndpoint
from handlers.discord.parsing import Parser
from handlers.discord.photo_series import PhotoSeriesCollector
from handlers.discord.platform import DiscordPlatform
from handlers.discord.responder import DiscordResponder
from handlers.discord.style_commands import style_commands
from handlers.discord.upload_limits import UploadLimits


@dataclass(frozen=True)
class Components:
    """The parts of one bot. They outlive its connection."""

    platform: DiscordPlatform
    retry: Retry
    executor: KeyedExecutor
    responder: DiscordResponder
    component_presses: ComponentPresses
    autocomplete: Autocomplete

    async def new_command_tree(self) -> BotCommandTree:
        """A new client with its commands."""
        handlers = EventHandlers(
            self.responder.handle_message, self.responder.handle_edit, self.component_presses.handle
        )
        tree = BotCommandTree(DiscordClient(handlers))
        await tree.set_translator(CommandTranslator())
        registered = self.responder.message_router.registry.commands.values()
        for command in general_commands(registered, self.responder):
            tree.add_command(command)
        for style_command in style_commands(self.responder, self.autocomplete):
            tree.add_command(style_command)
        return tree


def build_components(services: Services, connection: Connection, files: FileDownloader, secret: bytes) -> Components:
    """Build the parts for one bot around its connection."""
    client_ref, executor = connection.client_ref, KeyedExecutor()
    rows = services.database, account_of(connection.token), services.clock
    platform_files, replies = PlatformFiles(*rows), InteractionReplies(InteractionTokens(*rows), token_cipher(secret))
    api_writer = ApiWriter(client_ref, connection.clock)
    routes = (InteractionsEndpoint(client_ref).route,) if connection.by_webhook else ()
    platform = DiscordPlatform(
        api_writer,
        replies,
        platform_files,
        UploadLimits(services.photo_intake),
        connection=connection,
        routes=routes,
    )
    retry = Retry(connection.clock)
    responder, parser, deferral = Responder(platform, retry), Parser(files), Deferral(replies, services.clock.now)
    conversation = open_conversation(services, "", capabilities=platform.capabilities)
    discord_responder = DiscordResponder(
        parser,
        deferral,
        conversation.messages,
        responder,
        platform_files,
        platform.upload_limits,
        platform.interaction_messages,
        PhotoSeriesCollector(connection.clock),
        executor,
    )
    component_presses = ComponentPresses(
        parser,
        deferral,
        conversation.buttons,
        responder,
        platform.interaction_messages,
        executor,
    )
    return Components(platform, retry, executor, discord_responder, component_presses, Autocomplete(services))


def account_of(token: SecretStr) -> str:
    """The bot's name in the database. The first part of a token is the bot's id, which is not secret."""
    return f"{PLATFORM}:{token.get_secret_value().partition('.')[0]}"
