"""Middleware against DNS rebinding and cross-site requests; adds the security headers."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.errors import HttpProblem, problem_response
from handlers.web.headers import SECURITY_HEADERS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_allowed_host(host: str | None, allowed: frozenset[str] | None) -> bool:
    """Whether the Host header names us. A hostile page whose domain was rebound to 127.0.0.1 sends its own name.

    `allowed`: names without ports, or None for any.
    """
    if allowed is None:
        return True
    try:
        name = urlsplit(f"//{host or ''}").hostname
    except ValueError:
        return False
    return name in allowed


def is_same_origin(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request may change state: it uses a safe method, comes from our own page, or comes from no page at all.

    Browsers send Sec-Fetch-Site, or at least Origin, with requests that change state. A client that sends neither is no
    browser, so it carries nobody's cookie by accident.
    """
    if method in SAFE_METHODS:
        return True
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in {"same-origin", "none"}
    return origin is None or origin.partition("://")[2] == headers.get("host")


class RequestGuard:
    """ASGI middleware: rejects foreign hosts and origins, and adds the security headers."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str] | None) -> None:
        self._app = app
        self._allowed = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, _add_security_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if not is_allowed_host(request.headers.get("host"), self._allowed):
            return problem_response(request, HttpProblem(421, "unknown_host"))
        if not is_same_origin(request.method, request.headers):
            return problem_response(request, HttpProblem(403, "other_site"))
        return None


def _add_security_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
