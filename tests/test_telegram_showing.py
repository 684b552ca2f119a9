"""A card on Telegram, in every shape: sent, edited, turned into a picture, and what Telegram's limits make of it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from PIL import Image
from pydantic import SecretStr

from bot.chat import Address, Button, Card, Chat, Gone, NotNow, Picture
from bot.clock import WallClock
from handlers.telegram.pace import Pace
from handlers.telegram.showing import TelegramPlatform
from handlers.telegram.wire import telegram_bot
from tests.bot_api import TOKEN, BotApi, bot_api, flood
from tests.bot_api_chats import Shown
from tests.stand_in import portrait_jpeg
from tests.telegram_house import HASTE

ANNA = Chat("telegram", "5")
GROUP = Chat("telegram", "-1001", is_group=True)
BUTTONS = ((Button("Yes", "choose:1:2"), Button("No", "cancel:1")),)
PICTURE = Picture(portrait_jpeg(), "repaint-anime-1.jpg", "Anime")


@asynccontextmanager
async def shown_on() -> AsyncIterator[tuple[TelegramPlatform, BotApi]]:
    async with bot_api() as api, telegram_bot(SecretStr(TOKEN), api.url) as bot:
        clock = WallClock(HASTE)
        yield TelegramPlatform(bot, Pace(clock.now), clock), api
        assert api.breaches == []


def only(api: BotApi, chat: int = 5) -> Shown:
    [shown] = api.chats.of_bot(chat)
    return shown


async def test_a_card_is_sent_edited_and_becomes_its_picture_in_one_message() -> None:
    async with shown_on() as (platform, api):
        place = await platform.show(Address(ANNA), Card("Place 3", BUTTONS))
        assert only(api).rows == ((("Yes", "choose:1:2"), ("No", "cancel:1")),)
        here = Address(ANNA, message_id=place)
        assert await platform.show(here, Card("Place 2")) == place
        assert (only(api).text, only(api).rows) == ("Place 2", ())
        assert await platform.show(here, Card("Anime", BUTTONS, PICTURE)) == place
        assert (only(api).photo, only(api).text, len(only(api).labels)) == (PICTURE.jpeg, "Anime", 2)
        assert await platform.show(here, Card("Anime, kept no longer")) == place
        assert (only(api).photo, only(api).text) == (PICTURE.jpeg, "Anime, kept no longer")


async def test_showing_the_same_twice_is_no_error() -> None:
    async with shown_on() as (platform, api):
        here = Address(ANNA, message_id=await platform.show(Address(ANNA), Card("Place 3", BUTTONS)))
        await platform.show(here, Card("Place 3", BUTTONS))
        await platform.set_rows(here, BUTTONS)
        assert only(api).edits == 0


@pytest.mark.parametrize("size", [(5100, 5000), (2200, 100)], ids=["large", "long"])
async def test_a_picture_that_is_no_photo_for_telegram_comes_as_a_file(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "JPEG")
    odd = Picture(out.getvalue(), "odd.jpg", "odd")
    async with shown_on() as (platform, api):
        place = await platform.show(Address(ANNA), Card("Place 3"))
        await platform.show(Address(ANNA, message_id=place), Card("Anime", (), odd))
        assert (only(api).document, only(api).photo) == (odd.jpeg, None)
        await platform.show(Address(ANNA), Card("Anime", (), odd))
        assert [shown.document for shown in api.chats.of_bot(5)] == [odd.jpeg, odd.jpeg]


async def test_a_card_that_is_gone_and_a_chat_that_is_gone_are_told_apart() -> None:
    async with shown_on() as (platform, api):
        with pytest.raises(Gone) as gone:
            await platform.show(Address(ANNA, message_id="999"), Card("Place 3"))
        assert gone.value.card_only
        api.chats.blocked.add(5)
        with pytest.raises(Gone) as gone:
            await platform.show(Address(ANNA), Card("Place 3"))
        assert not gone.value.card_only


async def test_a_topic_that_was_deleted_is_a_chat_that_is_gone() -> None:
    async with shown_on() as (platform, _):
        with pytest.raises(Gone):
            await platform.show(Address(Chat("telegram", "-1001", thread="5", is_group=True)), Card("Place 3"))


async def test_flood_control_is_passed_on_and_the_chat_is_left_alone_until_then() -> None:
    async with shown_on() as (platform, api):
        place = await platform.show(Address(ANNA), Card("Place 3"))
        api.faults.append(flood("editMessageText", 40))
        with pytest.raises(NotNow) as patience:
            await platform.show(Address(ANNA, message_id=place), Card("Place 2"))
        assert patience.value.retry_after == 40
        calls = len(api.calls)
        with pytest.raises(NotNow) as patience:
            await platform.show(Address(ANNA, message_id=place), Card("Place 1"))
        assert 0 < patience.value.retry_after <= 40
        assert len(api.calls) == calls


async def test_in_a_busy_group_progress_is_put_off_and_answers_still_come() -> None:
    async with shown_on() as (platform, api):
        place = await platform.show(Address(GROUP), Card("Place 99"))
        with pytest.raises(NotNow) as patience:
            for number in range(98, 1, -1):
                await platform.show(Address(GROUP, message_id=place), Card(f"Place {number}"))
        assert only(api, -1001).edits == 11
        assert patience.value.retry_after > 40
        await platform.show(Address(GROUP, message_id=place), Card("Anime", (), PICTURE))
        assert only(api, -1001).photo == PICTURE.jpeg


async def test_texts_are_kept_within_telegrams_lengths() -> None:
    async with shown_on() as (platform, api):
        await platform.show(Address(ANNA), Card("x" * 5000))
        await platform.show(Address(ANNA), Card("x" * 2000, (), PICTURE))
        assert [len(shown.text) for shown in api.chats.of_bot(5)] == [4096, 1024]
