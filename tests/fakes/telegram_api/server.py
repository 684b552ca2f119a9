"""A Bot API server on loopback: keeps chats as people see them, and checks every call that the bot makes.

Tests script faults with `api.faults`: flood control, server errors, dropped connections. `api.breaches` lists
everything that violated the specification; it must be empty at the end of a test.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from tests.fakes.http_server import Received, Reply, loopback
from tests.fakes.telegram_api.chats import ApiError, ChatMessage, Chats
from tests.fakes.telegram_api.spec import Specification, Uploads, specification_path
from tests.fakes.telegram_api.updates import Groups, Profile, Queries, WebhookDelivery

Json = Any
Params = dict[str, str]

TOKEN = "7654321:AAH-not-a-real-token-for-tests-only"  # the library checks the format
ME = {
    "id": 7654321,
    "is_bot": True,
    "first_name": "Repaint",
    "username": "repaint_test_bot",
    "can_join_groups": True,
    "supports_inline_queries": True,
    "supports_guest_queries": True,
}
WAIT_SECONDS = 60.0  # until a test gives up


OPEN_SECONDS = 0.01  # between two looks at what the bot has still to handle


async def _nothing_open() -> int:
    return 0


@dataclass(frozen=True)
class Call:
    """A call with its uploaded files. `at`: when it arrived, in seconds of a monotonic clock."""

    method: str
    params: Params
    uploads: Uploads
    at: float = 0.0


@dataclass
class Fault:
    """Respond with `reply` to the next `times` calls of a method, without executing them.

    Without a `reply` the connection is dropped; with `lost`, it is dropped after the call has been executed. `chat`:
    only calls to this chat.
    """

    method: str
    reply: Reply | None = None
    times: int = 1
    lost: bool = False
    chat: int | None = None

    def concerns(self, call: Call) -> bool:
        """Whether this call gets it."""
        to_chat = self.chat is None or call.params.get("chat_id") == str(self.chat)
        return self.times > 0 and self.method == call.method and to_chat


@dataclass(frozen=True)
class LastingRefusal:
    """One chat refuses, from now on, the calls whose method fits the regular expression `methods`: all of them, or only
    those `when` they carry a "photo", any "media", or the id of a topic ("thread")."""

    chat: int
    methods: str
    status: int
    description: str
    when: str = ""
    parameters: Json = None

    def fits(self, call: Call) -> bool:
        if call.params.get("chat_id") != str(self.chat) or not re.fullmatch(self.methods, call.method):
            return False
        media = {"sendPhoto": "photo", "sendDocument": "document"}.get(call.method, call.params.get("media", ""))
        fits = {"photo": "photo" in media, "media": bool(media), "thread": "message_thread_id" in call.params}
        return fits.get(self.when, True)


def flood(method: str, seconds: int, times: int = 1, chat: int | None = None) -> Fault:
    """Flood control: 429 with `retry_after`."""
    description = f"Too Many Requests: retry after {seconds}"
    return Fault(method, error_reply(429, description, {"retry_after": seconds}), times, chat=chat)


def bad_gateway(method: str, status: int = 502, times: int = 1) -> Fault:
    """A proxy's HTML error page instead of JSON."""
    return Fault(method, Reply(status, b"<html>Bad Gateway</html>"), times)


