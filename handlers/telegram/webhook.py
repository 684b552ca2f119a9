"""The webhook: Telegram delivers updates to our HTTP server.

Telegram delivers a chat's updates one by one and waits for each response. If we responded only after processing, the
photos of an album would never come together. So an update is stored in the database, acknowledged with 200, and then
processed. An interrupted update is resumed at the next start, or by another process.
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
from handlers.telegram.update_dispatcher import UpdateDispatcher
from handlers.telegram.update_kinds import ordering_key

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # a header's name
MAX_BYTES = 1024 * 1024  # updates have a few thousand
ERROR_RETRY_SECONDS = 5.0


class WebhookRefused(CannotStart):
    """Telegram rejects the webhook's URL."""

    def __init__(self) -> None:
        super().__init__(
            "Telegram does not accept the webhook: PUBLIC_URL must be https, on port 443, 80, 88 or 8443. "
            "Or set TELEGRAM_WEBHOOK=off."
        )


@dataclass(frozen=True)
class WebhookConfig:
    """The public URL of the webhook, and the secret token by which Telegram's requests are recognised."""

    url: str
    secret: str = field(repr=False)


@dataclass
class Webhook:
    """The webhook's route. Until `run` is called, updates are only stored."""

    bot: Bot
    config: WebhookConfig
    inbox: UpdateInbox
    dispatcher: UpdateDispatcher | None = None
    _in_progress: set[int] = field(default_factory=set)
    _finishing: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def route(self) -> Route:
        """The route for our HTTP server."""
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Store one update and respond: 403 without the secret token, 413 if too large, otherwise 200.

        Known and unreadable updates get a 200 too, because Telegram repeats any other response.
        """
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode(), self.config.secret.encode()):
            return Response(status_code=403)
        body = await _read_body(request)
        if body is None:
            return Response(status_code=413)
        update_id = _update_id(body)
        if update_id is None:
            log.warning("the webhook received something that is not an update")
            return Response(status_code=200)
        update = self._parse(body)
        key = None if update is None else ordering_key(update)
        if await self.inbox.accept(StoredUpdate(update_id, body, None if key is None else str(key))):
            self._dispatch(update_id, update)
        return Response(status_code=200)

    async def run(self, dispatcher: UpdateDispatcher) -> None:
        """Process the stored updates, then new ones as they arrive, until cancelled."""
        self.dispatcher, dispatcher.fetch_reassigned = dispatcher, self._fetch_reassigned
        while True:
            try:
                async for stored in self.inbox.assigned(self._in_progress):
                    self._dispatch(stored.number, self._parse(stored.body))
            except Exception:  # the database is unavailable; updates that arrive here are still processed
                log.exception("stored updates could not be read")
                await self.inbox.clock.sleep(ERROR_RETRY_SECONDS)

    async def _fetch_reassigned(self) -> None:
        """Process updates that were assigned to this process since the last check."""
        try:
            for stored in await self.inbox.reassigned(self._in_progress):
                self._dispatch(stored.number, self._parse(stored.body))
        except SQLAlchemyError:  # `run` checks again soon
            log.warning("reassigned updates could not be read")

    async def shutdown(self) -> None:
        """Let running tasks finish. Unfinished updates are left to other processes, or to the next start."""
        if self.dispatcher is not None:
            await self.dispatcher.shutdown()
        if self._finishing:
            await asyncio.wait(self._finishing)
        await self.inbox.release()

    def _dispatch(self, update_id: int, update: Update | None) -> None:
        """Start to process an update. One that can't be parsed stays stored: a later version may understand it."""
        if self.dispatcher is None or update_id in self._in_progress:
            return
        self._in_progress.add(update_id)
        if update is not None:
            self.dispatcher.dispatch(update, self._on_done)

    def _parse(self, body: str) -> Update | None:
        try:
            return Update.de_json(json.loads(body), self.bot)
        except Exception:  # the library may raise anything for unexpected JSON
            log.exception("an update could not be parsed")
            return None

    def _on_done(self, update_id: int) -> None:
        task = asyncio.create_task(self._finish(update_id))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _finish(self, update_id: int) -> None:
        await self.inbox.done(update_id)
        self._in_progress.discard(update_id)


async def _read_body(request: Request) -> str | None:
    """The body as text; None if it is too large for an update."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return data.decode("utf-8", "replace")


def _update_id(body: str) -> int | None:
    """The update's id; None if it isn't a valid update."""
    try:
        update: Any = json.loads(body)
    except ValueError:
        return None
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**62 else None
