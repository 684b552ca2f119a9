"""The commands that platforms show in their menus, for whom, and how the bot introduces itself. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.i18n import Texts, mark
from bot.messaging.commands import CommandName


class Scope(StrEnum):
    """Where a menu is seen, and by whom."""

    PRIVATE = "private"
    GROUP = "group"
    GROUP_ADMIN = "group_admin"
    OWNER = "owner"


@dataclass(frozen=True)
class About:
    """What people read before they write for the first time: at most 120 and 512 characters."""

    short: str
    long: str


_WORDS = {
    CommandName.STYLE: mark("Repaint a photo: answer it with /style and a number or name"),
    CommandName.STYLES: mark("All styles, with samples"),
    CommandName.REF: mark("Answer a picture: paint my next photo in its style"),
    CommandName.AGAIN: mark("My last photo once more"),
    CommandName.HISTORY: mark("My pictures"),
    CommandName.QUEUE: mark("Where my pictures are"),
    CommandName.QUOTA: mark("What I have left today"),
    CommandName.CANCEL: mark("Take back what is waiting"),
    CommandName.SAVE_STYLE: mark("Keep a picture as a style: answer it, and give a name"),
    CommandName.MY_STYLES: mark("My saved styles"),
    CommandName.RENAME_STYLE: mark("Give a saved style another name"),
    CommandName.SHELF: mark("This group's styles"),
    CommandName.GIVE: mark("Give pictures to this group"),
    CommandName.SETTINGS: mark("Who may ask here, how much and when"),
    CommandName.BUY: mark("More pictures for Telegram Stars"),
    CommandName.LANG: mark("Language"),
    CommandName.PRIVACY: mark("What is kept of me"),
    CommandName.EXPORT: mark("Send me everything you keep of me"),
    CommandName.FORGET: mark("Delete everything of mine"),
    CommandName.OPT_OUT: mark("Keep others from using my photos"),
    CommandName.ADMIN: mark("The owner's desk"),
    CommandName.HELP: mark("How it works"),
}
_PAINTING = (CommandName.STYLE, CommandName.STYLES, CommandName.REF, CommandName.AGAIN)
_OWN = (
    CommandName.HISTORY,
    CommandName.QUEUE,
    CommandName.QUOTA,
    CommandName.CANCEL,
    CommandName.SAVE_STYLE,
    CommandName.MY_STYLES,
    CommandName.RENAME_STYLE,
)
_DATA = (
    CommandName.LANG,
    CommandName.PRIVACY,
    CommandName.EXPORT,
    CommandName.FORGET,
    CommandName.OPT_OUT,
    CommandName.HELP,
)
_IN_GROUPS = (
    *_PAINTING,
    CommandName.QUEUE,
    CommandName.QUOTA,
    CommandName.CANCEL,
    CommandName.SHELF,
    CommandName.GIVE,
    CommandName.OPT_OUT,
    CommandName.HELP,
)


def menu(texts: Texts, scope: Scope, *, for_sale: bool = False) -> tuple[tuple[str, str], ...]:
    """Commands and what they do, in the order of the menu. `for_sale`: the owner sells pictures."""
    private = (*_PAINTING, *_OWN, *((CommandName.BUY,) if for_sale else ()), *_DATA)
    match scope:
        case Scope.PRIVATE:
            names = private
        case Scope.GROUP:
            names = _IN_GROUPS
        case Scope.GROUP_ADMIN:
            names = (CommandName.SETTINGS, *_IN_GROUPS)
        case Scope.OWNER:
            names = (CommandName.ADMIN, *private)
    return tuple((name.value, texts.gettext(_WORDS[name])) for name in names)


def about(texts: Texts) -> About:
    """Who we are."""
    return About(
        short=texts.gettext("I repaint portraits: as a comic, in ink, in pixels, or like any picture you show me."),
        long=texts.gettext(
            "Send me a photo of a face and tap a style: comic, ink, anime, pixels, or the style of a picture of your "
            "own. You see your place in the queue and the time left, and the same message turns into the picture. "
            "In groups, answer a photo with /style 3. /privacy says what is kept, /forget deletes it."
        ),
    )
