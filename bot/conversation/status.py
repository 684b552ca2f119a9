"""/queue, /quota and /cancel: the state of the queue, the units left, and cancelling all jobs."""

from collections.abc import Callable

from bot.domain.error_codes import UserError
from bot.domain.job_view import JobView, QuotaView, State
from bot.i18n import Texts, error_message, mark, texts_for
from bot.jobs.albums import AlbumService
from bot.messaging.incoming import IncomingMessage
from bot.messaging.job_card import style_title, time_left
from bot.messaging.platform import Card
from bot.messaging.registry import EVERYBODY, Command, Feature, Form, HelpLine

_MAX_LINES = 10  # of a person's own jobs in /queue
_QUOTA, _QUEUE = (
    mark("/quota: how many pictures you have left today"),
    mark("/queue: where your pictures are in the queue"),
)
_CANCEL = mark("/cancel: cancel your waiting pictures")
HELP = (HelpLine(60, _QUOTA, _QUOTA), HelpLine(65, _QUEUE, _QUEUE), HelpLine(70, _CANCEL, _CANCEL))


class StatusCommands:
    """Handles /queue, /quota and /cancel. `clock` gives epoch seconds."""

    def __init__(self, albums: AlbumService, clock: Callable[[], float]) -> None:
        self._albums, self._jobs, self._clock = albums, albums.jobs, clock

    def feature(self) -> Feature:
        """What it registers."""
        where, left, back = (
            mark("Where my pictures are in the queue"),
            mark("How many pictures I have left today"),
            mark("Cancel my waiting pictures"),
        )
        return Feature(
            (
                Command("queue", self.queue, summary=where, menus=EVERYBODY, rank=31, form=Form()),
                Command("quota", self.quota, summary=left, menus=EVERYBODY, rank=32, form=Form(), is_personal=True),
                Command("cancel", self.cancel, summary=back, menus=EVERYBODY, rank=33, form=Form()),
            ),
            help=HELP,
        )

    async def quota(self, message: IncomingMessage, _: str) -> Card:
        quota = await self._jobs.queries.quota(message.person, message.chat)
        return Card(quota_text(quota, texts_for(message.person.language), self._clock()))

    async def cancel(self, message: IncomingMessage, _: str) -> Card:
        """Cancel what the card shows that the message replies to; else all that waits, runs or asks for a style."""
        person, texts = message.person, texts_for(message.person.language)
        shown = await self._jobs.queries.job_of_message(person, message.chat, message.replied_to)
        if shown is None:
            return Card(cancel_text(await self._jobs.cancel_all(person), texts))
        outcome = await self._albums.cancel(person, shown)
        if isinstance(outcome, UserError):
            return Card(error_message(outcome, texts))
        return Card(texts.gettext("Cancelled."))

    async def queue(self, message: IncomingMessage, _: str) -> Card:
        """Show the whole queue, and the person's own jobs in it."""
        texts = texts_for(message.person.language)
        queue = await self._jobs.queries.queue(message.person)
        if not queue.waiting and not queue.running:
            return Card(texts.gettext("The queue is empty: your photo would be painted right away."))
        lines = [texts.ngettext("{n} picture is in the queue.", "{n} pictures are in the queue.", queue.waiting)]
        if queue.running:
            lines.append(texts.ngettext("{n} is being painted.", "{n} are being painted.", queue.running))
        if queue.paused:
            lines.append(texts.gettext("Painting is paused at the moment. Every photo keeps its place."))
        elif queue.away:
            lines.append(texts.gettext("The painting service is away at the moment. Every photo keeps its place."))
        if not queue.mine:
            lines.append(texts.gettext("None of them is yours."))
        lines += [_job_line(view, texts) for view in queue.mine[:_MAX_LINES]]
        return Card("\n".join(lines))


def quota_text(quota: QuotaView, texts: Texts, now: float) -> str:
    """A person's units and credits as text. `now` is in epoch seconds."""
    lines = [
        texts.ngettext(
            "You have {n} of {limit} pictures left today.",
            "You have {n} of {limit} pictures left today.",
            quota.left,
            limit=quota.limit,
        )
    ]
    if quota.used:
        lines.append(texts.ngettext("{n} painted.", "{n} painted.", quota.used))
    if quota.reserved:
        lines.append(texts.ngettext("{n} in progress.", "{n} in progress.", quota.reserved))
    if quota.given:
        lines.append(texts.ngettext("{n} given to groups.", "{n} given to groups.", quota.given))
    if quota.credits:
        lines.append(
            texts.ngettext(
                "You also have {n} credit, for when today's pictures are used up.",
                "You also have {n} credits, for when today's pictures are used up.",
                quota.credits,
            )
        )
    if quota.group_credits:
        lines.append(texts.ngettext("This group has {n} credit.", "This group has {n} credits.", quota.group_credits))
    wait = texts.duration(max(0.0, quota.resets_at - now))
    lines.append(
        texts.gettext("You get new ones in {time}. Pictures that fail or are cancelled don't count.", time=wait)
    )
    return "\n".join(lines)


def cancel_text(cancelled: int, texts: Texts) -> str:
    if not cancelled:
        return texts.gettext("You have no pictures waiting.")
    return texts.ngettext(
        "I cancelled {n} picture. It doesn't count.", "I cancelled {n} pictures. They don't count.", cancelled
    )


def _job_line(view: JobView, texts: Texts) -> str:
    name = style_title(view, texts)
    if view.state is State.QUEUED and view.eta_is_minimum:
        return texts.gettext("• {style}: after your first photo", style=name)
    if view.state is State.QUEUED and view.place is None:
        return texts.gettext("• {style}: in the queue", style=name)
    if view.place is None:
        return texts.gettext("• {style}: being painted", style=name)
    time = time_left(view, texts)
    if time is None:
        return texts.gettext("• {style}: place {place}", style=name, place=view.place)
    return texts.gettext("• {style}: place {place}, about {time}", style=name, place=view.place, time=time)
