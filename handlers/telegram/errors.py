"""Translates Telegram's errors into the core's.

The library's errors contain Telegram's own words, which can include the token (a rejected token is quoted). So neither
their text nor the error itself, as a cause, is passed on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum, auto

import httpx
import structlog
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.messaging.platform import CannotStart, TargetGone, TryLater

log = structlog.get_logger(__name__)

NETWORK_RETRY_SECONDS = 2.0
MIGRATION_RETRY_SECONDS = 0.5
TOKEN_RETRY_SECONDS = 60.0  # the owner has to replace the token first
# Raised by httpx before anything was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TokenRefused(CannotStart):
    """Telegram rejects the token; the owner has to set another one."""

    def __init__(self) -> None:
        super().__init__("Telegram does not accept TELEGRAM_BOT_TOKEN; @BotFather shows the right one")


class GroupMigrated(TryLater):
    """The group has a new chat id; the call may be repeated there."""

    def __init__(self, new_chat_id: str) -> None:
        super().__init__(MIGRATION_RETRY_SECONDS)
        self.new_chat_id = new_chat_id


class BadRequestKind(Enum):
    """What a 400 response is about."""

    NOT_MODIFIED = auto()
    MESSAGE_GONE = auto()
    NO_TEXT = auto()
    CHAT_GONE = auto()
    FILE_GONE = auto()
    ALREADY_REFUNDED = auto()
    OTHER = auto()


# The Bot API has no codes for these, only descriptions. No other place matches them.
_DESCRIPTIONS = {
    "message is not modified": BadRequestKind.NOT_MODIFIED,
    "message to edit not found": BadRequestKind.MESSAGE_GONE,
    "message to delete not found": BadRequestKind.MESSAGE_GONE,
    "message can't be edited": BadRequestKind.MESSAGE_GONE,
    "message_id_invalid": BadRequestKind.MESSAGE_GONE,
    "there is no text in the message to edit": BadRequestKind.NO_TEXT,
    "chat not found": BadRequestKind.CHAT_GONE,
    "user not found": BadRequestKind.CHAT_GONE,
    "peer_id_invalid": BadRequestKind.CHAT_GONE,
    "wrong file identifier": BadRequestKind.FILE_GONE,
    "wrong remote file identifier": BadRequestKind.FILE_GONE,
    "wrong padding in the string": BadRequestKind.FILE_GONE,
    "charge_already_refunded": BadRequestKind.ALREADY_REFUNDED,
}


def classify(error: BadRequest) -> BadRequestKind:
    """The kind of a 400 response."""
    message = error.message.casefold()
    return next((kind for description, kind in _DESCRIPTIONS.items() if description in message), BadRequestKind.OTHER)


def retry_seconds(error: RetryAfter) -> float:
    """The seconds to wait that flood control asks for."""
    seconds = error.retry_after
    return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raises TryLater or TargetGone in place of the library's errors."""
    try:
        yield
    except TelegramError as error:
        raise _translation(error) from None


def _translation(error: TelegramError) -> TryLater | TargetGone:
    match error:
        case RetryAfter():
            return TryLater(retry_seconds(error))
        case InvalidToken():
            return TryLater(TOKEN_RETRY_SECONDS)
        case ChatMigrated():
            return GroupMigrated(str(error.new_chat_id))
        case Forbidden():
            return TargetGone(card_only=False)
        case BadRequest():
            return _bad_request(error)
        case NetworkError():  # includes timeouts and 5xx
            return TryLater(NETWORK_RETRY_SECONDS, perhaps_sent=not isinstance(error.__cause__, _NOT_SENT))
        case _:
            log.warning("unexpected error from Telegram", error=type(error).__name__)
            return TryLater(NETWORK_RETRY_SECONDS)


def _bad_request(error: BadRequest) -> TargetGone:
    kind = classify(error)
    if kind is BadRequestKind.OTHER:
        log.warning("Telegram refused a call", description=error.message)
    return TargetGone(card_only=kind is BadRequestKind.MESSAGE_GONE)
