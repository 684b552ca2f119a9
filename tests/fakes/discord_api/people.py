"""Simulated users: their actions become interactions and messages as Discord would send them."""

from dataclasses import dataclass, replace
from typing import Any

from bot.messaging.platform import Person
from tests.fakes.discord_api.commands import CHAT_INPUT, MESSAGE, USER, options_of
from tests.fakes.discord_api.dispatch import interaction_json, member_json
from tests.fakes.discord_api.interactions import (
    APPLICATION_COMMAND,
    AUTOCOMPLETE,
    MESSAGE_COMPONENT,
    MODAL_SUBMIT,
    Interaction,
)
from tests.fakes.discord_api.objects import Channel, User
from tests.fakes.discord_api.server import DiscordServer
from tests.fakes.discord_api.sessions import DIRECT_MESSAGES, GUILD_MESSAGES, without_content
from tests.fakes.discord_api.shown_messages import Message, StoredFile

Json = Any
FileContent = bytes | tuple[str, bytes]  # with its name, where that matters
ATTACHMENT_OPTION, USER_OPTION = 11, 6  # kinds of options
OPTION_TYPES: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    10: float,
    ATTACHMENT_OPTION: (bytes, tuple),
    USER_OPTION: User,
}


@dataclass(frozen=True)
class SimulatedUser:
    """A user in one channel. Each action waits until the bot has responded, which it must do within three seconds."""

    discord: DiscordServer
    user: User
    channel: Channel

    @property
    def person(self) -> Person:
        """The same user as the core knows them."""
        return Person("discord", str(self.user.id), self.user.locale)

    @property
    def messages(self) -> list[Message]:
        """The bot's messages in this channel as they are now, including ephemeral ones for this user."""
        return self.discord.state.bot_messages(self.channel.id, self.user.id)

    @property
    def pictures(self) -> list[Message]:
        return [message for message in self.messages if message.picture]

    @property
    def in_dm(self) -> "SimulatedUser":
        """The same user in their private chat with the bot."""
        return SimulatedUser(self.discord, self.user, self.discord.state.dm_channel(self.user))

    async def wait_for_pictures(self, pictures: int = 1) -> list[Message]:
        """The messages with pictures in this channel, once there are that many."""
        await self.discord.wait_until(lambda: len(self.pictures) >= pictures)
        return self.pictures

    async def wait_for_answer(self, interaction: Interaction) -> Message:
        """The response, once it has replaced the "thinking" placeholder; or the follow-up, once that was deleted."""
        messages, response = self.discord.state.messages, interaction.response_message or 0
        await self.discord.wait_until(
            lambda: messages[response].edit_count if response in messages else interaction.followups
        )
        return messages[response if response in messages else interaction.followups[0]]

    async def use_command(self, name: str, /, **options: Json) -> Interaction:
        """Use a slash command. Files are uploaded first. `name` may include a subcommand."""
        interaction, data = self._command_interaction(name, APPLICATION_COMMAND, options)
        return await self._send_interaction(interaction, data)

    async def autocomplete(self, name: str, focused: str, typed: str, /, **options: Json) -> list[Json]:
        """The choices offered while the user types into an option."""
        interaction, data = self._command_interaction(name, AUTOCOMPLETE, {**options, focused: typed}, focused)
        return (await self._send_interaction(interaction, data)).choices

    async def use_message_command(self, name: str, message: Message, **shown: Json) -> Interaction:
        """Use a command of a message's context menu. `shown`: what else the message has, as in the API."""
        interaction = self._new_interaction(APPLICATION_COMMAND)
        data = self._context_menu_data(name, MESSAGE, interaction, message.id)
        data["resolved"] = {"messages": {str(message.id): self.discord.state.message_json(message) | shown}}
        return await self._send_interaction(interaction, data)

    async def use_user_command(self, name: str, user: User) -> Interaction:
        """Use a command of a user's context menu."""
        interaction = self._new_interaction(APPLICATION_COMMAND)
        data = self._context_menu_data(name, USER, interaction, user.id)
        data["resolved"] = {"users": {str(user.id): user.as_json()}}
        if self.channel.guild:
            data["resolved"]["members"] = {str(user.id): member_json(user)}
        return await self._send_interaction(interaction, data)

    async def press(self, message: Message, label: str) -> Interaction:
        """Press the button whose label contains `label`."""
        return await self.press_data(message, message.action(label))

    async def press_data(self, message: Message, data: str) -> Interaction:
        interaction = self._new_interaction(MESSAGE_COMPONENT, message)
        return await self._send_interaction(interaction, {"custom_id": data, "component_type": 2})

    async def select(self, message: Message, label: str) -> Interaction:
        """Choose the option whose label contains `label` from a select menu."""
        options = [(select, option) for select in message.selects for option in select["options"]]
        select, option = next((pair for pair in options if label in pair[1]["label"]), (None, None))
        assert select and option, f"{label} is none of {message.options}"
        data = {"custom_id": select["custom_id"], "component_type": 3, "values": [option["value"]]}
        return await self._send_interaction(self._new_interaction(MESSAGE_COMPONENT, message), data)

    async def submit_modal(self, opener: Interaction, **fields: FileContent | str) -> Interaction:
        """Fill in and submit the modal that `opener` was answered with."""
        interaction = self._new_interaction(MODAL_SUBMIT, opener.message)
        components, uploads = [], []
        for number, part in enumerate(opener.modal["components"], start=1):
            inner = part.get("component") or part["components"][0]
            answer: Json = {"type": inner["type"], "id": 10 + number, "custom_id": inner["custom_id"]}
            value = fields.get(inner["custom_id"])
            if isinstance(value, str):
                answer["value"] = value
            else:
                files = [self._upload(value)] if value is not None else []
                uploads += files
                answer["values"] = [str(file.id) for file in files]
            wrapped = {"component": answer} if "component" in part else {"components": [answer]}
            components.append({"type": part["type"], "id": number, **wrapped})
        data = {"custom_id": opener.modal["custom_id"], "components": components, "resolved": self._resolved(uploads)}
        return await self._send_interaction(interaction, data)

    async def send(self, text: str = "", *files: FileContent, reply_to: Message | None = None) -> Message:
        """Send a message with text and files."""
        state, channel = self.discord.state, self.channel
        stored = tuple(state.store_file(channel.id, *_with_name(file)) for file in files)
        reply_id = reply_to.id if reply_to else None
        message = Message(channel.id, state.new_id(), self.user, state.now(), text, files=stored, reply_to=reply_id)
        return await self._deliver_message(state.add_message(message), "MESSAGE_CREATE")

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text of one of the user's own messages."""
        state = self.discord.state
        new = replace(state.messages[message.id], content=text, edit_count=message.edit_count + 1)
        return await self._deliver_message(state.add_message(new), "MESSAGE_UPDATE")

    async def show_previews(self, message: Message, *embeds: Json) -> Message:
        """Discord adds the previews of the message's links, a moment after it was sent."""
        new = replace(message, embeds=embeds)
        return await self._deliver_message(self.discord.state.add_message(new), "MESSAGE_UPDATE")

    async def _deliver_message(self, message: Message, event: str) -> Message:
        guild = self.channel.guild
        payload = self.discord.state.message_json(message)
        if guild is None:
            payload |= {"channel_type": self.channel.kind}
        else:
            payload |= {"guild_id": str(guild.id), "member": member_json(self.user)}
        needed = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        if self.channel.has_bot:
            for session in self.discord.gateway.sessions.values():
                payload = without_content(
                    payload, session.intents, in_guild=guild is not None, bot=self.discord.state.bot
                )
            await self.discord.gateway.dispatch(event, payload, guild=guild.id if guild else None, needed=needed)
        return message

    def _new_interaction(self, kind: int, message: Message | None = None) -> Interaction:
        return self.discord.interactions.create(kind, self.user, self.channel, message=message)

    def _command_interaction(self, name: str, kind: int, given: Json, focused: str = "") -> tuple[Interaction, Json]:
        """A command's interaction, with its options validated as Discord's clients do."""
        interaction = self._new_interaction(kind)
        command = self.discord.commands.get_visible(name.partition(" ")[0], CHAT_INPUT, interaction)
        known = {option["name"]: option for option in options_of(command, name)}
        assert set(given) <= set(known), f"{name} has only the options {set(known)}"
        missing = [one for one, option in known.items() if option.get("required") and one not in given]
        assert not missing or focused, f"{name} needs {missing}"
        options, files, users = [], [], []
        for option_name, value in given.items():
            option = known[option_name]
            assert _accepts(option, value), f"{option_name} is no option of type {option['type']}"
            assert option_name != focused or option.get("autocomplete"), f"{option_name} has no autocompletion"
            filled = {"name": option_name, "type": option["type"], "value": value}
            if option["type"] == ATTACHMENT_OPTION:
                files.append(self._upload(value))
                filled["value"] = str(files[-1].id)
            elif option["type"] == USER_OPTION:
                users.append(value)
                filled["value"] = str(value.id)
            options.append(filled | ({"focused": True} if option_name == focused else {}))
        for word in reversed(name.split()[1:]):
            options = [{"name": word, "type": 1, "options": options}]
        data = {"id": command["id"], "name": command["name"], "type": CHAT_INPUT, "options": options}
        return interaction, data | {"resolved": self._resolved(files, users)}

    def _context_menu_data(self, name: str, kind: int, interaction: Interaction, target: int) -> Json:
        command = self.discord.commands.get_visible(name, kind, interaction)
        return {"id": command["id"], "name": name, "type": kind, "target_id": str(target)}

    def _upload(self, file: FileContent) -> StoredFile:
        return self.discord.state.store_file(self.channel.id, *_with_name(file), is_ephemeral=True)

    def _resolved(self, files: list[StoredFile], users: list[User] | None = None) -> Json:
        resolved: Json = {}
        if files:
            resolved["attachments"] = {str(file.id): file.as_json(self.discord.cdn.signed_url(file)) for file in files}
        if users:
            resolved["users"] = {str(user.id): user.as_json() for user in users}
        return resolved

    async def _send_interaction(self, interaction: Interaction, data: Json) -> Interaction:
        """Send the interaction and wait for the response."""
        interaction.created_at = self.discord.now()
        await self.discord.deliver(interaction_json(interaction, data, self.discord.state), self.channel.guild)
        await self.discord.wait_until(lambda: interaction.response_type is not None)
        return interaction


def _accepts(option: Json, value: Json) -> bool:
    return isinstance(value, OPTION_TYPES[option["type"]])


def _with_name(file: FileContent) -> tuple[str, bytes]:
    return file if isinstance(file, tuple) else ("photo.jpg", file)
