"""`POST /dashscope/events/<secret>`: the API says that a task is over, and it is asked for at once instead of when its
time is near. Any process takes the notice; a row carries it to the one that follows the task."""

import asyncio
import hmac

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.dashscope.answers import finished_tasks
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import Rate, TokenBuckets
from bot.runtime.wakeups import Wakeups
from storage import completion_events
from storage.database import Database

BODY_BYTES = 64 * 1024  # an event has one; a hundred fit
BODY_SECONDS = 10.0
PACE = Rate(burst=200, per_second=50)  # of notices in one process; the API's own limits end far below
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class CompletionEvents:
    """`secret`: what the address ends with; whoever does not know it learns nothing."""

    def __init__(self, database: Database, wakeups: Wakeups, clock: Clock, secret: SecretStr) -> None:
        self._database = database
        self._bell = wakeups
        self._clock = clock
        self._secret = secret.get_secret_value().encode()
        self._notices = TokenBuckets(PACE, clock.now)

    @property
    def route(self) -> Route:
        """Where the notices come in."""
        return Route("/dashscope/events/{secret}", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Note what is over. 2xx: understood, be it ours or not; anything else is sent again by whoever brings it."""
        given = request.path_params["secret"].encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret):
            return _said(404)
        if self._notices.wait("all") > 0:
            return _said(429)
        body = await _body(request)
        if body is None:
            return _said(413)
        tasks = finished_tasks(body)
        if tasks is None:
            return _said(400)
        await self._note(tasks)
        return _said(204)

    async def _note(self, tasks: frozenset[str]) -> None:
        if not tasks:
            return
        async with self._database.read() as connection:
            if not await completion_events.has_unrecorded(connection, tasks):
                return
        async with self._database.write() as connection:
            await completion_events.record(connection, tasks, self._clock.now())
        self._bell.notify()


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is longer than any that we want, or does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > BODY_BYTES:
                    return None
    except (ClientDisconnect, TimeoutError):
        return None
    return bytes(body)


def _said(status: int) -> Response:
    return Response(status_code=status, headers=_HEADERS)
