"""The webhook: Telegram delivers updates to our HTTP server.

Telegram delivers a chat's updates one by one and waits for each response. If we responded only after handling one, the
photos of an album would never come together. So an update is stored in the database, acknowledged with 200, and then
handled: see `update_dispatcher`.
"""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.cluster.update_inbox import InboxFull
from bot.messaging.platform import CannotStart
from bot.runtime.batches import Batches
from handlers.telegram.update_intake import UpdateIntake, update_id

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # a header's name
MAX_BYTES = 1024 * 1024  # updates have a few thousand


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


class Webhook:
    """The webhook's route. Updates that come at the same time are stored in one transaction."""

    def __init__(self, config: WebhookConfig, intake: UpdateIntake) -> None:
        self.config = config
        self._store = Batches(intake.store)

    @property
    def route(self) -> Route:
        """The route for our HTTP server."""
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Store one update and respond: 403 without the secret token, 413 if too large, 503 if it can't be stored now,
        otherwise 200.

        Known and unreadable updates get a 200 too, because Telegram repeats any other response.
        """
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode(), self.config.secret.encode()):
            return Response(status_code=403)
        body = await _read_body(request)
        if body is None:
            return Response(status_code=413)
        update = _parse_json(body)
        if update_id(update) is None:
            log.warning("the webhook received something that is not an update")
            return Response(status_code=200)
        try:
            await self._store.add(update)
        except (SQLAlchemyError, InboxFull) as error:
            log.warning("an update could not be stored yet", error=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)


async def _read_body(request: Request) -> str | None:
    """The body as text; None if it is too large for an update."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return data.decode("utf-8", "replace")


def _parse_json(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
