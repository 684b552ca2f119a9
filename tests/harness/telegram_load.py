"""Fifty people in ten groups and in private, who do everything that can be done: the updates of one busy day, and how
often each of them is to be answered."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import adds_bot, changes_caption
from tests.fakes.telegram_api.chats import Shown, photo_json
from tests.fakes.telegram_api.people import NOW, Someone
from tests.fakes.telegram_api.server import BotApi

Json = Any
PEOPLE, BUSY, GROUPS = range(1, 51), (1, 2), tuple(range(-1010, -1000))
STYLES = (0, 2, 4, 5, 7, 9, 32)
CLIP = {"file_id": "clip", "file_unique_id": "uclip", "width": 9, "height": 9, "duration": 1}
QUESTIONS = ("/help", "/quota", "/queue", "/privacy", "/history", "/style", "/lang", "/mystyles")
NOT_FOR_US = ("hello all", "/style@other_bot 2", "@somebody 2", "/dance@other_bot", "🙂" * 300)
FOREIGN = (
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
class Multitude:
    """What they do. `cards`, `answers`: messages that get a picture or a sentence, as (chat, message); `albums`: two
    photos each that come together; `silence`: messages that get nothing; `presses`, `inline`, `guests`, `checkouts`:
    queries that are each answered once.
    """

    api: BotApi
    dice: random.Random
    cards: set[tuple[int, int]] = field(default_factory=set)
    albums: set[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=set)
    answers: set[tuple[int, int]] = field(default_factory=set)
    silence: set[tuple[int, int]] = field(default_factory=set)
    presses: set[str] = field(default_factory=set)
    inline: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    checkouts: set[str] = field(default_factory=set)
    bought: Counter[int] = field(default_factory=Counter)
    _photos: int = 0

    async def act(self, updates: int) -> list[Json]:
        """So many updates, shuffled; a quarter of them come twice."""
        doings = [
            (self._asks_for_a_picture, 2),
            (self._answers_own_photo, 2),
            (self._sends_an_album, 1),
            (self._adds_the_style_later, 1),
            (self._calls_as_guest, 1),
            (self._asks_something, 11),
            (self._sends_a_clip, 4),
            (self._is_not_meant, 18),
            (self._presses_something_odd, 12),
            (self._searches, 8),
            (self._is_about_to_pay, 3),
            (self._pays, 3),
            (self._changes_our_standing, 4),
        ]
        new = updates * 4 // 5
        while len(self.api.updates) < new - 1:
            [doing] = self.dice.choices([doing for doing, _ in doings], [weight for _, weight in doings])
            await doing(self._somebody())
        numbered = [update | {"update_id": number} for number, update in enumerate(self._shuffled(), 5000)]
        everything = [*numbered, *self.dice.choices(numbered, k=updates - len(numbered))]
        self.dice.shuffle(everything)
        return everything

    def _shuffled(self) -> list[Json]:
        """In any order, but for albums: their parts come together."""
        together: dict[str, list[Json]] = {}
        for number, update in enumerate(self.api.updates):
            album = update.get("message", {}).get("media_group_id", str(number))
            together.setdefault(album, []).append(update)
        requests = list(together.values())
        self.dice.shuffle(requests)
        return [update for request in requests for update in request]

    def _somebody(self) -> Someone:
        if self.dice.random() < 0.15:  # some never stop
            return Someone(self.api, busy := self.dice.choice(BUSY), busy)
        number = self.dice.choice(PEOPLE)
        chat = self.dice.choice((number, GROUPS[number % len(GROUPS)]))
        return Someone(self.api, number, chat, self.dice.choice(("en", "zh-hans")))

    def _photo(self) -> bytes:
        self._photos += 1
        wide, high = 300 + self._photos % 97, 400 + self._photos % 89
        return portrait_jpeg(wide, high, shade=self._photos * 41 % 256)

    def _style(self) -> str:
        return f"/style {self.dice.choice(STYLES)}"

    async def _asks_for_a_picture(self, someone: Someone) -> None:
        await someone.sends(self._photo(), caption=self._style())
        self.cards.add(_place(someone.last))

    async def _answers_own_photo(self, someone: Someone) -> None:
        if someone.chat > 0:  # there a bare photo is a question of its own
            return await self._asks_for_a_picture(someone)
        await someone.sends(self._photo())
        self.silence.add(_place(someone.last))
        await someone.says(self._style(), answering=someone.last)
        self.cards.add(_place(someone.last))
        return None

    async def _sends_an_album(self, someone: Someone) -> None:
        await someone.sends_album([self._photo(), self._photo()], caption=self._style())
        [*_, first, second] = [shown for shown in self.api.chats.messages.values() if shown.chat == someone.chat]
        self.albums.add((_place(first), _place(second)))

    async def _adds_the_style_later(self, someone: Someone) -> None:
        if someone.chat > 0:
            return await self._asks_for_a_picture(someone)
        await someone.sends(self._photo(), caption="a nice day")
        await changes_caption(someone, someone.last, self._style())
        self.cards.add(_place(someone.last))
        return None

    async def _calls_as_guest(self, someone: Someone) -> None:
        query = self._query(self.guests)
        chat = {"id": -777, "type": "supergroup", "title": "Elsewhere"}
        body = {"message_id": self.api.chats.new_id(), "date": NOW, "chat": chat, "from": someone.user()}
        body |= someone.photo_body(self._photo()) | {"caption": "@repaint_test_bot 2", "guest_query_id": query}
        await self.api.push({"guest_message": body})

    async def _asks_something(self, someone: Someone) -> None:
        await someone.says(self.dice.choice(QUESTIONS))
        self.answers.add(_place(someone.last))

    async def _sends_a_clip(self, someone: Someone) -> None:
        await someone.posts({"video": CLIP, "caption": self._style()})
        self.answers.add(_place(someone.last))

    async def _is_not_meant(self, someone: Someone) -> None:
        member = Someone(self.api, someone.id, GROUPS[someone.id % len(GROUPS)])
        bodies = [{"text": self.dice.choice(NOT_FOR_US)}, {"new_chat_title": "New"}, {"sticker": CLIP | STILL}]
        bodies += [{"text": "/help", "is_automatic_forward": True}, {"photo": photo_json("nobody")}]
        await member.posts(self.dice.choice(bodies))
        self.silence.add(_place(member.last))

    async def _presses_something_odd(self, someone: Someone) -> None:
        shown = Shown(someone.chat, 1_000_000 + self.dice.randrange(1000), "an old card")
        self.presses.add(await someone.presses_data(shown, self.dice.choice(FOREIGN)))

    async def _searches(self, someone: Someone) -> None:
        words = self.dice.choice(("", "anime", "#1", "nothing of the kind", "🙂"))
        body = {"id": self._query(self.inline), "from": someone.user(), "query": words, "offset": ""}
        await self.api.push({"inline_query": body})

    async def _is_about_to_pay(self, someone: Someone) -> None:
        body = {"id": self._query(self.checkouts), "from": someone.user(), "currency": "XTR", "total_amount": 50}
        await self.api.push(
            {"pre_checkout_query": body | {"invoice_payload": self.dice.choice(("units:10:50", "odd"))}}
        )

    async def _pays(self, someone: Someone) -> None:
        alone = Someone(self.api, someone.id, someone.id)
        paid = {"currency": "XTR", "total_amount": 50, "invoice_payload": "units:10:50"}
        paid |= {"telegram_payment_charge_id": f"charge-{self.api.chats.new_id()}", "provider_payment_charge_id": ""}
        self.bought[someone.id] += 10
        for _ in range(2):  # told twice, as two messages
            await alone.posts({"successful_payment": paid})
            self.answers.add(_place(alone.last))

    async def _changes_our_standing(self, someone: Someone) -> None:
        await adds_bot(Someone(self.api, someone.id, someone.id), was="member", now="kicked")

    def _query(self, kind: set[str]) -> str:
        query = f"query-{self.api.chats.new_id()}"
        kind.add(query)
        self.api.elsewhere.asked.add(query)
        return query


STILL = {"type": "regular", "is_animated": False, "is_video": False}


def _place(shown: Shown) -> tuple[int, int]:
    return shown.chat, shown.id
