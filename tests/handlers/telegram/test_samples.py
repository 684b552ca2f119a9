"""The samples that come with the question of a style: uploaded once, and never in the way of what the card says."""

from pathlib import Path

from bot.messaging.style_samples import is_sample_sheet
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import LastingRefusal
from tests.harness.telegram import telegram_harness

FORBIDDEN = "Bad Request: not enough rights to send photos to the chat"


async def test_the_question_comes_with_samples_that_are_uploaded_once(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg())
        await harness.api.until(lambda: anna.sees)
        await ben.sends(portrait_jpeg())
        await harness.api.until(lambda: ben.sees)
        for user in (anna, ben):
            [question] = user.sees
            assert question.text == "Which style would you like?"
            assert is_sample_sheet(question.photo or b"")
        sent = [call for call in harness.api.calls if call.method == "sendPhoto"]
        assert [bool(call.uploads) for call in sent] == [True, False]


async def test_the_card_with_samples_says_how_far_it_is_and_becomes_the_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg())
        await harness.api.until(lambda: anna.sees)
        [question] = anna.sees
        await anna.presses(question, "Anime")
        await harness.api.until(lambda: "Painting" in anna.sees[0].text)
        assert harness.api.count("editMessageText") == 0  # it would be refused: the words are a caption
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.sees
        assert (card.id, card.text) == (question.id, "🎨 Anime")


async def test_where_photos_are_forbidden_the_question_comes_without_samples(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        harness.api.refusals.append(LastingRefusal(anna.chat, "sendPhoto", 400, FORBIDDEN))
        await anna.sends(portrait_jpeg())
        photo = anna.last
        await anna.says("/style", reply_to=photo)
        await harness.api.until(lambda: anna.sees)
        [question] = anna.sees
        assert (question.text, question.photo) == ("Which style would you like?", None)
