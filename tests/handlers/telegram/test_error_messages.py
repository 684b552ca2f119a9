"""Whatever can't be painted gets a clear explanation, and costs nothing."""

from pathlib import Path
from typing import Any

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.telegram import TelegramHarness, telegram_harness

MIB = 1024 * 1024


async def answer_to(harness: TelegramHarness, user: ChatUser) -> str:
    """The reply to the person's newest message."""
    asked = user.last
    await harness.api.until(lambda: any(message.reply_to == asked.id for message in user.sees))
    await harness.api.handled()
    [answer] = [message for message in user.sees if message.reply_to == asked.id]
    return answer.text


async def test_bad_files_get_an_explanation_and_cost_nothing(tmp_path: Path) -> None:
    video: dict[str, Any] = {"file_id": "v", "file_unique_id": "u", "width": 9, "height": 9, "duration": 1}
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_file(b"just words", "notes.jpg", "image/jpeg", caption="/style 2")
        assert (
            await answer_to(harness, anna)
            == "That isn't a picture. Please send a photo, for example a JPEG or PNG file."
        )
        await anna.sends_file(portrait_jpeg()[:900], "half.jpg", "image/jpeg", caption="/style 2")
        assert "damaged or incomplete" in await answer_to(harness, anna)
        await anna.sends_file(b"", "nothing.jpg", "image/jpeg", caption="/style 2")
        assert "The file is empty" in await answer_to(harness, anna)
        await anna.sends_file(b"%PDF-1.7", "paper.pdf", "application/pdf", caption="/style 2")
        assert "That isn't a picture." in await answer_to(harness, anna)
        await anna.sends_file(b"big", "big.png", "image/png", size=21 * MIB)
        assert "larger than 20 MB" in await answer_to(harness, anna)
        await anna.posts({"video": video, "caption": "/style 2"})
        assert "That isn't a picture." in await answer_to(harness, anna)
        await anna.posts({"animation": video, "document": {"file_id": "v", "file_unique_id": "u"}})
        assert "That isn't a picture." in await answer_to(harness, anna)
        assert await harness.units(anna) == (0, 0)
        assert await harness.app.services.queries.history(anna.person) == ()
        assert "v" not in [call.params.get("file_id") for call in harness.api.calls]


async def test_a_file_that_telegram_no_longer_has_must_be_sent_again(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        gone = [{"file_id": "gone", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 5}]
        await anna.posts({"photo": gone, "caption": "/style 2"})
        assert await answer_to(harness, anna) == "I no longer have that photo. Please send it again."


async def test_a_used_up_quota_and_a_full_queue_are_reported_and_the_rest_is_painted(tmp_path: Path) -> None:
    async with telegram_harness(
        tmp_path, daily_free_images=3, max_queued_per_person=2, until=tmp_path / "go"
    ) as harness:
        anna = harness.person(1)
        await anna.sends_album([portrait_jpeg(shade=shade) for shade in (1, 60, 120, 180)], caption="/style 2")
        await harness.api.until(lambda: len(anna.sees) == 2)
        [text] = [message.text for message in anna.sees if "🎨" not in message.text]
        assert text == "Photo 3, 4: You already have 2 pictures waiting. Please send more when one is done."
        (tmp_path / "go").touch()
        await harness.api.until(lambda: len(anna.pictures) == 2)
        await anna.sends(portrait_jpeg(shade=200), caption="/style 2")
        await harness.api.until(lambda: len(anna.pictures) == 3)
        await anna.sends(portrait_jpeg(shade=220), caption="/style 2")
        assert (await answer_to(harness, anna)).startswith(
            "You've used all your pictures for today. You get new ones in"
        )
        assert await harness.units(anna) == (3, 0)


async def test_the_same_request_sent_again_while_it_waits_is_the_same_job(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        assert "I already have this photo in that style." in await answer_to(harness, anna)
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        assert await harness.units(anna) == (1, 0)


async def test_a_typo_offers_the_nearest_style_as_a_button(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style anmie")
        await harness.api.until(lambda: anna.sees and "mean" in anna.sees[0].text)
        [question] = anna.sees  # on the card that asks, not beside it
        assert question.text == "I don't know “anmie”. Did you mean “Anime”?"
        await anna.presses(question, "Yes, Anime")
        await harness.api.until(lambda: anna.pictures)
        assert await harness.units(anna) == (1, 0)


async def test_for_an_unknown_or_unavailable_style_the_photo_waits_for_another_choice(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(), caption="/style zzzzqqqq")
        await ben.sends(portrait_jpeg(), caption="/style 40")
        unknown = "I don't know the style “zzzzqqqq”. Please choose one."
        unavailable = "I can't paint “Badge world” at the moment. Please choose another."
        await harness.api.until(lambda: [message.text for message in anna.sees] == [unknown])
        await harness.api.until(lambda: [message.text for message in ben.sees] == [unavailable])


async def test_three_pictures_are_too_many_for_a_style_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends_album([portrait_jpeg(shade=shade) for shade in (1, 60, 120)], caption="/style ref")
        await harness.api.until(lambda: anna.sees)
        assert anna.sees[0].text == "Please send exactly two pictures: first the photo, then the style picture."


async def test_old_and_unknown_buttons_get_a_polite_answer(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.pictures
        too_old = "This button no longer works. Please send the photo again."
        for data in ("", "nonsense", "choose", "style|3", "choose:1:x", "a" * 64, "choose:99999999999999999999:1"):
            assert await anna.notice(await anna.presses_data(card, data)) == too_old
        assert "can't find that picture" in await anna.notice(await anna.presses_data(card, "again:4242"))
        for data in ("choose:1:2", "page:1:1", "cancel:1"):
            assert "already moved on" in await anna.notice(await anna.presses_data(card, data))
        assert anna.sees == [card]
        assert await harness.units(anna) == (1, 0)
