"""People of Discord: what they do becomes an interaction or a message, as Discord would bring it."""

from dataclasses import dataclass, replace
from typing import Any

from bot.messaging.platform import Person
from tests.fakes.discord_api.commands import MESSAGE, SLASH, USER, options_of
from tests.fakes.discord_api.dispatch import interaction, member
from tests.fakes.discord_api.interactions import COMMAND, COMPLETION, COMPONENT, MODAL, Asked
from tests.fakes.discord_api.objects import Place, User
from tests.fakes.discord_api.server import Discord
from tests.fakes.discord_api.sessions import DM_MESSAGES, GUILD_MESSAGES, redacted
from tests.fakes.discord_api.shown_messages import Filed, Shown

Json = Any
File = bytes | tuple[str, bytes]  # with its name, where that matters
ATTACHMENT, PERSON = 11, 6  # kinds of options
TAKES: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    10: float,
    ATTACHMENT: (bytes, tuple),
    PERSON: User,
}


@dataclass(frozen=True)
class Somebody:
    """A person in one chat. What they do waits until the bot has answered, which it must do within three seconds."""

    discord: Discord
    user: User
    place: Place

    @property
    def person(self) -> Person:
        """The same person, as the core knows them."""
        return Person("discord", str(self.user.id), self.user.locale)

    @property
    def sees(self) -> list[Shown]:
        """The bot's messages here, as they are now, and ephemeral ones for this person."""
        return self.discord.world.sees(self.place.id, self.user.id)

    @property
    def pictures(self) -> list[Shown]:
        return [shown for shown in self.sees if shown.picture]

    @property
    def dms(self) -> "Somebody":
        """The same person in their private chat with the bot."""
        return Somebody(self.discord, self.user, self.discord.world.private(self.user))

    async def gets(self, pictures: int = 1) -> list[Shown]:
        """All messages with pictures here, once there are so many."""
        await self.discord.until(lambda: len(self.pictures) >= pictures)
        return self.pictures

    async def reads(self, asked: Asked) -> Shown:
        """The answer, once it says more than that somebody is thinking."""
        messages = self.discord.world.messages
        await self.discord.until(lambda: messages[asked.original or 0].edits)
        return messages[asked.original or 0]

    async def types(self, name: str, /, **options: Json) -> Asked:
        """A command with its options; files are uploaded first. `name` may have a subcommand's in it."""
        asked, data = self._command(name, COMMAND, options)
        return await self._asks(asked, data)

    async def suggests(self, name: str, focused: str, words: str, /, **options: Json) -> list[Json]:
        """What is offered while they write `words` into an option."""
        asked, data = self._command(name, COMPLETION, {**options, focused: words}, focused)
        return (await self._asks(asked, data)).choices

    async def uses_on_message(self, name: str, shown: Shown) -> Asked:
        """A command of a message's menu."""
        asked = self._new(COMMAND)
        told = {"messages": {str(shown.id): self.discord.world.as_json(shown)}}
        return await self._asks(asked, self._menu(name, MESSAGE, asked, shown.id) | {"resolved": told})

    async def uses_on_user(self, name: str, user: User) -> Asked:
        """A command of a person's menu."""
        asked = self._new(COMMAND)
        told = {"users": {str(user.id): user.as_json()}, "members": {str(user.id): member(user)}}
        if not self.place.guild:
            del told["members"]
        return await self._asks(asked, self._menu(name, USER, asked, user.id) | {"resolved": told})

    async def presses(self, shown: Shown, label: str) -> Asked:
        """Taps a button."""
        return await self.presses_data(shown, shown.data(label))

    async def presses_data(self, shown: Shown, data: str) -> Asked:
        return await self._asks(self._new(COMPONENT, shown), {"custom_id": data, "component_type": 2})

    async def chooses(self, shown: Shown, label: str) -> Asked:
        """Takes the option that has `label` in its words from a list."""
        options = [(select, option) for select in shown.selects for option in select["options"]]
        select, option = next((pair for pair in options if label in pair[1]["label"]), (None, None))
        assert select and option, f"{label} is none of {shown.options}"
        data = {"custom_id": select["custom_id"], "component_type": 3, "values": [option["value"]]}
        return await self._asks(self._new(COMPONENT, shown), data)

    async def submits(self, form: Asked, **fields: File | str) -> Asked:
        """Fills a form in that was shown after something was asked, and sends it off."""
        asked = self._new(MODAL, form.pressed)
        parts, filed = [], []
        for number, part in enumerate(form.form["components"], start=1):
            inner = part.get("component") or part["components"][0]
            answer: Json = {"type": inner["type"], "id": 10 + number, "custom_id": inner["custom_id"]}
            given = fields.get(inner["custom_id"])
            if isinstance(given, str):
                answer["value"] = given
            else:
                filed += (new := [self._upload(given)] if given is not None else [])
                answer["values"] = [str(file.id) for file in new]
            held = {"component": answer} if "component" in part else {"components": [answer]}
            parts.append({"type": part["type"], "id": number, **held})
        data = {"custom_id": form.form["custom_id"], "components": parts, "resolved": self._resolved(filed)}
        return await self._asks(asked, data)

    async def writes(self, words: str = "", *files: File, answering: Shown | None = None) -> Shown:
        """A message with words and pictures."""
        world, place = self.discord.world, self.place
        kept = tuple(world.keep(place.id, *_named(file)) for file in files)
        answers = answering.id if answering else None
        shown = Shown(place.id, world.new_id(), self.user, world.now(), words, files=kept, answers=answers)
        return await self._tells(world.add(shown), "MESSAGE_CREATE")

    async def changes(self, shown: Shown, words: str) -> Shown:
        """Other words for a message of theirs."""
        world = self.discord.world
        new = replace(world.messages[shown.id], content=words, edits=shown.edits + 1)
        return await self._tells(world.add(new), "MESSAGE_UPDATE")

    async def _tells(self, shown: Shown, event: str) -> Shown:
        guild = self.place.guild
        told = self.discord.world.as_json(shown)
        if guild is None:
            told |= {"channel_type": self.place.kind}
        else:
            told |= {"guild_id": str(guild.id), "member": member(self.user)}
        needed = GUILD_MESSAGES if guild else DM_MESSAGES
        if self.place.has_bot:
            for session in self.discord.gateway.sessions.values():
                told = redacted(told, session.intents, in_guild=guild is not None, bot=self.discord.world.bot)
            await self.discord.gateway.tell(event, told, guild=guild.id if guild else None, needed=needed)
        return shown

    def _new(self, kind: int, pressed: Shown | None = None) -> Asked:
        return self.discord.asks.new(kind, self.user, self.place, pressed=pressed)

    def _command(self, name: str, kind: int, given: Json, focused: str = "") -> tuple[Asked, Json]:
        """The interaction of a command, its options checked as Discord's clients do."""
        asked = self._new(kind)
        command = self.discord.commands.shown(name.partition(" ")[0], SLASH, asked)
        known = {option["name"]: option for option in options_of(command, name)}
        assert set(given) <= set(known), f"{name} has only the options {set(known)}"
        missing = [one for one, option in known.items() if option.get("required") and one not in given]
        assert not missing or focused, f"{name} needs {missing}"
        options, files, users = [], [], []
        for one, value in given.items():
            option = known[one]
            assert _fits(option, value), f"{one} is no option of type {option['type']}"
            assert one != focused or option.get("autocomplete"), f"{one} suggests nothing"
            told = {"name": one, "type": option["type"], "value": value}
            if option["type"] == ATTACHMENT:
                files.append(self._upload(value))
                told["value"] = str(files[-1].id)
            elif option["type"] == PERSON:
                users.append(value)
                told["value"] = str(value.id)
            options.append(told | ({"focused": True} if one == focused else {}))
        for word in reversed(name.split()[1:]):
            options = [{"name": word, "type": 1, "options": options}]
        data = {"id": command["id"], "name": command["name"], "type": SLASH, "options": options}
        return asked, data | {"resolved": self._resolved(files, users)}

    def _menu(self, name: str, kind: int, asked: Asked, target: int) -> Json:
        command = self.discord.commands.shown(name, kind, asked)
        return {"id": command["id"], "name": name, "type": kind, "target_id": str(target)}

    def _upload(self, file: File) -> Filed:
        return self.discord.world.keep(self.place.id, *_named(file), private=True)

    def _resolved(self, files: list[Filed], users: list[User] | None = None) -> Json:
        told: Json = {}
        if files:
            told["attachments"] = {str(file.id): file.as_json(self.discord.cdn.link(file)) for file in files}
        if users:
            told["users"] = {str(user.id): user.as_json() for user in users}
        return told

    async def _asks(self, asked: Asked, data: Json) -> Asked:
        """Bring the interaction, and wait for the answer."""
        asked.at = self.discord.now()
        await self.discord.bring(interaction(asked, data, self.discord.world), self.place.guild)
        await self.discord.until(lambda: asked.answer is not None)
        return asked


def _fits(option: Json, value: Json) -> bool:
    return isinstance(value, TAKES[option["type"]])


def _named(file: File) -> tuple[str, bytes]:
    return file if isinstance(file, tuple) else ("photo.jpg", file)
