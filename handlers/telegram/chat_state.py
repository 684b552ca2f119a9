"""What we remember of Telegram's chats: our rows, and where groups have moved to."""

from dataclasses import dataclass, field, replace

from bot.messaging.platform import Address, Chat
from bot.messaging.platform_files import PlatformFiles

INLINE = "inline:"  # a chat that is one message, in a chat of somebody's that we are no member of


@dataclass(frozen=True)
class Memory(PlatformFiles):
    """One bot's. `moved`: from the old number of a group to its new one."""

    moved: dict[str, str] = field(default_factory=dict)

    def followed(self, address: Address) -> Address:
        """The same place where its group is now; messages of the old place can't be reached from there."""
        new = self.moved.get(address.chat.platform_id)
        if new is None:
            return address
        return replace(address, chat=replace(address.chat, platform_id=new), reply_to=None, message_id=None)


def inline_id(chat: Chat) -> str | None:
    """The message that this chat consists of, when it is one in somebody else's chat."""
    return chat.platform_id.removeprefix(INLINE) if chat.platform_id.startswith(INLINE) else None
