"""How a card reaches its person when the platform refuses it: the ways there are, in the order they are tried, and what
the card says on them. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.i18n import Texts
from bot.messaging.platform import Button, Capabilities, Card, Refusal


class Place(StrEnum):
    """Where a card is shown."""

    MESSAGE = "message"  # in its message
    CHAT = "chat"  # in a new message, where its message is or would be
    OUTSIDE = "outside"  # in the same chat, outside of its topic
    INTERACTION = "interaction"  # there, with the rights of the interaction that asked for it
    PRIVATE = "private"  # in its person's private chat


class Form(StrEnum):
    """What is shown of its pictures."""

    PICTURE = "picture"
    FILE = "file"
    WORDS = "words"  # where they are


@dataclass(frozen=True)
class Way:
    """One way to show a card."""

    place: Place
    form: Form


@dataclass(frozen=True)
class Refusals:
    """A way that was tried, and what the platform refused."""

    way: Way
    refusal: Refusal


@dataclass(frozen=True)
class Situation:
    """What the ways of a card depend on.

    Attributes:
        has_message: It has a message already.
        has_pictures: It shows finished pictures.
        in_topic: It is in a topic of a chat that also takes messages outside.
        in_private: Its chat is its person's private chat.
        opens_private: A button can lead to the private chat.
        has_interactions: The platform has interactions.
        stays: Its person knows already; only the card is still to be changed.
    """

    has_message: bool = False
    has_pictures: bool = False
    in_topic: bool = False
    in_private: bool = False
    opens_private: bool = False
    has_interactions: bool = False
    stays: bool = False


_HERE = frozenset({Place.MESSAGE, Place.CHAT, Place.OUTSIDE})
_PICTURES = (Form.PICTURE, Form.FILE)


def next_way(situation: Situation, refused: Collection[Refusals]) -> Way | None:
    """The first way that no earlier refusal rules out; None if there is none left."""
    return next((way for way in _ways(situation) if not any(_rules_out(past, way) for past in refused)), None)


def can_still_edit(situation: Situation, refused: Collection[Refusals]) -> bool:
    """Whether the card's own message, which its pictures passed by, can be edited to say so."""
    words = Way(Place.MESSAGE, Form.WORDS)
    return situation.has_message and not any(_rules_out(past, words) for past in refused)


def may_be_edited_later(situation: Situation, refused: Collection[Refusals]) -> bool:
    """Whether the card's own message can be edited once we may write in its chat again."""
    return situation.has_message and not any(
        past.refusal is Refusal.MESSAGE and past.way.place is Place.MESSAGE for past in refused
    )


def _ways(situation: Situation) -> Iterator[Way]:
    """Here in any form; else in words that lead to the pictures, where a button can; else by the interaction and in
    private, and words here only after that."""
    here = (Place.MESSAGE, Place.CHAT) if situation.has_message else (Place.CHAT,)
    if situation.has_pictures:
        yield from (Way(place, form) for form in _PICTURES for place in here)
    leads = not situation.has_pictures or situation.opens_private
    if leads:
        yield from (Way(place, Form.WORDS) for place in here)
    if not situation.stays:
        yield from _ways_elsewhere(situation)
    if not leads:
        yield from (Way(place, Form.WORDS) for place in here)


def _ways_elsewhere(situation: Situation) -> Iterator[Way]:
    forms = (*_PICTURES, Form.WORDS) if situation.has_pictures else (Form.WORDS,)
    places = {
        Place.INTERACTION: situation.has_interactions,
        Place.PRIVATE: not situation.in_private,
        Place.OUTSIDE: situation.in_topic,
    }
    for place in (place for place, exists in places.items() if exists):
        for form in forms:
            if form is not Form.WORDS or place is not Place.INTERACTION or not situation.has_pictures:
                yield Way(place, form)


def _rules_out(past: Refusals, way: Way) -> bool:
    """Whether a refusal of one way also speaks against another."""
    tried = past.way
    if not _share_a_chat(tried.place, way.place):
        return False
    match past.refusal:
        case Refusal.MESSAGE:
            return way.place is tried.place
        case Refusal.TOPIC:
            return way.place is not Place.OUTSIDE or tried.place is Place.OUTSIDE
        case Refusal.FILES if tried.form is not Form.WORDS:
            return way.form is not Form.WORDS
        case Refusal.PHOTO | Refusal.UNKNOWN if tried.form is not Form.WORDS:
            return way.form is tried.form
        case Refusal.UNKNOWN:
            return way.place is tried.place
        case _:
            return True


def _share_a_chat(one: Place, other: Place) -> bool:
    return one is other or {one, other} <= _HERE


HISTORY_PAYLOAD = "history"  # of the deep link that opens the history


def as_file(card: Card) -> Card:
    """The card with its picture as a file."""
    return card if card.picture is None else replace(card, picture=None, document=card.picture)


def leads_to_history(card: Card, pictures: int, texts: Texts, capabilities: Capabilities) -> Card:
    """The card in words: its pictures wait in the history."""
    where = texts.ngettext(
        "I can't show it here. It's waiting for you in /history, in our private chat.",
        "I can't show them here. They're waiting for you in /history, in our private chat.",
        pictures,
    )
    open_it = Button(texts.gettext("🖼 See it in private"), start=HISTORY_PAYLOAD)
    return _in_words(card, where, ((open_it,),) if capabilities.opens_private else ())


def was_sent_in_private(card: Card, pictures: int, texts: Texts) -> Card:
    """The card in words: its pictures are in its person's private chat."""
    return _in_words(
        card,
        texts.ngettext(
            "I can't show it here, so I've sent it to you in private.",
            "I can't show them here, so I've sent them to you in private.",
            pictures,
        ),
    )


def was_sent_anew(card: Card, pictures: int, texts: Texts) -> Card:
    """The card in words: its pictures are in another message of its chat."""
    return _in_words(
        card,
        texts.ngettext(
            "I can't show it here, so it's in a new message.",
            "I can't show them here, so they're in a new message.",
            pictures,
        ),
    )


def refused_answer(texts: Texts, capabilities: Capabilities) -> Card:
    """Instead of an answer with a picture, where no pictures may be sent."""
    text = texts.gettext("I can't send pictures here. Please ask me in our private chat.")
    open_it = Button(texts.gettext("🖼 See it in private"), start=HISTORY_PAYLOAD)
    return Card(text, ((open_it,),) if capabilities.opens_private else ())


def _in_words(card: Card, where: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> Card:
    text = "\n".join(line for line in (card.text, where) if line)
    return replace(card, text=text, buttons=buttons, picture=None, pictures=(), document=None)
