"""Discord's HTTP API: which call does what."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.discord_asks import Asks
from tests.discord_commands import Commands
from tests.discord_faults import Answer
from tests.discord_gateway import DM_MESSAGES, GUILD_MESSAGES, Gateway
from tests.discord_limits import Files
from tests.discord_things import Shown
from tests.discord_world import ATTACH, SEND, SEND_IN_THREADS, VIEW, Trouble, World

Json = Any
NONCE_SECONDS = 180.0  # "the past few minutes"


@dataclass(frozen=True)
class Call:
    """One call as it arrived. `at`: seconds, of a clock that goes steadily; `signed`: with the bot's token."""

    method: str
    path: str
    query: dict[str, str]
    body: Json
    files: Files
    at: float = 0.0
    signed: bool = False

    @property
    def name(self) -> str:
        """Method and path, numbers and tokens left out."""
        return f"{self.method} {re.sub(r'/[0-9]{5,}|/[A-Za-z0-9_-]{40,}', '/*', self.path)}"


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
            ("POST", f"/channels/{number}/typing", self._typing),
            ("POST", f"/channels/{number}/messages", self._post),
            ("GET", message, self._get),
            ("PATCH", message, self._patch),
            ("DELETE", message, self._delete),
            ("POST", f"/interactions/{number}/{token}/callback", self._answer),
            ("POST", hook, self._follow_up),
            ("GET", hooked, self._get_hooked),
            ("PATCH", hooked, self._patch_hooked),
            ("DELETE", hooked, self._delete_hooked),
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

    async def _commands(self, _: Call, __: int) -> Json:
        return self.commands.all

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

    async def _typing(self, _: Call, place: int) -> Json:
        self.world.enter(place, SEND)

    async def _post(self, call: Call, number: int) -> Json:
        place = self.world.enter(number)
        needed = VIEW | (SEND_IN_THREADS if place.parent else SEND) | (ATTACH if call.files else 0)
        self.world.enter(number, needed)
        nonce = call.body.get("nonce")
        sent = self.world.messages.get(self.world.nonces.get((number, str(nonce)), 0))
        if sent and call.body.get("enforce_nonce") and self.world.now() - sent.at < NONCE_SECONDS:
            return self.world.as_json(sent)
        shown = self.world.post(number, call.body, call.files, **self._about(call.body, number))
        if nonce is not None:
            self.world.nonces[number, str(nonce)] = shown.id
        return await self._spread(shown)

    def _about(self, body: Json, place: int) -> dict[str, Json]:
        """Which message it answers. Raises Trouble when that is gone and the call insists."""
        quoted = body.get("message_reference")
        if not quoted:
            return {}
        found = self.world.messages.get(int(quoted["message_id"]))
        if found is not None and found.place == place:
            return {"answers": found.id}
        if quoted.get("fail_if_not_exists", True):
            raise Trouble(400, 50035, "Invalid Form Body")
        return {}

    async def _spread(self, shown: Shown, event: str = "MESSAGE_CREATE") -> Json:
        """Tell the gateway of a message of our own, as Discord does."""
        told, place = self.world.as_json(shown), self.world.places[shown.place]
        if place.has_bot and not shown.is_ephemeral:
            guild = place.guild.id if place.guild else None
            extra = {"guild_id": str(guild)} if guild else {"channel_type": place.kind}
            needed = GUILD_MESSAGES if guild else DM_MESSAGES
            await self.gateway.tell(event, told | extra, guild=guild, needed=needed)
        return told

    async def _get(self, _: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        return self.world.as_json(self.world.present(place, message))

    async def _patch(self, call: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        new = self.world.edit(self.world.present(place, message), call.body, call.files)
        return await self._spread(new, "MESSAGE_UPDATE")

    async def _delete(self, _: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        self.world.delete(self.world.present(place, message))

    async def _answer(self, call: Call, number: int, token: str) -> Json:
        told = self.asks.answer(number, token, call.body, call.files)
        asked = self.asks.all[number]
        if asked.answer == 4 and asked.original:
            await self._spread(self.world.messages[asked.original])
        return told if call.query.get("with_response") in {"1", "true"} else None

    async def _follow_up(self, call: Call, _: int, token: str) -> Json:
        asked = self.asks.by_token(token)
        shown = self.asks.follow_up(asked, call.body, call.files)
        told = await self._spread(shown, "MESSAGE_UPDATE" if shown.edits else "MESSAGE_CREATE")
        return told if call.query.get("wait") in {"1", "true"} else None

    async def _get_hooked(self, _: Call, __: int, token: str, which: str | int) -> Json:
        return self.world.as_json(self.asks.mine(self.asks.by_token(token), str(which)))

    async def _patch_hooked(self, call: Call, _: int, token: str, which: str | int) -> Json:
        shown = self.asks.mine(self.asks.by_token(token), str(which))
        return await self._spread(self.asks.change(shown, call.body, call.files), "MESSAGE_UPDATE")

    async def _delete_hooked(self, _: Call, __: int, token: str, which: str | int) -> Json:
        self.world.delete(self.asks.mine(self.asks.by_token(token), str(which)))
