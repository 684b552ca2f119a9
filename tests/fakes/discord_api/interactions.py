"""Interactions, how the bot responded to them, and Discord's rules for the responses: type, deadline and number."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.discord_api.limits import EPHEMERAL, LOADING, Uploads, modal_violations
from tests.fakes.discord_api.objects import Channel, User
from tests.fakes.discord_api.shown_messages import Message
from tests.fakes.discord_api.state import UNKNOWN_MESSAGE, ApiError, DiscordState

Json = Any
APPLICATION_COMMAND, MESSAGE_COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5  # types of interactions
# Types of responses.
CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE, DEFERRED_UPDATE_MESSAGE = 4, 5, 6
UPDATE_MESSAGE, AUTOCOMPLETE_RESULT, MODAL = 7, 8, 9
UPDATES = {DEFERRED_UPDATE_MESSAGE, UPDATE_MESSAGE}
ALLOWED_RESPONSES = {
    APPLICATION_COMMAND: {CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE, MODAL},
    MESSAGE_COMPONENT: {CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE, DEFERRED_UPDATE_MESSAGE, UPDATE_MESSAGE, MODAL},
    AUTOCOMPLETE: {AUTOCOMPLETE_RESULT},
    MODAL_SUBMIT: {CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE, DEFERRED_UPDATE_MESSAGE, UPDATE_MESSAGE},
}
RESPONSE_DEADLINE, TOKEN_LIFETIME = 3.0, 15 * 60.0  # seconds
MAX_FOLLOWUPS = 5  # where only the user has installed the app
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN = (404, 10015, "Unknown Webhook"), (401, 50027, "Invalid Webhook Token")
TOO_MANY_FOLLOWUPS = (400, 40094, "This interaction has hit the maximum number of follow up messages.")


@dataclass
class Interaction:
    """One interaction. `response_type` is None until the bot responds; `response_message` is the id of that response.

    `is_user_install`: only the user has installed the app, the channel does not have the bot.
    """

    id: int
    kind: int
    user: User
    channel: Channel
    created_at: float
    is_user_install: bool = False
    message: Message | None = None  # the message whose component was used
    token: str = field(default_factory=lambda: secrets.token_urlsafe(64))
    response_type: int | None = None
    response_message: int | None = None
    followups: list[int] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json = None
    response_lost: bool = False  # the bot cannot know that its response arrived, so it may respond again


@dataclass
class Interactions:
    """All interactions and what the bot did with them. `deadline`: seconds for the first response."""

    state: DiscordState
    deadline: float = RESPONSE_DEADLINE
    all: dict[int, Interaction] = field(default_factory=dict)

    def create(self, kind: int, user: User, channel: Channel, *, message: Message | None = None) -> Interaction:
        is_user_install = not channel.has_bot
        interaction = Interaction(self.state.new_id(), kind, user, channel, self.state.now(), is_user_install, message)
        self.all[interaction.id] = interaction
        return interaction

    @property
    def unanswered(self) -> list[Interaction]:
        """The interactions without a response."""
        return [interaction for interaction in self.all.values() if interaction.response_type is None]

    def respond(self, interaction_id: int, token: str, body: Json, files: Uploads) -> Json:
        """The first response, due within three seconds. Raises ApiError."""
        interaction = self.all.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise self._violation(f"interaction {interaction_id} is unknown", UNKNOWN_INTERACTION)
        if interaction.response_type is not None and interaction.response_lost:
            raise ApiError(*ALREADY_ACKNOWLEDGED)
        if interaction.response_type is not None:
            raise self._violation(f"interaction {interaction_id} was answered twice", ALREADY_ACKNOWLEDGED)
        if (took := self.state.now() - interaction.created_at) > self.deadline:
            raise self._violation(f"interaction {interaction_id} was answered after {took:.1f} s", UNKNOWN_INTERACTION)
        kind = body["type"]
        if kind not in ALLOWED_RESPONSES[interaction.kind] or (kind in UPDATES and interaction.message is None):
            raise self._violation(
                f"an interaction of type {interaction.kind} was answered by {kind}", (400, 50035, "Invalid Form Body")
            )
        message = self._apply(interaction, kind, body.get("data") or {}, files)
        interaction.response_type = kind
        interaction.response_message = message.id if message else None
        return self._callback_json(interaction, message)

    def _apply(self, interaction: Interaction, kind: int, data: Json, files: Uploads) -> Message | None:
        match kind:
            case 4:
                return self._create_message(interaction, data, files)
            case 5:
                flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
                return self.state.add_message(self._placeholder(interaction, flags))
            case 6:
                return interaction.message
            case 7:
                assert interaction.message is not None
                return self.state.edit_message(self.state.messages[interaction.message.id], data, files)
            case 8:
                interaction.choices = data["choices"]
            case _:
                self.state.violations += modal_violations(data)
                interaction.modal = data
        return None

    def _placeholder(self, interaction: Interaction, flags: int) -> Message:
        message = Message(interaction.channel.id, self.state.new_id(), self.state.bot, self.state.now(), flags=flags)
        return replace(message, visible_to=_reader(interaction, flags), interaction_id=interaction.id)

    def _create_message(self, interaction: Interaction, body: Json, files: Uploads) -> Message:
        fields = {"interaction_id": interaction.id, "visible_to": _reader(interaction, body.get("flags") or 0)}
        return self.state.create_message(interaction.channel.id, body, files, **fields)

    def _callback_json(self, interaction: Interaction, message: Message | None) -> Json:
        """The body of the callback's response."""
        payload: Json = {"interaction": {"id": str(interaction.id), "type": interaction.kind}}
        if message is not None:
            payload["interaction"] |= {
                "response_message_id": str(message.id),
                "response_message_loading": bool(message.flags & LOADING),
                "response_message_ephemeral": message.is_ephemeral,
            }
            payload["resource"] = {
                "type": UPDATE_MESSAGE if interaction.response_type in UPDATES else CHANNEL_MESSAGE,
                "message": self.state.message_json(message),
            }
        return payload

    def by_token(self, token: str) -> Interaction:
        """The interaction of a token that is still valid. Raises ApiError."""
        interaction = next((one for one in self.all.values() if one.token == token), None)
        if interaction is None or interaction.response_type is None:
            raise self._violation("an unknown webhook token was used", UNKNOWN_WEBHOOK)
        if self.state.now() - interaction.created_at > TOKEN_LIFETIME:
            violation = f"the token of interaction {interaction.id} was used after 15 minutes"
            raise self._violation(violation, INVALID_WEBHOOK_TOKEN)
        return interaction

    def create_followup(self, interaction: Interaction, body: Json, files: Uploads) -> Message:
        """A follow-up message; the first one fills a deferred response. Raises ApiError."""
        response = self.state.messages.get(interaction.response_message or 0)
        if interaction.response_type == DEFERRED_CHANNEL_MESSAGE and response is not None and response.flags & LOADING:
            return self.edit_message(response, body, files)
        if interaction.is_user_install and len(interaction.followups) >= MAX_FOLLOWUPS:
            raise self._violation(f"interaction {interaction.id} has more than five follow-ups", TOO_MANY_FOLLOWUPS)
        message = self._create_message(interaction, body, files)
        interaction.followups.append(message.id)
        return message

    def get_message(self, interaction: Interaction, which: str) -> Message:
        """A message that the interaction's token may change. Raises ApiError."""
        message_id = interaction.response_message if which == "@original" else int(which)
        message = self.state.messages.get(message_id or 0)
        source_id = interaction.message.id if interaction.message else None
        if message is None or (message.interaction_id != interaction.id and message.id != source_id):
            raise ApiError(*UNKNOWN_MESSAGE)
        return message

    def edit_message(self, message: Message, body: Json, files: Uploads) -> Message:
        """Edit the message, which ends its "thinking" state. Raises ApiError."""
        body = {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL} if body.get("flags") else body
        new = self.state.edit_message(message, body, files)
        return self.state.add_message(replace(new, flags=new.flags & ~LOADING)) if new.flags & LOADING else new

    def _violation(self, violation: str, error: tuple[int, int, str]) -> ApiError:
        self.state.violations.append(violation)
        return ApiError(*error)


def _reader(interaction: Interaction, flags: int) -> int | None:
    """The only user who can see a message with these flags; None if everybody can."""
    return interaction.user.id if flags & EPHEMERAL else None
