"""Where the bot is no member: inline mode, the share button, guest calls, and links that lead back to it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import guest_answer, send_guest_message, send_inline_query
from tests.fakes.telegram_api.chats import ChatMessage, photo_json
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import WAIT_SECONDS, Fault
from tests.harness.telegram import TelegramHarness, telegram_harness

Json = Any


def inline_message(harness: TelegramHarness, place: str) -> ChatMessage:
    """The bot's message in that chat now."""
    return harness.api.chats.inline_messages[place]


async def find_pictures(someone: ChatUser, words: str) -> list[Json]:
    """What is found once it holds a picture: a moment after that is seen in its chat."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = await send_inline_query(someone, words)
            if any(result["type"] == "photo" for result in found):
                return found


async def test_under_the_bots_name_people_find_their_own_pictures_and_the_looks(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        uploads = [call.method for call in harness.api.succeeded if call.uploads]
        found = await find_pictures(anna, "")
        assert found[0]["type"] == "photo"
        assert harness.api.chats.files[found[0]["photo_file_id"]] == anna.pictures[0].photo
        assert [call.method for call in harness.api.succeeded if call.uploads] == uploads, "shown by its file"
        looks = [result for result in found if result["type"] == "article"]
        assert "Anime" in [look["title"] for look in looks]
        assert looks[0]["reply_markup"]["inline_keyboard"][0][0]["url"].startswith(
            "https://t.me/repaint_test_bot?start="
        )
        [told, *_] = [call.params for call in harness.api.succeeded if call.method == "answerInlineQuery"]
        assert (told["is_personal"], told["cache_time"]) == ("true", "0")
        assert json.loads(told["button"])["start_parameter"] == "inline"
        assert {result["type"] for result in await send_inline_query(ben, "")} == {"article"}


async def test_words_narrow_what_is_found(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        assert [result["title"] for result in await send_inline_query(anna, "anime")] == ["Anime"]
        assert await send_inline_query(anna, "no such thing") == []


async def test_the_share_button_finds_that_picture_and_only_for_its_person(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        for shade in (1, 90):
            await anna.sends(portrait_jpeg(shade=shade), caption="/style 2")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        shared = anna.pictures[0].data("Share")
        [found] = await find_pictures(anna, shared)
        assert harness.api.chats.files[found["photo_file_id"]] == anna.pictures[0].photo
        assert await send_inline_query(ben, shared) == []


async def test_a_deleted_picture_is_found_no_more(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        shared = anna.pictures[0].data("Share")
        await find_pictures(anna, shared)
        [view] = await harness.app.job_service.history(anna.person)
        await harness.app.job_service.delete(anna.person, view.id)
        assert await send_inline_query(anna, shared) == []


async def test_an_answer_that_comes_too_late_is_forgotten(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await harness.api.push({"inline_query": {"id": "typed-on", "from": anna.user(), "query": "", "offset": ""}})
        await harness.api.acknowledged()
        assert harness.api.count("answerInlineQuery") == 1


async def test_a_guest_call_is_answered_at_once_and_becomes_the_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        place = await guest_answer(harness.api, await send_guest_message(anna, "@repaint_test_bot 2", portrait_jpeg()))
        await harness.api.until(
            lambda: (
                "You are next." in inline_message(harness, place).text
                or "Painting" in inline_message(harness, place).text
            )
        )
        (tmp_path / "go").touch()
        await harness.api.until(lambda: inline_message(harness, place).photo)
        assert inline_message(harness, place).text == "🎨 Anime"
        assert inline_message(harness, place).labels in ([], ["↗ Share"])
        [own] = anna.pictures
        assert own.photo == inline_message(harness, place).photo
        assert own.silent
        assert await harness.units(anna) == (1, 0)


async def test_a_guest_call_may_answer_a_photo_whose_person_is_asked_and_come_twice(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.files["theirs"] = portrait_jpeg()
        answered = {"message_id": 3, "date": 1, "chat": {"id": -777, "type": "supergroup", "title": "Elsewhere"}}
        answered |= {"photo": photo_json("theirs"), "from": harness.person(9).user()}
        place = await guest_answer(
            harness.api, await send_guest_message(anna, "@repaint_test_bot /style 2", reply_to=answered)
        )
        await harness.api.push(harness.api.pushed[-1])
        await harness.api.until(lambda: "may I repaint it?" in inline_message(harness, place).text)
        assert "Only the person whose photo" in await anna.notice(
            await anna.presses(inline_message(harness, place), "Yes")
        )
        await harness.person(9).presses(inline_message(harness, place), "Yes")
        await harness.api.until(lambda: inline_message(harness, place).photo)
        await harness.api.acknowledged()
        assert harness.api.count("answerGuestQuery") == 1
        assert await harness.units(anna) == (1, 0)


async def test_whose_photo_it_is_is_asked_in_a_private_chat_of_others_too(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(9, "zh-hans")
        harness.api.files["theirs"] = portrait_jpeg()
        chat = {"id": 9, "type": "private", "first_name": "Ben"}
        answered = {"message_id": 3, "date": 1, "chat": chat, "photo": photo_json("theirs"), "from": ben.user()}
        query = await send_guest_message(anna, "@repaint_test_bot 2", reply_to=answered, chat=chat)
        place = await guest_answer(harness.api, query)
        await harness.api.until(lambda: "may I repaint it?" in inline_message(harness, place).text)
        await ben.presses(inline_message(harness, place), "No")
        await harness.api.until(lambda: "said no" in inline_message(harness, place).text)
        assert await harness.units(anna) == (0, 0)


async def test_a_guest_who_sends_no_style_chooses_it_there(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        place = await guest_answer(harness.api, await send_guest_message(anna, "@repaint_test_bot", portrait_jpeg()))
        await harness.api.until(lambda: "Which style" in inline_message(harness, place).text)
        refused = await ben.presses(inline_message(harness, place), "Anime")
        assert "somebody else" in await ben.notice(refused)
        await anna.presses(inline_message(harness, place), "Anime")
        await harness.api.until(lambda: inline_message(harness, place).photo)
        assert await harness.units(anna) == (1, 0)


async def test_a_guest_who_never_wrote_to_the_bot_is_led_to_it(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "zh-hans")
        harness.api.chats.never_started.add(1)
        place = await guest_answer(harness.api, await send_guest_message(anna, "@repaint_test_bot 2", portrait_jpeg()))
        await harness.api.until(lambda: "图片画好了" in inline_message(harness, place).text)
        assert inline_message(harness, place).data("打开") == "https://t.me/repaint_test_bot?start=history"
        harness.api.chats.never_started.clear()
        await anna.says("/start history")
        await harness.api.until(lambda: anna.sees)
        assert "二次元" in anna.sees[0].text + "".join(anna.sees[0].labels)


async def test_a_guest_call_without_a_photo_is_told_how(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        place = await guest_answer(harness.api, await send_guest_message(harness.person(1), "@repaint_test_bot 2"))
        await harness.api.acknowledged()
        assert "Which photo?" in inline_message(harness, place).text


async def test_a_guest_whose_photo_is_no_good_reads_it_in_the_same_message(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.faults.append(Fault("editMessageText"))
        place = await guest_answer(
            harness.api, await send_guest_message(harness.person(1), "@repaint_test_bot 2", b"no picture at all")
        )
        await harness.api.until(lambda: "isn't a picture" in inline_message(harness, place).text)
