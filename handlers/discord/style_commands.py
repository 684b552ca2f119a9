"""The commands that repaint a photo: /style, /again and the context menus of messages and users."""

from collections.abc import Iterator

from discord import Attachment, Member, Message, User, app_commands
from discord.app_commands import Choice, ContextMenu

from bot.i18n import mark
from handlers.discord.autocomplete import Autocomplete
from handlers.discord.client import BotInteraction
from handlers.discord.commands import SlashCommand
from handlers.discord.parsing import FilledCommand
from handlers.discord.responder import DiscordResponder

REPAINT_PHOTO, REPAINT_AVATAR = mark("Repaint this photo"), mark("Repaint avatar")


def style_commands(responder: DiscordResponder, autocomplete: Autocomplete) -> Iterator[SlashCommand | ContextMenu]:
    """All of them."""
    yield _style_command(responder, autocomplete)
    yield _again_command(responder, autocomplete)
    yield from _context_menus(responder)


def _style_command(responder: DiscordResponder, autocomplete: Autocomplete) -> SlashCommand:
    async def suggest(interaction: BotInteraction, typed: str) -> list[Choice[str]]:
        return await autocomplete.styles(interaction, typed)

    @app_commands.command(name="style", description=mark("Repaint a photo"))
    @app_commands.describe(
        photo=mark("The photo"),
        style=mark("Which style; leave it empty and I'll ask"),
        reference=mark("Or a picture whose style to use"),
        photo2=mark("One more photo"),
        photo3=mark("One more photo"),
        photo4=mark("One more photo"),
        private=mark("Only you can see it"),
        spoiler=mark("Hide the picture until it is tapped"),
    )
    @app_commands.autocomplete(style=suggest)
    async def style(  # noqa: PLR0917  # Discord's options, in the order in which it offers them
        interaction: BotInteraction,
        photo: Attachment,
        style: str = "",
        reference: Attachment | None = None,
        photo2: Attachment | None = None,
        photo3: Attachment | None = None,
        photo4: Attachment | None = None,
        private: bool = False,  # noqa: FBT001, FBT002  # Discord's option
        spoiler: bool = False,  # noqa: FBT001, FBT002  # Discord's option
    ) -> None:
        photos = [attachment for attachment in (photo, photo2, photo3, photo4) if attachment is not None]
        if reference is None:
            filled = FilledCommand(f"/style {style}", attachments=photos, spoiler=spoiler)
        else:
            filled = FilledCommand("/style ref", attachments=(*photos, reference), spoiler=spoiler)
        await responder.handle_command(interaction, filled, ephemeral=private)

    return style


def _again_command(responder: DiscordResponder, autocomplete: Autocomplete) -> SlashCommand:
    async def suggest(interaction: BotInteraction, typed: str) -> list[Choice[str]]:
        return await autocomplete.styles(interaction, typed)

    @app_commands.command(name="again", description=mark("My last photo again"))
    @app_commands.describe(
        style=mark("Which style; leave it empty for the same one, painted afresh"), private=mark("Only you can see it")
    )
    @app_commands.autocomplete(style=suggest)
    async def again(interaction: BotInteraction, style: str = "", private: bool = False) -> None:  # noqa: FBT001, FBT002  # Discord's option
        await responder.handle_command(interaction, FilledCommand(f"/again {style}"), ephemeral=private)

    return again


def _context_menus(responder: DiscordResponder) -> Iterator[ContextMenu]:
    async def repaint_photo(interaction: BotInteraction, message: Message) -> None:
        await responder.handle_command(interaction, FilledCommand("/style", target_message=message), ephemeral=False)

    async def repaint_avatar(interaction: BotInteraction, user: User | Member) -> None:
        await responder.handle_command(interaction, FilledCommand("/style", target_user=user), ephemeral=False)

    yield ContextMenu(name=REPAINT_PHOTO, callback=repaint_photo)
    yield ContextMenu(name=REPAINT_AVATAR, callback=repaint_avatar)
