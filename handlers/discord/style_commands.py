"""The commands that paint: /style and /again, and what the menus of messages and people offer."""

from collections.abc import Iterator

from discord import Attachment, Member, Message, User, app_commands
from discord.app_commands import Choice, ContextMenu

from bot.i18n import mark
from bot.messaging.commands import CommandName
from handlers.discord.autocomplete import Suggesting
from handlers.discord.client import Ask
from handlers.discord.commands import Slash
from handlers.discord.parsing import Filled
from handlers.discord.responder import Answering

REPAINT_PHOTO, REPAINT_AVATAR = mark("Repaint this photo"), mark("Repaint avatar")


def painting(answering: Answering, suggesting: Suggesting) -> Iterator[Slash | ContextMenu]:
    """All of them."""
    yield _style(answering, suggesting)
    yield _again(answering, suggesting)
    yield from _menus(answering)


def _style(answering: Answering, suggesting: Suggesting) -> Slash:
    async def suggested(interaction: Ask, words: str) -> list[Choice[str]]:
        return await suggesting.styles(interaction, words)

    @app_commands.command(name=CommandName.STYLE.value, description=mark("Repaint a photo"))
    @app_commands.describe(
        photo=mark("The photo"),
        style=mark("How to paint it; nothing: a card asks"),
        reference=mark("Or a picture: paint it like that"),
        photo2=mark("One more photo"),
        photo3=mark("One more photo"),
        photo4=mark("One more photo"),
        private=mark("Only you see it"),
        spoiler=mark("Cover the picture until it is tapped"),
    )
    @app_commands.autocomplete(style=suggested)
    async def style(  # noqa: PLR0917  # Discord's options, in the order in which it offers them
        interaction: Ask,
        photo: Attachment,
        style: str = "",
        reference: Attachment | None = None,
        photo2: Attachment | None = None,
        photo3: Attachment | None = None,
        photo4: Attachment | None = None,
        private: bool = False,  # noqa: FBT001, FBT002  # Discord's option
        spoiler: bool = False,  # noqa: FBT001, FBT002  # Discord's option
    ) -> None:
        photos = [one for one in (photo, photo2, photo3, photo4) if one is not None]
        if reference is None:
            filled = Filled(f"/style {style}", own=photos, veiled=spoiler)
        else:
            filled = Filled("/style ref", own=(*photos, reference), veiled=spoiler)
        await answering.command(interaction, filled, unseen=private)

    return style


def _again(answering: Answering, suggesting: Suggesting) -> Slash:
    async def suggested(interaction: Ask, words: str) -> list[Choice[str]]:
        return await suggesting.styles(interaction, words)

    @app_commands.command(name=CommandName.AGAIN.value, description=mark("My last photo once more"))
    @app_commands.describe(
        style=mark("In which style; nothing: the same, with fresh brushwork"), private=mark("Only you see it")
    )
    @app_commands.autocomplete(style=suggested)
    async def again(interaction: Ask, style: str = "", private: bool = False) -> None:  # noqa: FBT001, FBT002  # Discord's option
        await answering.command(interaction, Filled(f"/again {style}"), unseen=private)

    return again


def _menus(answering: Answering) -> Iterator[ContextMenu]:
    async def repaint_photo(interaction: Ask, message: Message) -> None:
        await answering.command(interaction, Filled("/style", message=message), unseen=False)

    async def repaint_avatar(interaction: Ask, user: User | Member) -> None:
        await answering.command(interaction, Filled("/style", user=user), unseen=False)

    yield ContextMenu(name=REPAINT_PHOTO, callback=repaint_photo)
    yield ContextMenu(name=REPAINT_AVATAR, callback=repaint_avatar)
