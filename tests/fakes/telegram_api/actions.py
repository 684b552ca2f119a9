"""What people do besides sending messages: edit a caption, use inline mode, call the bot as a guest, pay, manage a
group.
"""

import json
from collections.abc import Sequence
from typing import Any

from tests.fakes.telegram_api.chats import ChatMessage, chat_json
from tests.fakes.telegram_api.people import NOW, ChatUser
from tests.fakes.telegram_api.server import ME, BotApi

Json = Any


async def edit_caption(user: ChatUser, photo: ChatMessage, caption: str) -> Json:
    """Edit the caption of a photo."""
    message = user.api.chats.user_messages[photo.chat, photo.id] | {"caption": caption, "edit_date": NOW + 60}
    user.api.chats.user_messages[photo.chat, photo.id] = message
    return await user.api.push({"edited_message": message})


async def send_inline_query(user: ChatUser, text: str) -> list[Json]:
    """Type the bot's name and `text` in any chat; returns the results that the bot offers."""
    api, query = user.api, f"inline-query-{user.api.chats.new_id()}"
    api.queries.pending.add(query)
    await api.push({"inline_query": {"id": query, "from": user.user(), "query": text, "offset": ""}})
    await api.until(lambda: query in api.queries.answers)
    results: list[Json] = json.loads(api.queries.answers[query]["results"])
    return results


async def send_guest_message(
    user: ChatUser, text: str, photo: bytes | None = None, reply_to: Json = None, chat: Json = None
) -> str:
    """Mention the bot in a chat where it isn't a member; returns the id of the guest query."""
    api, query = user.api, f"guest-{user.api.chats.new_id()}"
    api.queries.pending.add(query)
    chat = chat or {"id": -777, "type": "supergroup", "title": "Elsewhere"}
    message: Json = {"message_id": api.chats.new_id(), "date": NOW, "chat": chat, "from": user.user()}
    message |= {"guest_query_id": query}
    message |= {"text": text} if photo is None else user.photo_body(photo) | {"caption": text}
    if reply_to is not None:
        message["reply_to_message"] = reply_to
    await api.push({"guest_message": message})
    return query


async def guest_answer(api: BotApi, query: str) -> str:
    """The id of the inline message with which the bot answers the guest query."""
    await api.until(lambda: query in api.queries.guest_messages)
    return api.queries.guest_messages[query]


async def start_checkout(user: ChatUser, invoice: Json) -> Json:
    """Tap Pay on an invoice; returns the parameters of the bot's answerPreCheckoutQuery."""
    api, query = user.api, f"checkout-{user.api.chats.new_id()}"
    api.queries.pending.add(query)
    body = {
        "id": query,
        "from": user.user(),
        "currency": "XTR",
        "total_amount": json.loads(invoice["prices"])[0]["amount"],
    }
    await api.push({"pre_checkout_query": body | {"invoice_payload": invoice["payload"]}})
    await api.until(lambda: query in api.queries.answers)
    return api.queries.answers[query]


async def complete_payment(user: ChatUser, invoice: Json, charge_id: str) -> Json:
    """Pay an invoice; returns the update with the successful payment."""
    paid = {"currency": "XTR", "total_amount": json.loads(invoice["prices"])[0]["amount"]}
    paid |= {
        "invoice_payload": invoice["payload"],
        "telegram_payment_charge_id": charge_id,
        "provider_payment_charge_id": "",
    }
    return await user.posts({"successful_payment": paid})


async def change_membership(user: ChatUser, *, was: str = "left", now: str = "member") -> Json:
    """Change the bot's status in this chat."""
    change: Json = {"chat": chat_json(user.chat), "from": user.user(), "date": NOW}
    change |= {"old_chat_member": _chat_member(was), "new_chat_member": _chat_member(now)}
    return await user.api.push({"my_chat_member": change})


async def migrate_group(user: ChatUser, new_chat_id: int, *, sides: Sequence[str] = ("old", "new")) -> None:
    """Turn the group into a supergroup. `sides`: the chats in which Telegram reports it."""
    old = user.chat
    user.api.chats.migrated[old] = new_chat_id
    bodies = {"old": {"migrate_to_chat_id": new_chat_id}, "new": {"migrate_from_chat_id": old}}
    for side in sides:
        reporter = ChatUser(user.api, user.id, old if side == "old" else new_chat_id)
        await reporter.posts(bodies[side])


def _chat_member(status: str) -> Json:
    user = {name: ME[name] for name in ("id", "is_bot", "first_name", "username")}
    if status == "kicked":
        return {"status": status, "user": user, "until_date": 0}
    if status != "administrator":
        return {"status": status, "user": user}
    rights = (
        *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
        *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
        *("can_edit_stories", "can_delete_stories"),
    )
    return {"status": status, "user": user} | dict.fromkeys(rights, False)
