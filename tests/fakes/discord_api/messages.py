"""The API's message routes: with the bot's token, or with that of an interaction."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.discord_api.call import Call
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import CHANNEL_MESSAGE, Interactions
from tests.fakes.discord_api.sessions import DIRECT_MESSAGES, GUILD_MESSAGES
from tests.fakes.discord_api.shown_messages import Message
from tests.fakes.discord_api.state import (
    ATTACH_FILES,
    SEND_IN_THREADS,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    ApiError,
    DiscordState,
)

Json = Any
NONCE_SECONDS = 180.0  # "the past few minutes"


@dataclass
class MessageRoutes:
    """Messages in channels that have the bot."""

    state: DiscordState
    gateway: Gateway

    async def typing(self, _: Call, channel_id: int) -> Json:
        self.state.require_access(channel_id, SEND_MESSAGES)

    async def post(self, call: Call, channel_id: int) -> Json:
        channel = self.state.require_access(channel_id)
        needed = VIEW_CHANNEL | (SEND_IN_THREADS if channel.parent_id else SEND_MESSAGES)
        self.state.require_access(channel_id, needed | (ATTACH_FILES if call.files else 0))
        nonce = call.body.get("nonce")
        sent = self.state.messages.get(self.state.nonces.get((channel_id, str(nonce)), 0))
        if sent and call.body.get("enforce_nonce") and self.state.now() - sent.created_at < NONCE_SECONDS:
            return self.state.message_json(sent)
        message = self.state.create_message(
            channel_id, call.body, call.files, **self._reply_fields(call.body, channel_id)
        )
        if nonce is not None:
            self.state.nonces[channel_id, str(nonce)] = message.id
        return await self.broadcast(message)

    def _reply_fields(self, body: Json, channel_id: int) -> dict[str, Json]:
        """The message it replies to. Raises ApiError if that is gone and the call requires it."""
        reference = body.get("message_reference")
        if not reference:
            return {}
        found = self.state.messages.get(int(reference["message_id"]))
        if found is not None and found.channel_id == channel_id and not found.is_ephemeral:
            return {"reply_to": found.id}
        if reference.get("fail_if_not_exists", True):
            raise ApiError(400, 50035, "Invalid Form Body")
        return {}

    async def broadcast(self, message: Message, event: str = "MESSAGE_CREATE") -> Json:
        """Send the gateway event for one of the bot's own messages, and return the message's JSON."""
        payload, channel = self.state.message_json(message), self.state.channels[message.channel_id]
        if channel.has_bot and not message.is_ephemeral:
            guild = channel.guild.id if channel.guild else None
            extra = {"guild_id": str(guild)} if guild else {"channel_type": channel.kind}
            needed = GUILD_MESSAGES if guild else DIRECT_MESSAGES
            await self.gateway.dispatch(event, payload | extra, guild=guild, needed=needed)
        return payload

    async def get(self, _: Call, channel_id: int, message_id: int) -> Json:
        self.state.require_access(channel_id)
        return self.state.message_json(self.state.get_message(channel_id, message_id))

    async def patch(self, call: Call, channel_id: int, message_id: int) -> Json:
        self.state.require_access(channel_id)
        new = self.state.edit_message(self.state.get_message(channel_id, message_id), call.body, call.files)
        return await self.broadcast(new, "MESSAGE_UPDATE")

    async def delete(self, _: Call, channel_id: int, message_id: int) -> Json:
        self.state.require_access(channel_id)
        self.state.delete_message(self.state.get_message(channel_id, message_id))


@dataclass
class WebhookRoutes:
    """Interaction responses and follow-ups."""

    interactions: Interactions
    messages: MessageRoutes

    @property
    def _state(self) -> DiscordState:
        return self.interactions.state

    async def callback(self, call: Call, number: int, token: str) -> Json:
        payload = self.interactions.respond(number, token, call.body, call.files)
        interaction = self.interactions.all[number]
        if interaction.response_type == CHANNEL_MESSAGE and interaction.response_message:
            await self.messages.broadcast(self._state.messages[interaction.response_message])
        return payload if call.query.get("with_response") in {"1", "true"} else None

    async def create(self, call: Call, _: int, token: str) -> Json:
        interaction = self.interactions.by_token(token)
        message = self.interactions.create_followup(interaction, call.body, call.files)
        payload = await self.messages.broadcast(message, "MESSAGE_UPDATE" if message.edit_count else "MESSAGE_CREATE")
        return payload if call.query.get("wait") in {"1", "true"} else None

    async def get(self, _: Call, __: int, token: str, which: str | int) -> Json:
        return self._state.message_json(self._message(token, which))

    async def patch(self, call: Call, _: int, token: str, which: str | int) -> Json:
        message = self.interactions.edit_message(self._message(token, which), call.body, call.files)
        return await self.messages.broadcast(message, "MESSAGE_UPDATE")

    async def delete(self, _: Call, __: int, token: str, which: str | int) -> Json:
        self._state.delete_message(self._message(token, which))

    def _message(self, token: str, which: str | int) -> Message:
        return self.interactions.get_message(self.interactions.by_token(token), str(which))
