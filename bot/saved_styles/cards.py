"""Cards and buttons of saved styles and of a group's library. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from bot.domain.styles import SavedStyle
from bot.i18n import texts_for
from bot.messaging.callback_data import CallbackData, clamp_page, page_buttons, person_key
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Person

STYLES_PER_PAGE = 10
_COLUMNS = 2


class SavedStyleAction(IntEnum):
    """The action of a saved style's button."""

    OPEN = 0
    SHARE = 1
    REMOVE = 2  # ask first
    CONFIRM_REMOVE = 3
    KEEP = 4


@dataclass(frozen=True)
class SavedStylesPage(CallbackData, kind="closet"):
    """A page of the list, from 0. `person`: the `person_key` of the list's owner."""

    person: int
    page: int


@dataclass(frozen=True)
class SavedStylePress(CallbackData, kind="saved"):
    """A button of a saved style, by its id."""

    saved_style: int
    action: SavedStyleAction


def saved_styles_card(
    styles: Sequence[SavedStyle], person: Person, *, page: int, capabilities: Capabilities = DEFAULT_CAPABILITIES
) -> Card:
    """One page (from 0) of the styles that a person can use here: their own and the group's."""
    texts = texts_for(person.language)
    if not styles:
        return Card("\n".join([texts.gettext("You have no saved styles yet."), how_to_save_text(person, capabilities)]))
    pages = -(-len(styles) // STYLES_PER_PAGE)
    page = clamp_page(page, pages)
    title = texts.ngettext("You can use {n} saved style.", "You can use {n} saved styles.", len(styles))
    how = texts.gettext(
        "Use one with /style and its name, rename it with /renamestyle. 👥 means that it belongs to this group."
    )
    turn = partial(SavedStylesPage, person_key(person))
    buttons = _buttons(styles[page * STYLES_PER_PAGE : (page + 1) * STYLES_PER_PAGE])
    return Card(f"{title}\n{how}", (*buttons, *page_buttons(turn, page, pages)))


def library_card(
    styles: Sequence[SavedStyle], person: Person, capabilities: Capabilities = DEFAULT_CAPABILITIES
) -> Card:
    """The styles in a group's library, with a button each."""
    texts = texts_for(person.language)
    if not styles:
        return Card(
            "\n".join(
                [texts.gettext("This group has no styles of its own yet."), how_to_library_text(person, capabilities)]
            )
        )
    title = texts.ngettext("This group has {n} style of its own.", "This group has {n} styles of its own.", len(styles))
    return Card(f"{title}\n{how_to_library_text(person, capabilities)}", _buttons(styles))


def saved_card(style: SavedStyle, person: Person, *, has_links: bool) -> Card:
    """The confirmation that a style was saved."""
    texts = texts_for(person.language)
    if style.in_library:
        return Card(
            texts.gettext(
                "“{name}” is now one of this group's styles: /style {name} works for everyone here.", name=style.name
            )
        )
    text = texts.gettext(
        "Saved as “{name}”. /style {name} paints with it, /mystyles shows all your styles.", name=style.name
    )
    return Card(text, style_rows(style, person, has_links=has_links))


def shared_card(style: SavedStyle, link: str, person: Person) -> Card:
    """The share link of a style."""
    texts = texts_for(person.language)
    text = texts.gettext("Anyone who opens this link gets a copy of “{name}”:", name=style.name)
    return Card(f"{text}\n{link}")


def style_rows(style: SavedStyle, person: Person, *, has_links: bool) -> ButtonRows:
    """The buttons of a saved style."""
    texts = texts_for(person.language)
    share = Button(texts.gettext("🔗 Link to share"), SavedStylePress(style.id, SavedStyleAction.SHARE).pack())
    remove = Button(texts.gettext("🗑 Remove"), SavedStylePress(style.id, SavedStyleAction.REMOVE).pack())
    return ((share, remove),) if has_links and not style.in_library else ((remove,),)


def how_to_save_text(person: Person, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    """How to save a style, as forms or replies allow on this platform."""
    if capabilities.has_forms:
        return texts_for(person.language).gettext("/savestyle takes a picture and a name, and saves it as a style.")
    return texts_for(person.language).gettext(
        "Reply to any picture with /savestyle and a name, or send one with that caption, and I'll save it as a style."
    )


def how_to_library_text(person: Person, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    """How admins add a style to the group's library on this platform."""
    if capabilities.has_forms:
        return texts_for(person.language).gettext("Managers add a picture by giving it to /shelf with a name.")
    return texts_for(person.language).gettext("Admins add a picture by replying to it with /shelf and a name.")


def confirm_remove_rows(style: SavedStyle, person: Person) -> ButtonRows:
    texts = texts_for(person.language)
    yes = Button(texts.gettext("🗑 Yes, remove it"), SavedStylePress(style.id, SavedStyleAction.CONFIRM_REMOVE).pack())
    return ((yes, Button(texts.gettext("Keep it"), SavedStylePress(style.id, SavedStyleAction.KEEP).pack())),)


def _buttons(styles: Sequence[SavedStyle]) -> ButtonRows:
    buttons = [
        Button(
            f"{'👥' if style.in_library else '⭐'} {style.name}",
            SavedStylePress(style.id, SavedStyleAction.OPEN).pack(),
        )
        for style in styles
    ]
    return tuple(tuple(buttons[start : start + _COLUMNS]) for start in range(0, len(buttons), _COLUMNS))
