"""Registers our commands with Discord, in every language we support, and only when they have changed."""

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
from handlers.discord.client import DiscordClient
from handlers.discord.errors import NETWORK_ERRORS

log = structlog.get_logger(__name__)

# Names of commands and options, marked for translation in one place; where they are used they are plain identifiers.
_TRANSLATED_NAMES = (
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
_DEPRECATED_FIELDS = frozenset({"dm_permission"})  # superseded by `contexts`, from which Discord derives its value
_CHINESE = frozenset({Locale.chinese, Locale.taiwan_chinese})


class BotCommandTree(CommandTree[DiscordClient]):
    """Our commands, installable for servers and users, available in servers, private chats and group chats."""

    def __init__(self, client: DiscordClient) -> None:
        super().__init__(
            client,
            allowed_contexts=AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=AppInstallationType(guild=True, user=True),
        )
        client.tree = self

    async def on_error(self, interaction: Interaction[DiscordClient], error: AppCommandError, /) -> None:
        """Replaces the library's own logging, which is silenced (see `install_redaction`)."""
        command = interaction.command.name if interaction.command else None
        log.error("a command failed", command=command, exc_info=error)


class CommandTranslator(Translator):
    """Looks up translations in our catalogues. Locales that we do not support get English."""

    async def translate(
        self,
        string: locale_str,
        locale: Locale,
        context: TranslationContextTypes,  # noqa: ARG002  # a string has one translation, whatever its context
    ) -> str | None:
        if locale not in _CHINESE:
            return None
        translation = texts_for(locale.value).gettext(string.message)
        return translation if translation != string.message else None


async def sync_commands(tree: BotCommandTree) -> dict[str, int]:
    """Register our commands if they have changed. Returns their ids by name, empty if Discord could not be reached."""
    try:
        registered = await _fetch_registered(tree)
        if payload_matches(_sorted(registered), _sorted(await _local_payloads(tree))):
            return {command["name"]: int(command["id"]) for command in registered}
        synced = await tree.sync()
    except (HTTPException, *NETWORK_ERRORS) as error:
        log.warning("commands could not be registered with Discord", error=type(error).__name__)
        return {}
    log.info("commands were registered with Discord")
    return {command.name: command.id for command in synced}


async def _fetch_registered(tree: BotCommandTree) -> list[Any]:
    """The commands that Discord has now. Raises what the library raises."""
    client = tree.client
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    return list(await client.http.request(route, params={"with_localizations": "true"}))


async def _local_payloads(tree: BotCommandTree) -> list[Any]:
    assert tree.translator is not None
    return [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]


def payload_matches(registered: Any, local: Any) -> bool:
    """Whether everything in `local` is registered as such. Fields that only Discord sets are ignored, and a missing
    field equals an empty one."""
    match local:
        case dict():
            return isinstance(registered, dict) and all(
                payload_matches(registered.get(key), value)
                for key, value in local.items()
                if key not in _DEPRECATED_FIELDS
            )
        case list() if local:
            same_length = isinstance(registered, list) and len(registered) == len(local)
            return same_length and all(payload_matches(*pair) for pair in zip(registered, local, strict=True))
        case _:
            return str(registered) == str(local) or not (registered or local)  # permissions come back as strings


def _sorted(commands: list[Any]) -> list[Any]:
    return sorted(commands, key=lambda command: (command.get("type", 1), command["name"]))
