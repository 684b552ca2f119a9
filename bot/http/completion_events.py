"""`POST /dashscope/events/<secret>`: the API reports that a task has finished, so that it is queried at once instead of
near its expected end. Any process may receive the event; a row passes it on to the process that polls the task."""

import asyncio
import hmac

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.dashscope.answers import finished_tasks
from bot.runtime.clock import Clock
from bot.runtime.rate_limits import Rate, TokenBuckets
from bot.runtime.wakeups import Wakeups
from storage import completion_events
from storage.database import Database

BODY_BYTES = 64 * 1024  # an event has about one; a hundred fit
BODY_SECONDS = 10.0
RATE = Rate(burst=200, per_second=50)  # of events in one process; the API's own limits are far below
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class CompletionEvents:
    """`secret`: the end of the address; whoever doesn't know it learns nothing."""

    def __init__(self, database: Database, wakeups: Wakeups, clock: Clock, secret: SecretStr) -> None:
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._secret = secret.get_secret_value().encode()
        self._limiter = TokenBuckets(RATE, clock.now)

    @property
    def route(self) -> Route:
        """The route that receives events."""
        return Route("/dashscope/events/{secret}", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Record finished tasks. 2xx: understood, whether the tasks are ours or not; for anything else EventBridge
        sends the event again."""
        given = request.path_params["secret"].encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret):
            return _response(404)
        if self._limiter.wait("all") > 0:
            return _response(429)
        body = await _body(request)
        if body is None:
            return _response(413)
        tasks = finished_tasks(body)
        if tasks is None:
            return _response(400)
        await self._record(tasks)
        return _response(204)

    async def _record(self, tasks: frozenset[str]) -> None:
        if not tasks:
            return
        async with self._database.read() as connection:
            if not await completion_events.has_unrecorded(connection, tasks):
                return
        async with self._database.write() as connection:
            await completion_events.record(connection, tasks, self._clock.now())
        self._wakeups.notify()


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is too long or does not arrive in time."""
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


def _response(status: int) -> Response:
    return Response(status_code=status, headers=_HEADERS)
