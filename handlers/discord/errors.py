"""Discord's errors, translated where they enter. Nothing of what they carry is passed on: URLs hold tokens."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import structlog
from discord import DiscordServerError, Forbidden, HTTPException, NotFound, RateLimited

from bot.messaging.platform import CannotStart, TargetGone, TryLater

log = structlog.get_logger(__name__)

NETWORK_PAUSE = 2.0  # seconds
OWNER_PAUSE = 60.0  # somebody has to look after the token first

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN = 10015, 50027
ALREADY_ANSWERED, TOO_LARGE = 40060, 40005
# What the library stumbles over when an answer is none, as a proxy's page with a good status.
GARBLED = (ValueError, TypeError, LookupError, AttributeError)
NETWORK = (OSError, aiohttp.ClientError, TimeoutError, *GARBLED)


class TokenRefused(CannotStart):
    """Discord doesn't know this token: the owner has to give another one."""

    def __init__(self) -> None:
        super().__init__("Discord does not accept DISCORD_BOT_TOKEN; the developer portal makes a new one (Bot, Reset)")


class TooBig(Exception):
    """A file, or all together, is more than the channel takes."""


class TooLate(Exception):
    """The quarter of an hour in which an interaction may be answered is over."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises TryLater, TargetGone, TooLate or TooBig for whatever Discord or the network says."""
    try:
        yield
    except RateLimited as patience:
        raise TryLater(patience.retry_after) from None
    except HTTPException as error:
        raise _translation(error) from None
    except GARBLED as error:
        log.warning("an answer of Discord's could not be read", error=type(error).__name__)
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None
    except NETWORK:
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None


def _translation(error: HTTPException) -> TryLater | TargetGone | TooLate | TooBig:
    if error.status == 413 or error.code == TOO_LARGE:
        return TooBig()
    if error.code in {UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN}:
        return TooLate()
    match error:
        case NotFound():
            return TargetGone(card_only=error.code == UNKNOWN_MESSAGE)
        case Forbidden():
            return TargetGone(card_only=False)
        case DiscordServerError() | HTTPException(status=408 | 429):
            return TryLater(NETWORK_PAUSE, perhaps_sent=error.status != 429)
        case HTTPException(status=401):
            log.error("Discord does not accept the token any more")
            return TryLater(OWNER_PAUSE)
        case _:
            log.warning("Discord refused a call", status=error.status, code=error.code)
            return TargetGone(card_only=False)
