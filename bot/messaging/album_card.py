"""The card that shows all photos of one request, in every state; and what the captions of an album ask for. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import ENDED, WAITING, JobView, State
from bot.domain.styles import STYLES, Style
from bot.i18n import Texts, error_message, texts_for
from bot.messaging import job_card
from bot.messaging.callback_data import AlbumAction, AlbumPress, CancelJob, OpenPicture
from bot.messaging.commands import parse_text
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Picture
from bot.messaging.style_samples import NamedStyle
from bot.messaging.style_text import find_style

COLUMNS = 5  # of the buttons that open a picture
PAINTED = frozenset({State.STORED, State.DELIVERED})


DELETING = frozenset({AlbumAction.DELETE, AlbumAction.CONFIRM_DELETE, AlbumAction.KEEP})


def album_card(
    views: Sequence[JobView],
    *,
    styles: Sequence[Style],
    language: str,
    saved_styles: Sequence[NamedStyle] = (),
    pictures: Sequence[Picture] = (),
    in_doubt: bool = False,
    capabilities: Capabilities = DEFAULT_CAPABILITIES,
) -> Card:
    """The card of the jobs of one request, in the order of their photos; a single job gets its usual job card.

    `styles` and `saved_styles` are those on offer, for drafts; `pictures`: the finished pictures to show with it;
    `in_doubt`: it is unknown whether pictures sent in messages of their own arrived.
    """
    picture = pictures[0] if len(pictures) == 1 else None
    if len(views) == 1:
        return job_card.job_card(
            views[0],
            styles=styles,
            language=language,
            saved_styles=saved_styles,
            picture=picture,
            capabilities=capabilities,
        )
    texts, card = (
        texts_for(language),
        Card("", picture=picture, job=views[0].id, in_progress=any(map(job_card.is_in_progress, views))),
    )
    card = replace(card, pictures=tuple(pictures) if picture is None else ())
    drafts = [view for view in views if view.state is State.DRAFT]
    if drafts:
        rows = job_card.job_buttons(
            drafts[0], styles=styles, language=language, saved_styles=saved_styles, capabilities=capabilities
        )
        return replace(card, text=_join_lines(_question(len(drafts), texts), _cropped(views, texts)), buttons=rows)
    if any(view.state in WAITING for view in views):
        return replace(card, text=_progress(views, texts), buttons=(_cancel_row(views, texts),))
    return replace(card, text=_outcome(views, texts, in_doubt=in_doubt), buttons=settled_rows(views, language))


def shows_samples(views: Sequence[JobView], capabilities: Capabilities) -> bool:
    """Whether samples belong to the card: it asks for a style. A message can change its picture, but not lose it, where
    albums are sent beside their card: there an album's card would show the samples for good."""
    drafts = [view for view in views if view.state is State.DRAFT]
    becomes_picture = len(views) == 1 or not capabilities.sends_albums
    asks = bool(drafts) and drafts[0].has_photo and drafts[0].consent != "asked"
    return capabilities.shows_samples and becomes_picture and asks


def settled_rows(views: Sequence[JobView], language: str) -> ButtonRows:
    """The buttons of an album that has ended: one for each picture, then the actions for all of them."""
    texts, painted = texts_for(language), [view for view in views if view.state in PAINTED]
    if len(painted) == 1:
        return job_card.job_buttons(painted[0], styles=(), language=language)
    numbers = [Button(f"🖼 {n}", OpenPicture(view.id).pack()) for n, view in enumerate(painted, 1)]
    shown = tuple(tuple(numbers[start : start + COLUMNS]) for start in range(0, len(numbers), COLUMNS))
    other = _button(views, AlbumAction.OTHER_STYLE, texts.gettext("🎨 Another style"))
    if not painted:
        return ((other,),) if any(view.has_photo for view in views) else ()
    files = _button(views, AlbumAction.FILES, texts.gettext("📄 As files"))
    delete = _button(views, AlbumAction.DELETE, texts.gettext("🗑 Delete all"))
    return (*shown, (other, files) if any(view.has_photo for view in views) else (files,), (delete,))


def confirm_delete_all_rows(views: Sequence[JobView], language: str) -> ButtonRows:
    """The buttons that ask for confirmation before deleting all."""
    texts = texts_for(language)
    yes = _button(views, AlbumAction.CONFIRM_DELETE, texts.gettext("🗑 Yes, delete all"))
    return ((yes, _button(views, AlbumAction.KEEP, texts.gettext("Keep them"))),)


def last_to_finish(views: Sequence[JobView]) -> JobView:
    """The job expected to finish last: of those in the queue the last, else the last that waits; if none does, the last
    photo's."""
    waiting = [view for view in views if view.state in WAITING]
    return max(waiting or views, key=lambda view: (view.state is State.QUEUED, view.place is None, view.id))


