"""A job's card: the one message that shows the job in every state, as text and buttons. Pure.

It is the same on every platform: plain text of at most 1,024 characters (the limit of Telegram's captions).
"""

from collections.abc import Sequence

from bot.domain import eta
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView, State
from bot.domain.styles import REFERENCE, Style, by_index
from bot.i18n import Texts, error_message, mark, texts_for
from bot.messaging.callback_data import (
    AnswerConsent,
    CancelJob,
    ChangeStyle,
    Compare,
    DeleteJob,
    RepeatJob,
    SendFile,
)
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Mention, Picture
from bot.messaging.style_samples import NamedStyle, style_rows, surprise_row

ButtonRows = tuple[tuple[Button, ...], ...]


_BAR_BLOCKS = 10  # blocks of the progress bar

_RETRYABLE = frozenset(
    {
        ErrorCode.SERVICE_DOWN,
        ErrorCode.SERVICE_FAILED,
        ErrorCode.SERVICE_REFUSED,
        ErrorCode.PHOTO_UNREACHABLE,
        ErrorCode.NOT_FINISHED,
        ErrorCode.RESULT_LOST,
        ErrorCode.UNKNOWN,
    }
)
_NEVER_CHARGED = frozenset(  # the job ended before it was charged
    {
        *(
            ErrorCode.DRAFT_EXPIRED,
            ErrorCode.CONSENT_REFUSED,
            ErrorCode.OPTED_OUT,
            ErrorCode.PHOTO_EXPIRED,
            ErrorCode.BANNED,
        ),
        *(ErrorCode.QUOTA_USED_UP, ErrorCode.QUEUE_FULL, ErrorCode.BUDGET_USED_UP, ErrorCode.GROUP_LIMIT),
    }
)
_STATE_TEXTS = {
    State.SUBMITTING: mark("It's your turn: painting is about to start."),
    State.RUNNING: mark("Painting…"),
    State.FETCHING: mark("Almost done: fetching the picture."),
}


def job_card(
    view: JobView,
    *,
    styles: Sequence[Style],
    language: str,
    saved_styles: Sequence[NamedStyle] = (),
    page: int = 0,
    picture: Picture | None = None,
    capabilities: Capabilities = DEFAULT_CAPABILITIES,
) -> Card:
    """The card of a job.

    `styles` and `saved_styles` are those on offer, in the order of their buttons; `page` (from 0) is the page of a
    draft's style buttons; `picture` is the finished picture, whose caption the text becomes.
    """
    texts = texts_for(language)
    lines = [line for line in _lines(view, texts, shown=picture is not None) if line]
    buttons = job_buttons(
        view, styles=styles, language=language, saved_styles=saved_styles, page=page, capabilities=capabilities
    )
    return Card(
        "\n".join(lines), buttons, picture, mention=_mention(view, texts), job=view.id, in_progress=is_in_progress(view)
    )


def job_buttons(
    view: JobView,
    *,
    styles: Sequence[Style],
    language: str,
    saved_styles: Sequence[NamedStyle] = (),
    page: int = 0,
    capabilities: Capabilities = DEFAULT_CAPABILITIES,
) -> ButtonRows:
    """The buttons of a job's card. Arguments as for `job_card`."""
    texts = texts_for(language)
    match view.state:
        case State.DRAFT if view.consent == "asked":
            return (_consent_row(view, texts), _cancel_row(view, texts))
        case State.DRAFT if view.has_photo:
            style_buttons = style_rows(view, styles, saved_styles, texts, page=page, capabilities=capabilities)
            return (*style_buttons, *surprise_row(view, styles, texts), _cancel_row(view, texts))
        case State.DRAFT:
            return (_cancel_row(view, texts),)
        case State.QUEUED:
            return (_cancel_row(view, texts),)
        case State.STORED | State.DELIVERED:
            return _picture_rows(view, texts)
        case State.FAILED | State.CANCELED:
            return _retry_rows(view, texts)
        case _:
            return ()


def style_name(index: int, texts: Texts) -> str:
    """The name of a style by its index. Raises KeyError for an index that is not in the catalogue."""
    return texts.gettext("Your own style picture") if index == REFERENCE else by_index(index).name(texts.language)


def style_title(view: JobView, texts: Texts) -> str:
    """The name of a job's style, for a saved style the name that its person gave it; empty without a style."""
    if view.reference_name:
        return view.reference_name
    return "" if view.style is None else style_name(view.style, texts)


def confirm_delete_rows(view: JobView, language: str) -> ButtonRows:
    """The buttons that ask for confirmation before deleting."""
    texts = texts_for(language)
    yes = Button(texts.gettext("🗑 Yes, delete it"), DeleteJob(view.id, 1).pack())
    no = Button(texts.gettext("Keep it"), DeleteJob(view.id, 0).pack())
    return ((yes, no),)


def _lines(view: JobView, texts: Texts, *, shown: bool) -> list[str]:
    cropped = texts.gettext("The photo was very long, so I used the part around the face.") if view.cropped else ""
    title = "" if view.style is None else f"🎨 {style_title(view, texts)}"
    if view.state is State.DRAFT and view.consent == "asked":
        return [_consent_text(view, texts), title, cropped]
    if view.state is State.DRAFT and view.style is not None and not view.has_photo and not view.has_reference:
        return [title, texts.gettext("Now send me the photo (in a group, as a reply to this message).")]
    if view.state is State.DRAFT:
        return [_draft(view, texts), cropped]
    match view.state:
        case State.STORED | State.DELIVERED:
            return [title, "" if shown else texts.gettext("Your picture is ready."), cropped]
        case State.FAILED:
            return [title, *_failed(view, texts)]
        case State.CANCELED:
            return [title, texts.gettext("Cancelled."), _not_counted(texts) if title else ""]
        case _:
            return [title, *progress_lines(view, texts), cropped]


