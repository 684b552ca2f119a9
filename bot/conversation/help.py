"""/start, /help, the menus of commands, how the bot introduces itself, and general hints and failure messages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.domain.job_view import QuotaView
from bot.domain.styles import before_and_after
from bot.i18n import Texts, mark, texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.callback_data import CallbackData, ShowGallery, TryProfilePhoto, person_key
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, InPrivate
from bot.messaging.registry import EVERYBODY, Command, Feature, Form, HelpLine, Menu, StartLink, on_press
from bot.messaging.style_samples import own_picture

START = "start"  # deep links come as /start PAYLOAD
HELP_LINK = "help"  # the payload of the deep link that leads to the help in the private chat
ASK_LINK = "do-"  # begins the payload of a deep link that asks for a personal command
_LOOKS = mark("🎨 /styles: what each style looks like. /history: your pictures. /quota: how many you have left today")
_DATA = mark("🔒 /privacy: what I keep about you. /forget: delete it")
IN_SHORT = (
    HelpLine(
        1,
        mark("📷 Send me a photo and tap a style. For several at once, send an album."),
        mark("📷 Use /style with a photo and a style. Or send me a photo in private, and pick a style from the menu."),
    ),
    HelpLine(
        2,
        mark("↩️ In a group, reply to a photo with /style."),
        mark("↩️ Someone else's photo: long-press (or right-click) the message, then Apps, Repaint this photo."),
    ),
    HelpLine(3, _LOOKS, _LOOKS),
    HelpLine(4, _DATA, _DATA),
)


@dataclass(frozen=True)
class HelpDetail(CallbackData, kind="help"):
    """Show the help in full (`full` 1) or in short (0)."""

    full: int


class HelpCommands:
    """Handles /start and /help. `lines`: the help lines of all features, in their order; `link`: makes a deep link of
    a payload, None on platforms without them."""

    def __init__(
        self,
        queries: JobQueries,
        lines: Sequence[HelpLine],
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
        link: Callable[[str], str] | None = None,
    ) -> None:
        self._queries, self._lines, self._capabilities, self._link = queries, lines, capabilities, link

    def feature(self) -> Feature:
        """What it registers."""
        summary = mark("How it works")
        return Feature(
            (
                Command(START, self.start),
                Command("help", self.help, summary=summary, menus=EVERYBODY, rank=90, form=Form()),
            ),
            (on_press(HelpDetail, self.detail),),
            (StartLink(HELP_LINK, self.help),),
        )

    async def start(self, message: IncomingMessage, _: str) -> Card:
        """The greeting; in private with a picture, and buttons for what one can do at once."""
        quota, texts = await self._queries.quota(message.person), texts_for(message.person.language)
        if message.chat.is_group:
            return Card(start_text(quota, texts, is_group=True))
        return start_card(
            quota,
            texts,
            person_key(message.person),
            has_profile_photo=await _has_profile_photo(message),
            with_picture=self._capabilities.shows_samples,
        )

    async def help(self, message: IncomingMessage, _: str) -> Card:
        """The help in short; in a group a single line, unless only the person sees the answer."""
        texts = texts_for(message.person.language)
        if message.chat.is_group and not message.is_ephemeral:
            return group_help_card(texts, self._capabilities, None if self._link is None else self._link(HELP_LINK))
        return help_card(self._lines, texts, self._capabilities, full=False)

    async def detail(self, data: HelpDetail, press: ButtonPress) -> CallbackAnswer:
        """The help in full, or in short again, in place of the other."""
        texts = texts_for(press.person.language)
        return CallbackAnswer(edit=help_card(self._lines, texts, self._capabilities, full=data.full == 1))


def start_card(
    quota: QuotaView, texts: Texts, person: int, *, has_profile_photo: bool, with_picture: bool = True
) -> Card:
    """The greeting in a private chat. `person`: the `person_key` of whom it greets."""
    looks = Button(texts.gettext("🎨 See the looks"), ShowGallery(0).pack())
    mine = Button(texts.gettext("🙂 Try my profile photo"), TryProfilePhoto(person).pack())
    alt = texts.gettext("A photo, and the same one as a comic, in 3D and in ink")
    picture = own_picture(before_and_after(), "before-after.jpg", alt) if with_picture else None
    rows = ((looks,), (mine,)) if has_profile_photo else ((looks,),)
    return Card(start_text(quota, texts, is_group=False), rows, picture)


async def _has_profile_photo(message: IncomingMessage) -> bool:
    photo = message.profile_photo
    return photo is not None and photo.exists is not None and await photo.exists()


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


def help_card(
    lines: Sequence[HelpLine], texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES, *, full: bool
) -> Card:
    """The help, with a button for more of it or less. `lines`: those of the full help."""
    label = texts.gettext("Less") if full else texts.gettext("More")
    button = Button(label, HelpDetail(0 if full else 1).pack())
    return Card(help_text(lines if full else IN_SHORT, texts, capabilities), ((button,),))


def group_help_card(texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES, link: str | None = None) -> Card:
    """The help where others read along: one line, and the way to the rest in the private chat."""
    if capabilities.has_forms:
        text = texts.gettext("Use /style with a photo, and I'll repaint it. /help tells you the rest.")
    else:
        text = texts.gettext("Reply to a photo with /style, and I'll repaint it. The rest I tell you in private.")
    return Card(text, () if link is None else ((Button(texts.gettext("What else I can do"), link=link),),))


def help_text(lines: Sequence[HelpLine], texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    shown = [line.form if capabilities.has_forms else line.typed for line in lines]
    return "\n".join(texts.gettext(line) for line in shown if line)


def in_private(command: str, texts: Texts) -> InPrivate:
    """What is said in a group about an answer that concerns one person alone; a button opens the private chat with the
    command."""
    button = Button(texts.gettext("Open our chat"), start=f"{ASK_LINK}{command}")
    return InPrivate(
        sent=Card(texts.gettext("I've sent it to you in private.")),
        closed=Card(
            texts.gettext("That's for you alone: open our private chat, and I'll tell you there."), ((button,),)
        ),
    )


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


def welcome_text(texts: Texts) -> str:
    """The answer to thanks."""
    return texts.gettext("With pleasure! 😊")


def typo_text(typed: str, meant: str, texts: Texts) -> str:
    """The answer to a mistyped command; `meant` is the command as it can be sent."""
    return texts.gettext("I don't know /{typed}. Did you mean {command}?", typed=typed, command=meant)


def how_to_style_text(texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if capabilities.has_forms:
        return texts.gettext(
            "There is no photo here. Use this on a message with a photo, or on someone whose avatar shows their face."
        )
    return texts.gettext("Which photo? Send one with this command as its caption, or reply to a photo with it.")


def how_to_reference_text(texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if capabilities.has_forms:
        return texts.gettext("/style takes your photo, and as its reference the picture whose style you like.")
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
