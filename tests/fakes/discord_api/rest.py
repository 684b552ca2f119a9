"""Discord's REST API: the routes and their handlers."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_api.call import Call
from tests.fakes.discord_api.commands import CommandRegistry
from tests.fakes.discord_api.faults import Response
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import Interactions
from tests.fakes.discord_api.messages import MessageRoutes, WebhookRoutes
from tests.fakes.discord_api.state import ApiError, DiscordState

Json = Any
Handler = Callable[..., Awaitable[Json]]


@dataclass
class RestApi:
    """Dispatches calls. A handler that returns None is answered with 204."""

    state: DiscordState
    interactions: Interactions
    commands: CommandRegistry
    gateway: Gateway
    application: Json
    dms_opened: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        messages = MessageRoutes(self.state, self.gateway)
        webhooks = WebhookRoutes(self.interactions, messages)
        number, token = r"(\d+)", r"([^/]+)"
        message, webhook = f"/channels/{number}/messages/{number}", f"/webhooks/{number}/{token}"
        webhook_message = f"{webhook}/messages/{token}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", self._get_me),
            ("GET", f"/users/{number}", self._get_user),
            ("GET", "/oauth2/applications/@me", self._get_application),
            ("GET", "/applications/@me", self._get_application),
            ("GET", "/gateway/bot", self._get_gateway),
            ("GET", f"/applications/{number}/commands", self._list_commands),
            ("PUT", f"/applications/{number}/commands", self._put_commands),
            ("POST", "/users/@me/channels", self._create_dm),
            ("GET", f"/channels/{number}", self._get_channel),
            ("POST", f"/channels/{number}/typing", messages.typing),
            ("POST", f"/channels/{number}/messages", messages.post),
            ("GET", message, messages.get),
            ("PATCH", message, messages.patch),
            ("DELETE", message, messages.delete),
            ("POST", f"/interactions/{number}/{token}/callback", webhooks.callback),
            ("POST", webhook, webhooks.create),
            ("GET", webhook_message, webhooks.get),
            ("PATCH", webhook_message, webhooks.patch),
            ("DELETE", webhook_message, webhooks.delete),
        ]
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    async def handle(self, call: Call) -> Response:
        """Carry out a call."""
        by_token = call.path.startswith(("/interactions/", "/webhooks/"))
        try:
            if not by_token and not call.authorized:
                raise ApiError(401, 0, "401: Unauthorized")  # noqa: TRY301  # answered like every other error
            body = await self._dispatch(call)
        except ApiError as error:
            return Response(error.status, {"message": error.message, "code": error.code})
        return Response(204) if body is None else Response(200, body)

    async def _dispatch(self, call: Call) -> Json:
        for method, path, handler in self._routes:
            match = path.fullmatch(call.path)
            if match and method == call.method:
                values = [int(value) if value.isdigit() else value for value in match.groups()]
                return await handler(call, *values)
        self.state.violations.append(f"{call.name}: this fake does not implement the call")
        raise ApiError(404, 0, "404: Not Found")

    async def _get_me(self, _: Call) -> Json:
        private = {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
        return self.state.bot.as_json() | private

    async def _get_user(self, _: Call, number: int) -> Json:
        if number not in self.state.users:
            raise ApiError(404, 10013, "Unknown User")
        return self.state.users[number].as_json()

    async def _get_application(self, _: Call) -> Json:
        return self.application

    async def _get_gateway(self, _: Call) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": limit}

    async def _list_commands(self, call: Call, _: int) -> Json:
        return self.commands.as_json(localized=call.query.get("with_localizations") == "true")

    async def _put_commands(self, call: Call, _: int) -> Json:
        return self.commands.replace_all(call.body)

    async def _create_dm(self, call: Call) -> Json:
        user = self.state.users.get(int(call.body["recipient_id"]))
        if user is None:
            raise ApiError(400, 50033, "Invalid Recipient(s)")
        self.dms_opened.append(user.id)
        return self.state.dm_channel(user).as_json()

    async def _get_channel(self, _: Call, channel_id: int) -> Json:
        return self.state.require_access(channel_id).as_json()
