"""The webhook: Telegram brings updates to our HTTP server.

Telegram brings the updates of a chat one by one and waits for each answer, so the parts of an album would never be
together if we answered only when a request is dealt with. So an update is kept in the database first, then answered
200, then dealt with; one whose work was cut short is taken up again: at the next start, or by another process.
"""

import asyncio
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update

from bot.cluster.update_inbox import StoredUpdate, UpdateInbox
from bot.messaging.platform import CannotStart
from handlers.telegram.bot_client import Bot
from handlers.telegram.update_dispatcher import Taking
from handlers.telegram.update_kinds import lane_of

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # a header's name
MAX_BYTES = 1024 * 1024  # an update is a few thousand
TROUBLE_PAUSE = 5.0  # seconds


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
    kept: UpdateInbox
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
        update = self._read(body)
        lane = None if update is None else lane_of(update)
        if await self.kept.accept(StoredUpdate(number, body, None if lane is None else str(lane))):
            self._take(number, update)
        return Response(status_code=200)

    async def run(self, taking: Taking) -> None:
        """Deal with what came while nobody could, then with everything as it comes, until cancelled."""
        self.taking, taking.look = taking, self._look
        while True:
            try:
                async for arrival in self.kept.assigned(self._open):
                    self._take(arrival.number, self._read(arrival.body))
            except Exception:  # the rows can't be read for now: what is brought to us is dealt with all the same
                log.exception("what was brought could not be looked through")
                await self.kept.clock.sleep(TROUBLE_PAUSE)

    async def _look(self) -> None:
        """Take what has fallen to us since the last look."""
        try:
            for arrival in await self.kept.reassigned(self._open):
                self._take(arrival.number, self._read(arrival.body))
        except SQLAlchemyError:  # it is looked for again soon
            log.warning("what was brought to others could not be looked through")

    async def finish(self) -> None:
        """Let what has begun come to its end; what doesn't is taken up by others, or at the next start."""
        if self.taking is not None:
            await self.taking.finish()
        if self._writing:
            await asyncio.wait(self._writing)
        await self.kept.release()

    def _take(self, number: int, update: Update | None) -> None:
        """Begin to deal with it; what can't be read stays: the next version may not stumble over it."""
        if self.taking is None or number in self._open:
            return
        self._open.add(number)
        if update is not None:
            self.taking.take(update, self._done)

    def _read(self, body: str) -> Update | None:
        try:
            return Update.de_json(json.loads(body), self.bot)
        except Exception:  # the library may stumble over anything
            log.exception("an update could not be read")
            return None

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
