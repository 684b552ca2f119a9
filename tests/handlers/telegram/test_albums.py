"""Albums on Telegram: one card counts the pictures, which then come as an album; its buttons are for all of them."""

from pathlib import Path

import pytest

from bot.runtime.clock import WallClock
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import changes_caption
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import Fault, bot_api, broken, flood
from tests.harness.telegram import HASTE, Town, telegram_house


def photos(number: int) -> list[bytes]:
    return [portrait_jpeg(600 + 10 * nth, 700, shade=25 * nth) for nth in range(number)]


def card_of(someone: Someone) -> Shown:
    """The album's card."""
    [card] = [shown for shown in someone.sees if shown.photo is None and shown.document is None]
    return card


async def painted(town: Town, someone: Someone, number: int) -> Shown:
    """The card, once it says that the pictures are there."""
    await town.api.until(lambda: len(someone.pictures) == number and "ready" in card_of(someone).text)
    return card_of(someone)


async def test_an_album_has_one_card_and_its_pictures_come_as_an_album(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        first = (await anna.sends_album(photos(3), caption="/style 4"))[0]["message"]["message_id"]
        card = await painted(town, anna, 3)
        assert card.text == "🎨 Futuristic tech · 3 photos\nAll 3 pictures are ready."
        assert {shown.answers for shown in anna.sees} == {first}
        assert town.api.count("sendMediaGroup") == 1
        assert len(anna.sees) == 4
        assert await town.units(anna) == (3, 0)


async def test_the_card_counts_what_is_painted(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, until=tmp_path / "go") as town:
        anna = town.member(1)
        await anna.sends_album(photos(3), caption="/style 4")
        await town.api.until(lambda: anna.sees)
        assert "3 photos" in anna.sees[0].text
        assert anna.sees[0].labels == ["✖ Cancel all"]
        (tmp_path / "go").touch()
        await painted(town, anna, 3)
        assert any("of 3 painted." in words for words in town.api.chats.history(card_of(anna)))


async def test_a_bare_album_is_one_question_for_all_its_photos(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1, "zh-hans")
        await anna.sends_album(photos(4))
        await town.api.until(lambda: anna.sees)
        assert anna.sees[0].text == "这 4 张照片要哪种风格？"
        await anna.presses(anna.sees[0], "二次元")
        await town.api.until(lambda: len(anna.pictures) == 4 and "都画好了" in card_of(anna).text)
        assert card_of(anna).text == "🎨 二次元 · 4 张照片\n4 张图片都画好了。"


async def test_a_mistyped_style_is_asked_for_once_and_means_all(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album(photos(2), caption="/style animee")
        await town.api.until(lambda: len(anna.sees) == 2)
        question = next(shown for shown in anna.sees if "Did you mean" in shown.text)
        await anna.presses(question, "Yes")
        await town.api.until(lambda: len(anna.pictures) == 2)


async def test_a_style_picture_that_waits_is_for_the_whole_album(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends(portrait_jpeg(500, 500, shade=9), caption="/ref")
        await town.api.until(lambda: anna.sees)
        await anna.sends_album(photos(2))
        await town.api.until(lambda: len(anna.pictures) == 2)
        views = await town.app.job_service.history(anna.person)
        assert [view.has_reference for view in views] == [True, True]


async def test_what_did_not_work_out_is_said_and_the_rest_comes(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album([*photos(2), b"no picture at all"], caption="/style 4")
        await town.api.until(lambda: len(anna.pictures) == 2)
        await town.api.until(lambda: len(anna.sees) == 4)
        assert any(shown.text.startswith("Photo 3: That isn't a picture.") for shown in anna.sees)


async def test_one_picture_left_of_an_album_is_the_card(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, until=tmp_path / "go") as town:
        anna = town.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        await town.api.until(lambda: anna.sees)
        views = await town.app.job_service.history(anna.person)
        await town.app.job_service.cancel(anna.person, views[0].id)
        (tmp_path / "go").touch()
        await town.api.until(lambda: anna.pictures)
        assert len(anna.sees) == 1
        assert "Photo 2: Cancelled." in anna.sees[0].text
        assert town.api.count("sendMediaGroup") == 0


async def test_all_buttons_of_the_card_work(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(town, anna, 2)
        await anna.presses(card, "🖼 2")
        await town.api.until(lambda: len(anna.pictures) == 3)
        assert "📄 As file" in anna.pictures[2].labels
        await anna.presses(card, "As files")
        await town.api.until(lambda: sum(shown.document is not None for shown in anna.sees) == 2)
        await anna.presses(card, "Another style")
        await town.api.until(lambda: any("these 2 photos" in shown.text for shown in anna.sees))
        await anna.presses(card, "Delete all")
        await town.api.until(lambda: "Keep them" in town.api.chats.messages[card.chat, card.id].labels)
        await anna.presses(town.api.chats.messages[card.chat, card.id], "Keep them")
        await town.api.until(lambda: "🖼 1" in town.api.chats.messages[card.chat, card.id].labels)
        assert await anna.notice(await town.person(2).presses(card, "As files")) != ""


async def test_deleting_all_takes_the_pictures_off_the_chat(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(town, anna, 2)
        await anna.presses(card, "Delete all")
        await town.api.until(lambda: "Keep them" in card_of(anna).labels)
        await anna.presses(card_of(anna), "Yes, delete all")
        await town.api.until(lambda: not anna.sees)
        assert await town.app.job_service.history(anna.person) == ()


async def test_in_a_group_its_admins_may_delete_all_and_nobody_else(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben, admin = town.member(1), town.member(2), town.member(3)
        town.api.groups.admins.add((admin.chat, admin.id))
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(town, anna, 2)
        assert "somebody else" in await ben.notice(await ben.presses(card, "Delete all"))
        assert "somebody else" in await admin.notice(await admin.presses(card, "As files"))
        await admin.presses(card, "Delete all")
        await town.api.until(lambda: "Keep them" in card_of(anna).labels)
        await admin.presses(card_of(anna), "Yes, delete all")
        await town.api.until(lambda: not anna.sees)


async def test_a_caption_changed_afterwards_is_for_the_whole_album(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album(photos(2))
        await town.api.until(lambda: anna.sees)
        shown = next(shown for shown in town.api.chats.messages.values() if not shown.by_bot)
        await changes_caption(anna, shown, "/style 2")
        await painted(town, anna, 2)
        await changes_caption(anna, shown, "/style 4")
        await town.api.until(lambda: sum("All 2" in shown.text for shown in anna.sees) == 2)
        assert len(anna.pictures) == 4


@pytest.mark.parametrize(
    ("fault", "sure"),
    [
        (flood("sendMediaGroup", 1), True),
        (broken("sendMediaGroup"), False),
        (Fault("sendMediaGroup"), False),
        (Fault("sendMediaGroup", lost=True), False),
    ],
    ids=["flood", "502", "dropped", "lost"],
)
async def test_pictures_are_never_sent_twice_and_always_to_be_had(tmp_path: Path, fault: Fault, *, sure: bool) -> None:
    async with telegram_house(tmp_path) as town:
        town.api.faults.append(fault)
        anna = town.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        await town.api.until(lambda: any("All 2" in shown.text for shown in anna.sees))
        card = next(shown for shown in anna.sees if "All 2" in shown.text)
        assert ("tap a number" in card.text) is not sure
        came = len(anna.pictures)
        assert came == (2 if sure or fault.lost else 0)
        await anna.presses(card, "🖼 1")
        await town.api.until(lambda: len(anna.pictures) == came + 1)


async def test_a_spoiler_is_inherited_by_every_picture_and_by_what_comes_of_them(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        group = "album-veiled"
        for nth, photo in enumerate(photos(2)):
            caption = {} if nth else {"caption": "/style 4"}
            await anna.posts(anna.photo_body(photo) | caption | {"media_group_id": group, "has_media_spoiler": True})
        card = await painted(town, anna, 2)
        assert all(shown.spoiler for shown in anna.pictures)
        await anna.presses(card, "🖼 1")
        await town.api.until(lambda: len(anna.pictures) == 3)
        assert anna.pictures[2].spoiler


async def test_an_album_of_ten_keeps_the_groups_pace(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, clock=WallClock(HASTE)) as town:
        anna = town.member(1)
        await anna.sends_album(photos(10), caption="/style 4")
        card = await painted(town, anna, 10)
        assert [row for row in card.labels if row.startswith("🖼")] == [f"🖼 {n}" for n in range(1, 11)]


async def test_a_restart_in_the_middle_makes_no_second_card(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_house(tmp_path, api=api, until=tmp_path / "go") as town:
            anna = town.person(1)
            await anna.sends_album(photos(2), caption="/style 4")
            await api.until(lambda: anna.sees)
            card = anna.sees[0].id
        (tmp_path / "go").touch()
        async with telegram_house(tmp_path, api=api) as town:
            anna = town.person(1)
            assert (await painted(town, anna, 2)).id == card
        async with telegram_house(tmp_path, api=api) as town:
            await anna.says("/quota")
            await api.acknowledged()
            assert len(anna.pictures) == 2


async def test_parts_that_came_apart_once_and_together_later_are_painted_once(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_house(tmp_path, api=api) as town:
            anna = town.person(1)
            first, second = [
                anna.photo_body(photo) | {"media_group_id": "torn", "caption": "/style 4"} for photo in photos(2)
            ]
            told = await anna.posts(first)
            await api.until(lambda: anna.pictures)
            await api.acknowledged()
        async with telegram_house(tmp_path, api=api) as town:
            await api.push({"message": told["message"]})  # as if it had not been acknowledged before the restart
            await anna.posts(second)
            await api.until(lambda: len(anna.pictures) == 2)
            await api.acknowledged()
            assert len(anna.sees) == 2
            assert await town.units(anna) == (2, 0)
