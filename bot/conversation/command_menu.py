"""The commands that platforms show in their menus, for whom, and how the bot introduces itself. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.i18n import Texts
from bot.messaging.registry import Command, Menu


@dataclass(frozen=True)
class About:
    """What people read before they write for the first time: at most 120 and 512 characters."""

    short: str
    long: str


def menu(commands: Iterable[Command], texts: Texts, which: Menu) -> tuple[tuple[str, str], ...]:
    """Names and summaries of the commands in one menu, in its order."""
    shown = [command for command in commands if command.summary and which in command.menus]
    return tuple((command.name, texts.gettext(command.summary)) for command in sorted(shown, key=lambda one: one.rank))


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
