"""Telegram from end to end: the commands of people, groups and the owner, over the fake Bot API server."""

import io
import zipfile
from pathlib import Path

from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.telegram import GROUP, TelegramHarness, telegram_harness


async def answer_to(harness: TelegramHarness, user: ChatUser, words: str) -> str:
    """The bot's next message here after this text."""
    seen = len(user.sees)
    await user.says(words)
    await harness.api.until(lambda: len(user.sees) > seen)
    return user.sees[-1].text


async def test_history_opens_a_picture_and_compares_it_with_its_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(400, 500), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        assert "1. Anime · " in await answer_to(harness, anna, "/history")
        await anna.presses(anna.sees[-1], "🖼 1")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        opened = anna.pictures[-1]
        assert (opened.text, opened.photo) == ("🎨 Anime", anna.pictures[0].photo)
        await anna.presses(opened, "Before and after")
        await harness.api.until(lambda: len(anna.pictures) == 3)
        with Image.open(io.BytesIO(anna.pictures[-1].photo or b"")) as both:
            assert both.width > both.height
        await anna.says("/again")
        await harness.api.until(lambda: len(anna.pictures) == 4)
        assert await harness.units(anna) == (2, 0)


async def test_an_export_is_a_zip_and_forget_deletes_everything(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "zh-hans")
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: anna.pictures)
        await anna.says("/export")
        await harness.api.until(lambda: any(message.document for message in anna.sees))
        parcel = next(message.document for message in anna.sees if message.document)
        with zipfile.ZipFile(io.BytesIO(parcel)) as archive:
            assert sum(name.endswith(".jpg") for name in archive.namelist()) == 2

        assert "要删除你的照片" in await answer_to(harness, anna, "/forget")
        asked = anna.sees[-1]
        stranger = harness.person(2)
        assert "somebody else" in await stranger.notice(await stranger.presses(asked, "确认全部删除"))
        await anna.presses(asked, "确认全部删除")
        await harness.api.until(lambda: "1 张画好的图片" in harness.api.chats.messages[asked.chat, asked.id].text)
        assert "还没有图片" in await answer_to(harness, anna, "/history")


async def test_a_saved_style_has_a_button_and_a_link_to_share(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(500, 500, shade=9), caption="/savestyle Quilt")
        await harness.api.until(lambda: any("Saved as" in message.text for message in anna.sees))
        await anna.presses(anna.sees[-1], "Link to share")
        await harness.api.until(lambda: any("https://t.me/" in message.text for message in anna.sees))
        link = anna.sees[-1].text.splitlines()[-1]
        await ben.says(f"/start {link.partition('?start=')[2]}")
        await harness.api.until(lambda: ben.pictures)
        assert "is now yours" in ben.pictures[0].text
        await ben.sends(portrait_jpeg())
        await harness.api.until(lambda: any("Which style" in message.text for message in ben.sees))
        await ben.presses(ben.sees[-1], "⭐ Quilt")
        await harness.api.until(lambda: any(message.text == "🎨 Quilt" for message in ben.pictures))


async def test_group_admins_change_settings_by_buttons(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        harness.api.groups.admins.add((GROUP, 1))
        admin, ben = harness.member(1), harness.member(2)
        assert "Only admins can" in await answer_to(harness, ben, "/settings")
        assert "Everyone can use me." in await answer_to(harness, admin, "/settings")
        card = admin.sees[-1]
        assert "Only admins can" in await ben.notice(await ben.presses(card, "Switch off"))
        await admin.presses(card, "Switch off")
        await harness.api.until(lambda: "switched off" in harness.api.chats.messages[card.chat, card.id].text)
        await ben.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: any("switched me off here" in message.text for message in ben.sees))
        await admin.presses(harness.api.chats.messages[card.chat, card.id], "🎨 Styles")
        await harness.api.until(lambda: "Which styles" in harness.api.chats.messages[card.chat, card.id].text)
        assert await harness.units(ben) == (0, 0)


async def test_cards_and_answers_use_the_chosen_language(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1, "en")
        assert await answer_to(harness, anna, "/lang 中文") == "以后我会和你说中文。"
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: anna.pictures)
        assert anna.pictures[0].text == "🎨 复古漫画"
        assert "🔁 再画一张" in anna.pictures[0].labels


async def test_when_the_owner_pauses_every_card_says_so(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, admins=("telegram:7",)) as harness:
        olga, anna = harness.person(7), harness.person(1)
        assert "Waiting: 0" in await answer_to(harness, olga, "/admin")
        card = olga.sees[-1]
        await olga.presses(card, "Pause")
        await harness.api.until(lambda: "▶ Resume" in harness.api.chats.messages[card.chat, card.id].labels)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: any("paused at the moment" in message.text for message in anna.sees))
        await olga.presses(harness.api.chats.messages[card.chat, card.id], "Resume")
        await harness.api.until(lambda: anna.pictures)
        assert "Send me a photo and I'll ask" in await answer_to(harness, anna, "/admin")
