"""Reads people's files from Telegram. The link to a file contains the bot's token: it never leaves this module."""

import structlog
from telegram.error import BadRequest, InvalidToken

from bot.domain.job_view import ErrorCode, UserError
from bot.messaging.incoming import MAX_BYTES
from bot.messaging.platform import TryLater
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import NETWORK_PAUSE, translated
from handlers.telegram.parsing import FileRef

log = structlog.get_logger(__name__)


async def read_file(bot: Bot, file: FileRef) -> bytes | UserError:
    """The bytes of a file, at most 20 MB, or why they can't be had. Raises TryLater when it may work later."""
    with translated():
        try:
            found = await bot.get_file(file.file_id)
        except BadRequest:
            # A file that Telegram lists but won't hand out is too big when its size isn't told, else it is gone.
            return UserError(ErrorCode.TOO_MANY_BYTES if file.size is None else ErrorCode.PHOTO_EXPIRED)
        if (found.file_size or 0) > MAX_BYTES:
            return UserError(ErrorCode.TOO_MANY_BYTES)
        try:
            return bytes(await found.download_as_bytearray())
        except InvalidToken:  # the library's word for a 404: the link is stale, a new one is asked for next time
            raise TryLater(NETWORK_PAUSE) from None
