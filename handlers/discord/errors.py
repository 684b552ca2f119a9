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
from discord import DiscordServerError, HTTPException, RateLimited

from bot.messaging.platform import CannotStart, Refusal, Refused, TryLater

log = structlog.get_logger(__name__)

NETWORK_PAUSE = 2.0  # seconds
NOT_NOW_PAUSE = 10.0
MAX_PAUSE = 3600.0  # a longer ban is tried again after an hour
TOKEN_PAUSE = 60.0  # the owner has to replace the token first

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
ALREADY_ANSWERED, MISSING_PERMISSIONS = 40060, 50013
# Unknown Webhook, Unknown Interaction, Invalid Webhook Token, and no more follow-ups.
EXPIRED = frozenset({10015, 10062, 50027, 40094})
TOO_LARGE = frozenset({40005, 50045})
# Slow mode, limits of announcements, channels, servers, old messages and private chats; disabled or overloaded for now.
NOT_NOW = frozenset({20016, 20022, 20028, 20029, 30046, 40003, 40004, 40006, 40043, 40062, 110001, 130000})
REFUSALS = {
    10003: Refusal.CHAT,  # Unknown Channel
    10004: Refusal.CHAT,  # Unknown Guild
    10007: Refusal.CHAT,  # Unknown Member
    10008: Refusal.MESSAGE,  # Unknown Message
    10013: Refusal.CHAT,  # Unknown User
    20009: Refusal.FILES,  # explicit content can't be sent to this recipient
    20024: Refusal.CHAT,  # under the minimum age
    40007: Refusal.CHAT,  # the user is banned from this server
    40058: Refusal.CHAT,  # a forum takes no messages
    50001: Refusal.CHAT,  # Missing Access
    50003: Refusal.CHAT,  # not in a private chat
    50005: Refusal.MESSAGE,  # somebody else's message
    50007: Refusal.CHAT,  # Cannot send messages to this user
    50008: Refusal.CHAT,  # no text channel
    50009: Refusal.CHAT,  # the channel's verification level is too high
    50021: Refusal.MESSAGE,  # a system message
    50024: Refusal.CHAT,  # not in this type of channel
    50033: Refusal.CHAT,  # Invalid Recipient(s)
    50046: Refusal.FILES,  # Invalid file uploaded
    50083: Refusal.MESSAGE,  # the thread is archived: no edits, but a new message opens it again
    50095: Refusal.CHAT,  # this server isn't available in the location
    50178: Refusal.CHAT,  # the user's account has to be verified first
    50278: Refusal.CHAT,  # no server in common with this user
    60003: Refusal.CHAT,  # two-factor authentication is required
    160002: Refusal.CHAT,  # no reply without the permission to read the history
    160005: Refusal.CHAT,  # the thread is locked
    200000: Refusal.MESSAGE,  # blocked by AutoMod
    240000: Refusal.MESSAGE,  # blocked by the filter of harmful links
    400001: Refusal.FILES,  # uploads have been limited for this server
}
# What the library raises for a malformed response, such as a proxy's page with status 200.
MALFORMED_RESPONSE = (ValueError, TypeError, LookupError, AttributeError)
NETWORK_ERRORS = (OSError, aiohttp.ClientError, TimeoutError, *MALFORMED_RESPONSE)


class TokenRefused(CannotStart):
    """Discord rejected the bot's token; the owner has to set a new one."""

    def __init__(self) -> None:
        super().__init__("Discord does not accept DISCORD_BOT_TOKEN; the developer portal makes a new one (Bot, Reset)")


class FileTooLarge(Exception):
    """A file, or all files together, exceed the channel's limit."""


class Banned(TryLater):
    """Discord's firewall takes nothing from our address, whatever the call, until the time is over."""


class InteractionExpired(Exception):
    """The fifteen minutes in which an interaction may be answered are over."""


@contextmanager
def translated_errors(*, has_files: bool = False) -> Iterator[None]:
    """Raises TryLater, Refused, InteractionExpired or FileTooLarge for errors of Discord or the network. `has_files`:
    the call carries files, so that a missing permission may be that for files."""
    try:
        yield
    except RateLimited as error:
        raise TryLater(error.retry_after) from None
    except HTTPException as error:
        raise _translate(error, has_files=has_files) from None
    except MALFORMED_RESPONSE as error:
        log.warning("a response from Discord could not be parsed", error=type(error).__name__)
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None
    except NETWORK_ERRORS:
        raise TryLater(NETWORK_PAUSE, perhaps_sent=True) from None


def _translate(error: HTTPException, *, has_files: bool) -> TryLater | Refused | InteractionExpired | FileTooLarge:
    if error.status == 413 or error.code in TOO_LARGE:
        return FileTooLarge()
    if error.code in EXPIRED:
        return InteractionExpired()
    if error.code == MISSING_PERMISSIONS:
        return Refused(Refusal.FILES if has_files else Refusal.CHAT)
    if error.code in REFUSALS:
        return Refused(REFUSALS[error.code])
    match error:
        case HTTPException(status=429):  # from a firewall; the library waits for Discord's own limits
            return Banned(requested_pause(error) or NETWORK_PAUSE)
        case DiscordServerError() | HTTPException(status=408):
            return TryLater(NETWORK_PAUSE, perhaps_sent=True)
        case HTTPException(code=code) if code in NOT_NOW:
            return TryLater(NOT_NOW_PAUSE)
        case _ if _is_page(error):
            return TryLater(NOT_NOW_PAUSE)
        case HTTPException(status=401):
            log.error("Discord no longer accepts the token")
            return TryLater(TOKEN_PAUSE)
        case _:
            log.warning("Discord refused an API call", status=error.status, code=error.code)
            return Refused(Refusal.UNKNOWN)


def requested_pause(error: BaseException) -> float | None:
    """For how many seconds a response demands that nothing is sent; None if it doesn't say, at most `MAX_PAUSE`."""
    if not isinstance(error, HTTPException):
        return None
    try:
        seconds = float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(seconds, MAX_PAUSE) if seconds > 0 else None


def _is_page(error: HTTPException) -> bool:
    """Whether this is a page of something between Discord and us rather than an answer of its API."""
    return "json" not in error.response.headers.get("Content-Type", "json")
