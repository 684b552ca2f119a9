"""What is remembered about chats: rows in the database, and the new ids of migrated groups."""

from dataclasses import dataclass, field, replace

from bot.messaging.platform import Address, Chat
from bot.messaging.platform_files import PlatformFiles

INLINE_PREFIX = "inline:"  # of a chat id that stands for one inline message


@dataclass(frozen=True)
class ChatState(PlatformFiles):
    """One bot's state. `migrated` maps a group's old chat id to its new one."""

    migrated: dict[str, str] = field(default_factory=dict)

    def current_address(self, address: Address) -> Address:
        """The address with the chat's current id. Messages of the old group can't be reached from the new one."""
        new = self.migrated.get(address.chat.platform_id)
        if new is None:
            return address
        return replace(address, chat=replace(address.chat, platform_id=new), reply_to=None, message_id=None)


def inline_message_id(chat: Chat) -> str | None:
    """The inline message id, if this chat stands for a single message in a chat where the bot isn't a member."""
    return chat.platform_id.removeprefix(INLINE_PREFIX) if chat.platform_id.startswith(INLINE_PREFIX) else None
