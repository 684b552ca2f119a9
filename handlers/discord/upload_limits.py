"""How large uploads may be: every interaction says so for its channel, and Discord refuses larger ones."""

from dataclasses import dataclass, field, replace

from bot.jobs.photo_intake import PhotoIntake
from bot.messaging.platform import Card, Chat
from handlers.discord.rendering import pictures_of

DEFAULT_LIMIT = 10 * 1024 * 1024  # bytes; what every channel takes unless an interaction says otherwise
MIN_LIMIT = 64 * 1024  # bytes; a smaller file that is refused is not refused for its size
MAX_CHATS = 10_000  # remembered at once


@dataclass(frozen=True)
class UploadLimits:
    """The limits of the chats seen lately."""

    photo_intake: PhotoIntake
    _limits: dict[str, int] = field(default_factory=dict)

    def record(self, chat: Chat, limit: int) -> None:
        if len(self._limits) >= MAX_CHATS:
            self._limits.clear()
        self._limits[chat.platform_id] = limit

    def limit(self, chat: Chat) -> int:
        """The chat's limit in bytes."""
        return self._limits.get(chat.platform_id, DEFAULT_LIMIT)

    async def fit(self, card: Card, limit: int) -> Card:
        """The card with pictures re-encoded to fit: Discord applies the limit to a message's files together."""
        pictures = pictures_of(card)
        if sum(len(picture.jpeg) for picture in pictures) <= limit:
            return card
        share = limit // len(pictures)
        smaller = [
            replace(picture, jpeg=await self.photo_intake.fit_within(picture.jpeg, share)) for picture in pictures
        ]
        return replace(card, picture=None, document=None, pictures=tuple(smaller))
