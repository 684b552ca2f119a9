"""A job's card in every state and language: its text, its buttons, and the limits of all platforms."""

from dataclasses import dataclass, replace
from itertools import chain

import pytest

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE, SHEET, STYLES
from bot.i18n import LANGUAGES
from bot.messaging.callback_data import (
    MAX_BYTES,
    AnswerConsent,
    CallbackData,
    CancelJob,
    ChangeStyle,
    ChooseStyle,
    Compare,
    DeleteJob,
    RepeatJob,
    SendFile,
    SurpriseMe,
    TurnStylePage,
    UseSavedStyle,
)
from bot.messaging.job_card import confirm_delete_rows, job_card
from bot.messaging.platform import DEFAULT_CAPABILITIES, Card, Picture
from tests.harness.buttons import presses, unpacked

JOB = JobView(1042, State.QUEUED, 5, has_reference=False, created=1.0, updated=1.0, has_photo=True)
DRAFT = replace(JOB, state=State.DRAFT, style=None)
PICTURE = Picture(b"jpeg", "repaint.jpg", "Chinese ink painting")

EVERY_STATE = [
    DRAFT,
    replace(DRAFT, style=5, consent="asked", subject="7"),
    replace(DRAFT, has_photo=False, has_reference=True),
    replace(DRAFT, cropped=True),
    replace(JOB, place=1, eta_seconds=20.0),
    replace(JOB, place=7, eta_seconds=100.0, eta_is_minimum=True, cropped=True),
    replace(JOB, place=2, paused=True),
    replace(JOB, style=REFERENCE, has_reference=True),
    replace(JOB, state=State.SUBMITTING, eta_seconds=15.0),
    replace(JOB, state=State.RUNNING, progress=0.42, eta_seconds=9.0),
    replace(JOB, state=State.FETCHING),
    replace(JOB, state=State.STORED, cropped=True),
    replace(JOB, state=State.DELIVERED, has_photo=False),
    *(replace(JOB, state=State.FAILED, error=UserError(reason)) for reason in ErrorCode),
    replace(JOB, state=State.CANCELED),
    replace(DRAFT, state=State.CANCELED),
]


def card_of(view: JobView, language: str = "en", page: int = 0, picture: Picture | None = None) -> Card:
    return job_card(view, styles=STYLES, language=language, page=page, picture=picture)


def kinds(card: Card) -> list[type[CallbackData]]:
    found = presses(card)
    assert None not in found
    return [type(press) for press in found if press]


