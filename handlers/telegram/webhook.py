"""The webhook: Telegram brings updates to our HTTP server.

Telegram brings the updates of a chat one by one and waits for each answer, so the parts of an album would never be
together if we answered only when a request is dealt with. So an update is kept in the database first, then answered
200, then dealt with; one whose work was cut short is taken up again at the next start.
"""

import asyncio
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update

from bot.chat import CannotStart
from bot.keepsakes import Arrival, Keepsakes
from handlers.telegram.taking import Taking
from handlers.telegram.wire import Bot

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # a header's name
MAX_BYTES = 1024 * 1024  # an update is a few thousand


class WebhookRefused(CannotStart):
    """Telegram doesn't take our address."""

    def __init__(self) -> None:
        super().__init__(
            "Telegram does not accept the webhook: PUBLIC_URL must be https, on port 443, 80, 88 or 8443. "
            "Or set TELEGRAM_WEBHOOK=off."
        )


@dataclass(frozen=True)
class Hook:
    """Where Telegram is to bring updates, and the word by which we know that it is Telegram."""

    url: str
    secret: str = field(repr=False)


@dataclass
class Webhook:
    """One bot's route. Until `taking` is there, updates are only kept."""

    bot: Bot
    hook: Hook
    kept: Keepsakes
    taking: Taking | None = None
    _open: set[int] = field(default_factory=set)
    _writing: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def route(self) -> Route:
        """For our HTTP server."""
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """An update. 403 for strangers; 200 once it is kept, also for one that is known or that nobody can read: all
        others come again and again."""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.hook.secret.encode()):
            return Response(status_code=403)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        number = _number(body)
        if number is None:
            log.warning("something was brought that is no update")
            return Response(status_code=200)
        arrival = Arrival(number, body)
        if await self.kept.arrived(arrival):
            self._take(arrival)
        return Response(status_code=200)

    async def run(self, taking: Taking) -> None:
        """Deal with what came while nobody could, then with everything as it comes, until cancelled."""
        self.taking = taking
        for arrival in await self.kept.unfinished():
            self._take(arrival)
        await asyncio.Event().wait()

    async def finish(self) -> None:
        """Let what has begun come to its end; what doesn't is taken up at the next start."""
        if self.taking is not None:
            await self.taking.finish()
        if self._writing:
            await asyncio.wait(self._writing)

    def _take(self, arrival: Arrival) -> None:
        if self.taking is None or arrival.number in self._open:
            return
        self._open.add(arrival.number)
        try:
            update = Update.de_json(json.loads(arrival.body), self.bot)
        except Exception:  # the library may stumble over what it reads; the next version may not
            log.exception("an update could not be read")
            return
        self.taking.take(update, self._done)

    def _done(self, number: int) -> None:
        task = asyncio.create_task(self._put_away(number))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _put_away(self, number: int) -> None:
        await self.kept.done(number)
        self._open.discard(number)


async def _body(request: Request) -> str | None:
    """The body as text; None when it is too long to be an update."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return data.decode("utf-8", "replace")


def _number(body: str) -> int | None:
    """The number of an update; None for what is none."""
    try:
        update: Any = json.loads(body)
    except ValueError:
        return None
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**62 else None
