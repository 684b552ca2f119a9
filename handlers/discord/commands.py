"""Our commands as Discord lists them: names, options and descriptions. Each fills in what could have been typed, and
says who sees the answer; the rest is the core's business."""

from collections.abc import Iterator
from typing import Any

from discord import Attachment, app_commands
from discord.app_commands import Choice, Command, Range

from bot.i18n import mark
from bot.messaging.commands import CommandName
from handlers.discord.client import Ask
from handlers.discord.parsing import Filled
from handlers.discord.responder import Answering

MOST_WORDS = 100  # characters

Slash = Command[Any, ..., None]
Words = Range[str, 1, MOST_WORDS]

_PLAIN = {  # those that take nothing
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


def commands(answering: Answering) -> Iterator[Slash]:
    """All but those that paint."""
    yield from (_plain(answering, name, about) for name, about in _PLAIN.items())
    yield from _own(answering)
    yield from _of_servers(answering)


def _plain(answering: Answering, name: CommandName, about: str) -> Slash:
    async def plain(interaction: Ask) -> None:
        await answering.command(interaction, Filled(f"/{name}"), unseen=True)

    return Command(name=name.value, description=about, callback=plain)


def _own(answering: Answering) -> Iterator[Slash]:
    """A person's own affairs."""

    @app_commands.command(name=CommandName.OPT_OUT.value, description=mark("Keep others from using my photos"))
    @app_commands.describe(undo=mark("Allow it again"))
    async def opt_out(interaction: Ask, undo: bool = False) -> None:  # noqa: FBT001, FBT002  # Discord's option
        await answering.command(interaction, Filled("/optout off" if undo else "/optout"), unseen=True)

    @app_commands.command(name=CommandName.LANG.value, description=mark("Language"))
    @app_commands.describe(language=mark("Which one; nothing: a card asks"))
    @app_commands.choices(language=_LANGUAGES)
    async def lang(interaction: Ask, language: str = "") -> None:
        await answering.command(interaction, Filled(f"/lang {language}"), unseen=True)

    @app_commands.command(name=CommandName.SAVE_STYLE.value, description=mark("Keep a picture as a style of your own"))
    @app_commands.describe(picture=mark("The picture"), name=mark("What to call the style"))
    async def save_style(interaction: Ask, picture: Attachment, name: Words) -> None:
        await answering.command(interaction, Filled(f"/savestyle {name}", own=(picture,)), unseen=True)

    @app_commands.command(name=CommandName.RENAME_STYLE.value, description=mark("Give a saved style another name"))
    @app_commands.describe(style=mark("What it is called"), name=mark("What to call the style"))
    async def rename_style(interaction: Ask, style: Words, name: Words) -> None:
        await answering.command(interaction, Filled(f"/renamestyle {style} = {name}"), unseen=True)

    @app_commands.command(name=CommandName.ADMIN.value, description=mark("The owner's desk"))
    @app_commands.describe(words=mark("What to do; nothing: how things stand"))
    @app_commands.allowed_contexts(guilds=False, dms=True, private_channels=False)
    async def admin(interaction: Ask, words: str = "") -> None:
        await answering.command(interaction, Filled(f"/admin {words}"), unseen=True)

    yield from (opt_out, lang, save_style, rename_style, admin)


def _of_servers(answering: Answering) -> Iterator[Slash]:
    """What concerns a server as a whole."""

    @app_commands.command(name=CommandName.SETTINGS.value, description=mark("Who may ask here, how much and when"))
    @app_commands.describe(change=mark("Such as: limit 35, quiet 22:30-06:45, styles 0,2,ref"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings(interaction: Ask, change: str = "") -> None:
        await answering.command(interaction, Filled(f"/settings {change}"), unseen=True)

    @app_commands.command(
        name=CommandName.SHELF.value, description=mark("This server's styles; managers add a picture")
    )
    @app_commands.describe(picture=mark("The picture"), name=mark("What to call the style"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def library(interaction: Ask, picture: Attachment | None = None, name: str = "") -> None:
        own = () if picture is None else (picture,)
        await answering.command(interaction, Filled(f"/shelf {name}", own=own), unseen=True)

    @app_commands.command(name=CommandName.GIVE.value, description=mark("Give pictures to this server"))
    @app_commands.describe(pictures=mark("How many of yours"))
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def give(interaction: Ask, pictures: Range[int, 1, 1000]) -> None:
        await answering.command(interaction, Filled(f"/give {pictures}"), unseen=False)

    yield from (settings, library, give)
