"""Albums: one card counts the pictures, which are then sent as an album; its buttons apply to all of them."""

from pathlib import Path

import pytest

from bot.runtime.clock import WallClock
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import edit_caption
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import Fault, bad_gateway, bot_api, flood
from tests.harness.telegram import SPEEDUP, TelegramHarness, telegram_harness


def photos(number: int) -> list[bytes]:
    return [portrait_jpeg(600 + 10 * nth, 700, shade=25 * nth) for nth in range(number)]


def card_of(user: ChatUser) -> ChatMessage:
    """The album's card."""
    [card] = [message for message in user.sees if message.photo is None and message.document is None]
    return card


async def painted(harness: TelegramHarness, user: ChatUser, number: int) -> ChatMessage:
    """The card, once it says that all pictures are ready."""
    await harness.api.until(lambda: len(user.pictures) == number and "ready" in card_of(user).text)
    return card_of(user)


async def test_an_album_has_one_card_and_its_pictures_come_as_an_album(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        first = (await anna.sends_album(photos(3), caption="/style 4"))[0]["message"]["message_id"]
        card = await painted(harness, anna, 3)
        assert card.text == "🎨 Futuristic tech · 3 photos\nAll 3 pictures are ready."
        assert {message.reply_to for message in anna.sees} == {first}
        assert harness.api.count("sendMediaGroup") == 1
        assert len(anna.sees) == 4
        assert await harness.units(anna) == (3, 0)


async def test_the_card_counts_what_is_painted(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.member(1)
        await anna.sends_album(photos(3), caption="/style 4")
        await harness.api.until(lambda: anna.sees)
        assert "3 photos" in anna.sees[0].text
        assert anna.sees[0].labels == ["✖ Cancel all"]
        (tmp_path / "go").touch()
        await painted(harness, anna, 3)
        assert any("of 3 painted." in words for words in harness.api.chats.history(card_of(anna)))


async def test_an_album_without_a_style_gets_one_question_for_all_photos(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "zh-hans")
        await anna.sends_album(photos(4))
        await harness.api.until(lambda: anna.sees)
        assert anna.sees[0].text == "这 4 张照片要哪种风格？"
        await anna.presses(anna.sees[0], "二次元")
        await harness.api.until(lambda: len(anna.pictures) == 4 and "都画好了" in card_of(anna).text)
        assert card_of(anna).text == "🎨 二次元 · 4 张照片\n4 张图片都画好了。"


async def test_a_mistyped_style_is_corrected_once_for_all_photos(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album(photos(2), caption="/style animee")
        await harness.api.until(lambda: anna.sees and "Did you mean" in anna.sees[0].text)
        [question] = anna.sees  # on the card that asks, not beside it
        await anna.presses(question, "Yes")
        await harness.api.until(lambda: len(anna.pictures) == 2)


async def test_a_style_picture_sent_before_applies_to_the_whole_album(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(500, 500, shade=9), caption="/ref")
        await harness.api.until(lambda: anna.sees)
        await anna.sends_album(photos(2))
        await harness.api.until(lambda: len(anna.pictures) == 2)
        views = await harness.app.services.queries.history(anna.person)
        assert [view.has_reference for view in views] == [True, True]


async def test_a_bad_photo_is_reported_and_the_others_are_painted(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album([*photos(2), b"no picture at all"], caption="/style 4")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        await harness.api.until(lambda: len(anna.sees) == 4)
        assert any(message.text.startswith("Photo 3: That isn't a picture.") for message in anna.sees)


async def test_a_single_remaining_picture_becomes_the_card(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        await harness.api.until(lambda: anna.sees)
        views = await harness.app.services.queries.history(anna.person)
        await harness.app.services.jobs.cancel(anna.person, views[0].id)
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        assert len(anna.sees) == 1
        assert "Photo 2: Cancelled." in anna.sees[0].text
        assert harness.api.count("sendMediaGroup") == 0


async def test_all_buttons_of_the_card_work(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(harness, anna, 2)
        await anna.presses(card, "🖼 2")
        await harness.api.until(lambda: len(anna.pictures) == 3)
        assert "📄 As file" in anna.pictures[2].labels
        await anna.presses(card, "As files")
        await harness.api.until(lambda: sum(message.document is not None for message in anna.sees) == 2)
        await anna.presses(card, "Another style")
        await harness.api.until(lambda: any("these 2 photos" in message.text for message in anna.sees))
        await anna.presses(card, "Delete all")
        await harness.api.until(lambda: "Keep them" in harness.api.chats.messages[card.chat, card.id].labels)
        await anna.presses(harness.api.chats.messages[card.chat, card.id], "Keep them")
        await harness.api.until(lambda: "🖼 1" in harness.api.chats.messages[card.chat, card.id].labels)
        assert await anna.notice(await harness.person(2).presses(card, "As files")) != ""


async def test_deleting_all_removes_the_pictures_from_the_chat(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(harness, anna, 2)
        await anna.presses(card, "Delete all")
        await harness.api.until(lambda: "Keep them" in card_of(anna).labels)
        await anna.presses(card_of(anna), "Yes, delete all")
        await harness.api.until(lambda: not anna.sees)
        assert await harness.app.services.queries.history(anna.person) == ()


async def test_in_a_group_admins_may_delete_all_and_other_people_may_not(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben, admin = harness.member(1), harness.member(2), harness.member(3)
        harness.api.groups.admins.add((admin.chat, admin.id))
        await anna.sends_album(photos(2), caption="/style 4")
        card = await painted(harness, anna, 2)
        assert "somebody else" in await ben.notice(await ben.presses(card, "Delete all"))
        assert "somebody else" in await admin.notice(await admin.presses(card, "As files"))
        await admin.presses(card, "Delete all")
        await harness.api.until(lambda: "Keep them" in card_of(anna).labels)
        await admin.presses(card_of(anna), "Yes, delete all")
        await harness.api.until(lambda: not anna.sees)


async def test_an_edited_caption_applies_to_the_whole_album(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album(photos(2))
        await harness.api.until(lambda: anna.sees)
        message = next(message for message in harness.api.chats.messages.values() if not message.from_bot)
        await edit_caption(anna, message, "/style 2")
        await painted(harness, anna, 2)
        await edit_caption(anna, message, "/style 4")
        await harness.api.until(lambda: sum("All 2" in message.text for message in anna.sees) == 2)
        assert len(anna.pictures) == 4


@pytest.mark.parametrize(
    ("fault", "sure"),
    [
        (flood("sendMediaGroup", 1), True),
        (bad_gateway("sendMediaGroup"), False),
        (Fault("sendMediaGroup"), False),
        (Fault("sendMediaGroup", lost=True), False),
    ],
    ids=["flood", "502", "dropped", "lost"],
)
async def test_pictures_are_never_sent_twice_and_can_always_be_opened(
    tmp_path: Path, fault: Fault, *, sure: bool
) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.faults.append(fault)
        anna = harness.person(1)
        await anna.sends_album(photos(2), caption="/style 4")
        await harness.api.until(lambda: any("All 2" in message.text for message in anna.sees))
        card = next(message for message in anna.sees if "All 2" in message.text)
        assert ("tap a number" in card.text) is not sure
        came = len(anna.pictures)
        assert came == (2 if sure or fault.lost else 0)
        await anna.presses(card, "🖼 1")
        await harness.api.until(lambda: len(anna.pictures) == came + 1)


async def test_every_picture_inherits_a_spoiler_and_so_do_later_ones(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        group = "album-spoiler"
        for nth, photo in enumerate(photos(2)):
            caption = {} if nth else {"caption": "/style 4"}
            await anna.posts(anna.photo_body(photo) | caption | {"media_group_id": group, "has_media_spoiler": True})
        card = await painted(harness, anna, 2)
        assert all(message.spoiler for message in anna.pictures)
        await anna.presses(card, "🖼 1")
        await harness.api.until(lambda: len(anna.pictures) == 3)
        assert anna.pictures[2].spoiler


async def test_an_album_of_ten_stays_within_the_groups_limits(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, clock=WallClock(SPEEDUP)) as harness:
        anna = harness.member(1)
        await anna.sends_album(photos(10), caption="/style 4")
        card = await painted(harness, anna, 10)
        assert [row for row in card.labels if row.startswith("🖼")] == [f"🖼 {n}" for n in range(1, 11)]


async def test_a_restart_halfway_sends_no_second_card(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_harness(tmp_path, api=api, until=tmp_path / "go") as harness:
            anna = harness.person(1)
            await anna.sends_album(photos(2), caption="/style 4")
            await api.until(lambda: anna.sees)
            card = anna.sees[0].id
        (tmp_path / "go").touch()
        async with telegram_harness(tmp_path, api=api) as harness:
            anna = harness.person(1)
            assert (await painted(harness, anna, 2)).id == card
        async with telegram_harness(tmp_path, api=api) as harness:
            await anna.says("/quota")
            await api.handled()
            assert len(anna.pictures) == 2


async def test_photos_delivered_apart_and_later_together_are_painted_once(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_harness(tmp_path, api=api) as harness:
            anna = harness.person(1)
            first, second = [
                anna.photo_body(photo) | {"media_group_id": "split", "caption": "/style 4"} for photo in photos(2)
            ]
            delivered = await anna.posts(first)
            await api.until(lambda: anna.pictures)
            await api.handled()
        async with telegram_harness(tmp_path, api=api) as harness:
            await api.push({"message": delivered["message"]})  # as if it had not been acknowledged before the restart
            await anna.posts(second)
            await api.until(lambda: len(anna.pictures) == 2)
            await api.handled()
            assert len(anna.sees) == 2
            assert await harness.units(anna) == (2, 0)
