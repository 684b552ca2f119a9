"""Words in a chat: answers to the question for a style, a style before its photo, and words instead of commands."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.conversation.buttons import may_act_for
from bot.conversation.style_answers import Choice, is_meant
from bot.domain.styles import STYLES, find
from bot.jobs.drafts import CHOICE_SECONDS
from bot.jobs.request import StyleChoice
from bot.messaging.platform import Card
from bot.messaging.style_text import UnknownStyle
from bot.runtime.clock import WallClock
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import ChatHarness, ChatUser, chat_harness, file, labels, said
from tests.harness.rows import until_card_is_noted

ANIME, CLOSE, FAR = StyleChoice(2), UnknownStyle("anmie", STYLES[2]), UnknownStyle("what a day", None)
BOTH = UnknownStyle("2 3", None, several=STYLES[2:4])


@pytest.mark.parametrize(
    ("choice", "has_question", "is_group", "edited", "meant"),
    [
        # An open question takes a style anywhere, and what comes close to one; in private also what doesn't.
        *((ANIME, True, group, edited, True) for group in (False, True) for edited in (False, True)),
        *((CLOSE, True, False, False, True), (CLOSE, True, True, False, True), (BOTH, True, True, False, True)),
        *((FAR, True, False, False, True), (FAR, True, True, False, False), (FAR, True, False, True, False)),
        # Without one, a style is kept for the next photo in private; an edit is no new wish.
        *((ANIME, False, False, False, True), (ANIME, False, True, False, False), (ANIME, False, False, True, False)),
        *((CLOSE, False, False, False, False), (FAR, False, False, False, False), (BOTH, False, True, False, False)),
        *((None, True, False, False, False), (None, False, True, False, False)),
    ],
)
def test_when_words_are_meant_as_a_style(
    choice: Choice, has_question: bool, is_group: bool, edited: bool, meant: bool
) -> None:
    assert is_meant(choice, has_question=has_question, is_group=is_group, edited=edited, is_word=False) is meant


def test_words_that_say_something_else_leave_the_question_open() -> None:
    for choice, meant in ((FAR, False), (CLOSE, False), (ANIME, True)):  # a saved style may be called "more"
        assert is_meant(choice, has_question=True, is_group=False, edited=False, is_word=True) is meant


@pytest.mark.parametrize(
    ("group_itself", "by_admin", "is_open", "may"),
    [
        *((True, True, True, True), (True, True, False, True), (True, False, True, False), (True, False, False, False)),
        *(
            (False, True, True, True),
            (False, True, False, True),
            (False, False, True, True),
            (False, False, False, False),
        ),
    ],
)
def test_who_may_press_what_a_chat_has_requested(group_itself: bool, by_admin: bool, is_open: bool, may: bool) -> None:
    assert may_act_for(group_itself=group_itself, by_admin=by_admin, is_open=is_open) is may


class ClockAhead(WallClock):
    """A clock that can be put forward, by `ahead` seconds."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


def message_of(harness: ChatHarness, card: Card) -> str:
    """The id of the message that shows a card."""
    return next(message for message, shown in harness.platform.cards.items() if shown is card)


async def styles_of(harness: ChatHarness, user: ChatUser) -> list[str]:
    """The slugs of a person's jobs, oldest first."""
    jobs = reversed(await harness.app.services.queries.history(user.person))
    return [style.slug for job in jobs if (style := find(str(job.style), STYLES)) is not None]


async def test_words_settle_the_open_question_and_others_ask_again(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg())
        await anna.sees("Which style would you like?")
        await until_card_is_noted(harness.app.services.queries, anna.person)
        assert "“blue hat”" in said(await anna.says("blue hat")).text
        assert "Did you mean “Anime”" in said(await anna.says("anmie")).text
        [card] = anna.cards  # which says it itself
        assert card.text == "I don't know “anmie”. Did you mean “Anime”?"
        assert labels(card)[:3] == ["Yes, Anime", "Retro comic", "Anime"]
        assert labels(card)[-1] == "✖ Cancel"
        asked = said(await anna.says("2 and 4"))
        assert (asked.text, labels(asked)) == (
            "I can paint one style at a time. Which one would you like?",
            ["Anime", "Futuristic tech"],
        )
        assert "Tap a style" in said(await anna.says("/style")).text
        assert await anna.says("the second... no: 2") is not None
        assert await anna.says("anime, please!") is None
        assert (await anna.picture()).text == "🎨 Anime"
        assert await styles_of(harness, anna) == ["anime"]


