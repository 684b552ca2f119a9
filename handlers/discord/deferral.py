"""The first response that Discord requires within three seconds: "thinking", or an acknowledged press."""

from collections.abc import Callable

import structlog
from discord import HTTPException, InteractionResponded
from discord.ui import Modal

from handlers.discord.client import BotInteraction
from handlers.discord.errors import ALREADY_ANSWERED, NETWORK_ERRORS
from handlers.discord.identities import is_bot_dm
from handlers.discord.interaction_replies import (
    TOKEN_LIFETIME,
    UNLIMITED_FOLLOWUPS,
    USER_INSTALL_FOLLOWUPS,
    InteractionReplies,
    InteractionReply,
)

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3


class Deferral:
    """Sends the first response and stores the interaction's token. `clock` gives epoch seconds."""

    def __init__(self, replies: InteractionReplies, clock: Callable[[], float]) -> None:
        self._replies = replies
        self._clock = clock

    async def defer_reply(self, interaction: BotInteraction, *, ephemeral: bool) -> InteractionReply | None:
        """Respond with a placeholder message that becomes the answer. Returns None if it is too late for that or if
        another process has responded."""
        ephemeral = ephemeral and not is_bot_dm(interaction)
        expires_at = self._clock() + TOKEN_LIFETIME
        try:
            message = await self._defer(interaction, thinking=True, ephemeral=ephemeral)
            message = message or (await interaction.original_response()).id
        except (HTTPException, *NETWORK_ERRORS) as error:
            log.warning("a command could not be answered in time", error=type(error).__name__)
            return None
        return await self._save(_new_reply(interaction, message, expires_at, is_placeholder=True, ephemeral=ephemeral))

    async def defer_update(self, interaction: BotInteraction) -> InteractionReply | None:
        """Acknowledge a press; its message stays as it is for now. Returns None as `defer_reply` does."""
        if interaction.message is None:
            return None
        expires_at = self._clock() + TOKEN_LIFETIME
        try:
            await self._defer(interaction)
        except (HTTPException, *NETWORK_ERRORS) as error:
            log.warning("a press could not be answered in time", error=type(error).__name__)
            return None
        ephemeral = interaction.message.flags.ephemeral
        return await self._save(
            _new_reply(interaction, interaction.message.id, expires_at, is_placeholder=False, ephemeral=ephemeral)
        )

    async def _save(self, reply: InteractionReply) -> InteractionReply | None:
        """Store the reply; None if another process has it. If storing fails, the request goes on without it."""
        try:
            return reply if await self._replies.save(reply) else None
        except Exception:  # any database error: the answer is then sent in another way
            log.exception("an interaction token could not be stored")
            return reply

    async def send_modal(self, interaction: BotInteraction, modal: Modal) -> None:
        """Respond with a modal."""
        try:
            await interaction.response.send_modal(modal)
        except (HTTPException, *NETWORK_ERRORS) as error:
            log.warning("a modal could not be shown in time", error=type(error).__name__)

    async def _defer(
        self, interaction: BotInteraction, *, thinking: bool = False, ephemeral: bool = False
    ) -> int | None:
        """The id of our response, if Discord returned it. Raises what the library raises; network errors are retried at
        once, because there are only three seconds."""
        for attempts_left in reversed(range(MAX_ATTEMPTS)):
            try:
                response = await interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
            except HTTPException as error:
                if error.code == ALREADY_ANSWERED:  # by an earlier attempt whose response was lost
                    return None
                raise
            except InteractionResponded:  # discord.py recorded the response before it failed to parse Discord's answer
                return None
            except NETWORK_ERRORS:
                if not attempts_left:
                    raise
            else:
                return None if response is None else response.message_id
        return None


def _new_reply(
    interaction: BotInteraction, message: int, expires_at: float, *, is_placeholder: bool, ephemeral: bool
) -> InteractionReply:
    unlimited = interaction.is_guild_integration() or is_bot_dm(interaction)
    return InteractionReply(
        interaction=str(interaction.id),
        application=interaction.application_id,
        token=interaction.token,
        message=str(message),
        expires_at=expires_at,
        is_placeholder=is_placeholder,
        ephemeral=ephemeral,
        followups_left=UNLIMITED_FOLLOWUPS if unlimited else USER_INSTALL_FOLLOWUPS,
    )
