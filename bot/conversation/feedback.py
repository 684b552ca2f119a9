"""Texts besides a job's card: why there is none, that there is one already, what was not understood. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView
from bot.i18n import error_message, texts_for
from bot.messaging.callback_data import ChooseStyle
from bot.messaging.incoming import Attachment
from bot.messaging.job_card import style_title
from bot.messaging.platform import Button, Card, Person
from bot.messaging.style_text import UnknownStyle

MAX_SEVERAL = 5  # styles that are offered when several were named


def feedback_text(outcome: JobView | UserError, person: Person, now: float, photo: Attachment | None = None) -> str:
    """Why a request has no card, or that it was merged with an earlier one; empty if the card is enough."""
    if isinstance(outcome, UserError):
        return error_text(outcome, person, now, photo)
    if not outcome.merged or outcome.state not in WAITING:
        return ""
    return texts_for(person.language).gettext(
        "I already have this photo in that style. Its earlier message shows how far it is."
    )


def album_feedback(
    outcomes: Sequence[JobView | UserError], photos: Sequence[Attachment], person: Person, now: float
) -> Card | None:
    """The feedback on several photos: each text once, with the numbers of its photos. When a limit was reached, there
    are fewer outcomes than photos: the rest is counted with the last outcome."""
    found: dict[str, list[int]] = {}
    for number, (outcome, photo) in enumerate(zip(outcomes, photos, strict=False), 1):
        if text := feedback_text(outcome, person, now, photo):
            found.setdefault(text, []).append(number)
            last = text
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


def being_painted_text(view: JobView, person: Person) -> str:
    """Why an edited caption comes too late for a photo."""
    texts = texts_for(person.language)
    return texts.gettext(
        "I'm already painting it: {style}. When it's done, tap “Another style”, and I'll paint it once more.",
        style=style_title(view, texts),
    )


def error_text(why: UserError, person: Person, now: float, photo: Attachment | None = None) -> str:
    """The message of an error. A missing `photo` (PHOTO_MISSING) is a hidden profile photo."""
    texts = texts_for(person.language)
    if why.code is ErrorCode.PHOTO_MISSING and photo is not None:
        return texts.gettext("I can't see a profile photo there. Please send me a photo instead.")
    return error_message(why, texts, now=now)


def did_you_mean(unknown: UnknownStyle, view: JobView, person: Person) -> Card:
    """The suggested style, or the several ones that were named, as buttons that choose it for this draft."""
    texts = texts_for(person.language)
    if unknown.several:
        named = [
            Button(style.name(texts.language), ChooseStyle(view.id, style.index).pack())
            for style in unknown.several[:MAX_SEVERAL]
        ]
        return Card(unknown_style_text(unknown, person), tuple((button,) for button in named))
    if unknown.unavailable or unknown.suggestion is None:
        return Card(unknown_style_text(unknown, person))
    name = unknown.suggestion.name(texts.language)
    yes = Button(texts.gettext("Yes, {style}", style=name), ChooseStyle(view.id, unknown.suggestion.index).pack())
    return Card(unknown_style_text(unknown, person), ((yes,),))


def on_the_card(question: Card, said: Card) -> Card:
    """The card that asks for a style, with what was not understood in place of its question. `said`: the same as a
    message of its own, whose buttons go first."""
    _, *more = question.text.split("\n")
    return replace(question, text="\n".join((said.text, *more)), buttons=(*said.buttons, *question.buttons))


def unknown_style_text(unknown: UnknownStyle, person: Person) -> str:
    """The message for a style that doesn't exist or isn't on offer, with the suggestion if there is one; or for several
    styles at once."""
    texts = texts_for(person.language)
    if unknown.several:
        return texts.gettext("I can paint one style at a time. Which one would you like?")
    if unknown.unavailable:
        name = unknown.unavailable.name(texts.language)
        return texts.gettext("I can't paint “{style}” at the moment. Please choose another.", style=name)
    if unknown.suggestion is None:
        return texts.gettext("I don't know the style “{words}”. Please choose one.", words=unknown.text)
    name = unknown.suggestion.name(texts.language)
    return texts.gettext("I don't know “{words}”. Did you mean “{style}”?", words=unknown.text, style=name)
