"""Where the bot is no member: inline mode, the share button, guest calls, and links that lead back to it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import asks_inline, calls, guest_answer
from tests.fakes.telegram_api.chats import Shown, photo_json
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import PATIENCE, Fault
from tests.harness.telegram import Town, telegram_house

Json = Any


def message(town: Town, place: str) -> Shown:
    """The bot's message in that chat now."""
    return town.api.chats.inline[place]


async def finds_pictures(someone: Someone, words: str) -> list[Json]:
    """What is found once it holds a picture: a moment after that is seen in its chat."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await asks_inline(someone, words)
            if any(result["type"] == "photo" for result in found):
                return found


async def test_under_the_bots_name_people_find_their_own_pictures_and_the_looks(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.person(1), town.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await town.api.until(lambda: anna.pictures)
        uploads = [call.method for call in town.api.done if call.uploads]
        found = await finds_pictures(anna, "")
        assert found[0]["type"] == "photo"
        assert town.api.chats.files[found[0]["photo_file_id"]] == anna.pictures[0].photo
        assert [call.method for call in town.api.done if call.uploads] == uploads, "shown by its file"
        looks = [result for result in found if result["type"] == "article"]
        assert "Anime" in [look["title"] for look in looks]
        assert looks[0]["reply_markup"]["inline_keyboard"][0][0]["url"].startswith(
            "https://t.me/repaint_test_bot?start="
        )
        [told, *_] = [call.params for call in town.api.done if call.method == "answerInlineQuery"]
        assert (told["is_personal"], told["cache_time"]) == ("true", "0")
        assert json.loads(told["button"])["start_parameter"] == "inline"
        assert {result["type"] for result in await asks_inline(ben, "")} == {"article"}


async def test_words_narrow_what_is_found(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        assert [result["title"] for result in await asks_inline(anna, "anime")] == ["Anime"]
        assert await asks_inline(anna, "no such thing") == []


async def test_the_share_button_finds_that_picture_and_only_for_its_person(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.person(1), town.person(2)
        for shade in (1, 90):
            await anna.sends(portrait_jpeg(shade=shade), caption="/style 2")
        await town.api.until(lambda: len(anna.pictures) == 2)
        shared = anna.pictures[0].data("Share")
        [found] = await finds_pictures(anna, shared)
        assert town.api.chats.files[found["photo_file_id"]] == anna.pictures[0].photo
        assert await asks_inline(ben, shared) == []


async def test_a_deleted_picture_is_found_no_more(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await town.api.until(lambda: anna.pictures)
        shared = anna.pictures[0].data("Share")
        await finds_pictures(anna, shared)
        [view] = await town.app.job_service.history(anna.person)
        await town.app.job_service.delete(anna.person, view.id)
        assert await asks_inline(anna, shared) == []


async def test_an_answer_that_comes_too_late_is_forgotten(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await town.api.push({"inline_query": {"id": "typed-on", "from": anna.user(), "query": "", "offset": ""}})
        await town.api.acknowledged()
        assert town.api.count("answerInlineQuery") == 1


async def test_a_guest_call_is_answered_at_once_and_becomes_the_picture(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, until=tmp_path / "go") as town:
        anna = town.person(1)
        place = await guest_answer(town.api, await calls(anna, "@repaint_test_bot 2", portrait_jpeg()))
        await town.api.until(
            lambda: "You are next." in message(town, place).text or "Painting" in message(town, place).text
        )
        (tmp_path / "go").touch()
        await town.api.until(lambda: message(town, place).photo)
        assert message(town, place).text == "🎨 Anime"
        assert message(town, place).labels in ([], ["↗ Share"])
        [own] = anna.pictures
        assert own.photo == message(town, place).photo
        assert own.quiet
        assert await town.units(anna) == (1, 0)


async def test_a_guest_call_may_answer_a_photo_whose_person_is_asked_and_come_twice(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        town.api.files["theirs"] = portrait_jpeg()
        answered = {"message_id": 3, "date": 1, "chat": {"id": -777, "type": "supergroup", "title": "Elsewhere"}}
        answered |= {"photo": photo_json("theirs"), "from": town.person(9).user()}
        place = await guest_answer(town.api, await calls(anna, "@repaint_test_bot /style 2", answering=answered))
        await town.api.push(town.api.pushed[-1])
        await town.api.until(lambda: "may I repaint it?" in message(town, place).text)
        assert "Only the person whose photo" in await anna.notice(await anna.presses(message(town, place), "Yes"))
        await town.person(9).presses(message(town, place), "Yes")
        await town.api.until(lambda: message(town, place).photo)
        await town.api.acknowledged()
        assert town.api.count("answerGuestQuery") == 1
        assert await town.units(anna) == (1, 0)


async def test_whose_photo_it_is_is_asked_in_a_private_chat_of_others_too(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.person(1), town.person(9, "zh-hans")
        town.api.files["theirs"] = portrait_jpeg()
        chat = {"id": 9, "type": "private", "first_name": "Ben"}
        answered = {"message_id": 3, "date": 1, "chat": chat, "photo": photo_json("theirs"), "from": ben.user()}
        query = await calls(anna, "@repaint_test_bot 2", answering=answered, chat=chat)
        place = await guest_answer(town.api, query)
        await town.api.until(lambda: "may I repaint it?" in message(town, place).text)
        await ben.presses(message(town, place), "No")
        await town.api.until(lambda: "said no" in message(town, place).text)
        assert await town.units(anna) == (0, 0)


async def test_a_guest_who_sends_no_style_chooses_it_there(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.person(1), town.person(2)
        place = await guest_answer(town.api, await calls(anna, "@repaint_test_bot", portrait_jpeg()))
        await town.api.until(lambda: "Which style" in message(town, place).text)
        refused = await ben.presses(message(town, place), "Anime")
        assert "somebody else" in await ben.notice(refused)
        await anna.presses(message(town, place), "Anime")
        await town.api.until(lambda: message(town, place).photo)
        assert await town.units(anna) == (1, 0)


async def test_a_guest_who_never_wrote_to_the_bot_is_led_to_it(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1, "zh-hans")
        town.api.chats.strangers.add(1)
        place = await guest_answer(town.api, await calls(anna, "@repaint_test_bot 2", portrait_jpeg()))
        await town.api.until(lambda: "图片画好了" in message(town, place).text)
        assert message(town, place).data("打开") == "https://t.me/repaint_test_bot?start=history"
        town.api.chats.strangers.clear()
        await anna.says("/start history")
        await town.api.until(lambda: anna.sees)
        assert "二次元" in anna.sees[0].text + "".join(anna.sees[0].labels)


async def test_a_guest_call_without_a_photo_is_told_how(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        place = await guest_answer(town.api, await calls(town.person(1), "@repaint_test_bot 2"))
        await town.api.acknowledged()
        assert "Which photo?" in message(town, place).text


async def test_a_guest_whose_photo_is_no_good_reads_it_in_the_same_message(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        town.api.faults.append(Fault("editMessageText"))
        place = await guest_answer(town.api, await calls(town.person(1), "@repaint_test_bot 2", b"no picture at all"))
        await town.api.until(lambda: "isn't a picture" in message(town, place).text)
