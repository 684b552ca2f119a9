"""/start, /help, the menus of commands, how the bot introduces itself, and general hints and failure messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.job_view import QuotaView
from bot.i18n import Texts, mark, texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card
from bot.messaging.registry import EVERYBODY, Command, Feature, Form, HelpLine, Menu

START = "start"  # deep links come as /start PAYLOAD


class HelpCommands:
    """Handles /start and /help. `lines`: the help lines of all features, in their order."""

    def __init__(
        self, queries: JobQueries, lines: Sequence[HelpLine], capabilities: Capabilities = DEFAULT_CAPABILITIES
    ) -> None:
        self._queries, self._lines, self._capabilities = queries, lines, capabilities

    def feature(self) -> Feature:
        """What it registers."""
        summary = mark("How it works")
        return Feature(
            (
                Command(START, self.start),
                Command("help", self.help, summary=summary, menus=EVERYBODY, rank=90, form=Form()),
            )
        )

    async def start(self, message: IncomingMessage, _: str) -> Card:
        """The greeting."""
        quota, texts = await self._queries.quota(message.person), texts_for(message.person.language)
        return Card(start_text(quota, texts, is_group=message.chat.is_group))

    async def help(self, message: IncomingMessage, _: str) -> Card:
        """The help text."""
        return Card(help_text(self._lines, texts_for(message.person.language), self._capabilities))


def start_text(quota: QuotaView, texts: Texts, *, is_group: bool) -> str:
    hello = texts.gettext(
        "Hello! I repaint portraits: as a comic, in ink, as pixel art, or in the style of any picture you like."
    )
    if is_group:
        how = texts.gettext(
            "Reply to a photo here with /style 3, or send one with that caption. /styles shows all styles."
        )
    else:
        how = texts.gettext("Send me a photo to start. /styles shows all styles, /help tells you what else I can do.")
    left = texts.ngettext("You have {n} picture left today.", "You have {n} pictures left today.", quota.left)
    return f"{hello}\n\n{how}\n{left}"


def help_text(lines: Sequence[HelpLine], texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    shown = [line.form if capabilities.has_forms else line.typed for line in lines]
    return "\n".join(texts.gettext(line) for line in shown if line)


def failure_text(texts: Texts) -> str:
    """The message after an internal failure."""
    return texts.gettext("I couldn't get that done just now. Please try again in a few minutes.")


def too_fast_text(texts: Texts) -> str:
    """The warning, sent once, when somebody exceeds the rate limit."""
    return texts.gettext("That was a lot at once. Please give me a minute, then send it again.")


def finished_text(pictures: int, texts: Texts) -> str:
    """What is said to somebody who has not been told of finished pictures."""
    return texts.ngettext(
        "🖼 {n} picture was finished while I couldn't reach you: it's waiting in /history.",
        "🖼 {n} pictures were finished while I couldn't reach you: they're waiting in /history.",
        pictures,
    )


def hint_text(texts: Texts) -> str:
    """The hint sent when a message is not understood."""
    return texts.gettext("Send me a photo and I'll ask which style you would like. /help tells you what else I can do.")


def how_to_style_text(texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if capabilities.has_forms:
        return texts.gettext(
            "There is no photo here. Use this on a message with a photo, or on someone whose avatar shows their face."
        )
    return texts.gettext("Which photo? Send one with this command as its caption, or reply to a photo with it.")


def how_to_reference_text(texts: Texts) -> str:
    return texts.gettext(
        "Reply with /ref to the picture whose style you like, then send me the photo. Or send both as an album with "
        "the caption /style ref: first the photo, then the style picture."
    )


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
