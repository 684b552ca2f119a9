"""Saved styles: reference pictures that people keep by name and share by link, and group libraries kept by admins.

They are kept until they are removed. The picture of a library style is stored under the person who added it, and is
deleted with that person's data.
"""

import random
import re
import string
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import SavedStyle
from bot.jobs.access import RequestDenied
from bot.jobs.admission import person_and_chat_rows, person_row
from bot.jobs.photo_intake import AcceptedPhoto, PhotoIntake
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import Clock
from bot.saved_styles.names import MAX_NAME, name_problem, normalize, tidy
from storage import people, saved_styles
from storage.database import Database
from storage.photos import NO_EXPIRY, Kind
from storage.saved_styles import NewStyle, SavedStyleRow

MAX_OWN = 30
MAX_IN_LIBRARY = 50
TOKEN_CHARS = 22  # of 62: more than 128 bits

_TOKEN = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)
_ALPHABET = string.digits + string.ascii_letters


@dataclass(frozen=True)
class SavedStyleService:
    """Saves, finds, renames, removes and shares saved styles. `rng`: source of share tokens, must be unpredictable."""

    database: Database
    photo_intake: PhotoIntake
    clock: Clock
    rng: random.Random

    async def of_person(self, person: Person) -> tuple[SavedStyle, ...]:
        """A person's own styles, by name."""
        async with self.database.read() as connection:
            person_id = await _person_id(connection, person)
            return tuple(map(_to_saved_style, await saved_styles.list_own(connection, person_id)))

    async def of_group(self, chat: Chat) -> tuple[SavedStyle, ...]:
        """The styles in a group's library, by name."""
        async with self.database.read() as connection:
            return tuple(
                map(_to_saved_style, await saved_styles.list_library(connection, await _chat_id(connection, chat)))
            )

    async def find(self, person: Person, chat: Chat, text: str) -> SavedStyle | None:
        """The style of this name, however it is spelled; the person's own come before the group's library."""
        available = (*await self.of_person(person), *await self.of_group(chat))
        return next((style for style in available if normalize(style.name) == normalize(text)), None)

    async def picture(self, person: Person, chat: Chat | None, style_id: int) -> bytes | None:
        """The style's picture as JPEG bytes, or None if this person can't use it in this chat."""
        async with self.database.read() as connection:
            style = await saved_styles.get(connection, style_id)
            person_id = await _person_id(connection, person)
            chat_id = None if chat is None else await _chat_id(connection, chat)
        if style is None or not (style.person_id == person_id or style.chat_id in {chat_id} - {None}):
            return None
        return await self.photo_intake.photos.get(style.key)

    async def save(
        self, person: Person, name: str, picture: bytes, *, library: Chat | None = None, by_admin: bool = False
    ) -> SavedStyle | UserError:
        """Save a picture under a name, for the person or (by an admin) in a group's library.

        Errors: GROUP_ADMINS_ONLY, NAME_INVALID, NAME_TAKEN, SAVED_STYLES_FULL, BANNED, and those of photo intake.
        """
        if library is not None and not by_admin:
            return UserError(ErrorCode.GROUP_ADMINS_ONLY)
        if (problem := name_problem(tidy(name))) is not None:
            return problem
        accepted = await self.photo_intake.accept(picture, Kind.REFERENCE)
        return accepted if isinstance(accepted, UserError) else await self._store(person, tidy(name), accepted, library)

    async def rename(
        self, person: Person, style_id: int, name: str, *, chat: Chat | None = None, by_admin: bool = False
    ) -> SavedStyle | UserError:
        """Rename a style of the person's own or, by an admin, of the library of `chat`.

        Errors: NAME_INVALID, NAME_TAKEN, STYLE_GONE.
        """
        if (problem := name_problem(tidy(name))) is not None:
            return problem
        async with self.database.write() as connection:
            if await _editable_style(connection, person, style_id, chat, by_admin=by_admin) is None:
                return UserError(ErrorCode.STYLE_GONE)
            if not await saved_styles.rename(connection, style_id, name=tidy(name), folded=normalize(name)):
                return UserError(ErrorCode.NAME_TAKEN)
            style = await saved_styles.get(connection, style_id)
        return UserError(ErrorCode.STYLE_GONE) if style is None else _to_saved_style(style)

    async def remove(
        self, person: Person, style_id: int, *, chat: Chat | None = None, by_admin: bool = False
    ) -> UserError | None:
        """Delete a style and its picture: the person's own or, by an admin, of the library of `chat`.

        Errors: STYLE_GONE.
        """
        async with self.database.write() as connection:
            style = await _editable_style(connection, person, style_id, chat, by_admin=by_admin)
            if style is None:
                return UserError(ErrorCode.STYLE_GONE)
            unused_keys = await saved_styles.delete(connection, [style])
        for key in unused_keys:
            await self.photo_intake.photos.delete(key)
        return None

    async def share_token(self, person: Person, style_id: int) -> str | UserError:
        """The token of the share link of a person's own style: 22 letters and digits, the same every time.

        Errors: STYLE_GONE.
        """
        async with self.database.write() as connection:
            if await _editable_style(connection, person, style_id, None, by_admin=False) is None:
                return UserError(ErrorCode.STYLE_GONE)
            token = "".join(self.rng.choices(_ALPHABET, k=TOKEN_CHARS))
            return await saved_styles.set_token(connection, style_id, token)

    async def by_token(self, token: str) -> SavedStyle | None:
        """The style with this share token, or None."""
        style = await self._shared(token)
        return None if style is None else _to_saved_style(style)

    async def picture_by_token(self, token: str) -> bytes | None:
        """The picture of the style with this share token as JPEG bytes, or None."""
        style = await self._shared(token)
        return None if style is None else await self.photo_intake.photos.get(style.key)

    async def adopt(self, person: Person, token: str) -> SavedStyle | UserError:
        """Copy a shared style to the person's own; returns the one they have if it is the same picture.

        Errors: STYLE_GONE, SAVED_STYLES_FULL, BANNED.
        """
        style, jpeg = await self._shared(token), await self.picture_by_token(token)
        if style is None or jpeg is None:
            return UserError(ErrorCode.STYLE_GONE)
        own = await self.of_person(person)
        same = next((other for other in own if other.sha256 == style.sha256), None)
        if same is not None:
            return same
        taken = {normalize(other.name) for other in own}
        names = (style.name, *(f"{style.name[: MAX_NAME - 3]} {number}" for number in range(2, MAX_OWN + 2)))
        name = next(name for name in names if normalize(name) not in taken)
        return await self._store(person, name, AcceptedPhoto(jpeg, style.sha256, cropped=False), None)

    async def _shared(self, token: str) -> SavedStyleRow | None:
        if _TOKEN.fullmatch(token) is None:
            return None
        async with self.database.read() as connection:
            return await saved_styles.get_by_token(connection, token)

    async def _store(
        self, person: Person, name: str, accepted: AcceptedPhoto, library: Chat | None
    ) -> SavedStyle | UserError:
        now, photos, database = self.clock.now(), self.photo_intake.photos, self.database
        async with database.write() as connection:
            person_id = await person_row(connection, person, now)
        key = await photos.put(Kind.STYLE, person_id, accepted.jpeg, expires=NO_EXPIRY)
        try:
            async with database.write() as connection:
                chat_id = await _destination_chat_id(connection, person, library, now)
                new = NewStyle(person_id, chat_id, name, normalize(name), key, accepted.sha256, now)
                return _to_saved_style(await _insert(connection, new))
        except RequestDenied as denied:
            async with database.read() as connection:
                unused_keys = await saved_styles.list_unused_keys(connection, [key])
            for unused in unused_keys:
                await photos.delete(unused)
            return denied.error


