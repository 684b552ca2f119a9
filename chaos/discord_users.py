"""Simulated Discord users: in direct messages, in servers, and with ephemeral commands. Events sent while the bot is
down are lost there, so a user who gets no response tries again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from chaos.http_proxy import ProxiedCall
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.objects import Guild
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import DiscordServer
from tests.fakes.discord_api.shown_messages import Message

GUILD, CHANNEL = 1_231_000_000_000_000_000, 1_241_000_000_000_000_000
STYLES = (0, 2, 4, 5, 7, 9, 32)
ALBUM_RATE, REPEAT_RATE = 0.2, 0.2  # of requests: with several photos; repeated once
ANSWER_TIMEOUT = 4.0  # until the first reaction
RETRY_SECONDS = 15.0  # until a user tries again
POLL_INTERVAL = 0.1
NON_CARD_PREFIXES = (
    "Your picture is ready: ",
    "Your pictures are ready: ",
    "This one didn't",
    "I couldn't get that done",
)
CUSTOM_STYLE = "mine"  # part of the option that opens a form

Channel = Literal["direct message", "menu", "server", "ephemeral"]
CHANNELS: tuple[Channel, ...] = ("direct message", "menu", "server", "ephemeral")


@dataclass
class DiscordUser:
    """One user with one request, in a channel of their own. `photo_count`: photos in the request; `wants_repeat`:
    presses "Again" once the first picture has arrived."""

    number: int
    client: SimulatedUser
    channel: Channel
    style: int
    photo_count: int
    wants_repeat: bool
    repeat_until: float = (
        0.0  # until when they wait for the repeat's card; a bot that was killed may have lost the press
    )
    has_card: bool = False
    attempts: int = 0
    retry_at: float = 0.0

    @property
    def name(self) -> str:
        return f"user {self.number} ({self.channel})"

    @property
    def messages(self) -> list[Message]:
        """All messages from the bot to this user, in any channel."""
        here, private = self.client, self.client.in_dm
        return here.messages if here.channel.id == private.channel.id else here.messages + private.messages

    @property
    def is_done(self) -> bool:
        """Whether the user has nothing left to do but wait."""
        return self.has_card and not self.wants_repeat and not self._awaits_repeat and not self._question

    @property
    def _awaits_repeat(self) -> bool:
        return time.monotonic() < self.repeat_until and sum(map(is_card, self.messages)) < 2

    @property
    def _question(self) -> Message | None:
        return next((shown for shown in self.messages if shown.options and not shown.picture), None)

    async def act(self) -> None:
        """Take the next step, if it is due; give up on it when no response comes."""
        self.has_card = self.has_card or any(map(is_card, self.messages))
        if self.is_done or self._awaits_repeat or time.monotonic() < self.retry_at:
            return
        self.retry_at = time.monotonic() + RETRY_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await self._next()

    async def _next(self) -> None:
        question, picture = self._question, next((shown for shown in self.messages if shown.picture), None)
        if question is not None:
            await self.client.select(question, next(one for one in question.options if CUSTOM_STYLE not in one))
        elif not self.has_card:
            await self._submit()
        elif picture is not None and any("Again" in label for label in picture.labels):
            await self.client.press(picture, "Again")
            self.wants_repeat, self.repeat_until = False, time.monotonic() + RETRY_SECONDS
        else:
            self.retry_at = 0.0

    async def _submit(self) -> None:
        photos = [unique_photo(self.number, self.attempts * 4 + count) for count in range(self.photo_count)]
        self.attempts += 1
        if self.channel == "direct message":
            await self.client.send(f"/style {self.style}", *photos)
        elif self.channel == "menu":
            await self.client.send("", photos[0])
        else:
            options = dict(zip(("photo", "photo2", "photo3", "photo4"), photos, strict=False))
            await self.client.use_command(
                "style", **options, style=str(self.style), private=self.channel == "ephemeral"
            )


@dataclass
class DiscordUsers:
    """All simulated users. `album_rate`: the share of requests with several photos."""

    discord: DiscordServer
    rng: random.Random
    album_rate: float = ALBUM_RATE
    all: list[DiscordUser] = field(default_factory=list)
    allowed_extra: Counter[int] = field(default_factory=Counter)  # by user, messages whose sending was not confirmed

    def record_lost_response(self, call: ProxiedCall) -> None:
        """The response to this call of the bot is lost on its way."""
        _, path, _ = call.head.split(b" ", 2)
        _, _, _, what, number, token, *_ = path.decode("latin-1").split("/")
        if what == "interactions":
            self.discord.interactions.all[int(number)].response_lost = True
        else:
            user = next(one.user.id for one in self.discord.interactions.all.values() if token.startswith(one.token))
            self.allowed_extra[user] += 1

    def add_user(self) -> None:
        """Add a user, who sends a request as soon as possible."""
        number, channel = len(self.all), self.rng.choice(CHANNELS)
        user, photo_count = self.discord.state.user(number), 1
        if channel != "menu" and self.rng.random() < self.album_rate:
            photo_count = self.rng.randint(2, 4)
        place = self.discord.state.dm_channel(user)
        if channel in {"server", "ephemeral"}:
            place = self.discord.state.channel(CHANNEL + number, guild=Guild(GUILD + number))
        wants_repeat = photo_count == 1 and self.rng.random() < REPEAT_RATE
        client = SimulatedUser(self.discord, user, place)
        self.all.append(DiscordUser(number, client, channel, self.rng.choice(STYLES), photo_count, wants_repeat))

    @property
    def pending(self) -> list[DiscordUser]:
        """Users with steps left to take."""
        return [user for user in self.all if not user.is_done]

    @asynccontextmanager
    async def active(self) -> AsyncIterator[None]:
        """Every user acts until the block ends."""
        task = asyncio.create_task(self.run_all())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def run_all(self) -> None:
        """Every user acts whenever possible, until cancelled. Restarted with every bot process."""
        for user in self.all:
            user.retry_at = 0.0
        while True:
            if self.discord.gateway.is_connected and self.discord.commands.all:
                await asyncio.gather(*(user.act() for user in self.pending))
            await asyncio.sleep(POLL_INTERVAL)


def is_card(shown: Message) -> bool:
    """Whether a message is a job's or an album's card, and not a notice, an apology or an ephemeral remark."""
    if not shown.text or shown.text.startswith(NON_CARD_PREFIXES):
        return False
    return bool(shown.components or shown.files) or not shown.is_ephemeral


def unique_photo(number: int, count: int) -> bytes:
    """A photo that no other request uses, here or in `chaos.users`."""
    return portrait_jpeg(257 + number % 239, 480 + count, shade=(number * 41 + number // 239 * 7) % 256)
