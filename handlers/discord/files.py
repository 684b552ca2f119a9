"""Reads people's files from Discord: at once, for links expire; only from Discord's own hosts; and never too much."""

from dataclasses import dataclass

import httpx

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.incoming import MAX_BYTES
from bot.messaging.platform import TryLater
from handlers.discord.client import is_discord, origin
from handlers.discord.errors import NETWORK_PAUSE

READ_SECONDS = 20.0
_CDN = frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"})


def origins(api_url: str) -> frozenset[str]:
    """Where files may be read from: Discord's CDN; with another API also from where that is."""
    return _CDN if is_discord(api_url) else _CDN | {origin(api_url)}


@dataclass(frozen=True)
class Files:
    """`trusted`: scheme, host and port of every server that we read from."""

    http: httpx.AsyncClient
    trusted: frozenset[str]

    async def read(self, url: str) -> bytes | UserError:
        """The bytes of a file, at most 20 MB, or why they can't be had. Raises TryLater when it may work later."""
        if origin(url) not in self.trusted:
            return UserError(ErrorCode.PHOTO_MISSING)
        try:
            async with self.http.stream("GET", url, timeout=READ_SECONDS) as answer:
                if answer.status_code == 429 or answer.status_code >= 500:
                    raise TryLater(NETWORK_PAUSE)
                if answer.status_code != 200:  # the link has expired, or the message was deleted
                    return UserError(ErrorCode.PHOTO_EXPIRED)
                return await _bounded(answer)
        except httpx.HTTPError:
            raise TryLater(NETWORK_PAUSE) from None


async def _bounded(answer: httpx.Response) -> bytes | UserError:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            return UserError(ErrorCode.TOO_MANY_BYTES)
    return bytes(data)
