"""Discord's HTTP API: which call does what."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_api.call import Call
from tests.fakes.discord_api.commands import Commands
from tests.fakes.discord_api.faults import Answer
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import Asks
from tests.fakes.discord_api.messages import Hooks, Messages
from tests.fakes.discord_api.state import Trouble, World

Json = Any
NONCE_SECONDS = 180.0  # "the past few minutes"


Doing = Callable[..., Awaitable[Json]]


@dataclass
class Rest:
    """Carries calls out. An answer of None is 204."""

    world: World
    asks: Asks
    commands: Commands
    gateway: Gateway
    application: Json
    dms_opened: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        messages = Messages(self.world, self.gateway)
        hooks = Hooks(self.asks, messages)
        number, token = r"(\d+)", r"([^/]+)"
        message, hook = f"/channels/{number}/messages/{number}", f"/webhooks/{number}/{token}"
        hooked = f"{hook}/messages/{token}"
        routes: list[tuple[str, str, Doing]] = [
            ("GET", "/users/@me", self._me),
            ("GET", f"/users/{number}", self._user),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/@me", self._application),
            ("GET", "/gateway/bot", self._gateway),
            ("GET", f"/applications/{number}/commands", self._commands),
            ("PUT", f"/applications/{number}/commands", self._put_commands),
            ("POST", "/users/@me/channels", self._open),
            ("GET", f"/channels/{number}", self._channel),
            ("POST", f"/channels/{number}/typing", messages.typing),
            ("POST", f"/channels/{number}/messages", messages.post),
            ("GET", message, messages.get),
            ("PATCH", message, messages.patch),
            ("DELETE", message, messages.delete),
            ("POST", f"/interactions/{number}/{token}/callback", hooks.answer),
            ("POST", hook, hooks.follow_up),
            ("GET", hooked, hooks.get),
            ("PATCH", hooked, hooks.patch),
            ("DELETE", hooked, hooks.delete),
        ]
        self._routes = [(method, re.compile(path), doing) for method, path, doing in routes]

    async def carry_out(self, call: Call) -> Answer:
        """Do what a call says."""
        by_token = call.path.startswith(("/interactions/", "/webhooks/"))
        try:
            if not by_token and not call.signed:
                raise Trouble(401, 0, "401: Unauthorized")  # noqa: TRY301  # told as every other refusal
            told = await self._told(call)
        except Trouble as trouble:
            return Answer(trouble.status, {"message": trouble.message, "code": trouble.code})
        return Answer(204) if told is None else Answer(200, told)

    async def _told(self, call: Call) -> Json:
        for method, path, doing in self._routes:
            match = path.fullmatch(call.path)
            if match and method == call.method:
                values = [int(value) if value.isdigit() else value for value in match.groups()]
                return await doing(call, *values)
        self.world.breaches.append(f"{call.name}: not a call that this server knows")
        raise Trouble(404, 0, "404: Not Found")

    async def _me(self, _: Call) -> Json:
        told = {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
        return self.world.bot.as_json() | told

    async def _user(self, _: Call, number: int) -> Json:
        if number not in self.world.users:
            raise Trouble(404, 10013, "Unknown User")
        return self.world.users[number].as_json()

    async def _application(self, _: Call) -> Json:
        return self.application

    async def _gateway(self, _: Call) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": limit}

    async def _commands(self, call: Call, _: int) -> Json:
        return self.commands.told(localized=call.query.get("with_localizations") == "true")

    async def _put_commands(self, call: Call, _: int) -> Json:
        return self.commands.put(call.body)

    async def _open(self, call: Call) -> Json:
        user = self.world.users.get(int(call.body["recipient_id"]))
        if user is None:
            raise Trouble(400, 50033, "Invalid Recipient(s)")
        self.dms_opened.append(user.id)
        return self.world.private(user).as_json()

    async def _channel(self, _: Call, place: int) -> Json:
        return self.world.enter(place).as_json()
