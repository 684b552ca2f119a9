"""Identifies visitors by a signed cookie and limits their request rate."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadSignature, Signer
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.i18n import Texts
from bot.messaging.platform import Chat, Person
from bot.runtime.rate_limits import Rate, TokenBuckets
from handlers.web.errors import HttpProblem, problem_response
from handlers.web.language import texts_of
from handlers.web.request_guard import SAFE_METHODS

COOKIE_LIFETIME = 400 * 24 * 3600  # seconds; the longest that browsers keep a cookie
READ_RATE = Rate(burst=1000, per_second=50)
WRITE_RATE = Rate(burst=240, per_second=4)

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """A request's visitor as the core knows them, and their texts."""

    person: Person
    chat: Chat
    texts: Texts


def visit_of(request: Request) -> Visit:
    """The visit that VisitorMiddleware set."""
    visit: Visit = request.state.visit
    return visit


class VisitorCookies:
    """Cookies that hold a visitor's id (128 random bits), signed so that nobody can forge one."""

    def __init__(self, secret: bytes, *, secure: bool, new_id: Callable[[], str]) -> None:
        self._signer = Signer(secret, salt="repaint.web.visitor", key_derivation="hmac", digest_method=sha256)
        self._attributes = f"; Path=/; Max-Age={COOKIE_LIFETIME}; HttpOnly; SameSite=Strict" + (
            "; Secure" if secure else ""
        )
        self.name = "__Host-visitor" if secure else "visitor"
        self.new_id = new_id

    def read(self, value: str | None) -> str | None:
        """The visitor's id; None if the cookie is missing or its signature is wrong."""
        try:
            visitor = self._signer.unsign(value or "").decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        return visitor if _ID.fullmatch(visitor) else None

    def write(self, visitor: str) -> str:
        """The value of the Set-Cookie header."""
        return f"{self.name}={self._signer.sign(visitor).decode()}{self._attributes}"


class VisitorMiddleware:
    """ASGI middleware: sets the request's Visit, gives newcomers their cookie, and limits the request rate."""

    def __init__(self, app: ASGIApp, cookies: VisitorCookies, clock: Callable[[], float]) -> None:
        self._app = app
        self._cookies = cookies
        self._reads = TokenBuckets(READ_RATE, clock)
        self._writes = TokenBuckets(WRITE_RATE, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        known_id = self._cookies.read(request.cookies.get(self._cookies.name))
        seconds = self._wait(request, known_id)
        if seconds > 0:
            await problem_response(request, HttpProblem(429, "too_fast", retry_after=seconds))(scope, receive, send)
            return
        visitor = known_id or self._cookies.new_id()
        texts = texts_of(request)
        request.state.visit = Visit(Person("web", visitor, texts.language), Chat("web", visitor), texts)
        cookie = None if known_id and scope["path"] != "/" else self._cookies.write(visitor)
        await self._app(scope, receive, _add_cookie(cookie, send))

    def _wait(self, request: Request, known_id: str | None) -> float:
        """Seconds to wait. Newcomers share the bucket of their address; otherwise dropping the cookie would evade the
        limit."""
        buckets = self._reads if request.method in SAFE_METHODS else self._writes
        address = request.client.host if request.client else "unknown"
        return buckets.wait(known_id or address)


def _add_cookie(cookie: str | None, send: Send) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            if cookie:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
