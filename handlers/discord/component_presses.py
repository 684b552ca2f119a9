"""Handles button presses, select menus and modals: passes each to the core and carries out its answer."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import AllowedMentions, InteractionType

from bot.conversation.buttons import ButtonRouter
from bot.conversation.concurrency import KeyedExecutor
from bot.conversation.responder import Interrupted, Responder
from bot.messaging.callback_data import UploadReference
from bot.messaging.incoming import ButtonPress, CallbackAnswer
from handlers.discord.client import BotInteraction
from handlers.discord.deferral import Deferral
from handlers.discord.interaction_messages import InteractionMessages
from handlers.discord.interaction_replies import InteractionReply
from handlers.discord.modals import parse_reference_modal, reference_modal
from handlers.discord.parsing import Parser
from handlers.discord.rendering import SELECT_PREFIX, RenderedMessage, callback_data_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NOTICE = 2000


@dataclass(frozen=True)
class ComponentPresses:
    """Never raises."""

    parser: Parser
    deferral: Deferral
    button_router: ButtonRouter
    responder: Responder
    interaction_messages: InteractionMessages
    executor: KeyedExecutor

    async def handle(self, interaction: BotInteraction) -> None:
        """Handle any interaction that is not a command; the command tree handles those."""
        match interaction.type:
            case InteractionType.component:
                await self._handle_press(interaction, selected_data(interaction))
            case InteractionType.modal_submit:
                await self._handle_modal(interaction)

    async def _handle_press(self, interaction: BotInteraction, data: str) -> None:
        if (press := UploadReference.unpack(data)) is not None:
            await self.deferral.send_modal(interaction, reference_modal(press, interaction.locale.value))
            return
        reply = await self.deferral.defer_update(interaction)
        if reply is not None:
            request = self.parser.parse_press(interaction, data, reply)
            await self._process(request, reply, lambda: self.button_router.press(request))

    async def _handle_modal(self, interaction: BotInteraction) -> None:
        """Handle a submitted modal."""
        data: Mapping[str, Any] = interaction.data or {}
        parsed = parse_reference_modal(data)
        reply = None if parsed is None else await self.deferral.defer_update(interaction)
        if parsed is None or reply is None:
            return
        job, file = parsed
        request, picture = self.parser.parse_press(interaction, "", reply), self.parser.parse_upload(interaction, file)
        await self._process(request, reply, lambda: self.button_router.reference_submitted(request, job, picture))

    async def _process(
        self, request: ButtonPress, reply: InteractionReply, work: Callable[[], Awaitable[CallbackAnswer]]
    ) -> None:
        """Queue the work, in order per person. Work that shutdown interrupts is lost: Discord sends each interaction
        once."""

        async def answer() -> None:
            with suppress(Interrupted):
                await self._answer(request, reply, work)

        await self.executor.submit(request.person.platform_id, answer)

    async def _answer(
        self, request: ButtonPress, reply: InteractionReply, work: Callable[[], Awaitable[CallbackAnswer]]
    ) -> None:
        answer = await self.responder.retry.until_done(work, failed=self.button_router.failure_answer(request.person))
        if answer is None:
            return
        if answer.notice:
            await self.responder.retry.until_done(lambda: self._send_notice(reply, answer), failed=None)
        await self.responder.carry_out(request, answer)

    async def _send_notice(self, reply: InteractionReply, answer: CallbackAnswer) -> None:
        """Send a notice that only the person who pressed can see."""
        notice = RenderedMessage(answer.notice[:MAX_NOTICE], None, AllowedMentions.none())
        await self.interaction_messages.send_notice(reply, notice)


def selected_data(interaction: BotInteraction) -> str:
    """The callback data of the pressed button or of the chosen menu option."""
    data: Mapping[str, Any] = interaction.data or {}
    custom_id, values = str(data.get("custom_id", "")), data.get("values", [])
    if custom_id.startswith(SELECT_PREFIX) and isinstance(values, list) and values:
        return str(values[0])
    return callback_data_of(custom_id)
