"""The bot's public profile: command menus and descriptions in each language. Only what has changed is sent."""

from collections.abc import Awaitable, Collection, Iterable, Iterator

import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)
from telegram.error import TelegramError

from bot.conversation.help import about, menu
from bot.i18n import LANGUAGES, texts_for
from bot.messaging.registry import Command, Menu
from handlers.telegram.bot_client import Bot
from handlers.telegram.identities import PLATFORM

log = structlog.get_logger(__name__)


async def update_profile(bot: Bot, owners: Collection[str], commands: Collection[Command]) -> None:
    """Set command menus and descriptions. English is the default for languages without a translation; Telegram knows
    languages by two letters here, so Chinese has one script.

    The bot works without them, so failures are only logged. The owner's own menu can't be set until they have started a
    chat with the bot.
    """
    for language in (language for language in LANGUAGES if len(language) == 2):  # ISO 639-1
        for which, bot_scope in _scopes(owners):
            shown = menu(commands, texts_for(language), which)
            await _log_failure(_set_commands(bot, shown, bot_scope, _language_code(language)))
        await _log_failure(_set_descriptions(bot, language))


def _scopes(owners: Collection[str]) -> Iterator[tuple[Menu, BotCommandScope]]:
    yield Menu.PRIVATE, BotCommandScopeDefault()
    yield Menu.PRIVATE, BotCommandScopeAllPrivateChats()
    yield Menu.GROUP, BotCommandScopeAllGroupChats()
    yield Menu.GROUP_ADMIN, BotCommandScopeAllChatAdministrators()
    for owner in owners:
        platform, _, number = owner.partition(":")
        if platform == PLATFORM and number.isdecimal():
            yield Menu.OWNER, BotCommandScopeChat(int(number))


async def _log_failure(call: Awaitable[None]) -> None:
    try:
        await call
    except TelegramError as error:
        log.warning("a menu or description was not set", error=type(error).__name__)


async def _set_commands(
    bot: Bot, names: Iterable[tuple[str, str]], scope: BotCommandScope, language_code: str | None
) -> None:
    commands = [BotCommand(name, description) for name, description in names]
    if list(await bot.get_my_commands(scope=scope, language_code=language_code)) != commands:
        await bot.set_my_commands(commands, scope=scope, language_code=language_code)


async def _set_descriptions(bot: Bot, language: str) -> None:
    description, code = about(texts_for(language)), _language_code(language)
    if (await bot.get_my_description(language_code=code)).description != description.long:
        await bot.set_my_description(description.long, language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != description.short:
        await bot.set_my_short_description(description.short, language_code=code)


def _language_code(language: str) -> str | None:
    return None if language == "en" else language
