"""Asks Telegram for what a message only names: files, profile photos, and who is an admin."""

from dataclasses import dataclass, field

from telegram import ChatMember, User
from telegram.error import BadRequest

from bot.domain.job_view import ErrorCode, UserError
from bot.messaging.platform import TargetGone
from bot.runtime.clock import Clock
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import translated
from handlers.telegram.files import read_file
from handlers.telegram.parsing import FileRef
from handlers.telegram.rendering import largest

ADMIN_SECONDS = 60.0  # how long an answer about an admin is believed
MOST_ADMINS = 1000  # answers remembered
_ADMINS = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})


@dataclass
class TelegramSource:
    """See `handlers.telegram.parsing.Source`. Raises NotNow when it may work later."""

    bot: Bot
    us: User
    clock: Clock
    _admins: dict[tuple[int, int], tuple[float, bool]] = field(default_factory=dict)

    async def file(self, file: FileRef) -> bytes | UserError:
        """The bytes of a file."""
        return await read_file(self.bot, file)

    async def portrait(self, user_id: int) -> bytes | UserError:
        """The profile photo that somebody shows now; many show none, or only to people they know."""
        with translated():
            try:
                found = await self.bot.get_user_profile_photos(user_id, limit=1)
            except BadRequest:
                return UserError(ErrorCode.PHOTO_MISSING)
        photo = largest(found.photos[0]) if found.photos else None
        if photo is None:
            return UserError(ErrorCode.PHOTO_MISSING)
        return await read_file(self.bot, FileRef(photo.file_id, photo.file_size, is_picture=True))

    async def is_admin(self, chat_id: int, user_id: int) -> bool:
        """Whether somebody is an admin of a group now, or was within the last minute."""
        until, known = self._admins.get((chat_id, user_id), (0.0, False))
        now = self.clock.now()
        if now < until:
            return known
        try:
            with translated():
                member = await self.bot.get_chat_member(chat_id, user_id)
        except TargetGone:
            return False
        if len(self._admins) >= MOST_ADMINS:
            self._admins.clear()
        self._admins[chat_id, user_id] = now + ADMIN_SECONDS, member.status in _ADMINS
        return member.status in _ADMINS

    def forget_admins(self, chat_id: int) -> None:
        """Somebody's part in this chat has changed."""
        self._admins = {key: known for key, known in self._admins.items() if key[0] != chat_id}
