"""A Telegram Bot API server on loopback: keeps the chats as people see them, and checks every call that a bot makes.

Faults are scripted (`api.faults`): flood control, server errors, dropped connections. `api.breaches` must be empty at
the end of a test; it lists everything that the specification forbids.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from tests.fakes.http_server import Received, Reply, loopback
from tests.fakes.telegram_api.chats import Chats, Shown, Trouble
from tests.fakes.telegram_api.spec import Specification, Uploads, specification_path
from tests.fakes.telegram_api.updates import Elsewhere, Groups, Postman, Profile

Json = Any
Params = dict[str, str]

TOKEN = "7654321:AAH-not-a-real-token-for-tests-only"  # the shape that the library insists on
ME = {
    "id": 7654321,
    "is_bot": True,
    "first_name": "Repaint",
    "username": "repaint_test_bot",
    "can_join_groups": True,
    "supports_inline_queries": True,
    "supports_guest_queries": True,
}
PATIENCE = 60.0  # seconds until a test gives up waiting


@dataclass(frozen=True)
class Call:
    """One call as it arrived, with the files it uploaded. `at`: seconds, of a clock that goes steadily."""

    method: str
    params: Params
    uploads: Uploads
    at: float = 0.0


@dataclass
class Fault:
    """Answer the next `times` calls of a method with this. `reply` None drops the connection before doing anything;
    `lost` drops it after the call was carried out.
    """

    method: str
    reply: Reply | None = None
    times: int = 1
    lost: bool = False


def flood(method: str, seconds: int, times: int = 1) -> Fault:
    """429 with retry_after."""
    words = f"Too Many Requests: retry after {seconds}"
    return Fault(method, refusal(429, words, {"retry_after": seconds}), times)


def broken(method: str, status: int = 502, times: int = 1) -> Fault:
    """A proxy's HTML page in place of an answer."""
    return Fault(method, Reply(status, b"<html>Bad Gateway</html>"), times)


@dataclass
class BotApi:
    """The server's state. `chats` is what people see; `updates` what the bot has not acknowledged yet."""

    url: str = ""
    chats: Chats = field(default_factory=Chats)
    calls: list[Call] = field(default_factory=list)
    done: list[Call] = field(default_factory=list)  # those that were carried out
    breaches: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    updates: list[Json] = field(default_factory=list)
    pushed: list[Json] = field(default_factory=list)  # all that ever happened
    files: dict[str, bytes] = field(default_factory=dict)
    notices: dict[str, Params] = field(default_factory=dict)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    groups: Groups = field(default_factory=Groups)
    profile: Profile = field(default_factory=Profile)
    postman: Postman = field(default_factory=Postman)
    token: str = TOKEN
    _specification: Specification = field(default_factory=lambda: Specification(specification_path()))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _polls: int = 0
    _last_update: int = 1000

    async def until(self, seen: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait for something to be so, looking after every call. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(patience), self._changed:
            await self._changed.wait_for(lambda: bool(seen()))

    async def acknowledged(self, patience: float = PATIENCE) -> None:
        """Wait until the bot has acknowledged every update."""
        await self.until(lambda: not self.updates and not self.postman.is_busy, patience)

    async def push(self, update: Json) -> Json:
        """Queue an update for the bot, as new; one that has its id already comes as it is."""
        if "update_id" not in update:
            self._last_update += 1
            update = {"update_id": self._last_update, **update}
            self.pushed.append(update)
        if self.postman.url:
            self.postman.bring(update, self.tell)
        else:
            self.updates.append(update)
        await self.tell()
        return update

    async def tell(self) -> None:
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
            return refusal(401, "Unauthorized")
        method = path.rpartition("/")[2]
        call = Call(method, *await _arguments(received), time.monotonic())
        self.calls.append(call)
        self.breaches += self._specification.breaches(call.method, call.params, call.uploads)
        try:
            return await self._faulty(call)
        finally:
            await self.tell()

    async def _faulty(self, call: Call) -> Reply:
        fault = next((fault for fault in self.faults if fault.method == call.method and fault.times), None)
        if fault is None:
            return await self._carry_out(call)
        fault.times -= 1
        if fault.lost:
            await self._carry_out(call)
        return fault.reply or Reply(raw=b"")

    async def _carry_out(self, call: Call) -> Reply:
        try:
            result = await self._result(call)
        except Trouble as trouble:
            return refusal(trouble.status, trouble.description, trouble.parameters)
        self.done.append(call)
        shown = [_as_json(one) for one in result] if isinstance(result, list) else _as_json(result)
        return Reply(200, json.dumps({"ok": True, "result": shown}).encode())

    async def _result(self, call: Call) -> Json:
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
                self.postman.set_up(params.get("url", ""), params.get("secret_token", ""))
                if self.postman.url:
                    waiting, self.updates = self.updates, []
                    for update in sorted(waiting, key=lambda update: int(update["update_id"])):
                        self.postman.bring(update, self.tell)
            case "sendChatAction":
                pass
            case _:
                for part in (self.profile, self.groups, self.elsewhere):
                    if call.method in part.METHODS:
                        return part.carry_out(call.method, params, self.chats)
                return self.chats.carry_out(call.method, params, call.uploads)
        return True

    async def _get_updates(self, params: Params) -> Json:
        """Acknowledge what lies before the offset; a second poll at the same time ends the first with 409."""
        if self.postman.url:
            raise Trouble(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        mine = self._polls
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 100))
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        await self.tell()
        try:
            async with asyncio.timeout(float(params.get("timeout", 0))), self._changed:
                await self._changed.wait_for(lambda: bool(self.updates) or self._polls != mine)
        except TimeoutError:
            return []
        if self._polls != mine:
            raise Trouble(409, "Conflict: terminated by other getUpdates request")
        allowed = json.loads(params["allowed_updates"])
        self.updates = [update for update in self.updates if set(update) & set(allowed)]
        return sorted(self.updates, key=lambda update: int(update["update_id"]))[:limit]

    def _get_file(self, file_id: str) -> Json:
        self.files |= self.chats.files
        if file_id not in self.files:
            raise Trouble(400, "Bad Request: invalid file_id")
        size = len(self.files[file_id])
        if size > 20 * 1024 * 1024:
            raise Trouble(400, "Bad Request: file is too big")
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size, "file_path": f"p/{file_id}"}


def _as_json(result: Json) -> Json:
    return result.as_json() if isinstance(result, Shown) else result


async def _arguments(received: Received) -> tuple[Params, Uploads]:
    """The parameters and files of a call, whichever form it has."""
    headers = [(b"content-type", received.headers.get("content-type", "").encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def body() -> Json:
        return {"type": "http.request", "body": received.body}

    async with Request(scope, body).form(max_part_size=60 * 1024 * 1024) as form:
        params = {name: value for name, value in form.items() if isinstance(value, str)}
        uploads = {name: await value.read() for name, value in form.items() if not isinstance(value, str)}
    return params, uploads


def refusal(status: int, description: str, parameters: Json = None) -> Reply:
    """How the server says no."""
    body = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Reply(status, json.dumps(body).encode())


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    """Runs the server for the length of a test."""
    api = BotApi()
    async with loopback(api.answer) as here:
        api.url = here.url
        try:
            yield api
        finally:
            await api.postman.stop()
