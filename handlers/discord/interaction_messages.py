"""Cards where we can't write by our own right: by that of an interaction, and when its time is over, in private."""

from dataclasses import replace

import structlog
from discord.ui import View

from bot.i18n import texts_for
from bot.messaging.platform import Address, TargetGone, TryLater
from handlers.discord.api_writer import Pen
from handlers.discord.errors import TooLate
from handlers.discord.identities import Hook
from handlers.discord.interaction_replies import Replies, Reply
from handlers.discord.rendering import Drawn

log = structlog.get_logger(__name__)

_PRIVATE = "private:"  # begins the id of a message that has moved to the person's private chat


class Hooks:
    """Raises TryLater or TargetGone."""

    def __init__(self, pen: Pen, replies: Replies) -> None:
        self._pen = pen
        self._replies = replies

    async def show(self, place: Hook, address: Address, drawn: Drawn) -> str:
        """The card, and the id of its message."""
        if address.message_id is not None and address.message_id.startswith(_PRIVATE):
            await self._pen.change(await self._private(address), address.message_id.removeprefix(_PRIVATE), drawn)
            return address.message_id
        reply = await self._replies.of(place.interaction)
        if reply is not None:
            try:
                message = await self._by_right_of(reply, address, _with_promise(drawn, reply, address))
            except TooLate:
                pass
            else:
                await self._call(place, drawn, message)
                return message
        return f"{_PRIVATE}{await self._pen.write(await self._private(address), drawn, None)}"

    async def note(self, reply: Reply, drawn: Drawn) -> None:
        """Words for nobody but whose interaction it was; where no more can be said, they are left out."""
        if not reply.left:
            return
        await self._replies.followed(reply)
        try:
            await self._pen.follow_up(replace(reply, unseen=True), drawn)
        except TooLate:
            return

    async def set_view(self, place: Hook, message: str, view: View | None) -> None:
        """Change only the buttons."""
        reply = await self._alive(place)
        try:
            await self._pen.set_reply_view(reply, message, view)
        except TooLate:
            raise TargetGone(card_only=True) from None

    async def remove(self, place: Hook, message: str) -> None:
        reply = await self._alive(place)
        try:
            await self._pen.remove_reply(reply, message)
        except TooLate:
            raise TargetGone(card_only=True) from None

    async def _by_right_of(self, reply: Reply, address: Address, drawn: Drawn) -> str:
        if address.message_id is not None:
            await self._pen.change_reply(reply, address.message_id, drawn)
            return address.message_id
        if reply.is_open and await self._filled(reply, drawn):
            return reply.message
        if not reply.left:
            raise TooLate
        await self._replies.followed(reply)
        return await self._pen.follow_up(reply, drawn)

    async def _call(self, place: Hook, drawn: Drawn, card: str) -> None:
        """A mention, where the card itself tells nobody of its own."""
        reply = await self._replies.of(place.interaction)
        if reply is None or reply.unseen or not reply.left or not self._pen.calls_first(drawn, card):
            return
        await self._replies.followed(reply)
        try:
            await self._pen.follow_up(reply, drawn.only_call)
        except (TryLater, TargetGone, TooLate) as error:
            log.info("somebody was not told that they are asked", error=type(error).__name__)

    async def _filled(self, reply: Reply, drawn: Drawn) -> bool:
        """False when somebody has deleted the answer already, or it has become another card."""
        try:
            async with self._replies.filling(reply) as is_ours:
                if is_ours:
                    await self._pen.change_reply(reply, reply.message, drawn)
        except TargetGone as gone:
            if not gone.card_only:
                raise
            return False
        return is_ours

    async def _private(self, address: Address) -> int:
        """The private chat of whose card it is. Raises TargetGone for what is nobody's."""
        if address.person is None:
            raise TargetGone(card_only=False)
        return await self._pen.private_channel(int(address.person.platform_id))

    async def _alive(self, place: Hook) -> Reply:
        reply = await self._replies.of(place.interaction)
        if reply is None:
            raise TargetGone(card_only=True)
        return reply


def _with_promise(drawn: Drawn, reply: Reply, address: Address) -> Drawn:
    """Says where the picture comes if it takes long."""
    if not drawn.goes_on:
        return drawn
    texts = texts_for(address.person.language if address.person else "en")
    if reply.unseen:
        words = texts.gettext("Only you see this. If it takes longer than a quarter of an hour, I send it in private.")
    else:
        words = texts.gettext("If it takes longer than a quarter of an hour, I send it to you in private.")
    return replace(drawn, text=f"{drawn.text}\n-# {words}")
