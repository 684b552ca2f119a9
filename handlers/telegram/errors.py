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

from bot.messaging.platform import CannotStart, Refusal, Refused, TryLater

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
    PHOTO_REFUSED = auto()
    FILES_REFUSED = auto()
    TOPIC_CLOSED = auto()
    CHAT_CLOSED = auto()
    FILE_GONE = auto()
    ALREADY_REFUNDED = auto()
    OTHER = auto()


# The Bot API has no codes for these, only descriptions. No other place matches them.
DESCRIPTIONS = {
    "message is not modified": BadRequestKind.NOT_MODIFIED,
    "message to edit not found": BadRequestKind.MESSAGE_GONE,
    "message to delete not found": BadRequestKind.MESSAGE_GONE,
    "message can't be edited": BadRequestKind.MESSAGE_GONE,
    "message_id_invalid": BadRequestKind.MESSAGE_GONE,
    "message_edit_time_expired": BadRequestKind.MESSAGE_GONE,
    "message_author_required": BadRequestKind.MESSAGE_GONE,
    "there is no text in the message to edit": BadRequestKind.NO_TEXT,
    "not enough rights to send photos": BadRequestKind.PHOTO_REFUSED,
    "chat_send_photos_forbidden": BadRequestKind.PHOTO_REFUSED,
    "photo_invalid_dimensions": BadRequestKind.PHOTO_REFUSED,
    "photo_save_file_invalid": BadRequestKind.PHOTO_REFUSED,
    "photo_ext_invalid": BadRequestKind.PHOTO_REFUSED,
    "photo_content_type_invalid": BadRequestKind.PHOTO_REFUSED,
    "image_process_failed": BadRequestKind.PHOTO_REFUSED,
    "too big for a photo": BadRequestKind.PHOTO_REFUSED,
    "not enough rights to send documents": BadRequestKind.FILES_REFUSED,
    "not enough rights to send media": BadRequestKind.FILES_REFUSED,
    "chat_send_docs_forbidden": BadRequestKind.FILES_REFUSED,
    "chat_send_media_forbidden": BadRequestKind.FILES_REFUSED,
    "message thread not found": BadRequestKind.TOPIC_CLOSED,
    "topic_closed": BadRequestKind.TOPIC_CLOSED,
    "topic_deleted": BadRequestKind.TOPIC_CLOSED,
    "topic_id_invalid": BadRequestKind.TOPIC_CLOSED,
    "chat not found": BadRequestKind.CHAT_CLOSED,
    "user not found": BadRequestKind.CHAT_CLOSED,
    "peer_id_invalid": BadRequestKind.CHAT_CLOSED,
    "have no rights to send a message": BadRequestKind.CHAT_CLOSED,
    "not enough rights to send text messages": BadRequestKind.CHAT_CLOSED,
    "need administrator rights": BadRequestKind.CHAT_CLOSED,
    "chat_write_forbidden": BadRequestKind.CHAT_CLOSED,
    "chat_send_plain_forbidden": BadRequestKind.CHAT_CLOSED,
    "chat_guest_send_forbidden": BadRequestKind.CHAT_CLOSED,
    "chat_admin_required": BadRequestKind.CHAT_CLOSED,
    "chat_restricted": BadRequestKind.CHAT_CLOSED,
    "channel_private": BadRequestKind.CHAT_CLOSED,
    "user_banned_in_channel": BadRequestKind.CHAT_CLOSED,
    "privacy_premium_required": BadRequestKind.CHAT_CLOSED,
    "user_privacy_restricted": BadRequestKind.CHAT_CLOSED,
    "user_is_blocked": BadRequestKind.CHAT_CLOSED,
    "input_user_deactivated": BadRequestKind.CHAT_CLOSED,
    "group chat was deactivated": BadRequestKind.CHAT_CLOSED,
    "allow_payment_required": BadRequestKind.CHAT_CLOSED,
    "wrong file identifier": BadRequestKind.FILE_GONE,
    "wrong remote file identifier": BadRequestKind.FILE_GONE,
    "file_reference_": BadRequestKind.FILE_GONE,  # …EXPIRED, …INVALID
    "wrong padding in the string": BadRequestKind.FILE_GONE,
    "charge_already_refunded": BadRequestKind.ALREADY_REFUNDED,
}
REFUSALS = {
    BadRequestKind.MESSAGE_GONE: Refusal.MESSAGE,
    BadRequestKind.PHOTO_REFUSED: Refusal.PHOTO,
    BadRequestKind.FILES_REFUSED: Refusal.FILES,
    BadRequestKind.TOPIC_CLOSED: Refusal.TOPIC,
    BadRequestKind.CHAT_CLOSED: Refusal.CHAT,
}
_TOO_LARGE = "request entity too large"  # status 413, for which the library has no class


def classify(error: BadRequest) -> BadRequestKind:
    """The kind of a 400 response."""
    message = error.message.casefold()
    return next((kind for description, kind in DESCRIPTIONS.items() if description in message), BadRequestKind.OTHER)


def retry_seconds(error: RetryAfter) -> float:
    """The seconds to wait that flood control asks for."""
    seconds = error.retry_after
    return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raises TryLater or Refused in place of the library's errors."""
    try:
        yield
    except TelegramError as error:
        raise _translation(error) from None


def _translation(error: TelegramError) -> TryLater | Refused:
    match error:
        case RetryAfter():
            return TryLater(retry_seconds(error))
        case InvalidToken():
            return TryLater(TOKEN_RETRY_SECONDS)
        case ChatMigrated():
            return GroupMigrated(str(error.new_chat_id))
        case Forbidden():
            return Refused(Refusal.CHAT)
        case BadRequest():
            return _bad_request(error)
        case NetworkError() if _TOO_LARGE in error.message.casefold():
            return Refused(Refusal.PHOTO)
        case NetworkError():  # includes timeouts and 5xx
            return TryLater(NETWORK_RETRY_SECONDS, perhaps_sent=not isinstance(error.__cause__, _NOT_SENT))
        case _:
            log.warning("unexpected error from Telegram", error=type(error).__name__)
            return TryLater(NETWORK_RETRY_SECONDS)


def _bad_request(error: BadRequest) -> Refused:
    refusal = REFUSALS.get(classify(error), Refusal.UNKNOWN)
    if refusal is Refusal.UNKNOWN:
        log.warning("Telegram refused a call", description=error.message)
    return Refused(refusal)
