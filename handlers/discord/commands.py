"""The slash commands: names, options and descriptions.

Each callback turns its options into the text that could have been typed and says who sees the answer.
"""

from collections.abc import Iterator
from typing import Any

from discord import Attachment, app_commands
from discord.app_commands import Choice, Command, Range

from bot.i18n import mark
from bot.messaging.commands import CommandName
from handlers.discord.client import BotInteraction
from handlers.discord.parsing import FilledCommand
from handlers.discord.responder import DiscordResponder

MAX_TEXT_LENGTH = 100  # characters

SlashCommand = Command[Any, ..., None]
ShortText = Range[str, 1, MAX_TEXT_LENGTH]

_COMMANDS_WITHOUT_OPTIONS = {
    CommandName.STYLES: mark("All styles, with samples"),
    CommandName.HISTORY: mark("My pictures"),
    CommandName.QUEUE: mark("Where my pictures are"),
    CommandName.QUOTA: mark("What I have left today"),
    CommandName.CANCEL: mark("Take back what is waiting"),
    CommandName.MY_STYLES: mark("My saved styles"),
    CommandName.PRIVACY: mark("What is kept of me"),
    CommandName.EXPORT: mark("Send me everything you keep of me"),
    CommandName.FORGET: mark("Delete everything of mine"),
    CommandName.HELP: mark("How it works"),
}
_LANGUAGES = [Choice(name="English", value="en"), Choice(name="中文", value="zh")]


def general_commands(responder: DiscordResponder) -> Iterator[SlashCommand]:
    """All commands except those that repaint a photo (see `style_commands`)."""
    yield from (_command_without_options(responder, name, about) for name, about in _COMMANDS_WITHOUT_OPTIONS.items())
    yield from _personal_commands(responder)
    yield from _server_commands(responder)


def _command_without_options(responder: DiscordResponder, name: CommandName, about: str) -> SlashCommand:
    async def command(interaction: BotInteraction) -> None:
        await responder.handle_command(interaction, FilledCommand(f"/{name}"), ephemeral=True)

    return Command(name=name.value, description=about, callback=command)


def _personal_commands(responder: DiscordResponder) -> Iterator[SlashCommand]:
    """Commands about the person's own settings and styles."""

    @app_commands.command(name=CommandName.OPT_OUT.value, description=mark("Keep others from using my photos"))
    @app_commands.describe(undo=mark("Allow it again"))
    async def opt_out(interaction: BotInteraction, undo: bool = False) -> None:  # noqa: FBT001, FBT002  # Discord's option
        await responder.handle_command(interaction, FilledCommand("/optout off" if undo else "/optout"), ephemeral=True)

    @app_commands.command(name=CommandName.LANG.value, description=mark("Language"))
    @app_commands.describe(language=mark("Which one; nothing: a card asks"))
    @app_commands.choices(language=_LANGUAGES)
    async def lang(interaction: BotInteraction, language: str = "") -> None:
        await responder.handle_command(interaction, FilledCommand(f"/lang {language}"), ephemeral=True)

    @app_commands.command(name=CommandName.SAVE_STYLE.value, description=mark("Keep a picture as a style of your own"))
    @app_commands.describe(picture=mark("The picture"), name=mark("What to call the style"))
    async def save_style(interaction: BotInteraction, picture: Attachment, name: ShortText) -> None:
        filled = FilledCommand(f"/savestyle {name}", attachments=(picture,))
        await responder.handle_command(interaction, filled, ephemeral=True)

    @app_commands.command(name=CommandName.RENAME_STYLE.value, description=mark("Give a saved style another name"))
    @app_commands.describe(style=mark("What it is called"), name=mark("What to call the style"))
    async def rename_style(interaction: BotInteraction, style: ShortText, name: ShortText) -> None:
        await responder.handle_command(interaction, FilledCommand(f"/renamestyle {style} = {name}"), ephemeral=True)

    @app_commands.command(name=CommandName.ADMIN.value, description=mark("The owner's desk"))
    @app_commands.describe(words=mark("What to do; nothing: how things stand"))
    @app_commands.allowed_contexts(guilds=False, dms=True, private_channels=False)
    async def admin(interaction: BotInteraction, words: str = "") -> None:
        await responder.handle_command(interaction, FilledCommand(f"/admin {words}"), ephemeral=True)

    yield from (opt_out, lang, save_style, rename_style, admin)


def _server_commands(responder: DiscordResponder) -> Iterator[SlashCommand]:
    """Commands about a server as a whole."""

    @app_commands.command(name=CommandName.SETTINGS.value, description=mark("Who may ask here, how much and when"))
    @app_commands.describe(change=mark("Such as: limit 35, quiet 22:30-06:45, styles 0,2,ref"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings(interaction: BotInteraction, change: str = "") -> None:
        await responder.handle_command(interaction, FilledCommand(f"/settings {change}"), ephemeral=True)

    @app_commands.command(
        name=CommandName.SHELF.value, description=mark("This server's styles; managers add a picture")
    )
    @app_commands.describe(picture=mark("The picture"), name=mark("What to call the style"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def library(interaction: BotInteraction, picture: Attachment | None = None, name: str = "") -> None:
        attachments = () if picture is None else (picture,)
        filled = FilledCommand(f"/shelf {name}", attachments=attachments)
        await responder.handle_command(interaction, filled, ephemeral=True)

    @app_commands.command(name=CommandName.GIVE.value, description=mark("Give pictures to this server"))
    @app_commands.describe(pictures=mark("How many of yours"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def give(interaction: BotInteraction, pictures: Range[int, 1, 1000]) -> None:
        await responder.handle_command(interaction, FilledCommand(f"/give {pictures}"), ephemeral=False)

    yield from (settings, library, give)
