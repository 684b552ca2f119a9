"""A Discord on loopback: HTTP API, gateway and files on one port. It keeps chats as people see them, and checks every
call that a bot makes.

    async with discord_server() as discord:
        discord.api_url, discord.token   # what a bot is given
        discord.world, discord.asks, discord.commands, discord.gateway   # what it has done

Faults are scripted (`discord.faults`): floods, broken proxies, dropped connections; `discord.gateway` can be dropped.
`discord.breaches` must be empty at the end of a test. `discord.ahead` moves its clock: that many seconds into the
future.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.discord_asks import Asks
from tests.discord_commands import Commands
from tests.discord_endpoint import Endpoint
from tests.discord_faults import Answer, Buckets, Fault
from tests.discord_gateway import Gateway
from tests.discord_limits import MIB, Files
from tests.discord_rest import Call, Rest
from tests.discord_spec import PREFIX, specification
from tests.discord_things import Filed, Guild, User
from tests.discord_world import World

Json = Any
TOKEN = "MTI2MDAwMDAwMDAwMDAwMDAwMA.not-a.real-token-for-tests-only"
ME = User(1_260_000_000_000_000_000, "Repaint", bot=True)
PATIENCE, LINK_SECONDS = 60.0, 24 * 3600.0
REQUEST_BYTES = 100 * MIB


@dataclass
class Discord:
    """The server's state."""

    token: str = TOKEN
    url: str = ""
    ahead: float = 0.0
    calls: list[Call] = field(default_factory=list)
    done: list[Call] = field(default_factory=list)  # those that were carried out
    fetched: list[str] = field(default_factory=list)  # paths of files
    faults: list[Fault] = field(default_factory=list)
    endpoint: Endpoint | None = None
    buckets: Buckets = field(default_factory=Buckets)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.world = World(ME, self.now, self.link)
        self.asks = Asks(self.world)
        self.commands = Commands(self.world)
        self.gateway = Gateway(ME, self.token, self.world.guilds, self.world.breaches, self.changed)
        self.application = _application(self.world.user(0))
        self.rest = Rest(self.world, self.asks, self.commands, self.gateway, self.application)

    @property
    def api_url(self) -> str:
        """Without a version, as people write it."""
        return self.url + PREFIX.rpartition("/")[0]

    @property
    def breaches(self) -> list[str]:
        return self.world.breaches

    def now(self) -> float:
        return time.time() + self.ahead

    def count(self, name: str) -> int:
        """How many calls of a kind came, as `Call.name` has it."""
        return sum(call.name == name for call in self.calls)

    async def until(self, seen: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait for something to be so, looking after every call. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(patience), self.changed:
            await self.changed.wait_for(lambda: bool(seen()))

    async def tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def move(self, endpoint: Endpoint | None) -> None:
        """What the bot's owner sets: bring interactions there, or by the gateway."""
        self.endpoint = endpoint
        self.application["interactions_endpoint_url"] = endpoint and endpoint.url
        self.application["verify_key"] = endpoint.public_key if endpoint else "0" * 64

    async def bring(self, interaction: Json, guild: Guild | None) -> None:
        """Bring an interaction by the gateway, or to the endpoint where there is one."""
        if self.endpoint is None:
            await self.gateway.tell("INTERACTION_CREATE", interaction, guild=guild.id if guild else None)
            return
        status, body = await self.endpoint.knock(interaction)
        if status == 200 and body:
            self.asks.answer(int(interaction["id"]), interaction["token"], body, {})
        elif status != 202:
            self.world.breaches.append(f"the endpoint answered {status}")
        await self.tell()

    def link(self, file: Filed) -> str:
        """An address under which a file can be had for a day."""
        until = f"{int(self.now() + LINK_SECONDS):x}"
        return f"{self.url}{quote(file.path)}?ex={until}&is={int(self.now()):x}&hm={self._mark(file.path, until)}"

    def _mark(self, path: str, until: str) -> str:
        return hmac.new(self.token.encode(), f"{path} {until}".encode(), hashlib.sha256).hexdigest()

    async def file(self, request: web.Request) -> web.Response:
        """A file, while its link lives."""
        self.fetched.append(request.path)
        until, mark = request.query.get("ex", "0"), request.query.get("hm", "")
        found = next((file for file in self.world.files.values() if file.path == request.path), None)
        if found is None or not hmac.compare_digest(mark, self._mark(found.path, until)) or int(until, 16) < self.now():
            return web.Response(status=404, text="This content is no longer available.")
        return await self._faulty_file(request, found.data)

    async def avatar(self, request: web.Request) -> web.Response:
        """A picture of somebody."""
        self.fetched.append(request.path)
        data = self.world.avatars.get(request.match_info["hash"].partition(".")[0])
        if data is None:
            return web.Response(status=404)
        return await self._faulty_file(request, data)

    async def _faulty_file(self, request: web.Request, data: bytes) -> web.Response:
        fault = self._fault(request.method, request.path)
        if fault is None:
            return web.Response(body=data)
        if fault.answer is None:
            return _dropped(request)
        return web.Response(status=fault.answer.status, headers=fault.answer.headers)

    def _fault(self, method: str, path: str) -> Fault | None:
        fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
        if fault is not None:
            fault.times -= 1
        return fault

    async def called(self, request: web.Request) -> web.Response:
        """One call of the API."""
        call = await self._read(request)
        self.calls.append(call)
        body = call.body if request.body_exists else None
        self._note(call, specification().call(call.method, call.path, call.query, body))
        if call.signed and not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            self._note(call, ["says not who it is"])
        headers, wait = self.buckets.take(call.method, call.path, time.time())
        try:
            return await self._faulty(request, call, headers, wait)
        finally:
            await self.tell()

    def _note(self, call: Call, breaches: list[str]) -> None:
        self.breaches.extend(f"{call.name}: {breach}" for breach in breaches)

    async def _faulty(
        self, request: web.Request, call: Call, headers: dict[str, str], wait: float | None
    ) -> web.Response:
        if wait is not None:
            body = {"message": "You are being rate limited.", "code": 0, "retry_after": wait, "global": False}
            return _response(Answer(429, body, headers))
        fault = self._fault(call.method, call.path)
        if fault and fault.answer:
            return _response(Answer(fault.answer.status, fault.answer.body, headers | fault.answer.headers))
        if fault and not fault.lost:
            return _dropped(request)
        answer = await self.rest.carry_out(call)
        self._note(call, specification().answer(call.method, call.path, answer.status, answer.body))
        if answer.status < 300:
            self.done.append(call)
        if fault and call.path.startswith("/interactions/"):
            self.asks.all[int(call.path.split("/")[2])].is_unheard = True
        return _dropped(request) if fault else _response(Answer(answer.status, answer.body, headers))

    async def _read(self, request: web.Request) -> Call:
        body, files = await _body(request)
        signed = hmac.compare_digest(request.headers.get("Authorization", ""), f"Bot {self.token}")
        path = request.path.removeprefix(PREFIX)
        return Call(request.method, path, dict(request.query), body, files, time.monotonic(), signed)


def _application(owner: User) -> Json:
    """What the bot is told of its own account."""
    told: Json = {"id": str(ME.id), "name": "Repaint", "icon": None, "description": "", "type": None, "team": None}
    told |= {"owner": owner.as_json(), "bot": ME.as_json(), "verify_key": "0" * 64, "flags": 0, "flags_new": "0"}
    told |= {"bot_public": True, "bot_require_code_grant": False, "explicit_content_filter": 0, "redirect_uris": []}
    told |= {f"approximate_{what}_count": 1 for what in ("guild", "user_install", "user_authorization")}
    told |= {"interactions_endpoint_url": None, "role_connections_verification_url": None}
    return told | {"eligible_oauth2_scopes": []}


async def _body(request: web.Request) -> tuple[Json, Files]:
    """What a call says and uploads, whichever form it has."""
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (json.loads(text) if text else {}), {}
    fields, files, said = await request.post(), {}, {}
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            files[int(name.removeprefix("files[").removesuffix("]"))] = (value.filename, value.file.read())
        elif name == "payload_json" and isinstance(value, str):
            said = json.loads(value)
    return said, files


def _response(answer: Answer) -> web.Response:
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body, content_type="text/html")
    if answer.status == 204:
        return web.Response(status=204, headers=answer.headers)
    headers = {**answer.headers, "Content-Type": "application/json"}  # without a charset, as Discord: clients compare
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=headers)


def _dropped(request: web.Request) -> web.Response:
    """Nothing: the connection is gone."""
    if request.transport:
        request.transport.close()
    return web.Response()


@asynccontextmanager
async def discord_server() -> AsyncIterator[Discord]:
    """Runs the server for the length of a test."""
    discord = Discord()
    app = web.Application(client_max_size=REQUEST_BYTES)
    app.router.add_get("/gateway/", discord.gateway.serve)
    for folder in ("attachments", "ephemeral-attachments"):
        app.router.add_get(f"/{folder}/{{place}}/{{id}}/{{name}}", discord.file)
    app.router.add_get("/avatars/{user}/{hash}", discord.avatar)
    app.router.add_route("*", f"{PREFIX}/{{rest:.*}}", discord.called)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        discord.url, discord.gateway.url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/gateway/"
        yield discord
    finally:
        await discord.gateway.stop()
        await runner.cleanup()
