"""All that Discord keeps: people, servers, chats, their messages and files; what a bot's calls change in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.discord_api.json_shapes import written
from tests.fakes.discord_api.limits import EPHEMERAL, PARTED, Files, message_breaches
from tests.fakes.discord_api.objects import DM, EPOCH, Guild, Place, User
from tests.fakes.discord_api.shown_messages import Filed, Shown

Json = Any
SEND, SEND_IN_THREADS, ATTACH, VIEW = 1 << 11, 1 << 38, 1 << 15, 1 << 10


class Trouble(Exception):
    """What Discord refuses: the status, its own code, and the words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


TOO_LARGE = (413, 40005, "Request entity too large")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
MISSING_ACCESS, MISSING_PERMISSIONS = (403, 50001, "Missing Access"), (403, 50013, "Missing Permissions")
CLOSED = (403, 50278, "Cannot send messages to this user due to having no mutual guilds")


@dataclass
class World:
    """`closed`: people who take no messages from the bot. `breaches`: what should never have been asked."""

    bot: User
    now: Callable[[], float]
    link: Callable[[Filed], str]
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    messages: dict[int, Shown] = field(default_factory=dict)
    forms: dict[int, list[Shown]] = field(default_factory=dict)
    files: dict[int, Filed] = field(default_factory=dict)
    avatars: dict[str, bytes] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    nonces: dict[tuple[int, str], int] = field(default_factory=dict)
    limits_told: set[int] = field(default_factory=set)  # chats of which the bot knows how large files may be
    breaches: list[str] = field(default_factory=list)
    _last: int = 0

    def new_id(self) -> int:
        """A snowflake, as long as those of today, each above the last."""
        self._last = max(self._last + 1, int((self.now() - EPOCH) * 1000) << 22)
        return self._last

    def user(self, number: int, locale: str = "en-US") -> User:
        """The person of that number, made when first asked for."""
        wanted = 1_200_000_000_000_000_000 + number
        known = self.users.get(wanted)
        if known is None or known.locale != locale:
            known = self.users[wanted] = replace(known or User(wanted, f"Person {number}"), locale=locale)
        return known

    def with_avatar(self, number: int, picture: bytes) -> User:
        """The person of that number, with a picture of themselves."""
        name = f"{len(self.avatars):032x}"
        self.avatars[name] = picture
        known = replace(self.user(number), avatar=name)
        self.users[known.id] = known
        return known

    def place(self, number: int, **about: Any) -> Place:
        """A chat, made when first asked for."""
        found = self.places.get(number)
        if found is None:
            found = self.places[number] = Place(number, **about)
            if found.guild:
                self.guilds[found.guild.id] = found.guild
        return found

    def private(self, user: User) -> Place:
        """The private chat of somebody with the bot."""
        return self.place(user.id + (1 << 59), kind=DM, people=(user,))

    def as_json(self, shown: Shown) -> Json:
        """A message as the API writes it, with links to its files that work for a while."""
        return written(shown, self.link, self.now(), self.messages.get(shown.answers or 0))

    def sees(self, place: int, reader: int | None = None) -> list[Shown]:
        """The bot's messages there, in order, ephemeral ones only for whom they are."""
        return [
            shown
            for _, shown in sorted(self.messages.items())
            if shown.place == place and shown.author == self.bot and shown.only_for in {None, reader}
        ]

    def keep(self, place: int, filename: str, data: bytes, *, alt: str | None = None, private: bool = False) -> Filed:
        """A new file at the CDN. Its name becomes what Discord makes of it."""
        filed = Filed(self.new_id(), place, re.sub(r"[^\w.-]", "_", filename), data, alt, private)
        self.files[filed.id] = filed
        return filed

    def add(self, shown: Shown) -> Shown:
        self.messages[shown.id] = shown
        self.forms.setdefault(shown.id, []).append(shown)
        return shown

    def post(self, place: int, body: Json, files: Files, **about: Any) -> Shown:
        """A new message of the bot's. Raises Trouble. `about`: further fields of Shown."""
        flags = (body.get("flags") or 0) | about.pop("flags", 0)
        private = bool(flags & EPHEMERAL)
        self._check(place, body | {"flags": flags}, files, new=True, ephemeral_allowed="asked" in about)
        new = Shown(place, self.new_id(), self.bot, self.now(), flags=flags, **about)
        return self.add(self._filled(new, body, files, private=private))

    def edit(self, old: Shown, body: Json, files: Files) -> Shown:
        """A message of the bot's, changed in what the call names. Raises Trouble."""
        if old.author != self.bot:
            raise Trouble(403, 50005, "Cannot edit a message authored by another user")
        kept = {str(file.id): file.filename for file in old.files}
        flags = body.get("flags") or 0
        self._check(old.place, body | {"flags": flags | old.flags & PARTED}, files, new=False, kept=kept)
        flags = flags | old.flags if "flags" in body else old.flags
        new = self._filled(replace(old, flags=flags), body, files, private=old.is_ephemeral)
        if not (new.content or new.embeds or new.files or new.parts):
            self.breaches.append(f"message {old.id} would be empty")
            raise Trouble(400, 50006, "Cannot send an empty message")
        return self.add(replace(new, edits=old.edits + 1))

    def delete(self, shown: Shown) -> None:
        del self.messages[shown.id]

    def present(self, place: int, message: int) -> Shown:
        """A message that the bot may know of. Raises Trouble."""
        shown = self.messages.get(message)
        if shown is None or shown.place != place or shown.is_ephemeral:
            if shown is not None and shown.is_ephemeral:
                self.breaches.append(f"ephemeral message {message} was touched with the bot's token")
            raise Trouble(*UNKNOWN_MESSAGE)
        return shown

    def enter(self, number: int, needed: int = VIEW) -> Place:
        """A chat in which the bot may do that much. Raises Trouble."""
        place = self.places.get(number)
        if place is None:
            raise Trouble(404, 10003, "Unknown Channel")
        if not place.has_bot or (place.guild and not place.rights & VIEW):
            raise Trouble(*MISSING_ACCESS)
        if place.guild and place.rights & needed != needed:
            raise Trouble(*MISSING_PERMISSIONS)
        if place.kind == DM and place.people[0].id in self.closed:
            raise Trouble(*CLOSED)
        return place

    def _check(self, place: int, body: Json, files: Files, **how: Any) -> None:
        how = {"ephemeral_allowed": True, **how}
        found = message_breaches(body, files, **how)
        self.breaches += [f"message in {place}: {breach}" for breach in found]
        if found:
            raise Trouble(400, 50035, "Invalid Form Body")
        for name, data in files.values():
            if len(data) > self.places[place].most_bytes:
                if place in self.limits_told:
                    self.breaches.append(f"{name} has {len(data)} bytes in {place}, which was told to take less")
                raise Trouble(*TOO_LARGE)

    def _filled(self, shown: Shown, body: Json, files: Files, *, private: bool) -> Shown:
        """The message with what the body says; what it does not name stays."""
        new: dict[str, Json] = {}
        if "content" in body:
            new["content"] = body["content"] or ""
        if "embeds" in body:
            new["embeds"] = tuple(body["embeds"] or ())
        if "components" in body:
            new["parts"] = tuple(body["components"] or ())
        told = body.get("attachments")
        alts = {int(one["id"]): one.get("description") for one in told or ()}
        kept = shown.files if told is None else tuple(file for file in shown.files if file.id in alts)
        added = [
            self.keep(shown.place, name, data, alt=alts.get(number), private=private)
            for number, (name, data) in files.items()
        ]
        return replace(shown, files=(*kept, *added), **new)
