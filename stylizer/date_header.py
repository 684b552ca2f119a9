"""Every answer says when it was given: callers compare our moments with theirs by the `Date` header."""

from collections.abc import Callable
from email.utils import formatdate

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def dated(app: ASGIApp, clock: Callable[[], float]) -> ASGIApp:
    """The same application, with `Date` from the service's own clock (seconds since the epoch)."""

    async def with_date(scope: Scope, receive: Receive, send: Send) -> None:
        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Date"] = formatdate(clock(), usegmt=True)
            await send(message)

        await app(scope, receive, stamp)

    return with_date