@dataclass
class BotApi:
    """The server's state. `chats` is what people see; `updates` are those that the bot hasn't acknowledged yet."""

    url: str = ""
    chats: Chats = field(default_factory=Chats)
    calls: list[Call] = field(default_factory=list)
    succeeded: list[Call] = field(default_factory=list)  # calls without errors
    breaches: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    refusals: list[LastingRefusal] = field(default_factory=list)
    updates: list[Json] = field(default_factory=list)
    pushed: list[Json] = field(default_factory=list)  # all updates so far
    files: dict[str, bytes] = field(default_factory=dict)
    notices: dict[str, Params] = field(default_factory=dict)
    queries: Queries = field(default_factory=Queries)
    groups: Groups = field(default_factory=Groups)
    profile: Profile = field(default_factory=Profile)
    webhook: WebhookDelivery = field(default_factory=WebhookDelivery)
    token: str = TOKEN
    count_open: Callable[[], Awaitable[int]] = _nothing_open  # acknowledged updates that the bot has not handled yet
    _specification: Specification = field(default_factory=lambda: Specification(specification_path()))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _polls: int = 0
    _last_update: int = 1000

    async def until(self, condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
        """Wait until `condition` holds; it is checked after every call. Raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    async def acknowledged(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the bot has acknowledged every update."""
        await self.until(lambda: not self.updates and not self.webhook.is_busy, seconds)

    async def handled(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the bot has acknowledged every update, and has none left to handle."""
        await self.acknowledged(seconds)
        async with asyncio.timeout(seconds):
            while await self.count_open():  # noqa: ASYNC110  # a row can only be read again
                await asyncio.sleep(OPEN_SECONDS)

    async def push(self, update: Json) -> Json:
        """Queue an update. It gets the next id, unless it has one already: then it is delivered again."""
        if "update_id" not in update:
            self._last_update += 1
            update = {"update_id": self._last_update, **update}
            self.pushed.append(update)
        if self.webhook.url:
            self.webhook.deliver(update, self.notify)
        else:
            self.updates.append(update)
        await self.notify()
        return update

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    async def answer(self, received: Received) -> Reply:
        path = unquote(received.target.partition("?")[0])
        if path.startswith(f"/file/bot{self.token}/"):
            data = self.files.get(path.rpartition("/")[2])
            return Reply(404, b"Not Found") if data is None else Reply(200, data)
        if not path.startswith(f"/bot{self.token}/"):
            return error_reply(401, "Unauthorized")
        method = path.rpartition("/")[2]
        call = Call(method, *await _arguments(received), time.monotonic())
        self.calls.append(call)
        self.breaches += self._specification.breaches(call.method, call.params, call.uploads)
        try:
            return await self._respond(call)
        finally:
            await self.notify()

    async def _respond(self, call: Call) -> Reply:
        fault = next((fault for fault in self.faults if fault.concerns(call)), None)
        if fault is None:
            return await self._execute(call)
        fault.times -= 1
        if fault.lost:
            await self._execute(call)
        return fault.reply or Reply(raw=b"")

    async def _execute(self, call: Call) -> Reply:
        refusal = next((refusal for refusal in self.refusals if refusal.fits(call)), None)
        if refusal is not None:
            return error_reply(refusal.status, refusal.description, refusal.parameters)
        try:
            result = await self._dispatch(call)
        except ApiError as error:
            return error_reply(error.status, error.description, error.parameters)
        self.succeeded.append(call)
        body = [_as_json(one) for one in result] if isinstance(result, list) else _as_json(result)
        return Reply(200, json.dumps({"ok": True, "result": body}).encode())

    async def _dispatch(self, call: Call) -> Json:
        params = call.params
        match call.method:
            case "getMe":
                return ME
            case "getUpdates":
                return await self._get_updates(params)
            case "getFile":
                return self._get_file(params["file_id"])
            case "answerCallbackQuery":
                self.notices[params["callback_query_id"]] = params
            case "setWebhook" | "deleteWebhook":
                self.webhook.configure(params.get("url", ""), params.get("secret_token", ""))
                if self.webhook.url:
                    waiting, self.updates = self.updates, []
                    for update in sorted(waiting, key=lambda update: int(update["update_id"])):
                        self.webhook.deliver(update, self.notify)
            case "sendChatAction":
                pass
            case _:
                for part in (self.profile, self.groups, self.queries):
                    if call.method in part.METHODS:
                        return part.execute(call.method, params, self.chats)
                return self.chats.execute(call.method, params, call.uploads)
        return True

    async def _get_updates(self, params: Params) -> Json:
        """Acknowledge updates before the offset, and wait for new ones. A concurrent poll ends this one with 409."""
        if self.webhook.url:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        this_poll = self._polls
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 100))
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        await self.notify()
        try:
            async with asyncio.timeout(float(params.get("timeout", 0))), self._changed:
                await self._changed.wait_for(lambda: bool(self.updates) or self._polls != this_poll)
        except TimeoutError:
            return []
        if self._polls != this_poll:
            raise ApiError(409, "Conflict: terminated by other getUpdates request")
        allowed = json.loads(params["allowed_updates"])
        self.updates = [update for update in self.updates if set(update) & set(allowed)]
        return sorted(self.updates, key=lambda update: int(update["update_id"]))[:limit]

    def _get_file(self, file_id: str) -> Json:
        self.files |= self.chats.files
        if file_id not in self.files:
            raise ApiError(400, "Bad Request: invalid file_id")
        size = len(self.files[file_id])
        if size > 20 * 1024 * 1024:
            raise ApiError(400, "Bad Request: file is too big")
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size, "file_path": f"p/{file_id}"}


def _as_json(result: Json) -> Json:
    return result.as_json() if isinstance(result, ChatMessage) else result


async def _arguments(received: Received) -> tuple[Params, Uploads]:
    """Parameters and files of a call, in either encoding."""
    headers = [(b"content-type", received.headers.get("content-type", "").encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def body() -> Json:
        return {"type": "http.request", "body": received.body}

    async with Request(scope, body).form(max_part_size=60 * 1024 * 1024) as form:
        params = {name: value for name, value in form.items() if isinstance(value, str)}
        uploads = {name: await value.read() for name, value in form.items() if not isinstance(value, str)}
    return params, uploads


def error_reply(status: int, description: str, parameters: Json = None) -> Reply:
    """An error response."""
    body = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Reply(status, json.dumps(body).encode())


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    """Run the server for the length of the block."""
    api = BotApi()
    async with loopback(api.answer) as server:
        api.url = server.url
        try:
            yield api
        finally:
            await api.webhook.stop()