def is_in_progress(view: JobView) -> bool:
    """Whether the job's card will change by itself or waits for a choice."""
    return view.state is State.DRAFT or view.state in WAITING


def progress_lines(view: JobView, texts: Texts) -> list[str]:
    """The progress of a waiting or running job: its place or its current step, and the time left."""
    if view.state is State.QUEUED:
        return _queued(view, texts)
    if view.paused or view.away:
        return [_paused(texts) if view.paused else _away(texts)]
    return [texts.gettext(_STATE_TEXTS[view.state]), _progress_bar(view), _time_left(view, texts)]


def _draft(view: JobView, texts: Texts) -> str:
    if view.has_photo:
        return texts.gettext("Which style would you like?")
    return texts.gettext(
        "I've got the style picture. Now send me the photo to repaint (in a group, as a reply to this message)."
    )


def _consent_text(view: JobView, texts: Texts) -> str:
    owner = _subject(view, texts)
    if view.asker_name is None:
        return texts.gettext(
            "{who}: may I repaint it? Only you can answer, and nothing happens until you do.", who=owner
        )
    return texts.gettext(
        "{owner}: {asker} would like to paint your photo. May they? Only you can answer, and nothing happens until you "
        "do.",
        owner=owner,
        asker=view.asker_name,
    )


def _subject(view: JobView, texts: Texts) -> str:
    return view.subject_name or texts.gettext("Owner of this photo")


def _mention(view: JobView, texts: Texts) -> Mention | None:
    """A mention of the person whose consent is asked, so that the platform notifies them."""
    is_asked = view.state is State.DRAFT and view.consent == "asked" and view.subject is not None
    return Mention(_subject(view, texts), view.subject or "") if is_asked else None


def _queued(view: JobView, texts: Texts) -> list[str]:
    if view.paused:
        return [_paused(texts)]
    match view.place:
        case None if view.eta_is_minimum:
            place = texts.gettext("In the queue, after your first photo.")
        case None:
            place = texts.gettext("In the queue.")
        case 1:
            place = texts.gettext("You're next.")
        case number:
            place = texts.gettext("Place {place} in the queue.", place=number)
    return [place, _away(texts) if view.away else _time_left(view, texts)]


def _paused(texts: Texts) -> str:
    return texts.gettext("Painting is paused at the moment. Your photo keeps its place, and nothing is lost.")


def _away(texts: Texts) -> str:
    return texts.gettext(
        "The painting service is away at the moment. Your photo keeps its place and goes on as soon as it is back."
    )


def time_left(view: JobView, texts: Texts) -> str | None:
    """How long a job still takes, such as "45 seconds" or "1 to 2 minutes"; None: nothing can be promised."""
    if view.eta_seconds is None:
        return None
    times = view.eta_range or (view.eta_seconds, view.eta_seconds)
    return texts.duration_range(*eta.shown_range(*times, is_minimum=view.eta_is_minimum))


def _time_left(view: JobView, texts: Texts) -> str:
    time = time_left(view, texts)
    if time is None:
        return ""
    if view.eta_is_minimum:
        return texts.gettext("At least {time} left.", time=time)
    return texts.gettext("About {time} left.", time=time)


def _progress_bar(view: JobView) -> str:
    if view.progress is None:
        return ""
    progress = min(1.0, max(0.0, view.progress))
    full = int(progress * _BAR_BLOCKS)
    return f"{'▰' * full}{'▱' * (_BAR_BLOCKS - full)} {int(progress * 100)} %"


def _failed(view: JobView, texts: Texts) -> list[str]:
    why = view.error or UserError(ErrorCode.SERVICE_DOWN)
    return [error_message(why, texts), "" if why.code in _NEVER_CHARGED else _not_counted(texts)]


def _not_counted(texts: Texts) -> str:
    return texts.gettext("This one doesn't count towards your quota.")


def _consent_row(view: JobView, texts: Texts) -> tuple[Button, ...]:
    return (
        Button(texts.gettext("👍 Yes, paint it"), AnswerConsent(view.id, 1).pack()),
        Button(texts.gettext("👎 No"), AnswerConsent(view.id, 0).pack()),
    )


def _picture_rows(view: JobView, texts: Texts) -> ButtonRows:
    file = Button(texts.gettext("📄 As file"), SendFile(view.id).pack())
    share = Button(texts.gettext("↗ Share"), share=f"#{view.id}")
    delete = Button(texts.gettext("🗑 Delete"), DeleteJob(view.id).pack())
    if not view.has_photo:
        return ((file,), (share, delete))
    compare = Button(texts.gettext("◧ Before and after"), Compare(view.id).pack())
    return (_repeat_row(view, texts), (file, compare), (share, delete))


def _retry_rows(view: JobView, texts: Texts) -> ButtonRows:
    if not view.has_photo or view.style is None:
        return ()
    why = view.error.code if view.error else None
    if view.state is State.CANCELED or why in _RETRYABLE:
        return (_repeat_row(view, texts),)
    return ((_change_style_button(view, texts),),) if why is ErrorCode.STYLE_INVALID else ()


def _repeat_row(view: JobView, texts: Texts) -> tuple[Button, ...]:
    return (Button(texts.gettext("🔁 Again"), RepeatJob(view.id).pack()), _change_style_button(view, texts))


def _change_style_button(view: JobView, texts: Texts) -> Button:
    return Button(texts.gettext("🎨 Another style"), ChangeStyle(view.id).pack())


def _cancel_row(view: JobView, texts: Texts) -> tuple[Button, ...]:
    return (Button(texts.gettext("✖ Cancel"), CancelJob(view.id).pack()),)
