"""Fetch a picture by URL, bounded in time, bytes and redirects, and only from addresses that are allowed.

The name is resolved once and the connection goes to the very address that was checked, so DNS rebinding gains nothing.
`Host`, SNI and the certificate check keep the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import httpx

from stylizer.errors import INVALID_URL, Refused
from stylizer.settings import MAX_IMAGE_BYTES
from stylizer.url_guard import is_public

Resolve = Callable[[str, int], Awaitable[list[str]]]
MAX_REDIRECTS = 3
MAX_ADDRESSES = 3  # tried one after the other
_PORTS = {"http": 80, "https": 443}


class Forbidden(httpx.TransportError):
    """The URL's address or scheme is not allowed."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks the address that each request, redirects included, will connect to."""

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolve, is_allowed: Callable[[str], bool]) -> None:
        self._inner = inner
        self._resolve = resolve
        self._is_allowed = is_allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Resolve, check, connect to a checked address. One forbidden address forbids the host."""
        url = request.url
        if url.scheme not in _PORTS:
            raise Forbidden("only http and https are fetched")
        addresses = await self._resolve(url.host, url.port or _PORTS[url.scheme])
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise Forbidden("this host is not on the public internet")
        for address in addresses[: MAX_ADDRESSES - 1]:
            try:
                return await self._inner.handle_async_request(_to(request, address))
            except httpx.ConnectError:
                continue
        return await self._inner.handle_async_request(_to(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Fetcher:
    """Fetches pictures, each over its own connections. `seconds` limits the whole fetch."""

    def __init__(
        self, *, resolve: Resolve, is_allowed: Callable[[str], bool] = is_public, seconds: float = 10.0
    ) -> None:
        self._is_allowed = is_allowed
        self._resolve = resolve
        self._seconds = seconds
        self._certificates = httpx.create_ssl_context(trust_env=False)

    async def fetch(self, url: str) -> bytes:
        """The body behind this URL. Raises Refused (InvalidURL) whatever goes wrong."""
        headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client() as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                return await _body(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise Refused(INVALID_URL) from error

    def _client(self) -> httpx.AsyncClient:
        inner = httpx.AsyncHTTPTransport(verify=self._certificates, trust_env=False)
        return httpx.AsyncClient(
            transport=GuardedTransport(inner, self._resolve, self._is_allowed),
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            timeout=self._seconds,
            trust_env=False,
        )


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of this host, as the system resolves it (including forms such as 0177.1 or 2130706433)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _to(request: httpx.Request, address: str) -> httpx.Request:
    """The same request, to this address. The Host header has already been set from the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


async def _body(response: httpx.Response) -> bytes:
    declared = int(response.headers.get("Content-Length", "0"))
    if response.status_code != 200 or declared > MAX_IMAGE_BYTES:
        raise Refused(INVALID_URL)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_IMAGE_BYTES:
            raise Refused(INVALID_URL)
    return bytes(body)
