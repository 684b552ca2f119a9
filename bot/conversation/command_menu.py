"""Command menus of the platforms, and the texts with which the bot introduces itself. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.i18n import Texts
from bot.messaging.registry import Command, Menu


@dataclass(frozen=True)
class About:
    """The bot's descriptions shown before the first message: at most 120 (`short`) and 512 (`long`) characters."""

    short: str
    long: str


def menu(commands: Iterable[Command], texts: Texts, which: Menu) -> tuple[tuple[str, str], ...]:
    """Names and translated summaries of the commands in one menu, in its order."""
    shown = [command for command in commands if command.summary and which in command.menus]
    return tuple((command.name, texts.gettext(command.summary)) for command in sorted(shown, key=lambda one: one.rank))


def about(texts: Texts) -> About:
    """The bot's descriptions in one language."""
    return About(
        short=texts.gettext(
            "I repaint portraits: as a comic, in ink, as pixel art, or in the style of any picture you like."
        ),
        long=texts.gettext(
            "Send me a photo of a face and tap a style: comic, ink, anime, pixels, or the style of a picture of your "
            "own. You'll see your place in the queue and the time left, and then the same message turns into the "
            "picture. In groups, reply to a photo with /style 3. /privacy tells you what I keep, /forget deletes it."
        ),
    )
