"""Chats where the bot isn't a member: inline mode, the share button, guest messages, and links back to the bot."""

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


def inline_message(harness: TelegramHarness, message_id: str) -> ChatMessage:
    """The bot's inline message as it is now."""
    return harness.api.chats.inline_messages[message_id]


async def find_pictures(user: ChatUser, query: str) -> list[Json]:
    """The inline results once they include a picture: its file id is stored shortly after it is shown in its chat."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = await send_inline_query(user, query)
            if any(result["type"] == "photo" for result in found):
                return found


async def test_inline_mode_finds_peoples_own_pictures_and_the_styles(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        uploads = [call.method for call in harness.api.succeeded if call.uploads]
        found = await find_pictures(anna, "")
        assert found[0]["type"] == "photo"
        assert harness.api.chats.files[found[0]["photo_file_id"]] == anna.pictures[0].photo
        assert [call.method for call in harness.api.succeeded if call.uploads] == uploads, "shown by its file"
        articles = [result for result in found if result["type"] == "article"]
        assert "Anime" in [article["title"] for article in articles]
        assert articles[0]["reply_markup"]["inline_keyboard"][0][0]["url"].startswith(
            "https://t.me/repaint_test_bot?start="
        )
        [params, *_] = [call.params for call in harness.api.succeeded if call.method == "answerInlineQuery"]
        assert (params["is_personal"], params["cache_time"]) == ("true", "0")
        assert json.loads(params["button"])["start_parameter"] == "inline"
        assert {result["type"] for result in await send_inline_query(ben, "")} == {"article"}


async def test_inline_results_match_the_query(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        assert [result["title"] for result in await send_inline_query(anna, "anime")] == ["Anime"]
        assert await send_inline_query(anna, "no such thing") == []


async def test_the_share_button_finds_that_picture_and_only_for_its_owner(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        for shade in (1, 90):
            await anna.sends(portrait_jpeg(shade=shade), caption="/style 2")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        shared = anna.pictures[0].data("Share")
        [found] = await find_pictures(anna, shared)
        assert harness.api.chats.files[found["photo_file_id"]] == anna.pictures[0].photo
        assert await send_inline_query(ben, shared) == []


async def test_a_deleted_picture_is_not_found(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        shared = anna.pictures[0].data("Share")
        await find_pictures(anna, shared)
        [view] = await harness.app.services.queries.history(anna.person)
        await harness.app.services.jobs.delete(anna.person, view.id)
        assert await send_inline_query(anna, shared) == []


async def test_an_outdated_inline_query_is_not_retried(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await harness.api.push({"inline_query": {"id": "typed-on", "from": anna.user(), "query": "", "offset": ""}})
        await harness.api.handled()
        assert harness.api.count("answerInlineQuery") == 1


async def test_a_guest_message_is_answered_at_once_and_becomes_the_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        message_id = await guest_answer(
            harness.api, await send_guest_message(anna, "@repaint_test_bot 2", portrait_jpeg())
        )
        await harness.api.until(
            lambda: (
                "You're next." in inline_message(harness, message_id).text
                or "Painting" in inline_message(harness, message_id).text
            )
        )
        (tmp_path / "go").touch()
        await harness.api.until(lambda: inline_message(harness, message_id).photo)
        assert inline_message(harness, message_id).text == "🎨 Anime"
        assert inline_message(harness, message_id).labels in ([], ["↗ Share"])
        [own] = anna.pictures
        assert own.photo == inline_message(harness, message_id).photo
        assert own.silent
        assert await harness.units(anna) == (1, 0)


async def test_a_guest_message_that_replies_to_a_photo_asks_its_owner_once(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.files["theirs"] = portrait_jpeg()
        replied = {"message_id": 3, "date": 1, "chat": {"id": -777, "type": "supergroup", "title": "Elsewhere"}}
        replied |= {"photo": photo_json("theirs"), "from": harness.person(9).user()}
        message_id = await guest_answer(
            harness.api, await send_guest_message(anna, "@repaint_test_bot /style 2", reply_to=replied)
        )
        await harness.api.push(harness.api.pushed[-1])
        await harness.api.until(lambda: "May they?" in inline_message(harness, message_id).text)
        assert "Only the person whose photo" in await anna.notice(
            await anna.presses(inline_message(harness, message_id), "Yes")
        )
        await harness.person(9).presses(inline_message(harness, message_id), "Yes")
        await harness.api.until(lambda: inline_message(harness, message_id).photo)
        await harness.api.handled()
        assert harness.api.count("answerGuestQuery") == 1
        assert await harness.units(anna) == (1, 0)


async def test_the_owner_of_a_photo_is_asked_in_other_peoples_private_chats_too(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(9, "zh-hans")
        harness.api.files["theirs"] = portrait_jpeg()
        chat = {"id": 9, "type": "private", "first_name": "Ben"}
        replied = {"message_id": 3, "date": 1, "chat": chat, "photo": photo_json("theirs"), "from": ben.user()}
        query = await send_guest_message(anna, "@repaint_test_bot 2", reply_to=replied, chat=chat)
        message_id = await guest_answer(harness.api, query)
        await harness.api.until(lambda: "May they?" in inline_message(harness, message_id).text)
        await ben.presses(inline_message(harness, message_id), "No")
        await harness.api.until(lambda: "said no" in inline_message(harness, message_id).text)
        assert await harness.units(anna) == (0, 0)


async def test_a_guest_without_a_style_chooses_it_by_button(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        message_id = await guest_answer(
            harness.api, await send_guest_message(anna, "@repaint_test_bot", portrait_jpeg())
        )
        await harness.api.until(lambda: "Which style" in inline_message(harness, message_id).text)
        refused = await ben.presses(inline_message(harness, message_id), "Anime")
        assert "somebody else" in await ben.notice(refused)
        await anna.presses(inline_message(harness, message_id), "Anime")
        await harness.api.until(lambda: inline_message(harness, message_id).photo)
        assert await harness.units(anna) == (1, 0)


async def test_a_guest_who_never_started_the_bot_gets_a_link_to_it(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "zh-hans")
        harness.api.chats.never_started.add(1)
        message_id = await guest_answer(
            harness.api, await send_guest_message(anna, "@repaint_test_bot 2", portrait_jpeg())
        )
        await harness.api.until(lambda: "图片画好了" in inline_message(harness, message_id).text)
        assert inline_message(harness, message_id).data("打开") == "https://t.me/repaint_test_bot?start=history"
        harness.api.chats.never_started.clear()
        await anna.says("/start history")
        await harness.api.until(lambda: anna.sees)
        assert "二次元" in anna.sees[0].text + "".join(anna.sees[0].labels)


async def test_a_guest_message_without_a_photo_gets_help(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        message_id = await guest_answer(harness.api, await send_guest_message(harness.person(1), "@repaint_test_bot 2"))
        await harness.api.handled()
        assert "Which photo?" in inline_message(harness, message_id).text


async def test_a_guests_bad_photo_is_reported_in_the_same_message(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.faults.append(Fault("editMessageText"))
        message_id = await guest_answer(
            harness.api, await send_guest_message(harness.person(1), "@repaint_test_bot 2", b"no picture at all")
        )
        await harness.api.until(lambda: "isn't a picture" in inline_message(harness, message_id).text)
