"""Every screen of the chat as text, in both languages, for docs/telegram.md.

`python -m tests.harness.telegram_screens` prints it.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from bot.admin.cards import admin_card, broadcasts_card, failures_text
from bot.admin.service import AccountFigures, AdminFigures
from bot.billing.credits import CreditPackage
from bot.billing.payments import offers_card, support_card, terms_text, thanks_text
from bot.conversation import photos, status, style_gallery
from bot.conversation.help import group_help_card, help_card, start_card, start_text
from bot.conversation.history import history_card
from bot.conversation.status import cancel_text, quota_text
from bot.conversation.style_gallery import styles_text
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, QuotaView, State
from bot.domain.styles import REFERENCE, STYLES, SavedStyle
from bot.groups import chat_commands as group_commands
from bot.groups.chat_commands import greeting_card
from bot.groups.settings import GroupSettings
from bot.groups.settings_commands import settings_card, styles_card
from bot.i18n import LANGUAGES, Texts, texts_for
from bot.messaging.album_card import album_card
from bot.messaging.job_card import confirm_delete_rows, job_card
from bot.messaging.platform import Card, Person, Picture
from bot.privacy import chat_commands as privacy_commands
from bot.privacy.chat_commands import confirm_forget_card, forgotten_text, language_card, opted_out_card, privacy_text
from bot.privacy.service import DeletedCounts, PrivacyFacts
from bot.saved_styles import chat_commands as saved_style_commands
from bot.saved_styles.cards import saved_card, saved_styles_card, shared_card
from bot.saved_styles.style_options import order_styles
from storage.admin_figures import DayFigures, Failure
from storage.broadcasts import Broadcast

HELP = sorted(
    (
        *(*photos.HELP, *style_gallery.HELP, *status.HELP, *saved_style_commands.HELP),
        *(*group_commands.HELP, *privacy_commands.HELP),
    ),
    key=lambda line: line.rank,
)
BEGIN, END = "<!-- screens: begin -->", "<!-- screens: end -->"
HOUR = 3600.0
PICTURE = Picture(b"", "repaint.jpg", "")

QUEUED = JobView(1042, State.QUEUED, 5, has_reference=False, created=0, updated=0, has_photo=True)
DRAFT = replace(QUEUED, state=State.DRAFT, style=None)
ASKED = replace(DRAFT, consent="asked", subject="7", asker_name="Anna", subject_name="Bertil")
QUOTA = QuotaView(limit=20, used=2, reserved=1, resets_at=5 * HOUR)

NOON = 1_790_000_000.0
PERSON = Person("telegram", "1")
SAVED_STYLES = (SavedStyle(1, "Quilt", 0.0, ""), SavedStyle(2, "Our team", 0.0, "", in_library=True))
HISTORY = (
    replace(QUEUED, state=State.DELIVERED, created=NOON, expires_at=NOON),
    replace(QUEUED, state=State.FAILED, style=2, created=NOON, error=UserError(ErrorCode.NO_FACE)),
    replace(QUEUED, state=State.RUNNING, style=7, created=NOON),
)
GROUP_SETTINGS = GroupSettings(
    styles=frozenset({0, 2}), daily_limit=50, cooldown_seconds=60, quiet_from=22 * 60, quiet_to=7 * 60
)
ADMIN_FIGURES = AdminFigures(
    accounts=(
        AccountFigures("cloud-1", None, 0, 412, 14.6),
        AccountFigures("cloud-2", "AllocationQuota.FreeTierOnly", 0, 500, 15.1),
    ),
    waiting=3,
    running=1,
    people=87,
    today=DayFigures(people=9, finished=31, failed=2, canceled=1, asked=36),
    declined=(),
    today_cny=Decimal("3.72"),
    month_images=412,
    month_cny=Decimal("49.44"),
    budget_cny=Decimal(100),
    failures=(Failure(1042, NOON, ErrorCode.NO_FACE.value, "InvalidParameter.NoHumanFace"),),
    broadcasts=(
        Broadcast(2, "I'll be away next week.", NOON, True, 87, 0, 0, 0),
        Broadcast(1, "Happy New Year!", NOON, False, 40, 45, 2, 0),
    ),
)

JOBS: tuple[tuple[str, JobView, Picture | None], ...] = (
    ("A photo without a style", DRAFT, None),
    ("A style picture without a photo", replace(DRAFT, has_photo=False, has_reference=True), None),
    ("In the queue", replace(QUEUED, place=3, eta_seconds=61.0), None),
    (
        "In the queue, a later photo",
        replace(QUEUED, eta_seconds=200.0, eta_is_minimum=True, cropped=True),
        None,
    ),
    ("Next, with a style picture", replace(QUEUED, style=REFERENCE, place=1, eta_seconds=20.0), None),
    ("Painting is paused", replace(QUEUED, place=3, paused=True), None),
    ("Handed over", replace(QUEUED, state=State.SUBMITTING, eta_seconds=16.0), None),
    ("Being painted", replace(QUEUED, state=State.RUNNING, progress=0.62, eta_seconds=6.0), None),
    ("Being fetched", replace(QUEUED, state=State.FETCHING), None),
    ("The picture", replace(QUEUED, state=State.STORED), PICTURE),
    ("Painted, but it can't be shown here", replace(QUEUED, state=State.STORED), None),
    ("No face", replace(QUEUED, state=State.FAILED, error=UserError(ErrorCode.NO_FACE)), None),
    ("The service is down", replace(QUEUED, state=State.FAILED, error=UserError(ErrorCode.SERVICE_DOWN)), None),
    ("Cancelled", replace(QUEUED, state=State.CANCELED), None),
    ("Somebody else's photo, in a group", replace(ASKED, style=5), None),
    ("Somebody else's photo, before a style is chosen", ASKED, None),
    ("They said no", replace(QUEUED, state=State.FAILED, error=UserError(ErrorCode.CONSENT_REFUSED)), None),
    ("Painted like a saved style", replace(QUEUED, state=State.STORED, reference_name="Quilt"), PICTURE),
    ("Waited too long for a style", replace(DRAFT, state=State.FAILED, error=UserError(ErrorCode.DRAFT_EXPIRED)), None),
)

THREE = tuple(replace(QUEUED, id=1042 + number, style=2) for number in range(3))
ALBUMS: tuple[tuple[str, tuple[JobView, ...], bool], ...] = (
    ("An album without a style", tuple(replace(view, state=State.DRAFT, style=None) for view in THREE), False),
    (
        "An album in the queue",
        (
            replace(THREE[0], place=4, eta_seconds=60.0),
            *(replace(THREE[at], eta_seconds=60.0 + 15 * at, eta_is_minimum=True) for at in (1, 2)),
        ),
        False,
    ),
    (
        "An album, one of three painted",
        (
            replace(THREE[0], state=State.DELIVERED),
            replace(THREE[1], state=State.RUNNING, progress=0.4, eta_seconds=9.0),
            replace(THREE[2], place=2, eta_seconds=40.0, eta_is_minimum=True),
        ),
        False,
    ),
    ("An album, painted: the pictures follow", tuple(replace(view, state=State.DELIVERED) for view in THREE), False),
    (
        "An album, one of three not painted",
        (
            replace(THREE[0], state=State.DELIVERED),
            replace(THREE[1], state=State.FAILED, error=UserError(ErrorCode.NO_FACE)),
            replace(THREE[2], state=State.DELIVERED),
        ),
        False,
    ),
    (
        "An album whose pictures may not have arrived",
        tuple(replace(view, state=State.DELIVERED) for view in THREE),
        True,
    ),
)


def as_text(card: Card) -> str:
    """A card as text: a placeholder for its picture, and buttons in brackets."""
    picture = ["( the picture )"] if card.picture else []
    if card.invoice:
        return f"( {card.invoice.title}: {card.invoice.stars} ⭐ )\n{card.invoice.description}"
    rows = ["".join(f"[ {button.label} ]" for button in row) for row in card.buttons]
    return "\n".join([*picture, card.text, *rows])


def command_screens(texts: Texts) -> Iterator[tuple[str, str]]:
    yield "/start", as_text(start_card(QUOTA, texts, 1, has_profile_photo=True))
    yield "/start in a group", start_text(QUOTA, texts, is_group=True)
    yield "/help", as_text(help_card(HELP, texts, full=False))
    yield "/help, all of it", as_text(help_card(HELP, texts, full=True))
    yield "/help in a group", as_text(group_help_card(texts, link="https://t.me/your_bot?start=help"))
    yield "/styles", "( the gallery )\n" + styles_text(STYLES[:3], texts)
    yield "/quota", quota_text(QUOTA, texts, 0.0)
    yield "/cancel", cancel_text(2, texts)


def _personal_choices(language: str) -> Card:
    styles = order_styles(STYLES[:6], (4, 2), None)
    return job_card(DRAFT, styles=styles, saved_styles=SAVED_STYLES, language=language)


def feature_screens(person: Person) -> Iterator[tuple[str, str]]:
    """Screens that are not about one picture."""
    texts = texts_for(person.language)
    yield "/history", as_text(history_card(HISTORY, person, page=0, now=NOON + 2 * 60))
    yield "/savestyle Quilt", as_text(saved_card(SAVED_STYLES[0], person, has_links=True))
    yield "/mystyles", as_text(saved_styles_card(SAVED_STYLES, person, page=0))
    yield "A link to share", as_text(shared_card(SAVED_STYLES[0], "https://t.me/your_bot?start=style_…", person))
    yield "/privacy", privacy_text(PrivacyFacts(24, 30, 1, 7), person)
    yield "/forget", as_text(confirm_forget_card(person))
    yield "Everything is deleted", forgotten_text(DeletedCounts(12, 9, 1, 14), texts)
    yield "/optout", as_text(opted_out_card(person, out=True))
    yield "/lang", as_text(language_card(person))
    yield "Added to a group, with privacy mode on", greeting_card(person, "your_bot", hears_all=False).text
    yield "/settings", as_text(settings_card(GROUP_SETTINGS, person))
    yield "The styles of a group", as_text(styles_card(GROUP_SETTINGS, STYLES[:5], person, page=0))
    yield "/give 3", thanks_text(3, 5, person)
    yield "/buy", as_text(offers_card((CreditPackage(10, 50), CreditPackage(50, 200)), 0, person))
    yield "/terms", terms_text(texts)
    yield "/paysupport", support_card("1", person, ("stx_8h2…",)).text
    yield "/admin", as_text(admin_card(ADMIN_FIGURES, texts, NOON))
    yield "/admin broadcast", as_text(broadcasts_card(ADMIN_FIGURES.broadcasts, texts))
    yield "The last troubles", failures_text(ADMIN_FIGURES.failures, texts)


def screens(language: str) -> Iterator[tuple[str, str]]:
    """Title and text of every screen."""
    for title, view, picture in JOBS:
        yield title, as_text(job_card(view, styles=STYLES, language=language, picture=picture))
    for title, views, in_doubt in ALBUMS:
        yield title, as_text(album_card(views, styles=STYLES, language=language, in_doubt=in_doubt))
    asked = Card("🎨 " + STYLES[5].name(language), confirm_delete_rows(QUEUED, language), PICTURE)
    yield "Deleting asks first", as_text(asked)
    yield "A photo without a style, with favourites and saved styles", as_text(_personal_choices(language))
    yield from command_screens(texts_for(language))
    yield from feature_screens(replace(PERSON, language=language))


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
