"""Which method handles which kind of update."""

from collections.abc import Awaitable
from dataclasses import dataclass

from telegram import Update

from handlers.telegram.other_updates import OtherUpdates
from handlers.telegram.responder import TelegramResponder
from handlers.telegram.update_kinds import UpdateKind


@dataclass(frozen=True)
class UpdateHandlers:
    """Their methods raise only Interrupted."""

    responder: TelegramResponder
    other_updates: OtherUpdates

    def handle(self, kind: UpdateKind, update: Update) -> Awaitable[None]:
        """Call the method for this kind of update."""
        match kind, update:
            case UpdateKind.CALLBACK_QUERY, Update(callback_query=query) if query:
                return self.responder.on_callback_query(query)
            case UpdateKind.EDITED_MESSAGE, Update(edited_message=message) if message:
                return self.responder.on_message([message], edited=True)
            case UpdateKind.INLINE_QUERY, Update(inline_query=query) if query:
                return self.other_updates.on_inline_query(query)
            case UpdateKind.PRE_CHECKOUT_QUERY, Update(pre_checkout_query=checkout) if checkout:
                return self.other_updates.on_pre_checkout_query(checkout)
            case UpdateKind.MY_CHAT_MEMBER, Update(my_chat_member=change) if change:
                return self.other_updates.on_my_chat_member(change)
            case UpdateKind.GUEST_MESSAGE, Update(guest_message=message) if message:
                return self.other_updates.on_guest_message(message)
            case UpdateKind.SUCCESSFUL_PAYMENT, Update(message=message) if message:
                return self.other_updates.on_successful_payment(message)
            case UpdateKind.CHAT_MIGRATED, Update(message=message) if message:
                return self.other_updates.on_chat_migrated(message)
            case UpdateKind.MESSAGE, Update(message=message) if message:
                return self.responder.on_message([message])
        raise AssertionError(kind)
