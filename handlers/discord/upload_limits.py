"""How large a file may be: Discord says so with every interaction, and refuses what is larger."""

from dataclasses import dataclass, field, replace

from bot.jobs.photo_intake import PhotoIntake
from bot.messaging.platform import Card, Chat
from handlers.discord.rendering import pictures_of

USUAL = 10 * 1024 * 1024  # bytes that every channel takes, as far as we know
LEAST = 64 * 1024  # below which it can't be the size
MOST_CHATS = 10_000  # remembered


@dataclass(frozen=True)
class Sizes:
    """What each chat takes, as far as it was told lately."""

    reception: PhotoIntake
    _known: dict[str, int] = field(default_factory=dict)

    def learn(self, chat: Chat, most: int) -> None:
        if len(self._known) >= MOST_CHATS:
            self._known.clear()
        self._known[chat.platform_id] = most

    def most(self, chat: Chat) -> int:
        """Bytes."""
        return self._known.get(chat.platform_id, USUAL)

    async def fitting(self, card: Card, most: int) -> Card:
        """With smaller copies of pictures that are too big; all together may not be bigger than one may be."""
        pictures = pictures_of(card)
        if sum(len(picture.jpeg) for picture in pictures) <= most:
            return card
        each = most // len(pictures)
        smaller = [replace(one, jpeg=await self.reception.fit_within(one.jpeg, each)) for one in pictures]
        return replace(card, picture=None, document=None, pictures=tuple(smaller))
