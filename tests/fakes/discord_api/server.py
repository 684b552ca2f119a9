"""A fake Discord on loopback: REST API, gateway and CDN on one port. It keeps channels as users see them and checks
every call that a bot makes.

    async with discord_server() as discord:
        discord.api_url, discord.token  # the bot's configuration
        discord.state, discord.interactions, discord.commands, discord.gateway  # what it has done

Failures are scripted with `discord.faults`, `discord.rate_limits` and `discord.gateway`. `discord.violations` must be
empty at the end of a test. `discord.clock_offset` moves its clock forward by that many seconds.
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
from tests.fakes.discord_api.commands import CommandRegistry
from tests.fakes.discord_api.endpoint_caller import EndpointCaller
from tests.fakes.discord_api.faults import Fault, LastingRefusal, RateLimits, Response, take_fault
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import Interactions
from tests.fakes.discord_api.limits import MIB
from tests.fakes.discord_api.objects import Guild, User
from tests.fakes.discord_api.responses import application_json, drop_connection, read_body, to_web_response
from tests.fakes.discord_api.rest import RestApi
from tests.fakes.discord_api.spec import PREFIX, specification
from tests.fakes.discord_api.state import DiscordState

Json = Any
TOKEN = "MTI2MDAwMDAwMDAwMDAwMDAwMA.not-a.real-token-for-tests-only"
BOT_USER = User(1_260_000_000_000_000_000, "Repaint", bot=True)
WAIT_SECONDS = 60.0
MAX_REQUEST_BYTES = 100 * MIB


@dataclass
class DiscordServer:
    """The server's state."""

    token: str = TOKEN
    url: str = ""
    clock_offset: float = 0.0
    calls: list[Call] = field(default_factory=list)
    completed_calls: list[Call] = field(default_factory=list)  # those that were carried out
    faults: list[Fault] = field(default_factory=list)
    refusals: list[LastingRefusal] = field(default_factory=list)
    endpoint: EndpointCaller | None = None
    rate_limits: RateLimits = field(default_factory=RateLimits)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.cdn = Cdn(self.token, self.now, self.faults)
        self.state = DiscordState(BOT_USER, self.now, self.cdn.signed_url)
        self.interactions = Interactions(self.state)
        self.commands = CommandRegistry(self.state)
        self.gateway = Gateway(BOT_USER, self.token, self.state.guilds, self.state.violations, self.changed)
        self.application = application_json(BOT_USER, self.state.user(0))
        self.rest = RestApi(self.state, self.interactions, self.commands, self.gateway, self.application)

    @property
    def api_url(self) -> str:
        """The API's URL without a version, as in the settings."""
        return self.url + PREFIX.rpartition("/")[0]

    @property
    def violations(self) -> list[str]:
        return self.state.violations

    def now(self) -> float:
        return time.time() + self.clock_offset

    def count_calls(self, name: str) -> int:
        """How many calls had this `Call.name`."""
        return sum(call.name == name for call in self.calls)

    async def wait_until(self, condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
        """Wait until the condition holds; it is checked after every call. Raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(lambda: bool(condition()))

    async def notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def set_endpoint(self, endpoint: EndpointCaller | None) -> None:
        """Set the interactions endpoint, as in the developer portal; None delivers interactions over the gateway."""
        self.endpoint = endpoint
        self.application["interactions_endpoint_url"] = endpoint and endpoint.url
        self.application["verify_key"] = endpoint.public_key if endpoint else "0" * 64

    async def deliver(self, interaction: Json, guild: Guild | None) -> None:
        """Deliver an interaction to the endpoint if one is set, else over the gateway."""
        if self.endpoint is None:
            await self.gateway.dispatch("INTERACTION_CREATE", interaction, guild=guild.id if guild else None)
            return
        status, body = await self.endpoint.post(interaction)
        if status == 200 and body:
            self.interactions.respond(int(interaction["id"]), interaction["token"], body, {})
        elif status != 202:
            self.state.violations.append(f"the endpoint answered {status}")
        await self.notify()

    async def handle_call(self, request: web.Request) -> web.Response:
        """Check, record and carry out one API call."""
        call = await self._read(request)
        self.calls.append(call)
        body = call.body if request.body_exists else None
        self._record(call, specification().check_call(call.method, call.path, call.query, body))
        if call.authorized and not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            self._record(call, ["has no User-Agent of a bot"])
        headers, wait = self.rate_limits.take(call.method, call.path, time.time())
        try:
            return await self._respond(request, call, headers, wait)
        finally:
            await self.notify()

    def _record(self, call: Call, violations: list[str]) -> None:
        self.violations.extend(f"{call.name}: {violation}" for violation in violations)

    async def _respond(
        self, request: web.Request, call: Call, headers: dict[str, str], wait: float | None
    ) -> web.Response:
        if wait is not None:
            body = {"message": "You are being rate limited.", "code": 0, "retry_after": wait, "global": False}
            return to_web_response(Response(429, body, headers))
        for refusal in self.refusals:
            if refusal.fits(call.method, call.path, has_files=bool(call.files)):
                return to_web_response(Response(refusal.status, refusal.body, headers))
        fault = take_fault(self.faults, call.method, call.path)
        if fault and fault.response:
            return to_web_response(
                Response(fault.response.status, fault.response.body, headers | fault.response.headers)
            )
        if fault and not fault.response_lost:
            return drop_connection(request)
        response = await self.rest.handle(call)
        self._record(call, specification().check_response(call.method, call.path, response.status, response.body))
        if response.status < 300:
            self.completed_calls.append(call)
        if fault and call.path.startswith("/interactions/"):
            self.interactions.all[int(call.path.split("/")[2])].response_lost = True
        return drop_connection(request) if fault else to_web_response(Response(response.status, response.body, headers))

    async def _read(self, request: web.Request) -> Call:
        body, files = await read_body(request)
        authorized = hmac.compare_digest(request.headers.get("Authorization", ""), f"Bot {self.token}")
        path = request.path.removeprefix(PREFIX)
        return Call(request.method, path, dict(request.query), body, files, time.monotonic(), authorized)


@asynccontextmanager
async def discord_server() -> AsyncIterator[DiscordServer]:
    """Run the server."""
    discord = DiscordServer()
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.router.add_get("/gateway/", discord.gateway.handle)
    discord.cdn.add_routes(app, discord.state)
    app.router.add_route("*", f"{PREFIX}/{{rest:.*}}", discord.handle_call)
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
