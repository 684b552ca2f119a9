"""Updates of real chats, replayed: words as people type them, and chats that write in their own name."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job_view import JobView
from bot.domain.styles import INDICES, by_index
from bot.messaging.platform import Person
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import ME
from tests.harness.telegram import TelegramHarness, telegram_harness

Json = Any
CASES = Path(__file__).parent / "chat_cases"
THE_BOT = 4242  # its id in the recorded updates
GROUP_ADMIN, STRANGER, NOBODY = 501, 502, 503


def cases(name: str) -> list[Json]:
    return list(json.loads((CASES / f"{name}.json").read_text()))


class Replay:
    """Sends a case's updates in a chat of our own; the bot's messages take the place of the recorded ones."""

    def __init__(self, harness: TelegramHarness, case: Json) -> None:
        self._harness, self._case = harness, case
        self._ids: dict[int, int] = {}  # of our chat, by the recorded ids
        message = case["updates"][0]["message"]
        sender = message.get("sender_chat", message["from"])
        self.user = ChatUser(harness.api, sender["id"], message["chat"]["id"])

    async def run(self) -> None:
        for update in self._case["updates"]:
            await self._harness.api.push(await self.translated(deepcopy(update)))
            await self._harness.api.handled()

    async def translated(self, update: Json) -> Json:
        if "callback_query" in update:
            return {"callback_query": await self._press(update["callback_query"])}
        message = update["message"]
        chats = self._harness.api.chats
        message["message_id"] = self._ids.setdefault(message["message_id"], chats.new_id())
        replied = message.get("reply_to_message")
        if replied is not None and replied["from"]["id"] == THE_BOT:
            message["reply_to_message"] = chats.quoted(await self.newest_card(), ME)
        elif replied is not None:
            replied["message_id"] = self._ids.setdefault(replied["message_id"], chats.new_id())
        mention = f"@{ME['username']}"
        if "text" in message:
            message["text"] = message["text"].replace("@the_bot", mention).replace("@THE_BOT", mention.upper())
        return {"message": message}

    async def newest_card(self) -> ChatMessage:
        await self._harness.api.until(lambda: self.user.sees)
        return self.user.sees[-1]

    async def _press(self, query: Json) -> Json:
        card = await self.newest_card()
        style = query["data"].rpartition(":")[2]
        data = next(
            data for row in card.rows for _, data in row if data.startswith("choose:") and data.endswith(f":{style}")
        )
        return query | {"id": f"press-{card.chat}", "data": data, "message": card.as_json() | {"from": ME}}

    async def jobs(self) -> tuple[JobView, ...]:
        return await self._harness.app.services.queries.history(self.user.person)


async def painted(harness: TelegramHarness, replay: Replay, styles: list[int]) -> str:
    """What is wrong, if the photos were not painted in exactly these styles, once each."""
    try:
        await harness.api.until(lambda: len(replay.user.pictures) >= len(styles), 20)
    except TimeoutError:
        return f"no picture: {[message.text for message in replay.user.sees]}"
    jobs = sorted(job.style for job in await replay.jobs() if job.style is not None)
    units = await harness.units(replay.user)
    asked = [message.text for message in replay.user.sees if "Which" in message.text or "哪" in message.text]
    return "" if jobs == styles and units == (len(styles), 0) and not asked else f"{jobs} {units} {asked}"


async def test_photos_are_painted_once_as_people_asked_in_their_words(tmp_path: Path) -> None:
    wrong = {}
    async with telegram_harness(tmp_path) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replays = [(case, Replay(harness, case)) for case in cases("words-typed")]
        for _, replay in replays:
            await replay.run()
        for case, replay in replays:
            wrong[case["name"]] = await painted(harness, replay, case["styles"])
    assert {name: why for name, why in wrong.items() if why} == {}


async def test_a_command_is_understood_however_it_is_typed(tmp_path: Path) -> None:
    wrong = {}
    async with telegram_harness(tmp_path, styles=INDICES) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replays = [(case, Replay(harness, case)) for case in cases("words-spellings")]
        for _, replay in replays:
            await replay.run()
        for case, replay in replays:
            wrong[case["name"]] = await misunderstood(harness, replay, case)
    assert {name: why for name, why in wrong.items() if why} == {}


async def misunderstood(harness: TelegramHarness, replay: Replay, case: Json) -> str:
    """What is wrong with what was understood; empty if nothing is. Painting takes its time, and isn't waited for."""
    await harness.api.until(lambda: replay.user.sees)
    units = await harness.units(replay.user)
    styles = [job.style for job in await replay.jobs()]
    if "style" in case:
        return "" if (styles, sum(units)) == ([case["style"]], 1) else f"{styles} {units} {replay.user.sees}"
    expected = ("/style 3",) if "suggest" in case else ("one style at a time",)
    await harness.api.until(lambda: any(words in message.text for message in replay.user.sees for words in expected))
    said = " ".join(message.text for message in replay.user.sees)
    return "" if (styles, units) == ([], (0, 0)) else f"{styles} {units} {said}"