async def test_a_style_waits_ten_minutes_for_its_photo(tmp_path: Path) -> None:
    clock = ClockAhead()
    async with chat_harness(tmp_path, clock=clock) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        assert await anna.says("/style comic") is None
        await anna.sees("Retro comic\nNow send me the photo")
        assert await anna.says("anime") is None  # they have changed their mind
        await anna.sees("Anime\nNow send me the photo")
        await ben.sends(portrait_jpeg(shade=3))
        await ben.sees("Which style would you like?")
        assert await anna.sends(portrait_jpeg(shade=1)) is None
        assert await styles_of(harness, anna) == ["anime"]
        await anna.sends(portrait_jpeg(shade=2))  # the choice was for one photo
        await anna.sees("Which style would you like?")
        await anna.says("/cancel")
        await anna.says("/style 4")
        clock.ahead += CHOICE_SECONDS + 1
        await anna.sends(portrait_jpeg(shade=4))
        assert await styles_of(harness, anna) == ["anime"]


async def test_a_style_that_waits_is_for_all_photos_of_an_album_and_no_caption(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.says("/style anime")
        photos = tuple(file(portrait_jpeg(shade=shade)) for shade in (10, 20, 30))
        await anna.says("", attachments=photos)
        assert await styles_of(harness, anna) == ["anime"] * 3
        await anna.says("/style comic")
        await anna.sends(portrait_jpeg(shade=40), "/style 4")
        assert (await styles_of(harness, anna))[3:] == ["future"]
        assert "“foo”" in said(await anna.sends(portrait_jpeg(shade=50), "/style foo")).text
        assert len(await styles_of(harness, anna)) == 4


async def test_plain_words_do_what_they_say(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, mei = harness.person("anna"), harness.person("mei", "zh")
        assert said(await anna.says("thanks!")).text == "With pleasure! 😊"
        assert said(await mei.says("谢谢")).text == "不客气！😊"
        for nothing in ("😍", "❤️", "…"):
            assert await anna.says(nothing) is None
        assert said(await anna.says("help")).text == said(await anna.says("/help")).text
        assert said(await mei.says("怎么用？")).text == said(await mei.says("/help")).text
        assert "no photo to paint again" in said(await anna.says("again")).text
        await anna.sends(portrait_jpeg(), "/style 0")
        await mei.sends(portrait_jpeg(shade=9), "/style 0")
        assert await anna.says("more") is None
        assert await anna.says("again anime") is None
        assert await mei.says("再来一张") is None
        assert await styles_of(harness, anna) == ["comic", "comic", "anime"]
        assert await styles_of(harness, mei) == ["comic", "comic"]
        assert "Send me a photo" in said(await anna.says("more of what?")).text


async def test_cancel_ends_the_card_that_is_open(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        for words, photos in (("cancel", 1), ("/cancel", 2)):
            for shade in range(photos):
                await anna.sends(portrait_jpeg(shade=shade))
            expected = "I cancelled 1 picture." if photos == 1 else "I cancelled 2 pictures."
            assert said(await anna.says(words)).text.startswith(expected)
        assert said(await anna.says("取消")).text == "You have no pictures waiting."
        ben = harness.person("ben")  # whose only card it is
        await ben.sends(portrait_jpeg(shade=7))
        first = await ben.sees("Which style would you like?")
        shown = message_of(harness, first)
        await ben.sends(portrait_jpeg(shade=8))
        assert said(await ben.says("cancel", replied_to=shown)).text == "Cancelled."
        assert said(await ben.says("/cancel")).text.startswith("I cancelled 1 picture.")


async def test_again_repeats_the_picture_that_it_answers(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg(shade=1), "/style 0")
        first = message_of(harness, await anna.picture())
        await anna.sends(portrait_jpeg(shade=2), "/style 2")
        assert await anna.says("again", replied_to=first) is None
        assert await styles_of(harness, anna) == ["comic", "anime", "comic"]


async def test_a_style_in_reply_to_a_picture_repaints_its_photo(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg(shade=1), "/style 0")
        first = message_of(harness, await anna.picture())
        to_picture = {"replied_to": first, "replied": file(portrait_jpeg(shade=99))}  # as the platform passes it on
        assert await anna.says("anime", **to_picture) is None
        assert await anna.says("/style 4", **to_picture) is None
        assert await anna.says("/style comic", **to_picture) is None  # which it has: with new brushwork
        await anna.picture(4)
        past = list(reversed(await harness.app.services.queries.history(anna.person)))
        photos = [await harness.app.services.queries.own(anna.person, view.id) for view in past]
        assert len({photo.photo_hash for photo in photos if photo}) == 1
        assert [photo.style for photo in photos if photo] == [0, 2, 4, 0]
        assert len({(photo.style, photo.seed) for photo in photos if photo}) == 4
        assert "Did you mean" in said(await anna.says("/style anmie", **to_picture)).text
        await anna.sees("Which style would you like?")


async def test_a_style_in_reply_to_a_picture_whose_photo_is_gone_is_answered(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        await anna.says("/style 0", attachments=(file(portrait_jpeg(shade=1), anna.person),))
        to_picture = {
            "addressed": True,
            "replied_to": message_of(harness, await anna.picture()),
            "replied": file(portrait_jpeg(shade=99)),
        }
        async with harness.app.services.database.write() as connection:
            await connection.execute(text("UPDATE job SET photo = NULL"))  # deleted in time
        for user in (anna, ben):
            answer = said(await user.says("/style 2", **to_picture))
            assert answer.text == "I no longer have that photo. Please send it again."
        assert await styles_of(harness, anna) == ["comic"]
        assert await styles_of(harness, ben) == []


async def test_in_a_group_the_owner_of_the_photo_is_asked(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        await anna.says("/style 0", attachments=(file(portrait_jpeg(shade=1), anna.person),))
        first = message_of(harness, await anna.picture())
        to_picture = {"addressed": True, "replied_to": first, "replied": file(portrait_jpeg(shade=99))}
        assert await ben.says("/style 2", **to_picture) is None
        assert await styles_of(harness, ben) == []
        asked = await ben.sees("Owner of this photo: may I repaint it?")
        assert await anna.presses(asked, "No") is not None
        await ben.sees("said no")


async def test_in_groups_only_words_to_the_bot_count(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        await anna.says("/style", replied=file(portrait_jpeg()))
        card = message_of(harness, await anna.sees("Which style would you like?"))
        for words in ("anime", "2", "thanks", "again", "cancel", "help", "what a day"):
            assert await anna.says(words) is None  # among people
            assert await styles_of(harness, anna) == []
        to_card = {"addressed": True, "replied_to": card}
        for words in ("what a day", "thanks", "😍"):
            assert await anna.says(words, **to_card) is None
        for words in ("anime", "cancel", "again"):  # the card is Anna's
            assert await ben.says(words, **to_card) is None
        assert await styles_of(harness, ben) == []
        assert "Did you mean" in said(await anna.says("anmie", **to_card)).text
        assert await anna.says("anime", **to_card) is None
        assert await styles_of(harness, anna) == ["anime"]


async def test_a_mistyped_command_is_suggested_and_a_slash_before_a_style_does_no_harm(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, member = harness.person("anna"), harness.member("anna")
        assert said(await anna.says("/sytle 3")).text == "I don't know /sytle. Did you mean /style 3?"
        assert "Did you mean /help?" in said(await anna.says("/hlep")).text
        assert "admin" not in said(await anna.says("/admni")).text  # the owner's commands are nobody else's business
        assert "Send me a photo" in said(await anna.says("/dance")).text
        assert await member.says("/sytle 3") is None  # it may be another bot's
        for number, words in enumerate(("/anime", "/2", "/style_anime", "／二次元")):
            assert await anna.says(words, replied=file(portrait_jpeg(shade=number * 20))) is None, words
        assert await styles_of(harness, anna) == ["anime"] * 4


async def test_a_text_that_is_edited_into_a_command_counts(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        photo = file(portrait_jpeg())
        for text in ("/sytle 2", "hello", "styel 2"):
            await anna.says(text, replied=photo, source=f"test:{text}", message_id=text)
        assert await anna.says("/style 2", replied=photo, source="test:/sytle 2", edited=True) is None
        assert await styles_of(harness, anna) == ["anime"]
        for text in ("hello again, how are you", "thanks", "anime", "/help"):
            assert await anna.says(text, source="test:hello", edited=True) is None  # said before, or not to us
        await anna.sends(portrait_jpeg(shade=5))
        assert await anna.says("comic", source="test:hello", edited=True) is None
        assert await styles_of(harness, anna) == ["anime", "comic"]


async def test_a_saved_styles_name_goes_before_a_guess(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        await anna.sends(portrait_jpeg(shade=90), "/savestyle more")
        for user in (anna, ben):
            await user.sends(portrait_jpeg(shade=1))
        assert await anna.says("more") is None
        [job] = await harness.app.services.queries.history(anna.person)
        assert job.reference_name == "more"
        assert "no photo to paint again" in said(await ben.says("more")).text
        assert replace(job, reference_name=None).style == -1
