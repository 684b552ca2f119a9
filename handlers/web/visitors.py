"""Who is asking: one signed cookie a visitor, and how fast they may ask."""

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
from bot.runtime.token_bucket import Rate, TokenBuckets
from handlers.web.errors import Problem, answer
from handlers.web.language import texts_of
from handlers.web.request_guard import SAFE_METHODS

LIFE = 400 * 24 * 3600  # seconds; browsers keep no cookie longer
READS = Rate(burst=1000, per_second=50)
WRITES = Rate(burst=240, per_second=4)

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """One request's visitor, as the studio knows them, and the language they read."""

    person: Person
    chat: Chat
    texts: Texts


def visit_of(request: Request) -> Visit:
    """The visit that `Visitors` found out."""
    visit: Visit = request.state.visit
    return visit


class Cookies:
    """A visitor's id (128 random bits) signed into a cookie, so that nobody can guess or make one."""

    def __init__(self, secret: bytes, *, secure: bool, fresh: Callable[[], str]) -> None:
        self._signer = Signer(secret, salt="repaint.web.visitor", key_derivation="hmac", digest_method=sha256)
        self._attributes = f"; Path=/; Max-Age={LIFE}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
        self.name = "__Host-visitor" if secure else "visitor"
        self.fresh = fresh

    def read(self, value: str | None) -> str | None:
        """The visitor's id, or None when the cookie is missing or not ours."""
        try:
            visitor = self._signer.unsign(value or "").decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        return visitor if _ID.fullmatch(visitor) else None

    def write(self, visitor: str) -> str:
        """The Set-Cookie header."""
        return f"{self.name}={self._signer.sign(visitor).decode()}{self._attributes}"


class Visitors:
    """ASGI middleware: puts a Visit on the request, gives newcomers their cookie, slows down who asks too fast."""

    def __init__(self, app: ASGIApp, cookies: Cookies, clock: Callable[[], float]) -> None:
        self._app = app
        self._cookies = cookies
        self._reads = TokenBuckets(READS, clock)
        self._writes = TokenBuckets(WRITES, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        known = self._cookies.read(request.cookies.get(self._cookies.name))
        seconds = self._wait(request, known)
        if seconds > 0:
            await answer(request, Problem(429, "too_fast", retry_after=seconds))(scope, receive, send)
            return
        visitor = known or self._cookies.fresh()
        texts = texts_of(request)
        request.state.visit = Visit(Person("web", visitor, texts.language), Chat("web", visitor), texts)
        welcome = None if known and scope["path"] != "/" else self._cookies.write(visitor)
        await self._app(scope, receive, _giving(welcome, send))

    def _wait(self, request: Request, known: str | None) -> float:
        """Newcomers share the bucket of their address: without that, dropping the cookie would be a way round it."""
        buckets = self._reads if request.method in SAFE_METHODS else self._writes
        address = request.client.host if request.client else "nowhere"
        return buckets.wait(known or address)


def _giving(cookie: str | None, send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            if cookie:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sender
