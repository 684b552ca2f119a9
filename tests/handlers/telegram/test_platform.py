"""Cards on Telegram: sent, edited, turned into a picture, and adapted to Telegram's limits."""

import io

import pytest
from PIL import Image

from bot.messaging.platform import Address, Button, Card, Chat, Picture, Refusal, Refused, TryLater
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import flood
from tests.harness.telegram_platform import CHAT, GROUP, platform_harness

BUTTONS = ((Button("Yes", "choose:1:2"), Button("No", "cancel:1")),)
PICTURE = Picture(portrait_jpeg(), "repaint-anime-1.jpg", "Anime")


async def test_a_card_is_sent_edited_and_becomes_its_picture_in_one_message() -> None:
    async with platform_harness() as harness:
        platform = harness.platform
        message_id = await platform.show(Address(CHAT), Card("Place 3", BUTTONS))
        assert harness.only_message().rows == ((("Yes", "choose:1:2"), ("No", "cancel:1")),)
        here = Address(CHAT, message_id=message_id)
        assert await platform.show(here, Card("Place 2")) == message_id
        assert (harness.only_message().text, harness.only_message().rows) == ("Place 2", ())
        assert await platform.show(here, Card("Anime", BUTTONS, PICTURE)) == message_id
        assert (harness.only_message().photo, harness.only_message().text, len(harness.only_message().labels)) == (
            PICTURE.jpeg,
            "Anime",
            2,
        )
        assert await platform.show(here, Card("Anime, kept no longer")) == message_id
        assert (harness.only_message().photo, harness.only_message().text) == (PICTURE.jpeg, "Anime, kept no longer")


async def test_showing_the_same_card_twice_is_no_error() -> None:
    async with platform_harness() as harness:
        platform = harness.platform
        here = Address(CHAT, message_id=await platform.show(Address(CHAT), Card("Place 3", BUTTONS)))
        await platform.show(here, Card("Place 3", BUTTONS))
        await platform.set_rows(here, BUTTONS)
        assert harness.only_message().edits == 0


@pytest.mark.parametrize("size", [(5100, 5000), (2200, 100)], ids=["large", "long"])
async def test_a_picture_that_telegram_rejects_as_photo_is_sent_as_document(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "JPEG")
    odd = Picture(out.getvalue(), "odd.jpg", "odd")
    async with platform_harness() as harness:
        platform, api = harness.platform, harness.api
        message_id = await platform.show(Address(CHAT), Card("Place 3"))
        await platform.show(Address(CHAT, message_id=message_id), Card("Anime", (), odd))
        assert (harness.only_message().document, harness.only_message().photo) == (odd.jpeg, None)
        await platform.show(Address(CHAT), Card("Anime", (), odd))
        assert [message.document for message in api.chats.bot_messages(5)] == [odd.jpeg, odd.jpeg]


async def test_a_card_that_is_gone_and_a_chat_that_is_gone_are_told_apart() -> None:
    async with platform_harness() as harness:
        platform, api = harness.platform, harness.api
        with pytest.raises(Refused) as refused:
            await platform.show(Address(CHAT, message_id="999"), Card("Place 3"))
        assert refused.value.refusal is Refusal.MESSAGE
        api.chats.blocked.add(5)
        with pytest.raises(Refused) as refused:
            await platform.show(Address(CHAT), Card("Place 3"))
        assert refused.value.refusal is Refusal.CHAT


async def test_a_deleted_topic_is_told_apart_from_a_chat_that_is_gone() -> None:
    async with platform_harness() as harness:
        platform = harness.platform
        with pytest.raises(Refused) as refused:
            await platform.show(Address(Chat("telegram", "-1001", thread="5", is_group=True)), Card("Place 3"))
        assert refused.value.refusal is Refusal.TOPIC


async def test_flood_control_is_reported_and_no_call_is_made_until_it_ends() -> None:
    async with platform_harness() as harness:
        platform, api = harness.platform, harness.api
        message_id = await platform.show(Address(CHAT), Card("Place 3"))
        api.faults.append(flood("editMessageText", 40))
        with pytest.raises(TryLater) as raised:
            await platform.show(Address(CHAT, message_id=message_id), Card("Place 2"))
        assert raised.value.retry_after == 40
        calls = len(api.calls)
        with pytest.raises(TryLater) as raised:
            await platform.show(Address(CHAT, message_id=message_id), Card("Place 1"))
        assert 0 < raised.value.retry_after <= 40
        assert len(api.calls) == calls


async def test_in_a_busy_group_progress_is_postponed_and_answers_are_sent() -> None:
    async with platform_harness() as harness:
        platform = harness.platform
        message_id = await platform.show(Address(GROUP), Card("Place 99"))
        with pytest.raises(TryLater) as raised:
            for number in range(98, 1, -1):
                await platform.show(Address(GROUP, message_id=message_id), Card(f"Place {number}"))
        assert harness.only_message(-1001).edits == 11
        assert raised.value.retry_after > 40
        await platform.show(Address(GROUP, message_id=message_id), Card("Anime", (), PICTURE))
        assert harness.only_message(-1001).photo == PICTURE.jpeg


async def test_texts_are_truncated_to_telegrams_limits() -> None:
    async with platform_harness() as harness:
        platform, api = harness.platform, harness.api
        await platform.show(Address(CHAT), Card("x" * 5000))
        await platform.show(Address(CHAT), Card("x" * 2000, (), PICTURE))
        assert [len(message.text) for message in api.chats.bot_messages(5)] == [4096, 1024]
