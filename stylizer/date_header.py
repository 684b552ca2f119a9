"""The `Date` header: callers compare our clock with theirs by it."""

from collections.abc import Callable
from email.utils import formatdate

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def with_date_header(app: ASGIApp, clock: Callable[[], float]) -> ASGIApp:
    """The same application, with `Date` from the service's own clock (seconds since the epoch)."""

    async def with_date(scope: Scope, receive: Receive, send: Send) -> None:
        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Date"] = formatdate(clock(), usegmt=True)
            await send(message)

        await app(scope, receive, stamp)

    return with_date
