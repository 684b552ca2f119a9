"""The first time somebody writes to the bot, played for real and written down for docs/telegram.md and docs/discord.md.

`python -m tests.harness.first_time telegram` prints it; so does `discord`.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from bot.app import Installation
from bot.domain.styles import STYLES, before_and_after
from bot.i18n import Texts, texts_for
from bot.messaging.platform import Person
from bot.messaging.style_samples import is_sample_sheet
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.shown_messages import Message
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.discord import discord_app
from tests.harness.rows import until_card_is_noted
from tests.harness.telegram import telegram_harness

BEGIN, END = "<!-- first time: begin -->", "<!-- first time: end -->"
ALL = frozenset(style.index for style in STYLES)
BAR = "▰▰▰▰▱▱▱▱▱▱ 40 %"
MISSPELT = {"en": "anmie", "zh": "二次圆"}
PHOTO, SMALL_PHOTO = {"en": "(a photo)", "zh": "（一张照片）"}, {"en": "(a tiny photo)", "zh": "（一张很小的照片）"}
THANKS = {"en": "thanks", "zh": "谢谢"}
PICTURES = {
    "en": ("(a photo, before and after)", "(samples of the styles)", "(the picture)"),
    "zh": ("（一张照片，画前和画后）", "（各种风格的样图）", "（画好的图片）"),
}


@dataclass(frozen=True)
class Shown:
    """A message of the bot's as it is now: its version tells whether it has changed."""

    id: int
    version: int
    text: str
    picture: bytes | None
    rows: tuple[str, ...]


class Visitor(Protocol):
    """Somebody in their private chat with the bot. `first`: the command they begin with."""

    @property
    def first(self) -> str: ...

    @property
    def person(self) -> Person: ...

    def shown(self) -> list[Shown]: ...

    async def uses(self, command: str) -> object: ...

    async def says(self, text: str) -> object: ...

    async def sends(self, photo: bytes) -> object: ...

    async def presses(self, message: int, label: str) -> object: ...

    async def until(self, condition: Callable[[], object]) -> None: ...


@dataclass(frozen=True)
class OnTelegram:
    user: ChatUser
    first: str = "start"  # Telegram's own button sends it

    @property
    def person(self) -> Person:
        return self.user.person

    def shown(self) -> list[Shown]:
        return [
            Shown(
                message.id,
                message.edits,
                message.text,
                message.photo,
                tuple("".join(f"[ {label} ]" for label, _ in row) for row in message.rows),
            )
            for message in self.user.sees
        ]

    async def uses(self, command: str) -> object:
        return await self.user.says(f"/{command}")

    async def says(self, text: str) -> object:
        return await self.user.says(text)

    async def sends(self, photo: bytes) -> object:
        return await self.user.sends(photo)

    async def presses(self, message: int, label: str) -> object:
        return await self.user.presses(self.user.api.chats.messages[self.user.chat, message], label)

    async def until(self, condition: Callable[[], object]) -> None:
        await self.user.api.until(condition)


@dataclass(frozen=True)
class OnDiscord:
    user: SimulatedUser
    first: str = "help"  # one from the menu, because only that tells us their language

    @property
    def person(self) -> Person:
        return self.user.person

    def shown(self) -> list[Shown]:
        return [
            Shown(
                message.id,
                message.edit_count,
                re.sub(r"<(/\w+):\d+>", r"\1", message.text),
                next((file.data for file in message.files), None),
                (*_menus(message), "".join(f"[ {label} ]" for label in message.labels)),
            )
            for message in self.user.messages
        ]

    async def uses(self, command: str) -> object:
        return await self.user.use_command(command)

    async def says(self, text: str) -> object:
        return await self.user.send(text)

    async def sends(self, photo: bytes) -> object:
        return await self.user.send("", photo)

    async def presses(self, message: int, label: str) -> object:
        return await self.user.press(self.user.discord.state.messages[message], label)

    async def until(self, condition: Callable[[], object]) -> None:
        await self.user.discord.wait_until(condition)


def _menus(message: Message) -> list[str]:
    """Each menu by its first options, and how many there are."""
    return [
        f"[ {' | '.join(option['label'] for option in select['options'][:4])} | … {len(select['options'])} ▾ ]"
        for select in message.selects
    ]


