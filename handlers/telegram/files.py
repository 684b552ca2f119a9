"""Downloads people's files. A file's URL contains the bot's token, so it never leaves this module."""

import structlog
from telegram.error import BadRequest, InvalidToken

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.incoming import MAX_BYTES
from bot.messaging.platform import TryLater
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import NETWORK_RETRY_SECONDS, translate_errors
from handlers.telegram.parsing import FileRef

log = structlog.get_logger(__name__)


async def download_file(bot: Bot, file: FileRef) -> bytes | UserError:
    """A file's bytes (at most 20 MB), or why it can't be had. Raises TryLater for temporary failures."""
    with translate_errors():
        try:
            remote = await bot.get_file(file.file_id)
        except BadRequest:
            # If the size is unknown, the file is most likely too large; otherwise it no longer exists.
            return UserError(ErrorCode.TOO_MANY_BYTES if file.size is None else ErrorCode.PHOTO_EXPIRED)
        if (remote.file_size or 0) > MAX_BYTES:
            return UserError(ErrorCode.TOO_MANY_BYTES)
        try:
            return bytes(await remote.download_as_bytearray())
        except InvalidToken:  # the library's error for a 404: the URL has expired, the next attempt gets a new one
            raise TryLater(NETWORK_RETRY_SECONDS) from None
