"""Tells Discord our commands, in every language that we speak, and only when they differ from what it knows."""

from typing import Any

import structlog
from discord import HTTPException, Interaction, Locale
from discord.app_commands import (
    AppCommandContext,
    AppCommandError,
    AppInstallationType,
    CommandTree,
    TranslationContextTypes,
    Translator,
    locale_str,
)
from discord.http import Route

from bot.i18n import mark, texts_for
from handlers.discord.client import Wire
from handlers.discord.errors import NETWORK

log = structlog.get_logger(__name__)

# Names of commands and options, marked here for translation: elsewhere they stand as what they name.
_NAMES = (
    *(mark("style"), mark("styles"), mark("again"), mark("history"), mark("queue"), mark("quota"), mark("cancel")),
    *(
        mark("savestyle"),
        mark("renamestyle"),
        mark("mystyles"),
        mark("shelf"),
        mark("give"),
        mark("settings"),
        mark("lang"),
        mark("privacy"),
    ),
    *(mark("export"), mark("forget"), mark("optout"), mark("admin"), mark("help")),
    *(
        mark("photo"),
        mark("photo2"),
        mark("photo3"),
        mark("photo4"),
        mark("reference"),
        mark("private"),
        mark("spoiler"),
    ),
    *(mark("undo"), mark("language"), mark("picture"), mark("pictures"), mark("name"), mark("words"), mark("change")),
)
_OUT_OF_USE = frozenset({"dm_permission"})  # the contexts say it; Discord answers what follows from them
_CHINESE = frozenset({Locale.chinese, Locale.taiwan_chinese})


class Tree(CommandTree[Wire]):
    """Our commands: for servers and people, in servers, private chats and groups."""

    def __init__(self, client: Wire) -> None:
        super().__init__(
            client,
            allowed_contexts=AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=AppInstallationType(guild=True, user=True),
        )
        client.tree = self

    async def on_error(self, interaction: Interaction[Wire], error: AppCommandError, /) -> None:
        """Instead of the library's: its own log is silent, see `quiet`."""
        command = interaction.command.name if interaction.command else None
        log.error("a command could not be dealt with", command=command, exc_info=error)


class Speaker(Translator):
    """Our texts, as Discord asks for them. English is for everybody whose language we don't speak."""

    async def translate(
        self,
        string: locale_str,
        locale: Locale,
        context: TranslationContextTypes,  # noqa: ARG002  # the same words mean the same everywhere
    ) -> str | None:
        if locale not in _CHINESE:
            return None
        said = texts_for(locale.value).gettext(string.message)
        return said if said != string.message else None


async def tell(tree: Tree) -> dict[str, int]:
    """The ids of the commands, by name; none when it failed. A command that Discord doesn't know is not there for
    people."""
    try:
        theirs = await _known(tree)
        if agrees(_ordered(theirs), _ordered(await _ours(tree))):
            return {command["name"]: int(command["id"]) for command in theirs}
        told = await tree.sync()
    except (HTTPException, *NETWORK) as error:
        log.warning("the commands were not told to Discord", error=type(error).__name__)
        return {}
    log.info("Discord knows the commands now")
    return {command.name: command.id for command in told}


async def _known(tree: Tree) -> list[Any]:
    """What Discord has now. Raises what the library raises."""
    client = tree.client
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    return list(await client.http.request(route, params={"with_localizations": "true"}))


async def _ours(tree: Tree) -> list[Any]:
    assert tree.translator is not None
    return [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]


def agrees(theirs: Any, ours: Any) -> bool:
    """Whether all that we say stands there; what we don't say is Discord's own, and nothing is as good as empty."""
    match ours:
        case dict():
            return isinstance(theirs, dict) and all(
                agrees(theirs.get(key), value) for key, value in ours.items() if key not in _OUT_OF_USE
            )
        case list() if ours:
            same_length = isinstance(theirs, list) and len(theirs) == len(ours)
            return same_length and all(agrees(*pair) for pair in zip(theirs, ours, strict=True))
        case _:
            return str(theirs) == str(ours) or not (theirs or ours)  # permissions come back as words


def _ordered(commands: list[Any]) -> list[Any]:
    return sorted(commands, key=lambda command: (command.get("type", 1), command["name"]))
