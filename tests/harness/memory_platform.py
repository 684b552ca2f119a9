"""A platform in memory that records what is shown, where and in which order, and fails on demand."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.messaging.platform import DEFAULT_CAPABILITIES, Address, Capabilities, Card, TargetGone, TryLater


@dataclass
class MemoryPlatform:
    """`messages`: what each message shows now; `sent`: new messages in order; `removed`: ids of deleted messages;
    `trouble`: the exception to raise for a new message or an edit, if any."""

    name: str = "test"
    capabilities: Capabilities = DEFAULT_CAPABILITIES
    trouble: Callable[[Address, Card], Exception | None] = field(default=lambda _address, _card: None)
    messages: dict[str, Card] = field(default_factory=dict)
    sent: list[tuple[Address, Card]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    async def show(self, address: Address, card: Card) -> str:
        trouble = self.trouble(address, card)
        if isinstance(trouble, TryLater) and trouble.perhaps_sent:
            self._shown(address, card)  # it has arrived; only its answer was lost
        if trouble is not None:
            raise trouble
        return self._shown(address, card)

    async def remove(self, address: Address, instead: str) -> None:
        message_id = address.message_id or ""
        if self.messages.pop(message_id, None) is None:
            raise TargetGone(card_only=True)
        self.removed.append(message_id)

    def texts(self) -> list[str]:
        """The texts of the new messages, in order."""
        return [card.text for _, card in self.sent]

    def _shown(self, address: Address, card: Card) -> str:
        message_id = address.message_id
        if message_id is None:
            self.sent.append((address, card))
            message_id = str(len(self.sent))
        elif message_id not in self.messages:
            raise TargetGone(card_only=True)
        self.messages[message_id] = card
        return message_id
