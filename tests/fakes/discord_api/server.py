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
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord_api.call import Call
from tests.fakes.discord_api.cdn import Cdn
from tests.fakes.discord_api.commands import Commands
from tests.fakes.discord_api.endpoint_caller import Endpoint
from tests.fakes.discord_api.faults import Answer, Buckets, Fault, due
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import Asks
from tests.fakes.discord_api.limits import MIB
from tests.fakes.discord_api.objects import Guild, User
from tests.fakes.discord_api.responses import application, body_of, dropped, response
from tests.fakes.discord_api.rest import Rest
from tests.fakes.discord_api.spec import PREFIX, specification
from tests.fakes.discord_api.state import World

Json = Any
TOKEN = "MTI2MDAwMDAwMDAwMDAwMDAwMA.not-a.real-token-for-tests-only"
ME = User(1_260_000_000_000_000_000, "Repaint", bot=True)
PATIENCE = 60.0
REQUEST_BYTES = 100 * MIB


@dataclass
class Discord:
    """The server's state."""

    token: str = TOKEN
    url: str = ""
    ahead: float = 0.0
    calls: list[Call] = field(default_factory=list)
    done: list[Call] = field(default_factory=list)  # those that were carried out
    faults: list[Fault] = field(default_factory=list)
    endpoint: Endpoint | None = None
    buckets: Buckets = field(default_factory=Buckets)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.cdn = Cdn(self.token, self.now, self.faults)
        self.world = World(ME, self.now, self.cdn.link)
        self.asks = Asks(self.world)
        self.commands = Commands(self.world)
        self.gateway = Gateway(ME, self.token, self.world.guilds, self.world.breaches, self.changed)
        self.application = application(ME, self.world.user(0))
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
            return response(Answer(429, body, headers))
        fault = due(self.faults, call.method, call.path)
        if fault and fault.answer:
            return response(Answer(fault.answer.status, fault.answer.body, headers | fault.answer.headers))
        if fault and not fault.lost:
            return dropped(request)
        answer = await self.rest.carry_out(call)
        self._note(call, specification().answer(call.method, call.path, answer.status, answer.body))
        if answer.status < 300:
            self.done.append(call)
        if fault and call.path.startswith("/interactions/"):
            self.asks.all[int(call.path.split("/")[2])].is_unheard = True
        return dropped(request) if fault else response(Answer(answer.status, answer.body, headers))

    async def _read(self, request: web.Request) -> Call:
        body, files = await body_of(request)
        signed = hmac.compare_digest(request.headers.get("Authorization", ""), f"Bot {self.token}")
        path = request.path.removeprefix(PREFIX)
        return Call(request.method, path, dict(request.query), body, files, time.monotonic(), signed)


@asynccontextmanager
async def discord_server() -> AsyncIterator[Discord]:
    """Runs the server for the length of a test."""
    discord = Discord()
    app = web.Application(client_max_size=REQUEST_BYTES)
    app.router.add_get("/gateway/", discord.gateway.serve)
    discord.cdn.serve(app, discord.world)
    app.router.add_route("*", f"{PREFIX}/{{rest:.*}}", discord.called)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        discord.url = discord.cdn.url = f"http://127.0.0.1:{port}"
        discord.gateway.url = f"ws://127.0.0.1:{port}/gateway/"
        yield discord
    finally:
        await discord.gateway.stop()
        await runner.cleanup()
