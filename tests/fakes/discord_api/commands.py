"""The commands that a bot has registered: what Discord would refuse of them, and who is shown them where."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_api.interactions import Asked
from tests.fakes.discord_api.objects import EXTERNAL_APPS
from tests.fakes.discord_api.state import Trouble, World

Json = Any
SLASH, USER, MESSAGE = 1, 2, 3
MOST = {SLASH: 100, USER: 15, MESSAGE: 15}
NAME = re.compile(r"[-_'\w]{1,32}")
CHARACTERS = 8000
SUBCOMMAND, GROUP = 1, 2


@dataclass
class Commands:
    """`puts` counts how often they were registered."""

    world: World
    all: list[Json] = field(default_factory=list)
    puts: int = 0

    def put(self, commands: list[Json]) -> list[Json]:
        """Replace them all. Raises Trouble."""
        found = list(_breaches(commands))
        self.world.breaches += found
        if found:
            raise Trouble(400, 50035, "Invalid Form Body")
        self.puts += 1
        old = {(one["type"], one["name"]): one["id"] for one in self.all}
        self.all = [self._kept(one, old) for one in commands]
        return self.all

    def told(self, *, localized: bool) -> list[Json]:
        """All of them, as Discord tells a bot: without what is not so, and in every language only when asked."""
        return [_plain(command, localized=localized) for command in self.all]

    def _kept(self, command: Json, old: dict[tuple[int, str], str]) -> Json:
        kind, now = command.get("type") or SLASH, str(self.world.new_id())
        rights = command.get("default_member_permissions")
        fresh = {"type": kind, "name": command["name"], "description": command.get("description") or ""}
        fresh |= {"id": old.get((kind, command["name"]), now), "application_id": str(self.world.bot.id), "version": now}
        fresh |= {"default_member_permissions": None if rights is None else str(rights)}
        fresh |= {"contexts": command.get("contexts"), "integration_types": command.get("integration_types") or [0]}
        fresh |= {"nsfw": command.get("nsfw", False), "dm_permission": 1 in (command.get("contexts") or [1])}
        for name in ("name_localizations", "description_localizations", "options"):
            if command.get(name):
                fresh[name] = command[name]
        return fresh

    def shown(self, name: str, kind: int, asked: Asked) -> Json:
        """The command as Discord shows it to who asks there. Raises AssertionError when it does not."""
        found = [one for one in self.all if one["name"] == name and one["type"] == kind]
        assert found, f"no command {name} among {[one['name'] for one in self.all]}"
        [command] = found
        contexts = command["contexts"]
        assert contexts is None or asked.place.context in contexts, f"{name} is not shown in this kind of chat"
        by = 1 if asked.elsewhere else 0
        assert by in command["integration_types"] or not asked.place.guild, f"{name} is not shown where the bot is not"
        needed = int(command["default_member_permissions"] or 0)
        assert rights_of(asked) & needed == needed, f"{name} is not shown to them"
        return command


def _plain(thing: Json, *, localized: bool) -> Json:
    """A command or an option."""
    told = {
        name: value
        for name, value in thing.items()
        if (localized or not name.endswith("_localizations")) and (value or name not in {"required", "autocomplete"})
    }
    if "options" in told:
        told["options"] = [_plain(option, localized=localized) for option in told["options"]]
    return told


def rights_of(asked: Asked) -> int:
    """What the person may do where they ask."""
    guild = asked.place.guild
    return (asked.place.rights | EXTERNAL_APPS | guild.rights.get(asked.user.id, 0)) if guild else 0


def options_of(command: Json, name: str) -> Json:
    """The options of a command, or of the subcommand that the words after its own name say."""
    options = command.get("options", [])
    for word in name.split()[1:]:
        options = next(one for one in options if one["name"] == word and one["type"] in {SUBCOMMAND, GROUP}).get(
            "options", []
        )
    return options


def _breaches(commands: list[Json]) -> Iterator[str]:
    kinds = Counter(one.get("type") or SLASH for one in commands)
    yield from (f"{times} commands of type {kind}" for kind, times in kinds.items() if times > MOST[kind])
    names = Counter((one.get("type") or SLASH, one["name"]) for one in commands)
    yield from (f"two commands are called {name}" for (_, name), times in names.items() if times > 1)
    for command in commands:
        is_slash = (command.get("type") or SLASH) == SLASH
        if is_slash != bool(command.get("description")):
            yield f"command {command['name']} must {'' if is_slash else 'not '}have a description"
        if is_slash:
            yield from _slash(command)


def _slash(command: Json) -> Iterator[str]:
    name, options = command["name"], command.get("options") or []
    yield from _named(command)
    if sum(map(_characters, [command, *options])) > CHARACTERS:
        yield f"command {name} is longer than 8000"
    optional = False
    for option in options:
        if option.get("required") and optional:
            yield f"command {name} asks for {option['name']} after what is optional"
        optional = optional or not option.get("required")
        if option.get("choices") and option.get("autocomplete"):
            yield f"{option['name']} has choices and completes"
        yield from _slash({**option}) if option["type"] in {SUBCOMMAND, GROUP} else _named(option)
    twice = Counter(option["name"] for option in options)
    yield from (f"command {name} has {option} twice" for option, times in twice.items() if times > 1)


def _named(thing: Json) -> Iterator[str]:
    for name in (thing["name"], *(thing.get("name_localizations") or {}).values()):
        if not NAME.fullmatch(name) or name != name.lower():
            yield f"{name!r} is no name for a command"


def _characters(thing: Json) -> int:
    """The longest of each name and description in all languages, and the choices."""
    told = 0
    for what in ("name", "description"):
        every = (thing.get(what) or "", *(thing.get(f"{what}_localizations") or {}).values())
        told += max(map(len, every))
    return told + sum(len(str(one["name"])) + len(str(one["value"])) for one in thing.get("choices") or ())