@pytest.mark.parametrize("case", cases("telegram-senders"), ids=lambda case: str(case["name"]))
async def test_a_card_of_a_chat_is_pressed_by_an_admin_of_the_group(tmp_path: Path, case: Json) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replay = Replay(harness, case)
        press = case["updates"][1]["callback_query"]
        harness.api.groups.admins.add((replay.user.chat, press["from"]["id"]))
        await replay.run()
        assert await painted(harness, replay, [0]) == ""
        assert await harness.units(harness.person(press["from"]["id"])) == (0, 0)  # the quota is the chat's


async def test_only_admins_press_the_card_of_an_anonymous_admin(tmp_path: Path) -> None:
    case = cases("telegram-senders")[0]
    async with telegram_harness(tmp_path) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replay = Replay(harness, case)
        await replay.run()  # the person who presses is no admin here
        card = await replay.newest_card()
        assert "Which style" in card.text
        stranger, admin = (ChatUser(harness.api, number, replay.user.chat) for number in (STRANGER, GROUP_ADMIN))
        harness.api.groups.admins.add((replay.user.chat, GROUP_ADMIN))
        for label in ("Anime", "Surprise", "Cancel"):
            assert "belongs to somebody else" in await stranger.notice(await stranger.presses(card, label))
        await admin.presses(card, "Cancel")
        await harness.api.until(lambda: "Cancelled" in replay.user.sees[-1].text)
        assert await harness.units(replay.user) == (0, 0)


async def test_whoever_presses_first_chooses_for_a_channel_and_then_only_admins(tmp_path: Path) -> None:
    case = cases("telegram-senders")[1]
    async with telegram_harness(tmp_path) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replay = Replay(harness, case)
        await replay.run()
        await harness.api.until(lambda: replay.user.pictures)
        picture = replay.user.pictures[0]
        nobody, admin = (ChatUser(harness.api, number, replay.user.chat) for number in (NOBODY, GROUP_ADMIN))
        harness.api.groups.admins.add((replay.user.chat, GROUP_ADMIN))
        for label in ("Again", "Another", "As file", "Delete"):
            assert "belongs to somebody else" in await nobody.notice(await nobody.presses(picture, label))
        await admin.presses(picture, "Again")
        await harness.api.until(lambda: len(replay.user.pictures) == 2)
        assert await harness.units(replay.user) == (2, 0)
        assert await harness.units(replace(admin, chat=GROUP_ADMIN)) == (0, 0)


async def test_an_anonymous_admin_answers_their_own_card_in_words(tmp_path: Path) -> None:
    case = cases("telegram-senders")[0]
    async with telegram_harness(tmp_path) as harness:
        harness.api.files["PHOTO1"] = portrait_jpeg()
        replay = Replay(harness, case)
        asked = case["updates"][0]
        await harness.api.push(await replay.translated(deepcopy(asked)))
        card = await replay.newest_card()
        words = await replay.translated(deepcopy(asked))
        quoted = harness.api.chats.quoted(card, ME)
        words["message"] |= {"message_id": harness.api.chats.new_id(), "text": "anime", "reply_to_message": quoted}
        del words["message"]["entities"]
        await harness.api.push(words)
        await harness.api.until(lambda: replay.user.pictures)
        assert replay.user.pictures[0].text == f"🎨 {by_index(2).english}"
        assert Person("telegram", str(replay.user.chat)) == replace(replay.user.person, language="en")
