"""Telegram from end to end: the real library, the real core, the stand-in service, and a Bot API server on loopback."""

import io
from pathlib import Path

from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import Shown
from tests.harness.pictures import encoded, quarters
from tests.harness.telegram import Town, telegram_house


def painted(shown: Shown) -> str:
    """What the quick engine was asked for, kept in the picture's comment."""
    assert shown.photo is not None
    with Image.open(io.BytesIO(shown.photo)) as picture:
        return str(picture.info["comment"], "utf-8")


async def test_a_photo_with_a_style_as_caption_becomes_one_card_that_turns_into_the_picture(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with telegram_house(tmp_path, until=go) as town:
        anna = town.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        asked = anna.last
        await town.api.until(lambda: anna.sees)  # its first card, whatever it says by then: not yet the picture
        assert anna.sees[0].photo is None
        go.touch()
        await town.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert (card.text, card.answers) == ("🎨 Retro comic", asked.id)
        assert card.labels == [
            *("🔁 Again", "🎨 Another style"),
            *("📄 As file", "◧ Before and after"),
            *("↗ Share", "🗑 Delete"),
        ]
        assert "look=0" in painted(card)
        assert await town.units(anna) == (1, 0)


async def test_a_style_may_be_named_in_a_caption_in_any_way(tmp_path: Path) -> None:
    captions = ["anime", "二次元", "/style@repaint_test_bot Anime", "style 2", "2", "/style2"]
    async with telegram_house(tmp_path) as town:
        people = [town.person(number) for number in range(1, 1 + len(captions))]
        for someone, caption in zip(people, captions, strict=True):
            await someone.sends(portrait_jpeg(), caption=caption)
        await town.api.until(lambda: all(someone.pictures for someone in people))
        assert all("look=2" in painted(someone.sees[0]) for someone in people)


async def test_a_bare_photo_is_asked_for_its_style_and_a_tap_paints_it_in_chinese(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1, "zh-hans")
        await anna.sends(portrait_jpeg())
        await town.api.until(lambda: anna.sees)
        [card] = anna.sees
        assert card.text == "想要哪种风格？"
        assert await town.units(anna) == (0, 0)
        query = await anna.presses(card, "国画古风")
        assert await anna.notice(query) == ""
        await town.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert card.text == "🎨 国画古风"
        assert "look=5" in painted(card)


async def test_a_photo_is_painted_when_somebody_answers_it_with_a_style_and_its_owner_says_yes(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.member(1), town.member(2)
        await anna.sends(portrait_jpeg())
        photo = anna.last
        await ben.says("/style 7", answering=photo)
        command = ben.last
        await town.api.until(lambda: ben.sees)
        [question] = ben.sees
        assert "may I repaint it?" in question.text
        await ben.presses_data(question, question.rows[0][0][1])  # only she can answer that
        await anna.presses_data(question, question.rows[0][0][1])
        await town.api.until(lambda: ben.pictures)
        [card] = ben.sees
        assert card.answers == command.id
        assert "look=7" in painted(card)
        assert (await town.units(ben), await town.units(anna)) == ((1, 0), (0, 0))


async def test_an_album_of_two_is_a_portrait_and_its_style_picture(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_album([portrait_jpeg(), portrait_jpeg(500, 500, shade=9)], caption="/style ref")
        await town.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert card.text == "🎨 Your own style picture"
        assert "look=-1 reference=True" in painted(card)
        with Image.open(io.BytesIO(card.photo or b"")) as picture:
            assert picture.height > picture.width  # the upright portrait, not the square style picture
        assert await town.units(anna) == (1, 0)


async def test_a_picture_answered_with_ref_lends_its_style_to_the_next_photo(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_file(portrait_jpeg(500, 500, shade=9), "style.jpg", "image/jpeg")
        await town.api.until(lambda: anna.sees)
        style = next(shown for (_, _), shown in sorted(town.api.chats.messages.items()) if not shown.by_bot)
        await anna.says("/ref", answering=style)
        await town.api.until(lambda: any("I have the style picture" in card.text for card in anna.sees))
        await anna.sends(portrait_jpeg())
        await town.api.until(lambda: anna.pictures)
        assert "look=-1 reference=True" in painted(anna.pictures[0])


async def test_an_image_file_is_as_good_as_a_photo(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends_file(encoded(quarters(600, 800), "PNG"), "me.png", "image/png", caption="/style pixel")
        await town.api.until(lambda: anna.pictures)
        assert "look=32" in painted(anna.sees[0])


async def test_after_the_picture_everything_on_its_buttons_works(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await town.api.until(lambda: anna.pictures)
        [first] = anna.pictures

        await anna.presses(first, "As file")
        await town.api.until(lambda: any(shown.document for shown in anna.sees))
        [file] = [shown for shown in anna.sees if shown.document]
        assert file.document == first.photo
        assert file.answers == first.id

        await anna.presses(first, "Again")
        await town.api.until(lambda: len(anna.pictures) == 2)
        again = anna.pictures[1]
        assert painted(again) != painted(first)
        assert again.answers == first.id

        await anna.presses(first, "Another style")
        await town.api.until(lambda: any("Which style" in shown.text for shown in anna.sees))
        draft = next(shown for shown in anna.sees if "Which style" in shown.text)
        await anna.presses(draft, "Anime")
        await town.api.until(lambda: len(anna.pictures) == 3)
        assert "look=2" in painted(anna.pictures[2])
        assert await town.units(anna) == (3, 0)

        await _delete(town, again)


async def _delete(town: Town, card: Shown) -> None:
    """Deleting asks first, and can be thought better of."""
    anna = town.person(1)
    here = (card.chat, card.id)
    await anna.presses(card, "Delete")
    await town.api.until(lambda: "Keep it" in town.api.chats.messages[here].labels)
    await anna.presses(town.api.chats.messages[here], "Keep it")
    await town.api.until(lambda: "🔁 Again" in town.api.chats.messages[here].labels)
    await anna.presses(town.api.chats.messages[here], "Delete")
    await town.api.until(lambda: "Keep it" in town.api.chats.messages[here].labels)
    query = await anna.presses(town.api.chats.messages[here], "Yes")
    assert await anna.notice(query) == "Deleted: the photo and the picture are gone."
    await town.api.until(lambda: here not in town.api.chats.messages)
    assert len(await town.app.job_service.history(anna.person)) == 2


async def test_a_waiting_picture_can_be_cancelled_by_its_button_and_all_by_command(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, until=tmp_path / "go") as town:
        anna = town.person(1)
        for shade in (1, 60, 120, 180):
            await anna.sends(portrait_jpeg(shade=shade), caption="/style 0")
        await town.api.until(lambda: len(anna.sees) == 4)
        assert await town.units(anna) == (0, 4)
        last = anna.sees[-1]
        await anna.presses(last, "Cancel")
        await town.api.until(lambda: "Cancelled." in town.api.chats.messages[last.chat, last.id].text)
        assert await town.units(anna) == (0, 3)
        await anna.says("/cancel")
        await town.api.until(lambda: any(shown.text.startswith("I took back") for shown in anna.sees))
        (tmp_path / "go").touch()
        await town.api.until(
            lambda: all("Cancelled." in shown.text for shown in anna.sees if shown.answers and "🎨" in shown.text)
        )
        assert not anna.pictures


async def test_the_plain_commands_answer_in_the_persons_language(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna, ben = town.person(1), town.person(2, "zh-hans")
        for command, english, chinese in (
            ("/start", "Hello! I repaint portraits", "你好！"),
            ("/help", "Send me a photo and tap a style", "发一张照片"),
            ("/quota", "You have 20 of 20 pictures left today.", "今天还可以画 20 张（共 20 张）。"),
            ("/queue", "Nothing is in the queue", "现在没有图片在排队"),
            ("/cancel", "Nothing of yours is waiting.", "你没有正在排队的图片。"),
            ("/dance", "Send me a photo and I ask", "发一张照片给我"),
            ("/style 3", "Which photo?", "要画哪张照片？"),
            ("/ref", "Answer the picture whose style you like", "请用 /ref 回复"),
            ("hello", "Send me a photo and I ask", "发一张照片给我"),
        ):
            for someone, words in ((anna, english), (ben, chinese)):
                await someone.says(command)
                await town.api.acknowledged()
                assert words in someone.sees[-1].text


async def test_the_gallery_shows_every_style_on_offer(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.says("/styles")
        await town.api.until(lambda: anna.sees)
        [gallery] = anna.sees
        assert "0 · Retro comic" in gallery.text
        assert "32 · Pixel world" in gallery.text
        assert gallery.photo is not None
