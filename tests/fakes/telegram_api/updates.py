"""The parts of the Bot API other than chats: webhook delivery, the bot's profile, group members, and queries."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

from tests.fakes.telegram_api.chats import ApiError, ChatMessage, Chats, photo_json

Json = Any
Params = dict[str, str]
Notify = Callable[[], Awaitable[None]]

RETRY_SECONDS = 0.02  # before a rejected update is delivered again
MAX_CONNECTIONS = 40  # the default of setWebhook


@dataclass
class WebhookDelivery:
    """Delivers updates to a webhook: one at a time for each chat, repeated until the response is 200.

    With `duplicate`, each update is delivered once more after it was accepted. `listener`: where the server behind a
    public URL listens, as a proxy in front of it knows.
    """

    url: str = ""
    listener: str = ""
    secret: str = ""
    duplicate: bool = False
    attempts: list[tuple[int, int]] = field(default_factory=list)  # update id, HTTP status or 0
    _last: dict[Json, asyncio.Task[None]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _http: httpx.AsyncClient | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS))

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    def configure(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret

    def deliver(self, update: Json, notify: Notify) -> None:
        chat = _chat_of(update)
        task = asyncio.create_task(self._deliver(update, self._last.get(chat), notify))
        self._last[chat] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _deliver(self, update: Json, before: asyncio.Task[None] | None, notify: Notify) -> None:
        if before is not None:
            await asyncio.wait([before])
        times = 2 if self.duplicate else 1
        while times:
            async with self._slots:
                accepted = await self._post(update) == 200
            if accepted:
                times -= 1
            else:
                await asyncio.sleep(RETRY_SECONDS)  # Telegram waits before it repeats a rejected update, too
        self._tasks.discard(asyncio.current_task())
        await notify()

    async def _post(self, update: Json) -> int:
        self._http = self._http or httpx.AsyncClient(verify=False, timeout=60)  # loopback: no TLS
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            status = (await self._http.post(self._address(), json=update, headers=headers)).status_code
        except httpx.HTTPError:
            status = 0
        self.attempts.append((update["update_id"], status))
        return status

    def _address(self) -> str:
        """Where the webhook is reached."""
        return self.url if not self.listener else f"{self.listener}{httpx.URL(self.url).path}"


def _chat_of(update: Json) -> Json:
    body = next(value for name, value in update.items() if name != "update_id")
    for part in ("message", "chat"):
        body = body.get(part, body) if isinstance(body, dict) else None
    number = body.get("from", body).get("id") if isinstance(body, dict) else None
    return number if isinstance(number, int) else None


@dataclass
class Profile:
    """The bot's public profile. Command menus are keyed by (scope as JSON, language code)."""

    METHODS: ClassVar = frozenset(
        {
            *("setMyCommands", "getMyCommands", "deleteMyCommands", "setMyDescription", "getMyDescription"),
            *("setMyShortDescription", "getMyShortDescription"),
        }
    )
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)

    def execute(self, method: str, params: Params, _: Chats) -> Json:
        language = params.get("language_code", "")
        key = json.dumps(json.loads(params.get("scope", '{"type": "default"}')), sort_keys=True), language
        match method:
            case "setMyCommands":
                self.commands[key] = json.loads(params["commands"])
            case "getMyCommands":
                return self.commands.get(key, [])
            case "deleteMyCommands":
                self.commands.pop(key, None)
            case "setMyDescription":
                self.descriptions[language] = params.get("description", "")
            case "getMyDescription":
                return {"description": self.descriptions.get(language, "")}
            case "setMyShortDescription":
                self.short_descriptions[language] = params.get("short_description", "")
            case "getMyShortDescription":
                return {"short_description": self.short_descriptions.get(language, "")}
        return True


@dataclass
class Groups:
    """Admins, as (chat id, user id), and people's profile photos as file ids."""

    METHODS: ClassVar = frozenset({"getChatMember", "getUserProfilePhotos"})
    admins: set[tuple[int, int]] = field(default_factory=set)
    profile_photos: dict[int, str] = field(default_factory=dict)

    def execute(self, method: str, params: Params, _: Chats) -> Json:
        user = int(params["user_id"])
        if method == "getUserProfilePhotos":
            photos = [photo_json(self.profile_photos[user])] if user in self.profile_photos else []
            return {"total_count": len(photos), "photos": photos}
        user_json = {"id": user, "is_bot": False, "first_name": f"Person {user}"}
        if (int(params["chat_id"]), user) in self.admins:
            return {"status": "creator", "user": user_json, "is_anonymous": False}
        return {"status": "member", "user": user_json}


@dataclass
class Queries:
    """Inline queries, guest queries and payments: those that wait for an answer, and the answers."""

    METHODS: ClassVar = frozenset(
        {"answerInlineQuery", "answerGuestQuery", "answerPreCheckoutQuery", "refundStarPayment"}
    )
    pending: set[str] = field(default_factory=set)  # query ids
    answers: dict[str, Params] = field(default_factory=dict)
    guest_messages: dict[str, str] = field(default_factory=dict)  # guest query id → inline message id
    refunds: list[str] = field(default_factory=list)

    def execute(self, method: str, params: Params, chats: Chats) -> Json:
        if method == "refundStarPayment":
            if params["telegram_payment_charge_id"] in self.refunds:
                raise ApiError(400, "Bad Request: CHARGE_ALREADY_REFUNDED")
            self.refunds.append(params["telegram_payment_charge_id"])
            return True
        query = next(value for name, value in params.items() if name.endswith("_query_id"))
        if query not in self.pending:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.pending.discard(query)
        self.answers[query] = params
        return self._answer_guest_query(query, params, chats) if method == "answerGuestQuery" else True

    def _answer_guest_query(self, query: str, params: Params, chats: Chats) -> Json:
        number = chats.new_id()
        inline = self.guest_messages[query] = f"inline-{number}"
        text = json.loads(params["result"])["input_message_content"]["message_text"]
        chats.inline_messages[inline] = ChatMessage(0, number, text, inline_message_id=inline)
        return {"inline_message_id": inline}
