"""A card on Telegram, in every shape: sent, edited, turned into a picture, and what Telegram's limits make of it."""

import io

import pytest
from PIL import Image

from bot.messaging.platform import Address, Button, Card, Chat, Picture, TargetGone, TryLater
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import flood
from tests.harness.telegram_platform import CHAT, GROUP, wall

BUTTONS = ((Button("Yes", "choose:1:2"), Button("No", "cancel:1")),)
PICTURE = Picture(portrait_jpeg(), "repaint-anime-1.jpg", "Anime")


async def test_a_card_is_sent_edited_and_becomes_its_picture_in_one_message() -> None:
    async with wall() as a_wall:
        platform = a_wall.platform
        place = await platform.show(Address(CHAT), Card("Place 3", BUTTONS))
        assert a_wall.only().rows == ((("Yes", "choose:1:2"), ("No", "cancel:1")),)
        here = Address(CHAT, message_id=place)
        assert await platform.show(here, Card("Place 2")) == place
        assert (a_wall.only().text, a_wall.only().rows) == ("Place 2", ())
        assert await platform.show(here, Card("Anime", BUTTONS, PICTURE)) == place
        assert (a_wall.only().photo, a_wall.only().text, len(a_wall.only().labels)) == (PICTURE.jpeg, "Anime", 2)
        assert await platform.show(here, Card("Anime, kept no longer")) == place
        assert (a_wall.only().photo, a_wall.only().text) == (PICTURE.jpeg, "Anime, kept no longer")


async def test_showing_the_same_twice_is_no_error() -> None:
    async with wall() as a_wall:
        platform = a_wall.platform
        here = Address(CHAT, message_id=await platform.show(Address(CHAT), Card("Place 3", BUTTONS)))
        await platform.show(here, Card("Place 3", BUTTONS))
        await platform.set_rows(here, BUTTONS)
        assert a_wall.only().edits == 0


@pytest.mark.parametrize("size", [(5100, 5000), (2200, 100)], ids=["large", "long"])
async def test_a_picture_that_is_no_photo_for_telegram_comes_as_a_file(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "JPEG")
    odd = Picture(out.getvalue(), "odd.jpg", "odd")
    async with wall() as a_wall:
        platform, api = a_wall.platform, a_wall.api
        place = await platform.show(Address(CHAT), Card("Place 3"))
        await platform.show(Address(CHAT, message_id=place), Card("Anime", (), odd))
        assert (a_wall.only().document, a_wall.only().photo) == (odd.jpeg, None)
        await platform.show(Address(CHAT), Card("Anime", (), odd))
        assert [shown.document for shown in api.chats.of_bot(5)] == [odd.jpeg, odd.jpeg]


async def test_a_card_that_is_gone_and_a_chat_that_is_gone_are_told_apart() -> None:
    async with wall() as a_wall:
        platform, api = a_wall.platform, a_wall.api
        with pytest.raises(TargetGone) as gone:
            await platform.show(Address(CHAT, message_id="999"), Card("Place 3"))
        assert gone.value.card_only
        api.chats.blocked.add(5)
        with pytest.raises(TargetGone) as gone:
            await platform.show(Address(CHAT), Card("Place 3"))
        assert not gone.value.card_only


async def test_a_topic_that_was_deleted_is_a_chat_that_is_gone() -> None:
    async with wall() as a_wall:
        platform = a_wall.platform
        with pytest.raises(TargetGone):
            await platform.show(Address(Chat("telegram", "-1001", thread="5", is_group=True)), Card("Place 3"))


async def test_flood_control_is_passed_on_and_the_chat_is_left_alone_until_then() -> None:
    async with wall() as a_wall:
        platform, api = a_wall.platform, a_wall.api
        place = await platform.show(Address(CHAT), Card("Place 3"))
        api.faults.append(flood("editMessageText", 40))
        with pytest.raises(TryLater) as patience:
            await platform.show(Address(CHAT, message_id=place), Card("Place 2"))
        assert patience.value.retry_after == 40
        calls = len(api.calls)
        with pytest.raises(TryLater) as patience:
            await platform.show(Address(CHAT, message_id=place), Card("Place 1"))
        assert 0 < patience.value.retry_after <= 40
        assert len(api.calls) == calls


async def test_in_a_busy_group_progress_is_put_off_and_answers_still_come() -> None:
    async with wall() as a_wall:
        platform = a_wall.platform
        place = await platform.show(Address(GROUP), Card("Place 99"))
        with pytest.raises(TryLater) as patience:
            for number in range(98, 1, -1):
                await platform.show(Address(GROUP, message_id=place), Card(f"Place {number}"))
        assert a_wall.only(-1001).edits == 11
        assert patience.value.retry_after > 40
        await platform.show(Address(GROUP, message_id=place), Card("Anime", (), PICTURE))
        assert a_wall.only(-1001).photo == PICTURE.jpeg


async def test_texts_are_kept_within_telegrams_lengths() -> None:
    async with wall() as a_wall:
        platform, api = a_wall.platform, a_wall.api
        await platform.show(Address(CHAT), Card("x" * 5000))
        await platform.show(Address(CHAT), Card("x" * 2000, (), PICTURE))
        assert [len(shown.text) for shown in api.chats.of_bot(5)] == [4096, 1024]
