"""Everything that can serve as a photo: stickers, forwarded and quoted photos, profile photos, edited captions; and an
explanation for what can't.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import edit_caption
from tests.fakes.telegram_api.chats import photo_json
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.pictures import encoded, quarters
from tests.harness.telegram import TelegramHarness, telegram_harness

STICKER: dict[str, Any] = {
    "file_id": "s",
    "file_unique_id": "us",
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
}
CLIP: dict[str, Any] = {"file_id": "v", "file_unique_id": "uv", "width": 9, "height": 9, "duration": 1}


async def painted(harness: TelegramHarness, user: ChatUser) -> bool:
    await harness.api.until(lambda: user.pictures)
    return await harness.units(user) == (1, 0)


async def test_a_still_sticker_is_a_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.files["s"] = encoded(quarters(512, 512), "WEBP")
        await anna.posts({"sticker": STICKER})
        await harness.api.until(lambda: anna.sees)
        await anna.presses(anna.sees[0], "Anime")
        assert await painted(harness, anna)


@pytest.mark.parametrize(
    "body",
    [
        {"animation": CLIP, "document": {"file_id": "v", "file_unique_id": "uv"}},
        {"video": CLIP},
        {"sticker": STICKER | {"is_animated": True}},
        {"sticker": STICKER | {"is_video": True}},
        {"document": {"file_id": "d", "file_unique_id": "ud", "file_name": "cv.pdf", "mime_type": "application/pdf"}},
    ],
    ids=["gif", "video", "animated-sticker", "video-sticker", "pdf"],
)
async def test_videos_and_other_files_get_an_explanation(tmp_path: Path, body: dict[str, Any]) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.posts(body)
        await harness.api.until(lambda: anna.sees)
        assert "Please send a photo" in anna.sees[0].text
        assert harness.api.count("getFile") == 0


async def test_a_forwarded_photo_is_a_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}
        await anna.sends(portrait_jpeg(), forward_origin=origin)
        await harness.api.until(lambda: anna.sees)
        await anna.presses(anna.sees[0], "Anime")
        assert await painted(harness, anna)


async def test_a_photo_quoted_from_another_chat_is_painted(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.files["quoted"] = portrait_jpeg()
        origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}
        await anna.posts({"text": "/style 2", "external_reply": {"origin": origin, "photo": photo_json("quoted")}})
        assert await painted(harness, anna)


async def test_style_me_paints_ones_own_profile_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        harness.api.files["face"] = portrait_jpeg()
        harness.api.groups.profile_photos[1] = "face"
        await anna.says("/style 2 me")
        assert await painted(harness, anna)
        await ben.says("/style 2 me")
        await harness.api.until(lambda: ben.sees)
        assert not ben.pictures, "he shows no profile photo"


async def test_a_reply_to_a_person_uses_their_profile_photo_with_consent(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2)
        harness.api.files["face"] = portrait_jpeg()
        harness.api.groups.profile_photos[1] = "face"
        await anna.says("good morning")
        await ben.says("/style 2", reply_to=anna.last)
        await harness.api.until(lambda: ben.sees)
        await anna.presses_data(ben.sees[0], ben.sees[0].rows[0][0][1])
        await harness.api.until(lambda: ben.pictures)
        assert await harness.units(ben) == (1, 0)


async def test_profile_photos_of_people_who_opted_out_are_not_used(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2)
        harness.api.files["face"] = portrait_jpeg()
        harness.api.groups.profile_photos[1] = "face"
        await harness.app.services.privacy.opt_out(anna.person, out=True)
        await anna.says("good morning")
        await ben.says("/style 2", reply_to=anna.last)
        await harness.api.until(lambda: ben.sees)
        assert "doesn't want others to have it painted" in ben.sees[0].text
        await harness.api.handled()
        assert await harness.units(ben) == (0, 0)


async def test_a_style_added_to_a_caption_later_repaints_that_photo(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.sends(portrait_jpeg(), caption="my new haircut")
        message = anna.last
        await edit_caption(anna, message, "/style 2")
        await edit_caption(anna, message, "/style 2")
        assert await painted(harness, anna)
        await harness.api.handled()
        assert len(anna.sees) == 1
        assert anna.sees[0].reply_to == message.id


async def test_an_edited_caption_answers_the_question_for_a_style(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg())
        await harness.api.until(lambda: anna.sees)
        message = next(message for message in harness.api.chats.messages.values() if not message.from_bot)
        await edit_caption(anna, message, "/style 2")
        assert await painted(harness, anna)
        assert len(anna.sees) == 1


@pytest.mark.parametrize("caption", ["nothing new", "/quota", "/style@other_bot 2"])
async def test_other_edits_are_ignored(tmp_path: Path, caption: str) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.sends(portrait_jpeg(), caption="my new haircut")
        await edit_caption(anna, anna.last, caption)
        await harness.api.handled()
        assert anna.sees == []


async def test_a_photo_under_a_spoiler_becomes_a_picture_under_one(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2", has_media_spoiler=True)
        await ben.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures and ben.pictures)
        assert (anna.pictures[0].spoiler, ben.pictures[0].spoiler) == (True, False)
        await anna.presses(anna.pictures[0], "Again")
        await harness.api.until(lambda: len(anna.pictures) == 2)
        assert anna.pictures[1].spoiler
