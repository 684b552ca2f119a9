"""What the plain commands say: /start, /help, /styles, /quota, /queue, /cancel, and how to use /style and /ref."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.conversation.style_gallery import gallery_sheet
from bot.domain.job_view import JobView, QuotaView, State
from bot.domain.styles import SHEET, Style
from bot.i18n import Texts, mark, texts_for
from bot.messaging.callback_data import Press, Verb
from bot.messaging.commands import CommandName
from bot.messaging.incoming import IncomingMessage
from bot.messaging.job_card import style_title
from bot.messaging.pagination import clamp_page, page_buttons
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Person, Picture

if TYPE_CHECKING:
    from bot.jobs.service import JobService

_MOST_LINES = 10  # of a person's own jobs in /queue

_HELP = (
    mark("📷 Send me a photo and tap a style, or write /style 3 (a number or a name) as its caption."),
    mark("🎞 Several at once: send an album. One style goes for all of it."),
    mark("↩️ Or answer any photo with /style 3. In groups I listen to commands and to answers to my messages."),
    mark(
        "🖼 A style of your own: send an album of two with the caption /style ref, first the portrait, then the picture "
        "whose style you like. Or answer a picture with /ref, then send me the photo."
    ),
    mark("/styles: what each style looks like"),
    mark("/quota: how many pictures you have left today"),
    mark("/queue: where your pictures are"),
    mark("/cancel: take back what is waiting"),
    mark("/again: the last photo once more, or /again anime. /history: all your pictures"),
    mark("/savestyle and a name, as an answer to a picture: keep it as a style. /mystyles: those you have"),
    mark("/style 3 me: your profile photo. As an answer to somebody's words: theirs"),
    mark("In groups: /shelf, /give 3, and /settings for admins"),
    mark("Your data: /privacy, /export, /forget, /optout. Your language: /lang"),
)

_HELP_WITH_FORMS = (
    mark("📷 /style takes a photo and a style. Or send me a photo in private, and pick a style from the menu."),
    mark(
        "↩️ Somebody's photo: press long (or right) on the message, then Apps, Repaint this photo. "
        "The same on a person repaints their avatar."
    ),
    mark("🖼 A style of your own: give /style a picture as reference, or pick “A picture of mine” from the menu."),
    mark("/styles: what each style looks like"),
    mark("/quota: how many pictures you have left today"),
    mark("/queue: where your pictures are"),
    mark("/cancel: take back what is waiting"),
    mark("/again: the last photo once more. /history: all your pictures"),
    mark("/savestyle: keep a picture as a style. /mystyles: those you have"),
    mark("In servers: /shelf, /give, and /settings for managers"),
    mark("Your data: /privacy, /export, /forget, /optout. Your language: /lang"),
)


class HelpCommands:
    """Answers to plain commands. `clock` gives epoch seconds, `room` is what the platform has room for."""

    def __init__(
        self, job_service: "JobService", clock: Callable[[], float], room: Capabilities = DEFAULT_CAPABILITIES
    ) -> None:
        self._job_service = job_service
        self._clock = clock
        self._room = room
        self._sheets: dict[tuple[Style, ...], bytes | None] = {}

    async def page(self, name: CommandName, message: IncomingMessage) -> Card:
        """The page of a command that needs no photo."""
        person, chat, texts = message.person, message.chat, texts_for(message.person.language)
        match name:
            case CommandName.START:
                return Card(start_text(await self._job_service.quota(person), texts, is_group=chat.is_group))
            case CommandName.STYLES:
                return await self.gallery(texts)
            case CommandName.QUOTA:
                return Card(quota_text(await self._job_service.quota(person, chat), texts, self._clock()))
            case CommandName.QUEUE:
                return Card(await self._queue(person, texts))
            case CommandName.CANCEL:
                return Card(cancel_text(await self._job_service.cancel_all(person), texts))
            case _:
                return Card(help_text(texts, self._room))

    async def gallery(self, texts: Texts, page: int = 0) -> Card:
        """The styles with their samples, a page at a time."""
        everything, samples = self._job_service.styles(), self._room.samples_per_page
        pages = max(1, -(-len(everything) // samples))
        page = clamp_page(page, pages)
        styles = everything[page * samples : (page + 1) * samples]
        if styles not in self._sheets:  # a thread is enough: once per set of styles, and Pillow lets go of the lock
            self._sheets[styles] = await asyncio.to_thread(gallery_sheet, styles)
        jpeg = self._sheets[styles]
        alt = texts.gettext("Samples of all styles, each with its number")
        buttons = page_buttons(partial(Press, Verb.GALLERY, 0), page, pages)
        picture = Picture(jpeg, "styles.jpg", alt) if jpeg else None
        return Card(styles_text(styles, texts, self._room), buttons, picture)

    async def _queue(self, person: Person, texts: Texts) -> str:
        queue = await self._job_service.queue(person)
        if not queue.waiting and not queue.running:
            return texts.gettext("Nothing is in the queue: a photo is painted at once.")
        lines = [texts.ngettext("{n} picture is in the queue.", "{n} pictures are in the queue.", queue.waiting)]
        if queue.running:
            lines.append(texts.ngettext("{n} is being painted.", "{n} are being painted.", queue.running))
        if queue.paused:
            lines.append(texts.gettext("Painting is paused at the moment. Every photo keeps its place."))
        if not queue.mine:
            lines.append(texts.gettext("None of them is yours."))
        lines += [_job_line(view, texts) for view in queue.mine[:_MOST_LINES]]
        return "\n".join(lines)


def start_text(quota: QuotaView, texts: Texts, *, is_group: bool) -> str:
    hello = texts.gettext("Hello! I repaint portraits: as a comic, in ink, in pixels, or like any picture you show me.")
    if is_group:
        how = texts.gettext("Answer a photo here with /style 3, or send one with that caption. /styles shows them all.")
    else:
        how = texts.gettext("Send me a photo to begin. /styles shows what there is, /help says what else I can do.")
    left = texts.ngettext("You have {n} picture left today.", "You have {n} pictures left today.", quota.left)
    return f"{hello}\n\n{how}\n{left}"


def help_text(texts: Texts, room: Capabilities = DEFAULT_CAPABILITIES) -> str:
    return "\n".join(texts.gettext(line) for line in (_HELP_WITH_FORMS if room.has_forms else _HELP))


def sorry_text(texts: Texts) -> str:
    """When we failed, though it was asked rightly."""
    return texts.gettext("I couldn't get that done just now. Please try again in a few minutes.")


def too_fast_text(texts: Texts) -> str:
    """Said once, to somebody who asks too fast."""
    return texts.gettext("That was a lot at once. Please give me a minute, then send it again.")


def hint_text(texts: Texts) -> str:
    """What to do next, for words that ask for nothing we know."""
    return texts.gettext("Send me a photo and I ask which style you would like. /help says what else I can do.")


def how_to_style_text(texts: Texts, room: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if room.has_forms:
        return texts.gettext("There is no photo. Use this on a message with one, or on somebody who shows their face.")
    return texts.gettext("Which photo? Send one with that as its caption, or answer a photo with it.")


def how_to_reference_text(texts: Texts) -> str:
    return texts.gettext(
        "Answer the picture whose style you like with /ref, then send me the photo. "
        "Or send both as an album with the caption /style ref: first the photo, then the style picture."
    )


def styles_text(styles: Sequence[Style], texts: Texts, room: Capabilities = DEFAULT_CAPABILITIES) -> str:
    lines = [f"{style.index} · {style.name(texts.language)}" for style in styles if style is not SHEET]
    if room.has_forms:
        return "\n".join([*lines, "", texts.gettext("/style takes a photo, and one of these or a picture of yours.")])
    how = texts.gettext("Send a photo with the caption /style and a number or a name.")
    own = texts.gettext("/style ref paints like a picture of yours: send both as an album, the photo first.")
    return "\n".join([*lines, "", how, own])


def quota_text(quota: QuotaView, texts: Texts, now: float) -> str:
    """Today's units in plain words."""
    lines = [
        texts.ngettext(
            "You have {n} of {limit} pictures left today.",
            "You have {n} of {limit} pictures left today.",
            quota.left,
            limit=quota.limit,
        )
    ]
    if quota.used:
        lines.append(texts.ngettext("{n} is painted.", "{n} are painted.", quota.used))
    if quota.reserved:
        lines.append(texts.ngettext("{n} is on its way.", "{n} are on their way.", quota.reserved))
    if quota.given:
        lines.append(texts.ngettext("{n} is given to groups.", "{n} are given to groups.", quota.given))
    if quota.credits:
        lines.append(
            texts.ngettext(
                "{n} more is in your purse, for when the day's are used up.",
                "{n} more are in your purse, for when the day's are used up.",
                quota.credits,
            )
        )
    if quota.group_credits is not None:
        lines.append(texts.ngettext("{n} is in this group's pot.", "{n} are in this group's pot.", quota.group_credits))
    wait = texts.duration(max(0.0, quota.resets_at - now))
    lines.append(
        texts.gettext("In {time} it starts afresh. Pictures that fail or are cancelled don't count.", time=wait)
    )
    return "\n".join(lines)


def cancel_text(cancelled: int, texts: Texts) -> str:
    if not cancelled:
        return texts.gettext("Nothing of yours is waiting.")
    return texts.ngettext(
        "I took back {n} picture. It doesn't count.", "I took back {n} pictures. They don't count.", cancelled
    )


def _job_line(view: JobView, texts: Texts) -> str:
    name = style_title(view, texts)
    if view.state is State.QUEUED and view.place is None:
        return texts.gettext("• {style}: in the queue", style=name)
    if view.place is None:
        return texts.gettext("• {style}: being painted", style=name)
    if view.eta_seconds is None:
        return texts.gettext("• {style}: place {place}", style=name, place=view.place)
    time = texts.duration(view.eta_seconds)
    return texts.gettext("• {style}: place {place}, about {time}", style=name, place=view.place, time=time)