@dataclass
class Transcript:
    """Writes down what one person and the bot say."""

    visitor: Visitor
    language: str
    lines: list[str] = field(default_factory=list)
    known: dict[int, int] = field(default_factory=dict)  # versions by message

    async def step(self, said: str, act: Awaitable[object], answer: Callable[[Shown], bool]) -> Shown:
        """Write down what the person does, and the message that answers it: a new one, or one that has changed."""
        await act

        def found() -> list[Shown]:
            return [one for one in self.visitor.shown() if self.known.get(one.id) != one.version and answer(one)]

        await self.visitor.until(found)
        [message] = found()
        same = "↻ " if message.id in self.known else ""
        self.lines += [*([f"› {said}"] if said else []), *_drawn(message, self.language, same), ""]
        self.known[message.id] = message.version
        return message


def _drawn(message: Shown, language: str, mark: str) -> Sequence[str]:
    texts = texts_for(language)
    lines = [_picture(message.picture, language), *_steady(message.text, texts).split("\n"), *message.rows]
    first, *rest = [line for line in lines if line]
    return [f"{mark}{first}", *(f"{'  ' if mark else ''}{line}" for line in rest)]


def _picture(jpeg: bytes | None, language: str) -> str:
    both, samples, picture = PICTURES[language]
    if jpeg is None:
        return ""
    if is_sample_sheet(jpeg):
        return samples
    return both if jpeg == before_and_after() else picture


def _steady(text: str, texts: Texts) -> str:
    """The text with example values for what differs from run to run: progress, and times."""
    times = (
        ("About {time} left.", 9.0),
        ("You get new ones in {time}. Pictures that fail or are cancelled don't count.", 5 * 3600.0),
    )
    for template, seconds in times:
        pattern = re.escape(texts.gettext(template, time="@")).replace("@", ".+?")
        text = re.sub(pattern, texts.gettext(template, time=texts.duration(seconds)), text)
    return re.sub(r"[▰▱]+ \d+ %", BAR, text)


async def play(visitor: Visitor, language: str, app: Installation, go: Path) -> str:
    """The journey of one person. A picture is finished once the file `go` exists."""
    texts, one = texts_for(language), Transcript(visitor, language)
    question, painting = texts.gettext("Which style would you like?"), texts.gettext("Painting…")
    await one.step(f"/{visitor.first}", visitor.uses(visitor.first), lambda shown: bool(shown.text))
    card = await one.step(PHOTO[language], visitor.sends(portrait_jpeg()), lambda shown: question in shown.text)
    await until_card_is_noted(app.services.queries, visitor.person)
    words = MISSPELT[language]
    yes = texts.gettext("Yes, {style}", style={"en": "Anime", "zh": "二次元"}[language])
    await one.step(words, visitor.says(words), lambda shown: words in shown.text)
    await one.step(
        f"[ {yes} ]", visitor.presses(card.id, yes), lambda shown: painting in shown.text and "▱" in shown.text
    )
    await one.step("", asyncio.to_thread(go.touch), lambda shown: "🔁" in "".join(shown.rows))
    await one.step(THANKS[language], visitor.says(THANKS[language]), lambda shown: "😊" in shown.text)
    small = portrait_jpeg(60, 80)
    await one.step(SMALL_PHOTO[language], visitor.sends(small), lambda shown: bool(shown.text))
    for command in sorted({"help", "quota"} - {visitor.first}):
        await one.step(f"/{command}", visitor.uses(command), lambda shown: bool(shown.text))
    return "\n".join(["```", *one.lines[:-1], "```"])


async def on_telegram(folder: Path) -> str:
    """The chapter of docs/telegram.md."""
    go = folder / "go"
    async with telegram_harness(folder, until=go, styles=ALL) as harness:
        anna, ben = harness.person(1), harness.person(2, "zh-hans")
        for user in (anna, ben):
            harness.api.groups.profile_photos[user.id] = user.add_file(portrait_jpeg())
        english = await play(OnTelegram(anna), "en", harness.app, go)
        go.unlink()
        return _document(english, await play(OnTelegram(ben), "zh", harness.app, go))


async def on_discord(folder: Path) -> str:
    """The chapter of docs/discord.md."""
    go = folder / "go"
    async with discord_app(folder, until=go, styles=ALL) as app:
        english = await play(OnDiscord(app.person(1)), "en", app.installation, go)
        go.unlink()
        return _document(english, await play(OnDiscord(app.person(2, "zh-CN")), "zh", app.installation, go))


def _document(*transcripts: str) -> str:
    return "\n\n".join([BEGIN, *transcripts, END])


def chapter_of(document: Path) -> str:
    """What stands between the marks."""
    words = document.read_text(encoding="utf-8")
    return words[words.index(BEGIN) : words.index(END) + len(END)]


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        run = {"telegram": on_telegram, "discord": on_discord}[sys.argv[1]]
        sys.stdout.write(asyncio.run(run(Path(name))) + "\n")
