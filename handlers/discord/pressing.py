"""Answers presses of buttons, picks from menus, and forms: hands each to the core, then does what the core says."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import AllowedMentions, InteractionType

from bot.answers import Answer
from bot.lineup import Lineup
from bot.patience import Interrupted
from bot.presses import Presses
from bot.telling import Telling
from handlers.discord.drawing import PICK, Drawn
from handlers.discord.hooks import Hooks
from handlers.discord.promptness import Promptness
from handlers.discord.reading import Reading
from handlers.discord.replies import Reply
from handlers.discord.wire import Ask

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NOTICE = 2000


@dataclass(frozen=True)
class Pressing:
    """Raises nothing. What is cut short when we are told to stop is lost, for Discord tells everything once."""

    reading: Reading
    promptness: Promptness
    presses: Presses
    telling: Telling
    hooks: Hooks
    lineup: Lineup

    async def interaction(self, interaction: Ask) -> None:
        """Whatever is no command: those have their own way."""
        match interaction.type:
            case InteractionType.component:
                await self._press(interaction, data_of(interaction))
            case _:
                return

    async def _press(self, interaction: Ask, data: str) -> None:
        reply = await self.promptness.seen(interaction)
        if reply is not None:
            await self.lineup.start(interaction.user.id, lambda: self._dealt_with(interaction, data, reply))

    async def _dealt_with(self, interaction: Ask, data: str, reply: Reply) -> None:
        with suppress(Interrupted):
            await self._answered(interaction, data, reply)

    async def _answered(self, interaction: Ask, data: str, reply: Reply) -> None:
        request = self.reading.pressed(interaction, data, reply)
        sorry = self.presses.sorry(request.person)
        answer = await self.telling.patience.until_done(lambda: self.presses.press(request), failed=sorry)
        if answer is None:
            return
        if answer.notice:
            await self.telling.patience.until_done(lambda: self._notice(reply, answer), failed=None)
        await self.telling.carry_out(request, answer)

    async def _notice(self, reply: Reply, answer: Answer) -> None:
        """Said to whoever pressed, and to nobody else."""
        words = Drawn(answer.notice[:MAX_NOTICE], None, AllowedMentions.none())
        await self.hooks.note(reply, words)


def data_of(interaction: Ask) -> str:
    """The press that a button carries, or that was picked from a menu."""
    data: Mapping[str, Any] = interaction.data or {}
    name, picked = str(data.get("custom_id", "")), data.get("values", [])
    if name.startswith(PICK) and isinstance(picked, list) and picked:
        return str(picked[0])
    return name
