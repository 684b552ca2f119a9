"""Platforms with forms, ephemeral answers, and style suggestions."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.job_view import State
from bot.domain.styles import STYLES
from bot.jobs.request import JobRequest
from bot.messaging.callback_data import DeleteJob, TurnStylePage
from bot.messaging.incoming import ButtonPress
from bot.messaging.platform import Capabilities, Person
from bot.saved_styles.style_options import StyleOptions, suggestions
from bot.services import open_conversation
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import accepted, running_app
from tests.harness.chat import GROUP, ChatHarness, ChatUser, chat_harness, file, labels, said

FORMS = Capabilities(styles_per_page=24, max_file_bytes=1_000_000, has_forms=True)


def with_forms(harness: ChatHarness) -> ChatHarness:
    """The same harness, with a conversation for a platform with forms."""
    conversation = open_conversation(harness.app.services, "us", randbelow=lambda _: 0, capabilities=FORMS)
    return replace(harness, conversation=conversation)


async def in_full(person: ChatUser) -> str:
    """The help after a press of its button."""
    in_full = (await person.presses(said(await person.says("/help")), "More")).edit
    assert in_full is not None
    return in_full.text


async def test_help_on_a_platform_with_forms_describes_the_forms(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, filling = harness.person("anna"), with_forms(harness).person("anna")
        typed, filled = await in_full(anna), await in_full(filling)
        assert "as the caption" in typed
        assert "as the caption" not in filled
        assert "Apps, Repaint this photo" in filled


async def test_the_gallery_is_paged_on_platforms_with_little_room(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        assert said(await harness.person("anna").says("/styles")).buttons == ()
        few = replace(FORMS, samples_per_page=4)
        conversation = open_conversation(harness.app.services, "us", capabilities=few)
        anna = replace(harness, conversation=conversation).person("anna")
        first = said(await anna.says("/styles"))
        second = (await anna.presses(first, "▶")).edit
        assert second is not None
        assert first.picture is not None
        assert second.picture is not None
        assert first.picture.jpeg != second.picture.jpeg
        assert first.text.splitlines()[0] == "0 · Retro comic"
        assert second.text.splitlines()[0] != first.text.splitlines()[0]


async def test_an_ephemeral_answer_may_be_private_in_a_group(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = with_forms(harness).member("anna")
        assert "read this chat" in said(await anna.says("/export", addressed=True)).text
        assert "gathering" in said(await anna.says("/export", addressed=True, is_ephemeral=True)).text


async def test_a_picture_submitted_in_a_form_is_the_reference(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as plain:
        harness = with_forms(plain)
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg())
        card = await anna.sees("Which style")
        [view] = await harness.app.services.queries.album_of(anna.person, card.job or 0)
        pressed = ButtonPress(anna.person, anna.chat, "", "test:form", "m1")
        answer = await harness.conversation.buttons.reference_submitted(pressed, view.id, file(portrait_jpeg(shade=90)))
        assert answer.notice == ""
        assert (await anna.picture()).text == "🎨 Your own style picture"


async def test_in_a_form_the_last_of_several_pictures_is_the_reference(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as plain:
        anna = with_forms(plain).person("anna")
        pictures = tuple(file(portrait_jpeg(shade=shade)) for shade in (10, 50, 90))
        await anna.says("/style ref", attachments=pictures)
        card = await anna.sees("All 2 pictures are ready")
        assert len(card.pictures) == 2
        assert "exactly two" in said(await plain.person("ben").says("/style ref", attachments=pictures)).text


async def test_only_platforms_with_forms_offer_to_upload_a_reference(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as plain:
        anna, harness = plain.person("anna"), with_forms(plain)
        await anna.sends(portrait_jpeg())
        card = await anna.sees("Which style")
        assert not any("A picture of mine" in label for label in labels(card))
        page = await harness.conversation.buttons.press(
            ButtonPress(anna.person, anna.chat, TurnStylePage(card.job or 0, 0).pack(), "test:page", "m1")
        )
        assert page.rows is not None
        assert any("A picture of mine" in button.label for row in page.rows for button in row)


async def test_a_group_admin_can_delete_a_picture_requested_in_the_group(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben, chief = harness.member("anna"), harness.member("ben"), harness.member("chief", admin=True)
        await anna.sends(portrait_jpeg(), "/style 0")
        card = await anna.picture()
        data = DeleteJob(card.job or 0, 1).pack()
        assert (await ben.presses_data(card, data)).alert
        elsewhere = replace(chief, chat=replace(GROUP, platform_id="another"))
        assert (await elsewhere.presses_data(card, data)).alert
        assert (await chief.presses_data(card, data)).remove
        assert await harness.app.services.queries.job(anna.person, card.job or 0) is None


async def test_without_a_reported_language_the_last_one_is_used(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        reporting, silent = Person("test", "anna", "zh-CN"), Person("test", "anna", "")
        chat = replace(GROUP, is_group=False)
        assert await app.services.queries.language(silent) == ""
        accepted(await app.services.jobs.draft(JobRequest(reporting, chat, "test:1", photo=portrait_jpeg())))
        assert await app.services.queries.language(silent) == "zh-CN"
        view = accepted(await app.services.jobs.draft(JobRequest(silent, chat, "test:2", photo=portrait_jpeg(shade=9))))
        assert view.state is State.DRAFT
        assert await app.services.queries.language(silent) == "zh-CN"
        assert await app.services.queries.language(replace(silent, language="en")) == "en"


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("ani", "en", [("2 · Anime", "2"), ("36 · Anime world", "36")]),
        ("30", "en", [("30 · Fairy-tale world", "30")]),
        ("漫画", "zh", [("0 · 复古漫画", "0")]),
        ("newyear", "en", [("9 · New Year celebration", "9")]),
        ("nothing like it", "en", []),
    ],
)
def test_styles_are_suggested_by_number_word_and_slug(text: str, language: str, found: list[tuple[str, str]]) -> None:
    assert suggestions(text, StyleOptions(STYLES), language, 25) == found


def test_suggestions_are_limited() -> None:
    assert len(suggestions("", StyleOptions(STYLES), "en", 5)) == 5