async def _insert(connection: AsyncConnection, new: NewStyle) -> SavedStyleRow:
    style = await saved_styles.insert(connection, new)
    if style is None:
        raise RequestDenied(UserError(ErrorCode.NAME_TAKEN))
    return style


async def _destination_chat_id(
    connection: AsyncConnection, person: Person, library: Chat | None, now: float
) -> int | None:
    """The chat id of the library, or None for a person's own styles. Its row stays locked, so that the limit holds.

    Raises:
        RequestDenied: SAVED_STYLES_FULL or BANNED.
    """
    person_id = await person_row(connection, person, now)
    if (await people.get_status(connection, person_id)).is_banned:
        raise RequestDenied(UserError(ErrorCode.BANNED))
    if library is None:
        chat_id, existing, limit = None, await saved_styles.list_own(connection, person_id), MAX_OWN
    else:
        _, chat_id = await person_and_chat_rows(connection, person, library, now)
        existing, limit = await saved_styles.list_library(connection, chat_id), MAX_IN_LIBRARY
    if len(existing) >= limit:
        raise RequestDenied(UserError(ErrorCode.SAVED_STYLES_FULL, {"limit": limit}))
    return chat_id


async def _editable_style(
    connection: AsyncConnection, person: Person, style_id: int, chat: Chat | None, *, by_admin: bool
) -> SavedStyleRow | None:
    """The style if the person may change it: their own or, as an admin, one in the library of this chat."""
    style = await saved_styles.get(connection, style_id)
    if style is None:
        return None
    if style.chat_id is None:
        return style if style.person_id == await _person_id(connection, person) else None
    is_here = chat is not None and style.chat_id == await _chat_id(connection, chat)
    return style if is_here and by_admin else None


async def _person_id(connection: AsyncConnection, person: Person) -> int:
    found = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
    return 0 if found is None else found  # no row has this id


async def _chat_id(connection: AsyncConnection, chat: Chat) -> int:
    found = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
    return 0 if found is None else found


def _to_saved_style(style: SavedStyleRow) -> SavedStyle:
    in_library, is_shared = style.chat_id is not None, style.token is not None
    return SavedStyle(style.id, style.name, style.created, style.sha256, in_library=in_library, is_shared=is_shared)
