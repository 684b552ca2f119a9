"""Where Discord keeps files: under links that are signed and live for a day, and pictures of people for ever."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from tests.fakes.discord_api.faults import Fault, due
from tests.fakes.discord_api.responses import dropped
from tests.fakes.discord_api.shown_messages import Filed
from tests.fakes.discord_api.state import World

LINK_SECONDS = 24 * 3600.0


@dataclass
class Cdn:
    """`fetched`: the paths that were asked for."""

    secret: str
    now: Callable[[], float]
    faults: list[Fault]
    url: str = ""
    fetched: list[str] = field(default_factory=list)

    def link(self, file: Filed) -> str:
        """An address under which a file can be had for a day."""
        until = f"{int(self.now() + LINK_SECONDS):x}"
        return f"{self.url}{quote(file.path)}?ex={until}&is={int(self.now()):x}&hm={self._mark(file.path, until)}"

    def serve(self, app: web.Application, world: World) -> None:
        """The files of a world."""

        async def file(request: web.Request) -> web.Response:
            found = next((file for file in world.files.values() if file.path == request.path), None)
            return self._answer(request, found.data if found and self._lives(request) else None)

        async def avatar(request: web.Request) -> web.Response:
            return self._answer(request, world.avatars.get(request.match_info["hash"].partition(".")[0]))

        for folder in ("attachments", "ephemeral-attachments"):
            app.router.add_get(f"/{folder}/{{place}}/{{id}}/{{name}}", file)
        app.router.add_get("/avatars/{user}/{hash}", avatar)

    def _mark(self, path: str, until: str) -> str:
        return hmac.new(self.secret.encode(), f"{path} {until}".encode(), hashlib.sha256).hexdigest()

    def _lives(self, request: web.Request) -> bool:
        until, mark = request.query.get("ex", "0"), request.query.get("hm", "")
        return hmac.compare_digest(mark, self._mark(request.path, until)) and int(until, 16) >= self.now()

    def _answer(self, request: web.Request, data: bytes | None) -> web.Response:
        self.fetched.append(request.path)
        fault = due(self.faults, request.method, request.path)
        if fault is not None:
            return dropped(request) if fault.answer is None else web.Response(status=fault.answer.status)
        if data is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=data)
