"""Discord's CDN: attachments under signed links that expire after a day, avatars and stickers without."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from tests.fakes.discord_api.faults import Fault, take_fault
from tests.fakes.discord_api.responses import drop_connection
from tests.fakes.discord_api.shown_messages import StoredFile
from tests.fakes.discord_api.state import DiscordState

LINK_LIFETIME = 24 * 3600.0


@dataclass
class Cdn:
    """`requested_paths` records every request."""

    secret: str
    now: Callable[[], float]
    faults: list[Fault]
    url: str = ""
    requested_paths: list[str] = field(default_factory=list)

    def signed_url(self, file: StoredFile) -> str:
        """A URL under which the file is available for a day."""
        until = f"{int(self.now() + LINK_LIFETIME):x}"
        return f"{self.url}{quote(file.path)}?ex={until}&is={int(self.now()):x}&hm={self._signature(file.path, until)}"

    def add_routes(self, app: web.Application, state: DiscordState) -> None:
        """Serve the attachments, avatars and stickers of `state`."""

        async def file(request: web.Request) -> web.Response:
            found = next((file for file in state.files.values() if file.path == request.path), None)
            return self._respond(request, found.data if found and self._is_valid(request) else None)

        async def avatar(request: web.Request) -> web.Response:
            return self._respond(request, state.avatars.get(request.match_info["hash"].partition(".")[0]))

        async def sticker(request: web.Request) -> web.Response:
            return self._respond(request, state.stickers.get(request.match_info["name"]))

        for folder in ("attachments", "ephemeral-attachments"):
            app.router.add_get(f"/{folder}/{{channel}}/{{id}}/{{name}}", file)
        app.router.add_get("/avatars/{user}/{hash}", avatar)
        app.router.add_get("/stickers/{name}", sticker)

    def _signature(self, path: str, until: str) -> str:
        return hmac.new(self.secret.encode(), f"{path} {until}".encode(), hashlib.sha256).hexdigest()

    def _is_valid(self, request: web.Request) -> bool:
        until, signature = request.query.get("ex", "0"), request.query.get("hm", "")
        return hmac.compare_digest(signature, self._signature(request.path, until)) and int(until, 16) >= self.now()

    def _respond(self, request: web.Request, data: bytes | None) -> web.Response:
        self.requested_paths.append(request.path)
        fault = take_fault(self.faults, request.method, request.path)
        if fault is not None:
            return drop_connection(request) if fault.response is None else web.Response(status=fault.response.status)
        if data is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=data)
