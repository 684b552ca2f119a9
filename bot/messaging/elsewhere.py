"""Cards whose pictures can't be shown where they are: as files, or in words that say where the pictures are. Pure."""

from dataclasses import replace

from bot.i18n import Texts
from bot.messaging.platform import Button, Capabilities, Card

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
