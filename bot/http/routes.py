"""The ASGI application: signed photo links, health, metrics, and the routes of platforms."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from bot.dashscope.photo_links import read_token
from bot.http.metrics import MetricsAccess, exposition
from bot.runtime.clock import Clock
from storage import statistics
from storage.database import Database
from storage.photos import PhotoStore, StoreDown

MAX_USES = 20  # the API reads a photo once or twice; more uses mean that somebody else has the link
_PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",  # no page embeds these, and no other site may
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@runtime_checkable
class HasRoutes(Protocol):
    """A platform with HTTP routes of its own."""

    @property
    def routes(self) -> Sequence[BaseRoute]: ...


@dataclass(frozen=True)
class HttpDeps:
    """What the routes need. `account_ids`: the API accounts that the metrics show; `free_images`: how many images came
    free with each of those that are paid."""

    database: Database
    photos: PhotoStore
    clock: Clock
    secret: bytes = field(repr=False)
    account_ids: frozenset[str]
    metrics_access: MetricsAccess = field(default_factory=MetricsAccess)
    free_images: Mapping[str, int] = field(default_factory=dict)

    async def photo(self, request: Request) -> Response:
        """A photo, for as long as its signed link is valid."""
        token = request.path_params["token"]
        key = read_token(self.secret, token, self.clock.now())
        try:
            jpeg = None if key is None else await self.photos.get(key)
        except StoreDown:
            return Response(status_code=503, headers={**_PRIVATE, "Retry-After": "5"})
        if key is None or jpeg is None:
            return Response(status_code=404, headers=_PRIVATE)
        async with self.database.write() as connection:
            link = hashlib.sha256(token.encode()).hexdigest()
            uses = await statistics.count_link_use(connection, link, self.clock.now())
        if uses > MAX_USES:
            return Response(status_code=404, headers=_PRIVATE)
        return Response(jpeg, media_type="image/jpeg", headers=_PRIVATE)

    async def healthz(self, _request: Request) -> Response:
        """The process is running."""
        return JSONResponse({"status": "ok"}, headers=_PRIVATE)

    async def readyz(self, _request: Request) -> Response:
        """The database answers, so requests can be accepted."""
        if not await self.database.is_reachable():
            return JSONResponse({"status": "database"}, status_code=503, headers=_PRIVATE)
        return JSONResponse({"status": "ok"}, headers=_PRIVATE)

    async def metrics(self, request: Request) -> Response:
        """Metrics in Prometheus' text format, for those who may read them."""
        if not self.metrics_access.allows(request.client.host if request.client else None, request.headers):
            challenge = {} if self.metrics_access.token is None else {"WWW-Authenticate": "Bearer"}
            status = 401 if challenge else 403
            return PlainTextResponse("Metrics need METRICS_TOKEN.\n", status, headers={**_PRIVATE, **challenge})
        body = await exposition(self.database, self.account_ids, self.clock.now(), self.free_images)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8", headers=_PRIVATE)


def application(deps: HttpDeps, web: ASGIApp | None, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Our own routes, then those in `more`; the chat page, if there is one, gets the rest."""
    routes: list[BaseRoute] = [
        Route("/photos/{token}", deps.photo, methods=["GET"]),
        Route("/healthz", deps.healthz, methods=["GET"]),
        Route("/readyz", deps.readyz, methods=["GET"]),
        Route("/metrics", deps.metrics, methods=["GET"]),
        *more,
    ]
    if web is not None:
        routes.append(Mount("/", web))
    return Starlette(routes=routes)
