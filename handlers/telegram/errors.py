"""Telegram's errors, translated where they enter.

The library's errors carry what Telegram wrote. That can hold the token (a rejected one is quoted), so nothing of it is
passed on: neither as text nor as a cause.
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

NETWORK_PAUSE = 2.0  # seconds
MOVED_PAUSE = 0.5
OWNER_PAUSE = 60.0  # somebody has to look after the token first
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TokenRefused(CannotStart):
    """Telegram doesn't know this token: the owner has to give another one."""

    def __init__(self) -> None:
        super().__init__("Telegram does not accept TELEGRAM_BOT_TOKEN; @BotFather shows the right one")


class Moved(TryLater):
    """The group has a new address; whoever asked tries again, there."""

    def __init__(self, new: str) -> None:
        super().__init__(MOVED_PAUSE)
        self.new = new


class Complaint(Enum):
    """What a 400 is about."""

    NOT_MODIFIED = auto()
    CARD_GONE = auto()
    NO_TEXT = auto()
    CHAT_GONE = auto()
    FILE_GONE = auto()
    REFUNDED = auto()
    OTHER = auto()


# The Bot API has no codes for these, only descriptions; this table is the one place that reads them.
_DESCRIPTIONS = {
    "message is not modified": Complaint.NOT_MODIFIED,
    "message to edit not found": Complaint.CARD_GONE,
    "message to delete not found": Complaint.CARD_GONE,
    "message can't be edited": Complaint.CARD_GONE,
    "message_id_invalid": Complaint.CARD_GONE,
    "there is no text in the message to edit": Complaint.NO_TEXT,
    "chat not found": Complaint.CHAT_GONE,
    "user not found": Complaint.CHAT_GONE,
    "peer_id_invalid": Complaint.CHAT_GONE,
    "wrong file identifier": Complaint.FILE_GONE,
    "wrong remote file identifier": Complaint.FILE_GONE,
    "wrong padding in the string": Complaint.FILE_GONE,
    "charge_already_refunded": Complaint.REFUNDED,
}


def complaint(error: BadRequest) -> Complaint:
    """What Telegram has against a call."""
    words = error.message.casefold()
    return next((kind for description, kind in _DESCRIPTIONS.items() if description in words), Complaint.OTHER)


def pause(error: RetryAfter) -> float:
    """The seconds that flood control asks for."""
    seconds = error.retry_after
    return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)


@contextmanager
def translated() -> Iterator[None]:
    """Raises TryLater or TargetGone for whatever Telegram or the network says."""
    try:
        yield
    except TelegramError as error:
        raise _translation(error) from None


def _translation(error: TelegramError) -> TryLater | TargetGone:
    match error:
        case RetryAfter():
            return TryLater(pause(error))
        case InvalidToken():
            return TryLater(OWNER_PAUSE)
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case Forbidden():
            return TargetGone(card_only=False)
        case BadRequest():
            return _bad_request(error)
        case NetworkError():  # also time-outs and 5xx
            return TryLater(NETWORK_PAUSE, perhaps_sent=not isinstance(error.__cause__, _NEVER_LEFT))
        case _:
            log.warning("Telegram answered oddly", error=type(error).__name__)
            return TryLater(NETWORK_PAUSE)


def _bad_request(error: BadRequest) -> TargetGone:
    kind = complaint(error)
    if kind is Complaint.OTHER:
        log.warning("Telegram refused a call", description=error.message)
    return TargetGone(card_only=kind is Complaint.CARD_GONE)
