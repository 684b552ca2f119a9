"""Telegram from end to end: the real library, the real core, the stylizer, and the fake Bot API server on loopback."""

import io
from pathlib import Path

from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import ChatMessage
from tests.harness.pictures import encoded, quarters
from tests.harness.telegram import TelegramHarness, telegram_harness


def engine_request(message: ChatMessage) -> str:
    """What the quick engine was asked for, from the picture's comment."""
    assert message.photo is not None
    with Image.open(io.BytesIO(message.photo)) as picture:
        return str(picture.info["comment"], "utf-8")


async def test_a_photo_with_a_style_as_caption_becomes_one_card_that_turns_into_the_picture(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with telegram_harness(tmp_path, until=go) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        asked = anna.last
        await harness.api.until(lambda: anna.sees)  # the card, at any stage before the picture
        assert anna.sees[0].photo is None
        go.touch()
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert (card.text, card.reply_to) == ("🎨 Retro comic", asked.id)
        assert card.labels == [
            *("🔁 Again", "🎨 Another style"),
            *("📄 As file", "◧ Before and after"),
            *("↗ Share", "🗑 Delete"),
        ]
        assert "look=0" in engine_request(card)
        assert await harness.units(anna) == (1, 0)


async def test_a_caption_may_name_its_style_in_several_ways(tmp_path: Path) -> None:
    captions = ["anime", "二次元", "/style@repaint_test_bot Anime", "style 2", "2", "/style2"]
    async with telegram_harness(tmp_path) as harness:
        people = [harness.person(number) for number in range(1, 1 + len(captions))]
        for user, caption in zip(people, captions, strict=True):
            await user.sends(portrait_jpeg(), caption=caption)
        await harness.api.until(lambda: all(user.pictures for user in people))
        assert all("look=2" in engine_request(user.sees[0]) for user in people)


async def test_a_photo_without_a_style_is_painted_after_a_choice_in_chinese(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "zh-hans")
        await anna.sends(portrait_jpeg())
        await harness.api.until(lambda: anna.sees)
        [card] = anna.sees
        assert card.text == "想要哪种风格？"
        assert await harness.units(anna) == (0, 0)
        query = await anna.presses(card, "国画古风")
        assert await anna.notice(query) == ""
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert card.text == "🎨 国画古风"
        assert "look=5" in engine_request(card)


async def test_somebody_elses_photo_is_painted_with_its_owners_consent(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2)
        await anna.sends(portrait_jpeg())
        photo = anna.last
        await ben.says("/style 7", reply_to=photo)
        command = ben.last
        await harness.api.until(lambda: ben.sees)
        [question] = ben.sees
        assert question.text.startswith("Person 1: Person 2 would like to paint your photo. May they?")
        await ben.presses_data(question, question.rows[0][0][1])  # has no effect: only the owner may answer
        await anna.presses_data(question, question.rows[0][0][1])
        await harness.api.until(lambda: ben.pictures)
        [card] = ben.sees
        assert card.reply_to == command.id
        assert "look=7" in engine_request(card)
        assert (await harness.units(ben), await harness.units(anna)) == ((1, 0), (0, 0))


async def test_an_album_of_two_is_a_portrait_and_its_style_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album([portrait_jpeg(), portrait_jpeg(500, 500, shade=9)], caption="/style ref")
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert card.text == "🎨 Your own style picture"
        assert "look=-1 reference=True" in engine_request(card)
        with Image.open(io.BytesIO(card.photo or b"")) as picture:
            assert picture.height > picture.width  # the upright portrait, not the square style picture
        assert await harness.units(anna) == (1, 0)


async def test_a_picture_marked_with_ref_is_the_style_of_the_next_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_file(portrait_jpeg(500, 500, shade=9), "style.jpg", "image/jpeg")
        await harness.api.until(lambda: anna.sees)
        style = next(message for (_, _), message in sorted(harness.api.chats.messages.items()) if not message.from_bot)
        await anna.says("/ref", reply_to=style)
        await harness.api.until(lambda: any("I've got the style picture" in card.text for card in anna.sees))
        await anna.sends(portrait_jpeg())
        await harness.api.until(lambda: anna.pictures)
        assert "look=-1 reference=True" in engine_request(anna.pictures[0])


async def test_an_image_file_works_like_a_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_file(encoded(quarters(600, 800), "PNG"), "me.png", "image/png", caption="/style pixel")
        await harness.api.until(lambda: anna.pictures)
        assert "look=32" in engine_request(anna.sees[0])


async def test_all_buttons_of_a_finished_picture_work(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: anna.pictures)
        [first] = anna.pictures

        await anna.presses(first, "As file")
        await harness.api.until(lambda: any(message.document for message in anna.sees))
        [file] = [message for message in anna.sees if message.document]
        assert file.document == first.photo
        assert file.reply_to == first.id

        await anna.presses(first, "Again")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        again = anna.pictures[1]
        assert engine_request(again) != engine_request(first)
        assert again.reply_to == first.id

        await anna.presses(first, "Another style")
        await harness.api.until(lambda: any("Which style" in message.text for message in anna.sees))
        draft = next(message for message in anna.sees if "Which style" in message.text)
        await anna.presses(draft, "Anime")
        await harness.api.until(lambda: len(anna.pictures) == 3)
        assert "look=2" in engine_request(anna.pictures[2])
        assert await harness.units(anna) == (3, 0)

        await _delete(harness, again)


async def _delete(harness: TelegramHarness, card: ChatMessage) -> None:
    """Deleting asks for confirmation, and can be declined."""
    anna = harness.person(1)
    here = (card.chat, card.id)
    await anna.presses(card, "Delete")
    await harness.api.until(lambda: "Keep it" in harness.api.chats.messages[here].labels)
    await anna.presses(harness.api.chats.messages[here], "Keep it")
    await harness.api.until(lambda: "🔁 Again" in harness.api.chats.messages[here].labels)
    await anna.presses(harness.api.chats.messages[here], "Delete")
    await harness.api.until(lambda: "Keep it" in harness.api.chats.messages[here].labels)
    query = await anna.presses(harness.api.chats.messages[here], "Yes")
    assert await anna.notice(query) == "Deleted: the photo and the picture are gone."
    await harness.api.until(lambda: here not in harness.api.chats.messages)
    assert len(await harness.app.services.queries.history(anna.person)) == 2


async def test_one_waiting_picture_is_cancelled_by_button_and_all_by_command(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        for shade in (1, 60, 120, 180):
            await anna.sends(portrait_jpeg(shade=shade), caption="/style 0")
        await harness.api.until(lambda: len(anna.sees) == 4)
        assert await harness.units(anna) == (0, 4)
        last = anna.sees[-1]
        await anna.presses(last, "Cancel")
        await harness.api.until(lambda: "Cancelled." in harness.api.chats.messages[last.chat, last.id].text)
        assert await harness.units(anna) == (0, 3)
        await anna.says("/cancel")
        await harness.api.until(lambda: any(message.text.startswith("I cancelled") for message in anna.sees))
        (tmp_path / "go").touch()
        await harness.api.until(
            lambda: all(
                "Cancelled." in message.text for message in anna.sees if message.reply_to and "🎨" in message.text
            )
        )
        assert not anna.pictures


async def test_plain_commands_answer_in_the_persons_language(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2, "zh-hans")
        for command, english, chinese in (
            ("/start", "Hello! I repaint portraits", "你好！"),
            ("/help", "Send me a photo and tap a style", "发照片给我"),
            ("/quota", "You have 20 of 20 pictures left today.", "今天还可以画 20 张（共 20 张）。"),
            ("/queue", "The queue is empty", "现在没有图片在排队"),
            ("/cancel", "You have no pictures waiting.", "你没有正在排队的图片。"),
            ("/dance", "Send me a photo and I'll ask", "发一张照片给我"),
            ("/style 3", "Which photo?", "要画哪张照片？"),
            ("/ref", "Reply with /ref to the picture", "看到喜欢的风格，就用 /ref 回复"),
            ("hello", "Send me a photo and I'll ask", "发一张照片给我"),
        ):
            for user, words in ((anna, english), (ben, chinese)):
                await user.says(command)
                await harness.api.handled()
                assert words in user.sees[-1].text


async def test_the_gallery_shows_every_style_on_offer(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.says("/styles")
        await harness.api.until(lambda: anna.sees)
        [gallery] = anna.sees
        assert "0 · Retro comic" in gallery.text
        assert "32 · Pixel world" in gallery.text
        assert gallery.photo is not None
