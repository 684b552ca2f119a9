"""How the bot presents itself: its menus of commands and its description, in each language; only what has changed."""

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

from bot.conversation.command_menu import Scope, about, menu
from bot.i18n import LANGUAGES, texts_for
from handlers.telegram.bot_client import Bot
from handlers.telegram.identities import PLATFORM

log = structlog.get_logger(__name__)


async def introduce_ourselves(bot: Bot, owners: Collection[str], *, for_sale: bool) -> None:
    """Tell Telegram. English is for everybody whose language has nothing of its own.

    A menu is a comfort: without it everything works, so what fails is only logged. An owner who never wrote to the bot
    has no chat with it, and so no menu of their own yet.
    """
    for language in LANGUAGES:
        for scope, place in _scopes(owners):
            words = menu(texts_for(language), scope, for_sale=for_sale)
            await _quietly(_set_commands(bot, words, place, _code(language)))
        await _quietly(_set_descriptions(bot, language))


def _scopes(owners: Collection[str]) -> Iterator[tuple[Scope, BotCommandScope]]:
    yield Scope.PRIVATE, BotCommandScopeDefault()
    yield Scope.PRIVATE, BotCommandScopeAllPrivateChats()
    yield Scope.GROUP, BotCommandScopeAllGroupChats()
    yield Scope.GROUP_ADMIN, BotCommandScopeAllChatAdministrators()
    for owner in owners:
        platform, _, number = owner.partition(":")
        if platform == PLATFORM and number.isdecimal():
            yield Scope.OWNER, BotCommandScopeChat(int(number))


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except TelegramError as error:
        log.warning("a menu or description was not set", error=type(error).__name__)


async def _set_commands(
    bot: Bot, words: Iterable[tuple[str, str]], place: BotCommandScope, language_code: str | None
) -> None:
    commands = [BotCommand(name, about_it) for name, about_it in words]
    if list(await bot.get_my_commands(scope=place, language_code=language_code)) != commands:
        await bot.set_my_commands(commands, scope=place, language_code=language_code)


async def _set_descriptions(bot: Bot, language: str) -> None:
    ours, code = about(texts_for(language)), _code(language)
    if (await bot.get_my_description(language_code=code)).description != ours.long:
        await bot.set_my_description(ours.long, language_code=code)
    if (await bot.get_my_short_description(language_code=code)).short_description != ours.short:
        await bot.set_my_short_description(ours.short, language_code=code)


def _code(language: str) -> str | None:
    return None if language == "en" else language