def next_place(views: Sequence[JobView]) -> int | None:
    """The place of the next job in the queue: those after it have none yet."""
    return min((view.place for view in views if view.place is not None), default=None)


def count_ended(views: Sequence[JobView]) -> int:
    """How many of the jobs have ended."""
    return sum(view.state in ENDED for view in views)


def _button(views: Sequence[JobView], action: AlbumAction, label: str) -> Button:
    return Button(label, AlbumPress(views[0].id, action).pack())


def _join_lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _question(photos: int, texts: Texts) -> str:
    return texts.ngettext(
        "Which style would you like for this photo?", "Which style would you like for these {n} photos?", photos
    )


def _cropped(views: Sequence[JobView], texts: Texts) -> str:
    if not any(view.cropped for view in views):
        return ""
    return texts.gettext("Where a photo was very long, I used the part around the face.")


def _title(views: Sequence[JobView], texts: Texts) -> str:
    """The style, if all have the same, and the number of photos."""
    photos = texts.ngettext("{n} photo", "{n} photos", len(views))
    names = {job_card.style_title(view, texts) for view in views if view.style is not None}
    if not names:  # their person's data was deleted
        return ""
    return f"🎨 {names.pop()} · {photos}" if len(names) == 1 else f"🎨 {photos}"


def _progress(views: Sequence[JobView], texts: Texts) -> str:
    """How many are done, the place of the next one, and the progress of the last one."""
    painted, ended, last = sum(view.state in PAINTED for view in views), count_ended(views), last_to_finish(views)
    lines = job_card.progress_lines(last, texts)
    place = next_place(views)
    if place is not None and last.place is None:
        lines[0] = (
            texts.gettext("One is next, the rest comes after it.")
            if place == 1
            else texts.gettext("The next one is at place {place} in the queue, the rest comes after it.", place=place)
        )
    count = texts.gettext("{painted} of {all} painted.", painted=painted, all=len(views)) if ended else ""
    return _join_lines(_title(views, texts), count, *lines, _cropped(views, texts))


def _cancel_row(views: Sequence[JobView], texts: Texts) -> tuple[Button, ...]:
    label = texts.gettext("✖ Cancel the rest") if count_ended(views) else texts.gettext("✖ Cancel all")
    return (Button(label, CancelJob(views[0].id).pack()),)


def _outcome(views: Sequence[JobView], texts: Texts, *, in_doubt: bool) -> str:
    painted = sum(view.state in PAINTED for view in views)
    if painted == len(views):
        ready = texts.ngettext("{n} picture is ready.", "All {n} pictures are ready.", painted)
    elif painted:
        ready = texts.gettext("{painted} of {all} pictures are ready.", painted=painted, all=len(views))
    else:
        ready = ""
    doubt = texts.gettext("If you don't see them here, tap a number.") if in_doubt else ""
    lines = [_title(views, texts), ready, doubt, *_failures(views, texts), _cropped(views, texts) if painted else ""]
    return _join_lines(*lines)


def _failures(views: Sequence[JobView], texts: Texts) -> list[str]:
    """Why which photos have no picture, and that these were not charged."""
    reasons: dict[str, list[int]] = {}
    for number, view in enumerate(views, 1):
        if view.state not in PAINTED:
            reasons.setdefault(_why(view, texts), []).append(number)
    if not reasons:
        return []
    if len(reasons) == 1 and len(next(iter(reasons.values()))) == len(views):
        lines = list(reasons)
    else:
        lines = [
            texts.gettext("Photo {numbers}: {why}", numbers=_comma_separated(at), why=why)
            for why, at in reasons.items()
        ]
    return [*lines, texts.gettext("Only painted pictures count.")]


def _why(view: JobView, texts: Texts) -> str:
    if view.state is State.CANCELED:
        return texts.gettext("Cancelled.")
    return error_message(view.error or UserError(ErrorCode.SERVICE_DOWN), texts)


def _comma_separated(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def caption_of(captions: Sequence[str]) -> str:
    """The caption that holds for the whole album: the first that is a command or names a style, else the first one."""
    written = [caption for caption in captions if caption]
    return next((caption for caption in written if _asks(caption)), next(iter(written), ""))


def split_by_caption(captions: Sequence[str]) -> list[list[int]]:
    """The numbers (from 0) of the photos that are one request each. Photos whose captions ask for different things are
    requests of their own; those without such a caption go with the first."""
    common = caption_of(captions)
    requests: dict[str, list[int]] = {}
    for number, caption in enumerate(captions):
        requests.setdefault(caption if _asks(caption) else common, []).append(number)
    return list(requests.values())


def _asks(caption: str) -> bool:
    return parse_text(caption).command is not None or isinstance(find_style(caption, STYLES), Style)
