"""Fetches what a message only refers to: files, profile photos, and who is an admin."""

from dataclasses import dataclass, field

from telegram import ChatMember, User
from telegram.error import BadRequest

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.platform import Refused
from bot.runtime.clock import Clock
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import translate_errors
from handlers.telegram.files import download_file
from handlers.telegram.parsing import FileRef
from handlers.telegram.rendering import largest_size

ADMIN_CACHE_SECONDS = 60.0
ADMIN_CACHE_SIZE = 1000
_ADMIN_STATUSES = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})


@dataclass
class TelegramLookups:
    """See `handlers.telegram.parsing.Lookups`. Raises TryLater for temporary failures."""

    bot: Bot
    bot_user: User
    clock: Clock
    _admins: dict[tuple[int, int], tuple[float, bool]] = field(default_factory=dict)

    async def file(self, file: FileRef) -> bytes | UserError:
        """A file's bytes, or why it can't be had."""
        return await download_file(self.bot, file)

    async def profile_photo(self, user_id: int) -> bytes | UserError:
        """The user's current profile photo. Many users have none, or hide it from strangers."""
        with translate_errors():
            try:
                photos = await self.bot.get_user_profile_photos(user_id, limit=1)
            except BadRequest:
                return UserError(ErrorCode.PHOTO_MISSING)
        photo = largest_size(photos.photos[0]) if photos.photos else None
        if photo is None:
            return UserError(ErrorCode.PHOTO_MISSING)
        return await download_file(self.bot, FileRef(photo.file_id, photo.file_size, is_picture=True))

    async def has_profile_photo(self, user_id: int) -> bool:
        """Whether the user has a profile photo that we may see. Nothing is downloaded."""
        with translate_errors():
            try:
                return bool((await self.bot.get_user_profile_photos(user_id, limit=1)).photos)
            except BadRequest:
                return False

    async def is_admin(self, chat_id: int, user_id: int) -> bool:
        """Whether the user is an admin of the group; cached for a minute."""
        expires, is_admin = self._admins.get((chat_id, user_id), (0.0, False))
        now = self.clock.now()
        if now < expires:
            return is_admin
        try:
            with translate_errors():
                member = await self.bot.get_chat_member(chat_id, user_id)
        except Refused:
            return False
        if len(self._admins) >= ADMIN_CACHE_SIZE:
            self._admins.clear()
        is_admin = member.status in _ADMIN_STATUSES
        self._admins[chat_id, user_id] = now + ADMIN_CACHE_SECONDS, is_admin
        return is_admin

    def forget_admins(self, chat_id: int) -> None:
        """Drop the chat's cached answers, because its members' rights have changed."""
        self._admins = {key: cached for key, cached in self._admins.items() if key[0] != chat_id}
