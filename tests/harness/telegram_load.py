"""Fifty people in ten groups and in private chats do everything that can be done: a busy day's updates, and how often
each must be answered.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import change_membership, edit_caption
from tests.fakes.telegram_api.chats import ChatMessage, photo_json
from tests.fakes.telegram_api.people import NOW, ChatUser
from tests.fakes.telegram_api.server import BotApi

Json = Any
PEOPLE, BUSY_PEOPLE, GROUPS = range(1, 51), (1, 2), tuple(range(-1010, -1000))
STYLES = (0, 2, 4, 5, 7, 9, 32)
VIDEO = {"file_id": "video", "file_unique_id": "uvideo", "width": 9, "height": 9, "duration": 1}
COMMANDS = ("/help", "/quota", "/queue", "/privacy", "/history", "/style", "/lang", "/mystyles")
NOT_FOR_US = ("hello all", "/style@other_bot 2", "@somebody 2", "/dance@other_bot", "🙂" * 300)
ODD_BUTTON_DATA = (
    "",
    "again:99999",
    "choose:99999:2",
    "delete:99999:1",
    "file:99999",
    "x" * 64,
    "page:99999:1",
    "🎨",
    "buy:5:1",
    "owner:1:1",
)


@dataclass
class CrowdSimulation:
    """What people do, and what must come of it.

    `cards`, `answers`: messages that get a picture or a text, as (chat id, message id). `albums`: two photos that are
    delivered together. `ignored`: messages that get no reply. `presses`, `inline`, `guests`, `checkouts`: ids of
    queries that are answered exactly once. `bought`: units by person.
    """

    api: BotApi
    rng: random.Random
    cards: set[tuple[int, int]] = field(default_factory=set)
    albums: set[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=set)
    answers: set[tuple[int, int]] = field(default_factory=set)
    ignored: set[tuple[int, int]] = field(default_factory=set)
    presses: set[str] = field(default_factory=set)
    inline: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    checkouts: set[str] = field(default_factory=set)
    bought: Counter[int] = field(default_factory=Counter)
    _photos: int = 0

    async def generate(self, updates: int) -> list[Json]:
        """That many updates, shuffled; a fifth of them are duplicates."""
        actions = [
            (self._asks_for_a_picture, 2),
            (self._answers_own_photo, 2),
            (self._sends_an_album, 1),
            (self._adds_the_style_later, 1),
            (self._calls_as_guest, 1),
            (self._sends_a_command, 11),
            (self._sends_a_video, 4),
            (self._talks_to_others, 18),
            (self._presses_an_odd_button, 12),
            (self._searches, 8),
            (self._is_about_to_pay, 3),
            (self._pays, 3),
            (self._unblocks_the_bot, 4),
        ]
        new = updates * 4 // 5
        while len(self.api.updates) < new - 1:
            [action] = self.rng.choices([action for action, _ in actions], [weight for _, weight in actions])
            await action(self._random_user())
        numbered = [update | {"update_id": number} for number, update in enumerate(self._shuffled_requests(), 5000)]
        everything = [*numbered, *self.rng.choices(numbered, k=updates - len(numbered))]
        self.rng.shuffle(everything)
        return everything

    def _shuffled_requests(self) -> list[Json]:
        """The updates in random order, but with the photos of an album next to each other."""
        together: dict[str, list[Json]] = {}
        for number, update in enumerate(self.api.updates):
            album = update.get("message", {}).get("media_group_id", str(number))
            together.setdefault(album, []).append(update)
        requests = list(together.values())
        self.rng.shuffle(requests)
        return [update for request in requests for update in request]

    def _random_user(self) -> ChatUser:
        if self.rng.random() < 0.15:  # a few people are much busier than others
            return ChatUser(self.api, busy := self.rng.choice(BUSY_PEOPLE), busy)
        number = self.rng.choice(PEOPLE)
        chat = self.rng.choice((number, GROUPS[number % len(GROUPS)]))
        return ChatUser(self.api, number, chat, self.rng.choice(("en", "zh-hans")))

    def _photo(self) -> bytes:
        self._photos += 1
        wide, high = 300 + self._photos % 97, 400 + self._photos % 89
        return portrait_jpeg(wide, high, shade=self._photos * 41 % 256)

    def _style(self) -> str:
        return f"/style {self.rng.choice(STYLES)}"

    async def _asks_for_a_picture(self, user: ChatUser) -> None:
        await user.sends(self._photo(), caption=self._style())
        self.cards.add(_message_key(user.last))

    async def _answers_own_photo(self, user: ChatUser) -> None:
        if user.chat > 0:  # in a private chat the photo itself would be answered
            return await self._asks_for_a_picture(user)
        await user.sends(self._photo())
        self.ignored.add(_message_key(user.last))
        await user.says(self._style(), reply_to=user.last)
        self.cards.add(_message_key(user.last))
        return None

    async def _sends_an_album(self, user: ChatUser) -> None:
        await user.sends_album([self._photo(), self._photo()], caption=self._style())
        [*_, first, second] = [message for message in self.api.chats.messages.values() if message.chat == user.chat]
        self.albums.add((_message_key(first), _message_key(second)))

    async def _adds_the_style_later(self, user: ChatUser) -> None:
        if user.chat > 0:
            return await self._asks_for_a_picture(user)
        await user.sends(self._photo(), caption="a nice day")
        await edit_caption(user, user.last, self._style())
        self.cards.add(_message_key(user.last))
        return None

    async def _calls_as_guest(self, user: ChatUser) -> None:
        query = self._new_query(self.guests)
        chat = {"id": -777, "type": "supergroup", "title": "Elsewhere"}
        body = {"message_id": self.api.chats.new_id(), "date": NOW, "chat": chat, "from": user.user()}
        body |= user.photo_body(self._photo()) | {"caption": "@repaint_test_bot 2", "guest_query_id": query}
        await self.api.push({"guest_message": body})

    async def _sends_a_command(self, user: ChatUser) -> None:
        await user.says(self.rng.choice(COMMANDS))
        self.answers.add(_message_key(user.last))

    async def _sends_a_video(self, user: ChatUser) -> None:
        await user.posts({"video": VIDEO, "caption": self._style()})
        self.answers.add(_message_key(user.last))

    async def _talks_to_others(self, user: ChatUser) -> None:
        member = ChatUser(self.api, user.id, GROUPS[user.id % len(GROUPS)])
        bodies = [{"text": self.rng.choice(NOT_FOR_US)}, {"new_chat_title": "New"}, {"sticker": VIDEO | STILL_STICKER}]
        bodies += [{"text": "/help", "is_automatic_forward": True}, {"photo": photo_json("nobody")}]
        await member.posts(self.rng.choice(bodies))
        self.ignored.add(_message_key(member.last))

    async def _presses_an_odd_button(self, user: ChatUser) -> None:
        message = ChatMessage(user.chat, 1_000_000 + self.rng.randrange(1000), "an old card")
        self.presses.add(await user.presses_data(message, self.rng.choice(ODD_BUTTON_DATA)))

    async def _searches(self, user: ChatUser) -> None:
        words = self.rng.choice(("", "anime", "#1", "nothing of the kind", "🙂"))
        body = {"id": self._new_query(self.inline), "from": user.user(), "query": words, "offset": ""}
        await self.api.push({"inline_query": body})

    async def _is_about_to_pay(self, user: ChatUser) -> None:
        body = {"id": self._new_query(self.checkouts), "from": user.user(), "currency": "XTR", "total_amount": 50}
        await self.api.push({"pre_checkout_query": body | {"invoice_payload": self.rng.choice(("units:10:50", "odd"))}})

    async def _pays(self, user: ChatUser) -> None:
        alone = ChatUser(self.api, user.id, user.id)
        paid = {"currency": "XTR", "total_amount": 50, "invoice_payload": "units:10:50"}
        paid |= {"telegram_payment_charge_id": f"charge-{self.api.chats.new_id()}", "provider_payment_charge_id": ""}
        self.bought[user.id] += 10
        for _ in range(2):  # reported twice, in two messages
            await alone.posts({"successful_payment": paid})
            self.answers.add(_message_key(alone.last))

    async def _unblocks_the_bot(self, user: ChatUser) -> None:
        """Blocking it would end what waits there, in whatever order the updates come."""
        await change_membership(ChatUser(self.api, user.id, user.id), was="kicked", now="member")

    def _new_query(self, kind: set[str]) -> str:
        query = f"query-{self.api.chats.new_id()}"
        kind.add(query)
        self.api.queries.pending.add(query)
        return query


STILL_STICKER = {"type": "regular", "is_animated": False, "is_video": False}


def _message_key(message: ChatMessage) -> tuple[int, int]:
    return message.chat, message.id
