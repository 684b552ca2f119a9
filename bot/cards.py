"""A job's card: the one message that lives as long as the job, as text and buttons, for every state. Pure.

The same card on every platform: a text of at most 1,024 characters (Telegram's caption) with no markup in it.
"""

from collections.abc import Sequence

from bot.buttons import Press, Verb
from bot.chat import Button, Card, Picture
from bot.styles import REFERENCE, Style, by_index
from bot.texts import Texts, mark, refusal, speak
from bot.wishes import JobView, Reason, Refusal, State

Rows = tuple[tuple[Button, ...], ...]

COLUMNS = 2
STYLES_ON_A_PAGE = 8
_BAR = 10  # blocks of the progress bar

_WORTH_ANOTHER_TRY = frozenset({Reason.SERVICE_DOWN, Reason.RESULT_LOST})
_NO_UNIT_WAS_SPENT = frozenset({Reason.DRAFT_EXPIRED})
_DOING = {
    State.SUBMITTING: mark("It's your turn: painting starts."),
    State.RUNNING: mark("Painting…"),
    State.FETCHING: mark("Almost done: fetching the picture."),
}


def job_card(
    view: JobView, *, styles: Sequence[Style], language: str, page: int = 0, picture: Picture | None = None
) -> Card:
    """The card of a job. `styles` are those on offer; `page` turns a draft's buttons; `picture` becomes the card."""
    texts = speak(language)
    lines = [line for line in _lines(view, texts, shown=picture is not None) if line]
    return Card("\n".join(lines), rows(view, styles=styles, language=language, page=page), picture)


def rows(view: JobView, *, styles: Sequence[Style], language: str, page: int = 0) -> Rows:
    """The card's buttons alone, for when only they change."""
    texts = speak(language)
    match view.state:
        case State.DRAFT:
            return (*_style_rows(view, styles, texts, page), _cancel(view, texts))
        case State.QUEUED:
            return (_cancel(view, texts),)
        case State.STORED | State.DELIVERED:
            return _picture_rows(view, texts)
        case State.FAILED | State.CANCELED:
            return _retry_rows(view, texts)
        case _:
            return ()


def style_name(index: int, texts: Texts) -> str:
    """What people call the style of a job."""
    return texts.gettext("Your own style picture") if index == REFERENCE else by_index(index).name(texts.language)


def really_delete(view: JobView, language: str) -> Rows:
    """The buttons that ask whether to delete."""
    texts = speak(language)
    yes = Button(texts.gettext("🗑 Yes, delete it"), Press(Verb.DELETE, view.id, 1).pack())
    no = Button(texts.gettext("Keep it"), Press(Verb.DELETE, view.id, 0).pack())
    return ((yes, no),)


def _lines(view: JobView, texts: Texts, *, shown: bool) -> list[str]:
    cropped = texts.gettext("The photo was very long, so I used the part round the face.") if view.cropped else ""
    if view.state is State.DRAFT:
        return [_draft(view, texts), cropped]
    title = "" if view.style is None else f"🎨 {style_name(view.style, texts)}"
    match view.state:
        case State.QUEUED:
            return [title, *_queued(view, texts), cropped]
        case State.STORED | State.DELIVERED:
            return [title, "" if shown else texts.gettext("Your picture is ready."), cropped]
        case State.FAILED:
            return [title, *_failed(view, texts)]
        case State.CANCELED:
            return [title, texts.gettext("Cancelled."), _not_counted(texts) if title else ""]
        case doing:
            return [title, texts.gettext(_DOING[doing]), _bar(view), _time_left(view, texts), cropped]


def _draft(view: JobView, texts: Texts) -> str:
    if view.has_photo:
        return texts.gettext("Which style would you like?")
    return texts.gettext(
        "I have the style picture. Now send me the photo to repaint (in a group: as an answer to this message)."
    )


