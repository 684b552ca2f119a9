"""The commands a bot has registered: Discord's validation rules, and who sees which command where."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_api.interactions import Interaction
from tests.fakes.discord_api.objects import USE_EXTERNAL_APPS
from tests.fakes.discord_api.state import ApiError, DiscordState

Json = Any
CHAT_INPUT, USER, MESSAGE = 1, 2, 3
MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
NAME = re.compile(r"[-_'\w]{1,32}")
MAX_COMMAND_LENGTH = 8000
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2


@dataclass
class CommandRegistry:
    """`registrations` counts how often the commands were replaced."""

    state: DiscordState
    all: list[Json] = field(default_factory=list)
    registrations: int = 0

    def replace_all(self, commands: list[Json]) -> list[Json]:
        """Validate the commands and replace all registered ones. Raises ApiError."""
        found = list(_violations(commands))
        self.state.violations += found
        if found:
            raise ApiError(400, 50035, "Invalid Form Body")
        self.registrations += 1
        old_ids = {(command["type"], command["name"]): command["id"] for command in self.all}
        self.all = [self._registered(command, old_ids) for command in commands]
        return self.all

    def as_json(self, *, localized: bool) -> list[Json]:
        """All commands as Discord returns them: without false and empty fields, and with localizations on request."""
        return [_listed(command, localized=localized) for command in self.all]

    def _registered(self, command: Json, old_ids: dict[tuple[int, str], str]) -> Json:
        kind, version = command.get("type") or CHAT_INPUT, str(self.state.new_id())
        permissions = command.get("default_member_permissions")
        registered = {"type": kind, "name": command["name"], "description": command.get("description") or ""}
        registered |= {
            "id": old_ids.get((kind, command["name"]), version),
            "application_id": str(self.state.bot.id),
            "version": version,
        }
        registered |= {"default_member_permissions": None if permissions is None else str(permissions)}
        registered |= {
            "contexts": command.get("contexts"),
            "integration_types": command.get("integration_types") or [0],
        }
        registered |= {"nsfw": command.get("nsfw", False), "dm_permission": 1 in (command.get("contexts") or [1])}
        for name in ("name_localizations", "description_localizations", "options"):
            if command.get(name):
                registered[name] = command[name]
        return registered

    def get_visible(self, name: str, kind: int, interaction: Interaction) -> Json:
        """The command as a user sees it where they are. Raises AssertionError if it is not offered to them there."""
        found = [command for command in self.all if command["name"] == name and command["type"] == kind]
        assert found, f"no command {name} among {[command['name'] for command in self.all]}"
        [command] = found
        contexts = command["contexts"]
        assert contexts is None or interaction.channel.context in contexts, f"{name} is not shown in this kind of chat"
        install = 1 if interaction.is_user_install else 0
        assert install in command["integration_types"] or not interaction.channel.guild, (
            f"{name} is not shown where the bot is not"
        )
        needed = int(command["default_member_permissions"] or 0)
        assert permissions_of(interaction) & needed == needed, f"{name} is not shown to them"
        return command


def _listed(item: Json, *, localized: bool) -> Json:
    """A command or option as Discord returns it."""
    listed = {
        name: value
        for name, value in item.items()
        if (localized or not name.endswith("_localizations")) and (value or name not in {"required", "autocomplete"})
    }
    if "options" in listed:
        listed["options"] = [_listed(option, localized=localized) for option in listed["options"]]
    return listed


def permissions_of(interaction: Interaction) -> int:
    """The user's permissions in the interaction's channel."""
    channel, guild = interaction.channel, interaction.channel.guild
    if guild is None:
        return 0
    return channel.permissions | USE_EXTERNAL_APPS | guild.member_permissions.get(interaction.user.id, 0)


def options_of(command: Json, name: str) -> Json:
    """The options of a command, or of the subcommand named in `name` ("command subcommand")."""
    options = command.get("options", [])
    for word in name.split()[1:]:
        nested = (one for one in options if one["name"] == word and one["type"] in {SUBCOMMAND, SUBCOMMAND_GROUP})
        options = next(nested).get("options", [])
    return options


def _violations(commands: list[Json]) -> Iterator[str]:
    kinds = Counter(one.get("type") or CHAT_INPUT for one in commands)
    yield from (f"{times} commands of type {kind}" for kind, times in kinds.items() if times > MAX_COMMANDS[kind])
    names = Counter((one.get("type") or CHAT_INPUT, one["name"]) for one in commands)
    yield from (f"two commands are called {name}" for (_, name), times in names.items() if times > 1)
    for command in commands:
        is_slash = (command.get("type") or CHAT_INPUT) == CHAT_INPUT
        if is_slash != bool(command.get("description")):
            yield f"command {command['name']} must {'' if is_slash else 'not '}have a description"
        if is_slash:
            yield from _slash_violations(command)


def _slash_violations(command: Json) -> Iterator[str]:
    name, options = command["name"], command.get("options") or []
    yield from _name_violations(command)
    if sum(map(_length, [command, *options])) > MAX_COMMAND_LENGTH:
        yield f"command {name} is longer than 8000"
    optional = False
    for option in options:
        if option.get("required") and optional:
            yield f"command {name} asks for {option['name']} after what is optional"
        optional = optional or not option.get("required")
        if option.get("choices") and option.get("autocomplete"):
            yield f"{option['name']} has choices and completes"
        is_nested = option["type"] in {SUBCOMMAND, SUBCOMMAND_GROUP}
        yield from _slash_violations({**option}) if is_nested else _name_violations(option)
    names = Counter(option["name"] for option in options)
    yield from (f"command {name} has {option} twice" for option, times in names.items() if times > 1)


def _name_violations(item: Json) -> Iterator[str]:
    for name in (item["name"], *(item.get("name_localizations") or {}).values()):
        if not NAME.fullmatch(name) or name != name.lower():
            yield f"{name!r} is no name for a command"


def _length(item: Json) -> int:
    """Discord's measure of a command's size: the longest localization of each name and description, and all choices."""
    length = 0
    for key in ("name", "description"):
        versions = (item.get(key) or "", *(item.get(f"{key}_localizations") or {}).values())
        length += max(map(len, versions))
    return length + sum(len(str(choice["name"])) + len(str(choice["value"])) for choice in item.get("choices") or ())
