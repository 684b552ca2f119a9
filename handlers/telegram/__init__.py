"""Telegram, by long polling. Translates between the Bot API and the core, and decides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from pydantic import SecretStr
from telegram import User
from telegram.error import InvalidToken, TelegramError

from bot.chat import Platform
from bot.clock import Clock
from bot.studio import Studio
from handlers.telegram.answering import Answering
from handlers.telegram.errors import TokenRefused
from handlers.telegram.menu import set_menu
from handlers.telegram.pace import Pace
from handlers.telegram.quiet import quiet
from handlers.telegram.receiver import Receiver
from handlers.telegram.showing import TelegramPlatform
from handlers.telegram.wire import Bot, telegram_bot

__all__ = ["TokenRefused", "telegram"]

log = structlog.get_logger(__name__)

INTRODUCTION_PAUSE = 5.0  # seconds


@asynccontextmanager
async def telegram(
    studio: Studio, *, token: SecretStr, api_url: str, clock: Clock | None = None
) -> AsyncIterator[Platform]:
    """Receives and answers for as long as it is entered; gives the platform that shows job cards.

    Raises TokenRefused when Telegram says so at the start. Without a network it goes on trying. `clock`: the pace of
    writing and of trying again, where it is not to be the studio's.
    """
    with quiet(token):
        bot = telegram_bot(token, api_url)
        clock = clock or studio.clock
        platform = TelegramPlatform(bot, Pace(clock.now), clock)
        try:
            us = await _introduced(bot)
            receiving = asyncio.create_task(_receive(bot, us, platform, studio, clock))
            try:
                yield platform
            finally:
                receiving.cancel()
                await asyncio.wait([receiving])
        finally:
            await bot.shutdown()


async def _receive(bot: Bot, us: User | None, platform: TelegramPlatform, studio: Studio, clock: Clock) -> None:
    """Say who we are, as often as it takes; then poll until cancelled, and end in good order."""
    while us is None:
        await clock.sleep(INTRODUCTION_PAUSE)
        with suppress(TokenRefused):
            us = await _introduced(bot)
    await set_menu(bot)
    receiver = Receiver(bot, Answering(bot, platform, studio, us, clock), clock)
    try:
        await receiver.run()
    finally:
        await receiver.finish()


async def _introduced(bot: Bot) -> User | None:
    """Who we are; None when Telegram can't be reached now. From then on updates come by polling."""
    try:
        await bot.initialize()
        await bot.delete_webhook(drop_pending_updates=False)
    except InvalidToken:
        log.error("Telegram does not accept TELEGRAM_BOT_TOKEN")  # noqa: TRY400  # the traceback quotes the token
        raise TokenRefused from None
    except TelegramError as error:
        log.warning("Telegram can't be reached yet", error=type(error).__name__)
        return None
    return bot.bot
