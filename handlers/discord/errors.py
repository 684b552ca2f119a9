"""Translates Discord's errors. Nothing of their content is passed on, since their URLs hold tokens.

CannotStart
└── TokenRefused        the token is not valid

Exception
├── FileTooLarge        the upload exceeds the channel's limit
└── InteractionExpired  the interaction's token is no longer valid
"""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import structlog
from discord import DiscordServerError, Forbidden, HTTPException, NotFound, RateLimited

from bot.messaging.platform import CannotStart, TargetGone, TryLater

log = structlog.get_logger(__name__)

NETWORK_PAUSE = 2.0  # seconds
TOKEN_PAUSE = 60.0  # the owner has to replace the token first

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN = 10015, 50027
ALREADY_ANSWERED, TOO_LARGE = 40060, 40005
# What the library raises for a malformed response, such as a proxy's page with status 200.
MALFORMED_RESPONSE = (ValueError, TypeError, LookupError, AttributeError)
NETWORK_ERRORS = (OSError, aiohttp.ClientError, TimeoutError, *MALFORMED_RESPONSE)


class TokenRefused(CannotStart):
    """Discord rejected the bot's token; the owner has to set a new one."""

    def __init__(self) -> None:
        super().__init__("Discord does not accept DISCORD_BOT_TOKEN; the developer portal makes a new one (Bot, Reset)")


class FileTooLarge(Exception):
    """A file, or all files together, exceed the channel's limit."""


class InteractionExpired(Exception):
    """The fifteen minutes in which an interaction may be answered are over."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises TryLater, TargetGone, InteractionExpired or FileTooLarge for errors of Discord or the network."""
    try:
        yield
    except RateLimited as error:
        raise TryLater(error.retry_after) from None
    except HTTPException as error:
        raise _translate(error) from None
    except MALFORMED_RESPONSE as error:
        log.warning("a response from Discord could not be parsed", error=type(error).__name__)
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None
    except NETWORK_ERRORS:
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None


def _translate(error: HTTPException) -> TryLater | TargetGone | InteractionExpired | FileTooLarge:
    if error.status == 413 or error.code == TOO_LARGE:
        return FileTooLarge()
    if error.code in {UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN}:
        return InteractionExpired()
    match error:
        case NotFound():
            return TargetGone(card_only=error.code == UNKNOWN_MESSAGE)
        case Forbidden():
            return TargetGone(card_only=False)
        case DiscordServerError() | HTTPException(status=408 | 429):
            return TryLater(NETWORK_PAUSE, perhaps_sent=error.status != 429)
        case HTTPException(status=401):
            log.error("Discord no longer accepts the token")
            return TryLater(TOKEN_PAUSE)
        case _:
            log.warning("Discord refused an API call", status=error.status, code=error.code)
            return TargetGone(card_only=False)
