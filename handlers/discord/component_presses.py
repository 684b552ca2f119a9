"""Answers presses of buttons, picks from menus, and forms: hands each to the core, then does what the core says."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import AllowedMentions, InteractionType

from bot.conversation.buttons import ButtonRouter
from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.responder import Responder
from bot.conversation.retry import Interrupted
from bot.messaging.callback_data import Verb, parse
from bot.messaging.callbacks import ButtonPress, CallbackAnswer
from handlers.discord.client import Ask
from handlers.discord.deferral import Promptness
from handlers.discord.interaction_messages import Hooks
from handlers.discord.interaction_replies import Reply
from handlers.discord.modals import bring_form, brought
from handlers.discord.parsing import Reading
from handlers.discord.rendering import PICK, Drawn, press_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NOTICE = 2000


@dataclass(frozen=True)
class Pressing:
    """Raises nothing."""

    reading: Reading
    promptness: Promptness
    presses: ButtonRouter
    telling: Responder
    hooks: Hooks
    lineup: KeyedExecutor

    async def interaction(self, interaction: Ask) -> None:
        """Whatever is no command: those have their own way."""
        match interaction.type:
            case InteractionType.component:
                await self._pressed(interaction, data_of(interaction))
            case InteractionType.modal_submit:
                await self._sent(interaction)

    async def _pressed(self, interaction: Ask, data: str) -> None:
        press = parse(data)
        if press is not None and press.verb is Verb.BRING:
            await self.promptness.asking(interaction, bring_form(press, interaction.locale.value))
            return
        reply = await self.promptness.seen(interaction)
        if reply is not None:
            request = self.reading.pressed(interaction, data, reply)
            await self._dealt_with(request, reply, lambda: self.presses.press(request))

    async def _sent(self, interaction: Ask) -> None:
        """A form."""
        data: Mapping[str, Any] = interaction.data or {}
        found = brought(data)
        reply = None if found is None else await self.promptness.seen(interaction)
        if found is None or reply is None:
            return
        job, file = found
        request, picture = self.reading.pressed(interaction, "", reply), self.reading.attached(interaction, file)
        await self._dealt_with(request, reply, lambda: self.presses.reference_submitted(request, job, picture))

    async def _dealt_with(
        self, request: ButtonPress, reply: Reply, work: Callable[[], Awaitable[CallbackAnswer]]
    ) -> None:
        """In order, for each person; what is cut short when we are told to stop is lost."""

        async def answered() -> None:
            with suppress(Interrupted):
                await self._answered(request, reply, work)

        await self.lineup.submit(request.person.platform_id, answered)

    async def _answered(
        self, request: ButtonPress, reply: Reply, work: Callable[[], Awaitable[CallbackAnswer]]
    ) -> None:
        answer = await self.telling.patience.until_done(work, failed=self.presses.sorry(request.person))
        if answer is None:
            return
        if answer.notice:
            await self.telling.patience.until_done(lambda: self._notice(reply, answer), failed=None)
        await self.telling.carry_out(request, answer)

    async def _notice(self, reply: Reply, answer: CallbackAnswer) -> None:
        """Said to whoever pressed, and to nobody else."""
        words = Drawn(answer.notice[:MAX_NOTICE], None, AllowedMentions.none())
        await self.hooks.note(reply, words)


def data_of(interaction: Ask) -> str:
    """The press that a button carries, or that was picked from a menu."""
    data: Mapping[str, Any] = interaction.data or {}
    name, picked = str(data.get("custom_id", "")), data.get("values", [])
    if name.startswith(PICK) and isinstance(picked, list) and picked:
        return str(picked[0])
    return press_of(name)
