"""The album card: its text and buttons in every state."""

from dataclasses import replace
from itertools import chain

import pytest

from bot.delivery.outbox import is_worth_an_edit
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import STYLES
from bot.messaging.album_card import album_card, confirm_delete_all_rows, last_to_finish, settled_rows
from bot.messaging.callback_data import AlbumAction, AlbumPress, OpenPicture
from bot.messaging.platform import Card, Picture
from tests.harness.buttons import presses, unpacked

ONE = JobView(1, State.QUEUED, 2, has_reference=False, created=0, updated=0, has_photo=True)
NO_FACE = UserError(ErrorCode.NO_FACE)


def views(*states: State, **changes: object) -> tuple[JobView, ...]:
    """One job for each state, numbered from 1."""
    return tuple(replace(ONE, id=number, state=state, **changes) for number, state in enumerate(states, 1))  # type: ignore[arg-type]  # fields of a view


def card_of(jobs: tuple[JobView, ...], language: str = "en", **more: object) -> Card:
    return album_card(jobs, styles=STYLES, language=language, **more)  # type: ignore[arg-type]  # keywords of a card


def labels(card: Card) -> list[str]:
    return [button.label for button in chain(*card.buttons)]


def test_drafts_without_a_style_ask_one_question() -> None:
    card = card_of(views(State.DRAFT, State.DRAFT, State.DRAFT))
    assert card.text == "Which style would you like for these 3 photos?"
    assert {getattr(press, "job", None) for press in presses(card) if press} == {1}
    assert "✖ Cancel" in labels(card)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (1, "One is next, the rest comes after it."),
        (2, "The next one is at place 2 in the queue, the rest comes after it."),
        (None, "In the queue, after your first photo."),  # which is not in this album
    ],
)
def test_waiting_jobs_show_the_place_of_the_next_and_the_least_time_of_the_last(place: int | None, words: str) -> None:
    first, last = views(State.QUEUED, State.QUEUED)
    last = replace(last, eta_seconds=200.0, eta_is_minimum=True)
    jobs = (replace(first, place=place, eta_seconds=30.0), last)
    assert card_of(jobs).text == f"🎨 Anime · 2 photos\n{words}\nAt least 3 minutes left."
    assert labels(card_of(jobs)) == ["✖ Cancel all"]


def test_finished_jobs_are_counted_and_the_rest_can_be_cancelled() -> None:
    jobs = views(State.STORED, State.FAILED, State.RUNNING)
    jobs = (*jobs[:2], replace(jobs[2], progress=0.5, eta_seconds=8.0))
    assert card_of(jobs).text.splitlines() == [
        *("🎨 Anime · 3 photos", "1 of 3 painted.", "Painting…", "▰▰▰▰▰▱▱▱▱▱ 50 %", "About 10 seconds left."),
    ]
    assert labels(card_of(jobs)) == ["✖ Cancel the rest"]


def test_a_finished_album_has_a_button_for_each_picture() -> None:
    card = card_of(views(*[State.STORED] * 6))
    assert card.text == "🎨 Anime · 6 photos\nAll 6 pictures are ready."
    assert labels(card) == [f"🖼 {n}" for n in range(1, 7)] + ["🎨 Another style", "📄 As files", "🗑 Delete all"]
    assert [unpacked(button.data) for button in card.buttons[0]][:2] == [OpenPicture(1), OpenPicture(2)]


def test_failures_are_listed_by_photo() -> None:
    jobs = views(State.DELIVERED, State.FAILED, State.DELIVERED, State.CANCELED, State.FAILED)
    jobs = tuple(replace(job, error=NO_FACE) if job.state is State.FAILED else job for job in jobs)
    assert card_of(jobs).text.splitlines() == [
        "🎨 Anime · 5 photos",
        "2 of 5 pictures are ready.",
        "Photo 2, 5: I can't find a face in this photo. A clear photo from the front works best.",
        "Photo 4: Cancelled.",
        "Only painted pictures count.",
    ]
    assert labels(card_of(jobs))[:2] == ["🖼 1", "🖼 2"], "finished pictures are numbered in order"


def test_if_all_photos_fail_the_reason_is_given_once() -> None:
    jobs = views(State.FAILED, State.FAILED, error=NO_FACE)
    assert card_of(jobs).text.count("face in this photo") == 1
    assert "Photo" not in card_of(jobs).text
    assert labels(card_of(jobs)) == ["🎨 Another style"]
    assert labels(card_of(tuple(replace(job, has_photo=False) for job in jobs))) == []


def test_the_only_finished_picture_is_shown_by_the_card_itself() -> None:
    jobs = views(State.STORED, State.CANCELED)
    only = Picture(b"", "1.jpg", "", job=1)
    card = card_of(jobs, pictures=(only,))
    assert (card.picture, card.pictures) == (only, ())
    assert "◧ Before and after" in labels(card)


def test_the_card_holds_all_pictures_where_a_message_can() -> None:
    pictures = tuple(Picture(b"", f"{n}.jpg", "", job=n) for n in (1, 2))
    card = card_of(views(State.STORED, State.STORED), pictures=pictures)
    assert (card.picture, card.pictures) == (None, pictures)


def test_a_forgotten_album_shows_no_style() -> None:
    card = card_of(views(State.CANCELED, State.CANCELED, style=None, has_photo=False))
    assert card.text.startswith("Cancelled.")
    assert card.buttons == ()


def test_a_single_photo_has_the_usual_job_card() -> None:
    [job] = views(State.STORED)
    assert "📄 As file" in labels(card_of((job,)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_doubtful_delivery_is_mentioned_and_deleting_asks_first(language: str) -> None:
    jobs = views(State.STORED, State.STORED)
    certain, doubtful = card_of(jobs, language), card_of(jobs, language, in_doubt=True)
    assert len(doubtful.text.splitlines()) == len(certain.text.splitlines()) + 1
    [yes, no] = confirm_delete_all_rows(jobs, language)[0]
    assert (unpacked(yes.data), unpacked(no.data)) == (
        AlbumPress(1, AlbumAction.CONFIRM_DELETE),
        AlbumPress(1, AlbumAction.KEEP),
    )
    assert settled_rows(jobs, language) == certain.buttons


def test_the_last_job_is_the_one_that_finishes_last() -> None:
    jobs = views(State.QUEUED, State.QUEUED, State.RUNNING)
    jobs = (replace(jobs[0], place=7), replace(jobs[1], eta_is_minimum=True), jobs[2])
    assert last_to_finish(jobs).id == 2
    assert last_to_finish(views(State.STORED, State.FAILED)).id == 2


def test_the_card_is_edited_when_a_job_finishes_or_the_last_one_moves() -> None:
    before = views(State.RUNNING, State.QUEUED, place=5)
    done = views(State.STORED, State.QUEUED, place=5)
    moved = views(State.RUNNING, State.QUEUED, place=4)
    assert not is_worth_an_edit(before, before, 1.0, is_group=False)
    assert is_worth_an_edit(before, done, 1.0, is_group=False)
    assert is_worth_an_edit(before, moved, 1.0, is_group=False)
    assert not is_worth_an_edit(views(State.QUEUED, State.QUEUED, place=5), before, 1.0, is_group=False)
