"""The commands that platforms show in their menus, for whom, and how the bot introduces itself. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.i18n import Texts, mark
from bot.messaging.commands import Name


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
    Name.STYLE: mark("Repaint a photo: answer it with /style and a number or name"),
    Name.STYLES: mark("All styles, with samples"),
    Name.REF: mark("Answer a picture: paint my next photo in its style"),
    Name.AGAIN: mark("My last photo once more"),
    Name.HISTORY: mark("My pictures"),
    Name.QUEUE: mark("Where my pictures are"),
    Name.QUOTA: mark("What I have left today"),
    Name.CANCEL: mark("Take back what is waiting"),
    Name.SAVE_STYLE: mark("Keep a picture as a style: answer it, and give a name"),
    Name.MY_STYLES: mark("My saved styles"),
    Name.RENAME_STYLE: mark("Give a saved style another name"),
    Name.SHELF: mark("This group's styles"),
    Name.GIVE: mark("Give pictures to this group"),
    Name.SETTINGS: mark("Who may ask here, how much and when"),
    Name.BUY: mark("More pictures for Telegram Stars"),
    Name.LANG: mark("Language"),
    Name.PRIVACY: mark("What is kept of me"),
    Name.EXPORT: mark("Send me everything you keep of me"),
    Name.FORGET: mark("Delete everything of mine"),
    Name.OPT_OUT: mark("Keep others from using my photos"),
    Name.ADMIN: mark("The owner's desk"),
    Name.HELP: mark("How it works"),
}
_PAINTING = (Name.STYLE, Name.STYLES, Name.REF, Name.AGAIN)
_OWN = (Name.HISTORY, Name.QUEUE, Name.QUOTA, Name.CANCEL, Name.SAVE_STYLE, Name.MY_STYLES, Name.RENAME_STYLE)
_DATA = (Name.LANG, Name.PRIVACY, Name.EXPORT, Name.FORGET, Name.OPT_OUT, Name.HELP)
_IN_GROUPS = (*_PAINTING, Name.QUEUE, Name.QUOTA, Name.CANCEL, Name.SHELF, Name.GIVE, Name.OPT_OUT, Name.HELP)


def menu(texts: Texts, scope: Scope, *, for_sale: bool = False) -> tuple[tuple[str, str], ...]:
    """Commands and what they do, in the order of the menu. `for_sale`: the owner sells pictures."""
    private = (*_PAINTING, *_OWN, *((Name.BUY,) if for_sale else ()), *_DATA)
    match scope:
        case Scope.PRIVATE:
            names = private
        case Scope.GROUP:
            names = _IN_GROUPS
        case Scope.GROUP_ADMIN:
            names = (Name.SETTINGS, *_IN_GROUPS)
        case Scope.OWNER:
            names = (Name.ADMIN, *private)
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
