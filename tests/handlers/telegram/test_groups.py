"""In groups the bot answers only when addressed, in the right topic, and buttons belong to the person who asked."""

from pathlib import Path

import pytest

from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.telegram import GROUP, TelegramHarness, telegram_harness

TOPIC = 77


async def processed(harness: TelegramHarness) -> None:
    """Everything sent so far has been processed."""
    await harness.api.handled()


async def test_messages_that_are_not_for_the_bot_are_ignored(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2)
        await anna.sends(portrait_jpeg())
        photo = anna.last
        await anna.sends(portrait_jpeg(), caption="my new haircut")
        await anna.sends(portrait_jpeg(), caption="anime")
        await anna.sends(portrait_jpeg(), caption="/style@other_bot 2")
        await anna.sends(portrait_jpeg(), caption="@somebody 2")
        await anna.sends_album([portrait_jpeg(), portrait_jpeg()])
        await ben.says("what a picture", reply_to=photo)
        await ben.says("/dance")
        await ben.posts({"sticker": STICKER})
        await ben.posts({"new_chat_title": "Portraits"})
        await processed(harness)
        assert anna.sees == []
        assert harness.api.count("getFile") == 0  # nothing was downloaded
        assert await harness.units(anna) == (0, 0)


STICKER = {
    "file_id": "sticker",
    "file_unique_id": "usticker",
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
}


async def test_a_command_a_mention_and_a_reply_address_the_bot(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.sends(portrait_jpeg(shade=1), caption="/style 2")
        await anna.sends(portrait_jpeg(shade=2), caption="@repaint_test_bot 2")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        await anna.sends(portrait_jpeg(shade=3), reply_to=anna.pictures[0])
        await harness.api.until(lambda: len(anna.sees) == 3)
        assert "Which style" in anna.sees[2].text


async def test_what_concerns_one_person_goes_to_their_private_chat(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2, chat=GROUP - 1)
        await anna.says("/quota")
        await harness.api.until(lambda: anna.sees)
        [told] = harness.person(1).sees
        assert "left today" in told.text
        assert [(card.text, card.rows) for card in anna.sees] == [("I've sent it to you in private.", ())]

        private = harness.person(2)
        harness.api.chats.never_started.add(private.chat)
        await ben.says("/history")
        await harness.api.until(lambda: ben.sees)
        [card] = ben.sees
        assert card.text == "That's for you alone: open our private chat, and I'll tell you there."
        payload = card.data("Open our chat").partition("?start=")[2]
        harness.api.chats.never_started.clear()
        await private.says(f"/start {payload}")
        await harness.api.until(lambda: private.sees)
        assert private.sees[0].text == "Nothing yet. Send me a photo to start."


async def test_thanking_the_bot_needs_no_answer(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        await anna.says("thank you!", reply_to=anna.pictures[0])
        await processed(harness)
        assert len(anna.sees) == 1


async def test_other_peoples_buttons_are_refused_politely(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2, "zh-hans")
        await anna.sends(portrait_jpeg(), caption="/style")
        await harness.api.until(lambda: anna.sees)
        [card] = anna.sees
        for label in ("Anime", "Cancel"):
            assert "属于别人" in await ben.notice(await ben.presses(card, label))
        assert anna.sees == [card]
        await anna.presses(card, "Anime")
        await harness.api.until(lambda: anna.pictures)
        for label in ("Again", "Another", "As file", "Delete"):
            assert "属于别人" in await ben.notice(await ben.presses(anna.pictures[0], label))
        assert len(anna.sees) == 1
        assert await harness.units(ben) == (0, 0)


async def test_a_card_is_sent_to_its_topic_and_general_is_not_named(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.chats.topics.add((GROUP, TOPIC))
        in_topic, in_general = harness.member(1, thread=TOPIC), harness.member(2)
        await in_topic.sends(portrait_jpeg(), caption="/style 2")
        await in_general.posts({"text": "/queue", "message_thread_id": 1})  # some clients send this for General
        await harness.api.until(lambda: in_topic.pictures and len(in_topic.sees) == 2)
        threads = {("picture" if message.photo else "text"): message.thread for message in in_topic.sees}
        assert threads == {"picture": TOPIC, "text": None}


async def test_a_message_by_an_anonymous_admin_counts_for_the_group(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        admin = harness.member(1087968824)
        photo = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}], "caption": "/style 2"}
        harness.api.files["f"] = portrait_jpeg()
        group = {"id": GROUP, "type": "supergroup", "title": "A group"}
        anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
        await admin.posts(photo | {"from": anonymous, "sender_chat": group})
        await harness.api.until(lambda: admin.pictures)
        assert await harness.units(harness.member(GROUP)) == (1, 0)


@pytest.mark.parametrize(
    "automatic", [{"is_automatic_forward": True}, {"from": {"id": 5, "is_bot": True, "first_name": "B"}}]
)
async def test_channel_forwards_and_other_bots_are_ignored(tmp_path: Path, automatic: dict[str, object]) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.posts({"text": "/help"} | automatic)
        await processed(harness)
        assert anna.sees == []