def _queued(view: JobView, texts: Texts) -> list[str]:
    if view.paused:
        return [texts.gettext("Painting is paused at the moment. Your photo keeps its place and nothing is lost.")]
    match view.place:
        case None:
            place = texts.gettext("In the queue.")
        case 1:
            place = texts.gettext("You are next.")
        case number:
            place = texts.gettext("Place {place} in the queue.", place=number)
    return [place, _time_left(view, texts)]


def _time_left(view: JobView, texts: Texts) -> str:
    if view.eta_seconds is None:
        return ""
    time = texts.duration(view.eta_seconds)
    if view.eta_is_least:
        return texts.gettext("At least {time} left.", time=time)
    return texts.gettext("About {time} left.", time=time)


def _bar(view: JobView) -> str:
    if view.progress is None:
        return ""
    progress = min(1.0, max(0.0, view.progress))
    full = int(progress * _BAR)
    return f"{'▰' * full}{'▱' * (_BAR - full)} {int(progress * 100)} %"


def _failed(view: JobView, texts: Texts) -> list[str]:
    why = view.refusal or Refusal(Reason.SERVICE_DOWN)
    return [refusal(why, texts), "" if why.reason in _NO_UNIT_WAS_SPENT else _not_counted(texts)]


def _not_counted(texts: Texts) -> str:
    return texts.gettext("It wasn't counted: the picture is back in your quota.")


def _style_rows(view: JobView, styles: Sequence[Style], texts: Texts, page: int) -> Rows:
    if not view.has_photo:
        return ()
    pages = max(1, -(-len(styles) // STYLES_ON_A_PAGE))
    page = min(max(page, 0), pages - 1)
    shown = styles[page * STYLES_ON_A_PAGE : (page + 1) * STYLES_ON_A_PAGE]
    buttons = [
        Button(f"{style.index} · {style.name(texts.language)}", Press(Verb.CHOOSE, view.id, style.index).pack())
        for style in shown
    ]
    grid = tuple(tuple(buttons[start : start + COLUMNS]) for start in range(0, len(buttons), COLUMNS))
    return (*grid, _pages(view, page, pages)) if pages > 1 else grid


def _pages(view: JobView, page: int, pages: int) -> tuple[Button, ...]:
    """To the page before and the page after; round at the ends, so that the two stay under the finger."""
    before, after = (page - 1) % pages, (page + 1) % pages
    return (
        Button(f"◀ {before + 1}/{pages}", Press(Verb.PAGE, view.id, before).pack()),
        Button(f"{after + 1}/{pages} ▶", Press(Verb.PAGE, view.id, after).pack()),
    )


def _picture_rows(view: JobView, texts: Texts) -> Rows:
    keep = (
        Button(texts.gettext("📄 As file"), Press(Verb.FILE, view.id).pack()),
        Button(texts.gettext("🗑 Delete"), Press(Verb.DELETE, view.id).pack()),
    )
    return (_once_more(view, texts), keep) if view.has_photo else (keep,)


def _retry_rows(view: JobView, texts: Texts) -> Rows:
    if not view.has_photo or view.style is None:
        return ()
    why = view.refusal.reason if view.refusal else None
    if view.state is State.CANCELED or why in _WORTH_ANOTHER_TRY:
        return (_once_more(view, texts),)
    return ((_other(view, texts),),) if why is Reason.STYLE_INVALID else ()


def _once_more(view: JobView, texts: Texts) -> tuple[Button, ...]:
    return (Button(texts.gettext("🔁 Again"), Press(Verb.AGAIN, view.id).pack()), _other(view, texts))


def _other(view: JobView, texts: Texts) -> Button:
    return Button(texts.gettext("🎨 Another style"), Press(Verb.OTHER, view.id).pack())


def _cancel(view: JobView, texts: Texts) -> tuple[Button, ...]:
    return (Button(texts.gettext("✖ Cancel"), Press(Verb.CANCEL, view.id).pack()),)
