"""What a Bot API server does besides chats: it brings updates, knows profiles and groups, and carries our messages to
chats that the bot is no member of."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

from tests.fakes.telegram_api.chats import Chats, Shown, Trouble, photo_json

Json = Any
Params = dict[str, str]
Tell = Callable[[], Awaitable[None]]

PAUSE = 0.02  # seconds until an update is brought again that was not taken
MOST_AT_ONCE = 40  # as setWebhook says


@dataclass
class Postman:
    """Brings updates to a webhook: those of one chat one by one, each again and again until it is taken. With
    `twice`, everything that was taken is brought once more.
    """

    url: str = ""
    secret: str = ""
    twice: bool = False
    brought: list[tuple[int, int]] = field(default_factory=list)  # update, status
    _last: dict[Json, asyncio.Task[None]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _http: httpx.AsyncClient | None = None
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    def set_up(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret

    def bring(self, update: Json, tell: Tell) -> None:
        chat = _chat_of(update)
        task = asyncio.create_task(self._bring(update, self._last.get(chat), tell))
        self._last[chat] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _bring(self, update: Json, before: asyncio.Task[None] | None, tell: Tell) -> None:
        if before is not None:
            await asyncio.wait([before])
        times = 2 if self.twice else 1
        while times:
            async with self._at_once:
                taken = await self._knock(update) == 200
            if taken:
                times -= 1
            else:
                await asyncio.sleep(PAUSE)  # as Telegram does before it brings a refused update again
        self._tasks.discard(asyncio.current_task())
        await tell()

    async def _knock(self, update: Json) -> int:
        self._http = self._http or httpx.AsyncClient(verify=False, timeout=60)  # loopback: no TLS
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            status = (await self._http.post(self.url, json=update, headers=headers)).status_code
        except httpx.HTTPError:
            status = 0
        self.brought.append((update["update_id"], status))
        return status


def _chat_of(update: Json) -> Json:
    body = next(value for name, value in update.items() if name != "update_id")
    body = body.get("message", body)
    return body.get("chat", body.get("from", {})).get("id")


@dataclass
class Profile:
    """How the bot presents itself. Keys are (scope as JSON, language)."""

    METHODS: ClassVar = frozenset(
        {
            *("setMyCommands", "getMyCommands", "deleteMyCommands", "setMyDescription", "getMyDescription"),
            *("setMyShortDescription", "getMyShortDescription"),
        }
    )
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)

    def carry_out(self, method: str, params: Params, _: Chats) -> Json:
        language = params.get("language_code", "")
        place = json.dumps(json.loads(params.get("scope", '{"type": "default"}')), sort_keys=True), language
        match method:
            case "setMyCommands":
                self.commands[place] = json.loads(params["commands"])
            case "getMyCommands":
                return self.commands.get(place, [])
            case "deleteMyCommands":
                self.commands.pop(place, None)
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
    """Who is an admin, as (chat, user), and everybody's profile photos as file ids."""

    METHODS: ClassVar = frozenset({"getChatMember", "getUserProfilePhotos"})
    admins: set[tuple[int, int]] = field(default_factory=set)
    portraits: dict[int, str] = field(default_factory=dict)

    def carry_out(self, method: str, params: Params, _: Chats) -> Json:
        user = int(params["user_id"])
        if method == "getUserProfilePhotos":
            photos = [photo_json(self.portraits[user])] if user in self.portraits else []
            return {"total_count": len(photos), "photos": photos}
        who = {"id": user, "is_bot": False, "first_name": f"Person {user}"}
        if (int(params["chat_id"]), user) in self.admins:
            return {"status": "creator", "user": who, "is_anonymous": False}
        return {"status": "member", "user": who}


@dataclass
class Elsewhere:
    """Inline words, guest calls and payments: what waits for an answer, and the answers."""

    METHODS: ClassVar = frozenset(
        {"answerInlineQuery", "answerGuestQuery", "answerPreCheckoutQuery", "refundStarPayment"}
    )
    asked: set[str] = field(default_factory=set)  # queries that wait
    answers: dict[str, Params] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)  # guest query → inline message
    refunds: list[str] = field(default_factory=list)

    def carry_out(self, method: str, params: Params, chats: Chats) -> Json:
        if method == "refundStarPayment":
            if params["telegram_payment_charge_id"] in self.refunds:
                raise Trouble(400, "Bad Request: CHARGE_ALREADY_REFUNDED")
            self.refunds.append(params["telegram_payment_charge_id"])
            return True
        query = next(value for name, value in params.items() if name.endswith("_query_id"))
        if query not in self.asked:
            raise Trouble(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.asked.discard(query)
        self.answers[query] = params
        return self._guest(query, params, chats) if method == "answerGuestQuery" else True

    def _guest(self, query: str, params: Params, chats: Chats) -> Json:
        number = chats.new_id()
        inline = self.called[query] = f"inline-{number}"
        text = json.loads(params["result"])["input_message_content"]["message_text"]
        chats.inline[inline] = Shown(0, number, text, inline=inline)
        return {"inline_message_id": inline}
