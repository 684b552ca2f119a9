"""The bot's menu of commands, in each language."""

import structlog
from telegram import BotCommand
from telegram.error import TelegramError

from bot.texts import LANGUAGES, mark, speak
from handlers.telegram.wire import Bot

log = structlog.get_logger(__name__)

COMMANDS = {
    "style": mark("Repaint a photo: answer it with /style and a number or name"),
    "styles": mark("All styles, with samples"),
    "ref": mark("Answer a picture: paint my next photo in its style"),
    "queue": mark("Where my pictures are"),
    "quota": mark("What I have left today"),
    "cancel": mark("Take back what is waiting"),
    "help": mark("How it works"),
}


async def set_menu(bot: Bot) -> None:
    """Tell Telegram the commands. English is for everybody whose language has no menu of its own."""
    try:
        for language in LANGUAGES:
            texts = speak(language)
            commands = [BotCommand(name, texts.gettext(words)) for name, words in COMMANDS.items()]
            await bot.set_my_commands(commands, language_code=None if language == "en" else language)
    except TelegramError as error:  # a menu is a comfort: without it everything works
        log.warning("the menu of commands was not set", error=type(error).__name__)
