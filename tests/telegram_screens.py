"""Every screen of the chat as text, in both languages. `python -m tests.telegram_screens` prints it for the docs."""

import sys
from collections.abc import Iterator
from dataclasses import replace

from bot.cards import job_card, really_delete
from bot.chat import Card, Picture
from bot.pages import cancel_text, help_text, quota_text, start_text, styles_text
from bot.styles import REFERENCE, STYLES
from bot.texts import LANGUAGES, Texts, speak
from bot.wishes import JobView, QuotaView, Reason, Refusal, State

BEGIN, END = "<!-- screens: begin -->", "<!-- screens: end -->"
HOUR = 3600.0
PICTURE = Picture(b"", "repaint.jpg", "")

QUEUED = JobView(1042, State.QUEUED, 5, has_reference=False, created=0, updated=0, has_photo=True)
DRAFT = replace(QUEUED, state=State.DRAFT, style=None)
QUOTA = QuotaView(limit=20, used=2, reserved=1, resets_at=5 * HOUR)

JOBS: tuple[tuple[str, JobView, Picture | None], ...] = (
    ("A photo without a style", DRAFT, None),
    ("A style picture without a photo", replace(DRAFT, has_photo=False, has_reference=True), None),
    ("In the queue", replace(QUEUED, place=3, eta_seconds=61.0), None),
    ("In the queue, a later photo", replace(QUEUED, place=9, eta_seconds=200.0, eta_is_least=True, cropped=True), None),
    ("Next, with a style picture", replace(QUEUED, style=REFERENCE, place=1, eta_seconds=20.0), None),
    ("Painting is paused", replace(QUEUED, place=3, paused=True), None),
    ("Handed over", replace(QUEUED, state=State.SUBMITTING, eta_seconds=16.0), None),
    ("Being painted", replace(QUEUED, state=State.RUNNING, progress=0.62, eta_seconds=6.0), None),
    ("Being fetched", replace(QUEUED, state=State.FETCHING), None),
    ("The picture", replace(QUEUED, state=State.STORED), PICTURE),
    ("Painted, but it can't be shown here", replace(QUEUED, state=State.STORED), None),
    ("No face", replace(QUEUED, state=State.FAILED, refusal=Refusal(Reason.NO_FACE)), None),
    ("The service is down", replace(QUEUED, state=State.FAILED, refusal=Refusal(Reason.SERVICE_DOWN)), None),
    ("Cancelled", replace(QUEUED, state=State.CANCELED), None),
    ("Waited too long for a style", replace(DRAFT, state=State.FAILED, refusal=Refusal(Reason.DRAFT_EXPIRED)), None),
)


def drawn(card: Card) -> str:
    """A card as text: its picture as a frame, its buttons in brackets."""
    picture = ["( the picture )"] if card.picture else []
    rows = ["".join(f"[ {button.label} ]" for button in row) for row in card.buttons]
    return "\n".join([*picture, card.text, *rows])


def pages(texts: Texts) -> Iterator[tuple[str, str]]:
    yield "/start", start_text(QUOTA, texts, is_group=False)
    yield "/start in a group", start_text(QUOTA, texts, is_group=True)
    yield "/help", help_text(texts)
    yield "/styles", "( the gallery )\n" + styles_text(STYLES[:3], texts)
    yield "/quota", quota_text(QUOTA, texts, 0.0)
    yield "/cancel", cancel_text(2, texts)


def screens(language: str) -> Iterator[tuple[str, str]]:
    """Title and drawing of every screen."""
    for title, view, picture in JOBS:
        yield title, drawn(job_card(view, styles=STYLES, language=language, picture=picture))
    asked = Card("🎨 " + STYLES[5].name(language), really_delete(QUEUED, language), PICTURE)
    yield "Deleting asks first", drawn(asked)
    yield from pages(speak(language))


def document() -> str:
    """The chapter of docs/telegram.md."""
    by_language = [list(screens(language)) for language in LANGUAGES]
    parts = [BEGIN]
    for same in zip(*by_language, strict=True):
        parts.append(f"**{same[0][0]}**")
        parts += [f"```\n{drawing}\n```" for _, drawing in same]
    return "\n\n".join([*parts, END])


if __name__ == "__main__":
    sys.stdout.write(document() + "\n")
