"""Who may talk to the page at all, and the headers that every answer carries."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.errors import Problem, answer
from handlers.web.headers import HEADERS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def knows_host(host: str | None, allowed: frozenset[str] | None) -> bool:
    """Whether the Host header names us. A page of somebody else's whose name was re-pointed at 127.0.0.1 says its own.

    `allowed`: names without ports, or None for any.
    """
    if allowed is None:
        return True
    try:
        name = urlsplit(f"//{host or ''}").hostname
    except ValueError:
        return False
    return name in allowed


def is_our_own(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request may change something: it is safe, or it comes from our page, or from no page at all.

    Browsers send Sec-Fetch-Site, or at least Origin, with everything that changes something; what sends neither is no
    browser and carries nobody's cookie by accident.
    """
    if method in SAFE_METHODS:
        return True
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in {"same-origin", "none"}
    return origin is None or origin.partition("://")[2] == headers.get("host")


class Guard:
    """ASGI middleware: turns strangers away and sets the headers."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str] | None) -> None:
        self._app = app
        self._allowed = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refused(Request(scope))
        await (refused or self._app)(scope, receive, _with_headers(send))

    def _refused(self, request: Request) -> Response | None:
        if not knows_host(request.headers.get("host"), self._allowed):
            return answer(request, Problem(421, "unknown_host"))
        if not is_our_own(request.method, request.headers):
            return answer(request, Problem(403, "other_site"))
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sender