def styles_on(card: Card) -> list[int]:
    return [press.style for press in presses(card) if isinstance(press, ChooseStyle)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", EVERY_STATE, ids=lambda view: f"{view.state}-{view.error and view.error.code}")
def test_every_card_has_text_and_fits_every_platform(view: JobView, language: str) -> None:
    card = card_of(view, language)
    assert 0 < len(card.text.encode("utf-16-le")) // 2 <= 1024
    for button in chain(*card.buttons):
        assert (1 <= len(button.data.encode()) <= MAX_BYTES) != (button.share is not None)
        assert 0 < len(button.label) <= 40
    assert all(card.buttons)
    assert len(card.buttons) <= 8


@dataclass(frozen=True)
class SavedStyleName:
    """A saved style."""

    id: int
    name: str


def test_saved_styles_are_offered_after_the_first_row() -> None:
    saved_styles = (SavedStyleName(7, "Grandma's quilt"), SavedStyleName(8, "x" * 40))
    card = job_card(DRAFT, styles=STYLES, saved_styles=saved_styles, language="en")
    labels = [button.label for button in chain(*card.buttons)]
    assert labels[:4] == ["Retro comic", "3D fairy tale", "⭐ Grandma's quilt", "⭐ " + "x" * 33 + "…"]
    assert unpacked(card.buttons[1][0].data) == UseSavedStyle(1042, 7)


def test_a_draft_offers_a_random_style_and_the_sheet_if_available() -> None:
    assert SurpriseMe in kinds(card_of(DRAFT))
    without = {button.label for button in chain(*card_of(DRAFT).buttons)}
    with_sheet = {button.label for button in chain(*job_card(DRAFT, styles=(*STYLES, SHEET), language="en").buttons)}
    assert with_sheet - without == {"✨ All at once"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_consent_card_mentions_the_person_in_the_photo(language: str) -> None:
    card = card_of(replace(DRAFT, style=5, consent="asked", subject="7"), language)
    assert kinds(card) == [AnswerConsent, AnswerConsent, CancelJob]
    assert card.mention is not None
    assert card.mention.platform_id == "7"
    assert card.text.count(card.mention.text) == 1


def test_a_saved_style_is_shown_by_its_name() -> None:
    card = card_of(replace(JOB, style=REFERENCE, reference_name="Grandma's quilt", place=1))
    assert card.text.startswith("🎨 Grandma's quilt")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_style_is_on_exactly_one_page(language: str) -> None:
    pages = [
        styles_on(card_of(DRAFT, language, page))
        for page in range(-(-len(STYLES) // DEFAULT_CAPABILITIES.styles_per_page))
    ]
    assert list(chain(*pages)) == [style.index for style in STYLES]


def test_style_buttons_carry_number_and_name() -> None:
    assert card_of(DRAFT).buttons[0][0].label == "Retro comic"
    assert card_of(DRAFT, "zh").buttons[0][0].label == "复古漫画"


def test_pages_wrap_around_and_are_clamped() -> None:
    last = card_of(DRAFT, page=2)
    turning = [(button.label, button.data) for button in last.buttons[-3]]
    assert turning == [("◀", "page:1042:1"), ("3/3", "page:1042:2"), ("▶", "page:1042:0")]
    assert card_of(DRAFT, page=99) == last


def test_the_first_page_says_that_it_is_the_first() -> None:
    assert [button.label for button in card_of(DRAFT).buttons[-3]] == ["◀", "1/3", "▶"]


def test_few_styles_need_no_pages() -> None:
    card = job_card(DRAFT, styles=STYLES[:7], language="en")
    assert TurnStylePage not in kinds(card)


def test_a_reference_without_a_photo_asks_for_the_photo() -> None:
    card = card_of(replace(DRAFT, has_photo=False, has_reference=True))
    assert "send me the photo" in card.text
    assert kinds(card) == [CancelJob]


def test_a_queued_card_shows_place_and_time_and_can_be_cancelled() -> None:
    card = card_of(replace(JOB, place=3, eta_seconds=61.0))
    assert card.text == "🎨 Chinese ink painting\nPlace 3 in the queue.\nAbout 2 minutes left."
    assert kinds(card) == [CancelJob]


def test_a_minimum_estimate_is_shown_as_at_least() -> None:
    assert "At least 2 minutes left." in card_of(replace(JOB, place=9, eta_seconds=120.0, eta_is_minimum=True)).text
    assert "至少还要2分钟" in card_of(replace(JOB, place=9, eta_seconds=120.0, eta_is_minimum=True), "zh").text


def test_a_pause_is_shown_without_an_estimate() -> None:
    card = card_of(replace(JOB, place=3, eta_seconds=61.0, paused=True))
    assert "paused" in card.text
    assert "left" not in card.text


@pytest.mark.parametrize(
    ("progress", "bar"),
    [(0.0, "▱▱▱▱▱▱▱▱▱▱ 0 %"), (0.42, "▰▰▰▰▱▱▱▱▱▱ 42 %"), (1.0, "▰▰▰▰▰▰▰▰▰▰ 100 %"), (1.7, "▰▰▰▰▰▰▰▰▰▰ 100 %")],
)
def test_a_running_card_shows_its_progress(progress: float, bar: str) -> None:
    assert bar in card_of(replace(JOB, state=State.RUNNING, progress=progress)).text


def test_a_picture_is_captioned_with_its_style_and_offers_what_can_be_done() -> None:
    card = card_of(replace(JOB, state=State.STORED), picture=PICTURE)
    assert card.picture == PICTURE
    assert card.text == "🎨 Chinese ink painting"
    assert kinds(card) == [RepeatJob, ChangeStyle, SendFile, Compare, DeleteJob]
    assert [button.share for button in chain(*card.buttons) if button.share] == ["#1042"]


def test_without_its_photo_a_job_cannot_be_repeated() -> None:
    card = card_of(replace(JOB, state=State.DELIVERED, has_photo=False), picture=PICTURE)
    assert kinds(card) == [SendFile, DeleteJob]


def test_cropping_is_mentioned() -> None:
    assert "round the face" in card_of(replace(JOB, state=State.STORED, cropped=True), picture=PICTURE).text


def test_a_failed_card_gives_the_reason_and_says_that_the_unit_is_back() -> None:
    card = card_of(replace(JOB, state=State.FAILED, error=UserError(ErrorCode.NO_FACE)))
    assert "can't find a face" in card.text
    assert "doesn't count towards your quota" in card.text
    assert kinds(card) == []


def test_a_temporary_failure_offers_another_try() -> None:
    card = card_of(replace(JOB, state=State.FAILED, error=UserError(ErrorCode.SERVICE_DOWN)))
    assert kinds(card) == [RepeatJob, ChangeStyle]


def test_an_expired_draft_does_not_mention_the_quota() -> None:
    card = card_of(replace(DRAFT, state=State.FAILED, error=UserError(ErrorCode.DRAFT_EXPIRED)))
    assert "quota" not in card.text


def test_a_cancelled_job_mentions_the_returned_unit_and_a_draft_does_not() -> None:
    assert "doesn't count towards your quota" in card_of(replace(JOB, state=State.CANCELED)).text
    assert card_of(replace(DRAFT, state=State.CANCELED)).text == "Cancelled."


def test_deleting_asks_for_confirmation() -> None:
    yes, no = confirm_delete_rows(JOB, "en")[0]
    assert unpacked(yes.data) == DeleteJob(1042, 1)
    assert unpacked(no.data) == DeleteJob(1042, 0)
