"""People on Discord: in private, in servers, for nobody else's eyes. What they say or press while the bot is dead is
lost there; whoever sees nothing come of it does it again."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from chaos.http_proxy import ProxiedCall
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.objects import Guild
from tests.fakes.discord_api.people import Somebody
from tests.fakes.discord_api.server import Discord
from tests.fakes.discord_api.shown_messages import Shown

GUILD, CHANNEL = 1_231_000_000_000_000_000, 1_241_000_000_000_000_000
STYLES = (0, 2, 4, 5, 7, 9, 32)
ALBUM_RATE, REPEAT_RATE = 0.2, 0.2  # of the wishes: several photos, and once more when the first picture is there
ANSWER_TIMEOUT = 4.0  # for a sign of life
RETRY_SECONDS = 15.0  # seconds until somebody does it again
POLL_INTERVAL = 0.1
NON_CARD_PREFIXES = ("Your picture is ready: ", "Your pictures are ready: ", "This one didn't", "I couldn't get that done")
CUSTOM_STYLE = "mine"  # in the words of the option that opens a form

Channel = Literal["in private", "by menu", "in a server", "unseen"]
CHANNELS: tuple[Channel, ...] = ("in private", "by menu", "in a server", "unseen")


@dataclass
class DiscordUser:
    """One person with one wish, each in a place of their own. `photos`: how many; `again`: they will want one more."""

    number: int
    someone: Somebody
    way: Channel
    style: int
    photos: int
    again: bool
    has_card: bool = False
    tries: int = 0
    patient_until: float = 0.0

    @property
    def name(self) -> str:
        return f"guest {self.number} ({self.way})"

    @property
    def sees(self) -> list[Shown]:
        """All that the bot has said to them, wherever."""
        here = self.someone.sees
        return here if self.someone.dms.place.id == self.someone.place.id else here + self.someone.dms.sees

    @property
    def is_content(self) -> bool:
        """Whether nothing is left for them to do but wait."""
        return self.has_card and not self.again and not self._question

    @property
    def _question(self) -> Shown | None:
        return next((shown for shown in self.sees if shown.options and not shown.files), None)

    async def act(self) -> None:
        """Do what is next, if it is time to. What nobody answers is given up."""
        self.has_card = self.has_card or any(map(is_card, self.sees))
        if self.is_content or time.monotonic() < self.patient_until:
            return
        self.patient_until = time.monotonic() + RETRY_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await self._next()

    async def _next(self) -> None:
        question, picture = self._question, next((shown for shown in self.sees if shown.picture), None)
        if question is not None:
            await self.someone.chooses(question, next(one for one in question.options if CUSTOM_STYLE not in one))
        elif not self.has_card:
            await self._wish()
        elif picture is not None and any("Again" in label for label in picture.labels):
            await self.someone.presses(picture, "Again")
            self.again = False
        else:
            self.patient_until = 0.0

    async def _wish(self) -> None:
        photos = [unique_photo(self.number, self.tries * 4 + count) for count in range(self.photos)]
        self.tries += 1
        if self.way == "in private":
            await self.someone.writes(f"/style {self.style}", *photos)
        elif self.way == "by menu":
            await self.someone.writes("", photos[0])
        else:
            named = dict(zip(("photo", "photo2", "photo3", "photo4"), photos, strict=False))
            await self.someone.types("style", **named, style=str(self.style), private=self.way == "unseen")


@dataclass
class DiscordUsers:
    """All of them. `albums`: the share of wishes that have several photos."""

    discord: Discord
    dice: random.Random
    albums: float = ALBUM_RATE
    all: list[DiscordUser] = field(default_factory=list)
    spare: Counter[int] = field(default_factory=Counter)  # messages, by person, whose sending nobody heard of

    def unheard(self, passing: ProxiedCall) -> None:
        """The answer to this call is lost on its way."""
        words = passing.head.split(b" ", 2)
        _, _, _, what, number, token, *_ = words[1].decode("latin-1").split("/")
        if what == "interactions":
            self.discord.asks.all[int(number)].is_unheard = True
        else:
            who = next(asked.user.id for asked in self.discord.asks.all.values() if token.startswith(asked.token))
            self.spare[who] += 1

    def invite(self) -> None:
        """Somebody new, who will wish for something as soon as they can."""
        number, way = len(self.all), self.dice.choice(CHANNELS)
        user, photos = self.discord.world.user(number), 1
        if way != "by menu" and self.dice.random() < self.albums:
            photos = self.dice.randint(2, 4)
        place = self.discord.world.private(user)
        if way in {"in a server", "unseen"}:
            place = self.discord.world.place(CHANNEL + number, guild=Guild(GUILD + number))
        again = photos == 1 and self.dice.random() < REPEAT_RATE
        someone = Somebody(self.discord, user, place)
        self.all.append(DiscordUser(number, someone, way, self.dice.choice(STYLES), photos, again))

    @property
    def waiting(self) -> list[DiscordUser]:
        """Who has still to do something."""
        return [guest for guest in self.all if not guest.is_content]

    async def keep_asking(self) -> None:
        """Everybody does what they can, until cancelled: begun anew with every life of the bot."""
        for guest in self.all:
            guest.patient_until = 0.0
        while True:
            if self.discord.gateway.is_heard and self.discord.commands.all:
                await asyncio.gather(*(guest.act() for guest in self.waiting))
            await asyncio.sleep(POLL_INTERVAL)


def is_card(shown: Shown) -> bool:
    """Whether a message is a job's or an album's card: no notice, no excuse, no word to one person beside it."""
    if not shown.text or shown.text.startswith(NON_CARD_PREFIXES):
        return False
    return bool(shown.parts or shown.files) or not shown.is_ephemeral


def unique_photo(number: int, count: int) -> bytes:
    """A photo that nobody else has, here or elsewhere."""
    return portrait_jpeg(257 + number % 239, 480 + count, shade=(number * 41 + number // 239 * 7) % 256)
