"""What there is to say besides a job's card: why there is none, that there is one already, what was not understood.
Pure."""

from collections.abc import Sequence

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView
from bot.i18n import error_message, texts_for
from bot.messaging.callback_data import ChooseStyle
from bot.messaging.commands import UnknownStyle
from bot.messaging.incoming import Attachment
from bot.messaging.platform import Button, Card, Person


def feedback_text(outcome: JobView | UserError, person: Person, now: float, photo: Attachment | None = None) -> str:
    """Why there is no card, or that there was one before; nothing when the card says it all."""
    if isinstance(outcome, UserError):
        return error_text(outcome, person, now, photo)
    if not outcome.merged or outcome.state not in WAITING:
        return ""
    return texts_for(person.language).gettext("I already have this photo in that style. Its card tells how far it is.")


def album_feedback(
    outcomes: Sequence[JobView | UserError], photos: Sequence[Attachment], person: Person, now: float
) -> Card | None:
    """The same of several photos: each remark once, with the numbers of its photos. Where room ran out, the outcomes
    end before the photos do: those left out go with the last."""
    found: dict[str, list[int]] = {}
    for number, (outcome, photo) in enumerate(zip(outcomes, photos, strict=False), 1):
        if words := feedback_text(outcome, person, now, photo):
            found.setdefault(words, []).append(number)
            last = words
    if not found:
        return None
    if len(outcomes) < len(photos):
        found[last] += range(len(outcomes) + 1, len(photos) + 1)
    if len(photos) == 1 or (len(found) == 1 and len(found[last]) == len(photos)):
        return Card(last)
    texts = texts_for(person.language)
    lines = [
        texts.gettext("Photo {numbers}: {why}", numbers=", ".join(map(str, numbers)), why=why)
        for why, numbers in found.items()
    ]
    return Card("\n".join(lines))


def error_text(why: UserError, person: Person, now: float, photo: Attachment | None = None) -> str:
    """Why not; a `photo` that is not there is a profile photo that nobody may see."""
    texts = texts_for(person.language)
    if why.code is ErrorCode.PHOTO_MISSING and photo is not None:
        return texts.gettext("I can't see a profile photo there. Please send or answer a photo instead.")
    return error_message(why, texts, now=now)


def did_you_mean(unknown: UnknownStyle, view: JobView, person: Person) -> Card:
    """The nearest style as a button; the press is about this draft."""
    texts = texts_for(person.language)
    if unknown.unavailable or unknown.suggestion is None:
        return Card(unknown_style_text(unknown, person))
    name = unknown.suggestion.name(texts.language)
    yes = Button(texts.gettext("Yes, {style}", style=name), ChooseStyle(view.id, unknown.suggestion.index).pack())
    return Card(unknown_style_text(unknown, person), ((yes,),))


def unknown_style_text(unknown: UnknownStyle, person: Person) -> str:
    """That there is no such style, and which one is near."""
    texts = texts_for(person.language)
    if unknown.unavailable:
        name = unknown.unavailable.name(texts.language)
        return texts.gettext("I can't paint “{style}” at the moment. Please choose another.", style=name)
    if unknown.suggestion is None:
        return texts.gettext("I don't know the style “{words}”. Please choose one.", words=unknown.text)
    name = unknown.suggestion.name(texts.language)
    return texts.gettext("I don't know “{words}”. Did you mean “{style}”?", words=unknown.text, style=name)
