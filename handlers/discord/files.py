"""Downloads attachments and avatars: at once, since links expire; only from trusted hosts; with a size limit."""

from dataclasses import dataclass

import httpx

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.incoming import MAX_BYTES
from bot.messaging.platform import TryLater
from handlers.discord.client import is_official_api, origin
from handlers.discord.errors import NETWORK_PAUSE

DOWNLOAD_TIMEOUT = 20.0
_CDN = frozenset(
    {
        "https://cdn.discordapp.com",
        "https://media.discordapp.net",
        "https://images-ext-1.discordapp.net",  # Discord's copies of pictures on other sites
        "https://images-ext-2.discordapp.net",
    }
)


def trusted_origins(api_url: str) -> frozenset[str]:
    """Where files may be downloaded from: Discord's CDN and, with another API, that API's own host."""
    return _CDN if is_official_api(api_url) else _CDN | {origin(api_url)}


@dataclass(frozen=True)
class FileDownloader:
    """`trusted` holds the origins (scheme, host and port) that files may be downloaded from."""

    http: httpx.AsyncClient
    trusted: frozenset[str]

    async def download(self, url: str) -> bytes | UserError:
        """A file's bytes, at most 20 MB, or why they are not available. Raises TryLater if it may work later."""
        if origin(url) not in self.trusted:
            return UserError(ErrorCode.NOT_A_PICTURE)
        try:
            async with self.http.stream("GET", url, timeout=DOWNLOAD_TIMEOUT) as response:
                if response.status_code == 429 or response.status_code >= 500:
                    raise TryLater(NETWORK_PAUSE)
                if response.status_code != 200:  # the link has expired or the message was deleted
                    return UserError(ErrorCode.PHOTO_EXPIRED)
                return await _read_limited(response)
        except httpx.HTTPError:
            raise TryLater(NETWORK_PAUSE) from None


async def _read_limited(response: httpx.Response) -> bytes | UserError:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            return UserError(ErrorCode.TOO_MANY_BYTES)
    return bytes(data)
