"""The sign of life that Discord wants within three seconds: we are thinking, or we have seen the press."""

from collections.abc import Callable

import structlog
from discord import HTTPException, InteractionResponded
from discord.ui import Modal

from handlers.discord.client import Ask
from handlers.discord.errors import ALREADY_ANSWERED, NETWORK
from handlers.discord.identities import is_ours
from handlers.discord.interaction_replies import FEW, LIFE, MANY, Replies, Reply

log = structlog.get_logger(__name__)

TRIES = 3


class Promptness:
    """Answers at once, and keeps what the interaction lets us do. `clock` gives seconds."""

    def __init__(self, replies: Replies, clock: Callable[[], float]) -> None:
        self._replies = replies
        self._clock = clock

    async def thinking(self, interaction: Ask, *, unseen: bool) -> Reply | None:
        """A message that says so, and becomes the answer; None when it is too late for that, or when another process
        answers."""
        unseen = unseen and not is_ours(interaction)
        until = self._clock() + LIFE
        try:
            message = await self._deferred(interaction, thinking=True, unseen=unseen)
            message = message or (await interaction.original_response()).id
        except (HTTPException, *NETWORK) as error:
            log.warning("a command could not be answered in time", error=type(error).__name__)
            return None
        return await self._kept(_reply(interaction, message, until, is_open=True, unseen=unseen))

    async def seen(self, interaction: Ask) -> Reply | None:
        """The press is taken; the message stays as it is for now. None as for `thinking`."""
        if interaction.message is None:
            return None
        until = self._clock() + LIFE
        try:
            await self._deferred(interaction)
        except (HTTPException, *NETWORK) as error:
            log.warning("a press could not be answered in time", error=type(error).__name__)
            return None
        unseen = interaction.message.flags.ephemeral
        return await self._kept(_reply(interaction, interaction.message.id, until, is_open=False, unseen=unseen))

    async def _kept(self, reply: Reply) -> Reply | None:
        """A reply that can't be kept is not worth losing what they asked for; it then has no card of its own."""
        try:
            return reply if await self._replies.keep(reply) else None
        except Exception:  # whatever the database has, it is in the log; the answer finds another way
            log.exception("what an interaction allows was not kept")
            return reply

    async def asking(self, interaction: Ask, form: Modal) -> None:
        """A form instead of an answer."""
        try:
            await interaction.response.send_modal(form)
        except (HTTPException, *NETWORK) as error:
            log.warning("a form could not be shown in time", error=type(error).__name__)

    async def _deferred(self, interaction: Ask, *, thinking: bool = False, unseen: bool = False) -> int | None:
        """The id of our answer, where it is told. Raises what the library raises; what the network does is tried again
        at once, for there is little time."""
        for left in reversed(range(TRIES)):
            try:
                taken = await interaction.response.defer(ephemeral=unseen, thinking=thinking)
            except HTTPException as error:
                if error.code == ALREADY_ANSWERED:  # by ourselves: what we heard of it was lost
                    return None
                raise
            except InteractionResponded:  # so the library believes, though it stumbled over what it heard
                return None
            except NETWORK:
                if not left:
                    raise
            else:
                return None if taken is None else taken.message_id
        return None


def _reply(interaction: Ask, message: int, until: float, *, is_open: bool, unseen: bool) -> Reply:
    is_free = interaction.is_guild_integration() or is_ours(interaction)
    return Reply(
        interaction=str(interaction.id),
        application=interaction.application_id,
        token=interaction.token,
        message=str(message),
        until=until,
        is_open=is_open,
        unseen=unseen,
        left=MANY if is_free else FEW,
    )
