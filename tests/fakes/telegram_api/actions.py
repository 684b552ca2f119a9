"""What people do besides writing: change a caption, ask inline, call the bot into a chat, pay, add it to a group."""

import json
from collections.abc import Sequence
from typing import Any

from tests.fakes.telegram_api.chats import Shown, chat_json
from tests.fakes.telegram_api.people import NOW, Someone
from tests.fakes.telegram_api.server import ME, BotApi

Json = Any


async def changes_caption(someone: Someone, shown: Shown, caption: str) -> Json:
    """Edits the words under a picture."""
    message = someone.api.chats.written[shown.chat, shown.id] | {"caption": caption, "edit_date": NOW + 60}
    someone.api.chats.written[shown.chat, shown.id] = message
    return await someone.api.push({"edited_message": message})


async def asks_inline(someone: Someone, words: str) -> list[Json]:
    """Writes the bot's name and these words somewhere; what they are shown."""
    api, query = someone.api, f"inline-query-{someone.api.chats.new_id()}"
    api.elsewhere.asked.add(query)
    await api.push({"inline_query": {"id": query, "from": someone.user(), "query": words, "offset": ""}})
    await api.until(lambda: query in api.elsewhere.answers)
    found: list[Json] = json.loads(api.elsewhere.answers[query]["results"])
    return found


async def calls(
    someone: Someone, words: str, photo: bytes | None = None, answering: Json = None, chat: Json = None
) -> str:
    """Mentions the bot in a chat that it is no member of; returns the query that waits for an answer."""
    api, query = someone.api, f"guest-{someone.api.chats.new_id()}"
    api.elsewhere.asked.add(query)
    chat = chat or {"id": -777, "type": "supergroup", "title": "Elsewhere"}
    message: Json = {"message_id": api.chats.new_id(), "date": NOW, "chat": chat, "from": someone.user()}
    message |= {"guest_query_id": query}
    message |= {"text": words} if photo is None else someone.photo_body(photo) | {"caption": words}
    if answering is not None:
        message["reply_to_message"] = answering
    await api.push({"guest_message": message})
    return query


async def guest_answer(api: BotApi, query: str) -> str:
    """The id of the bot's message there, once it has answered."""
    await api.until(lambda: query in api.elsewhere.called)
    return api.elsewhere.called[query]


async def starts_to_pay(someone: Someone, bill: Json) -> Json:
    """Taps Pay; returns the bot's decision."""
    api, query = someone.api, f"checkout-{someone.api.chats.new_id()}"
    api.elsewhere.asked.add(query)
    body = {
        "id": query,
        "from": someone.user(),
        "currency": "XTR",
        "total_amount": json.loads(bill["prices"])[0]["amount"],
    }
    await api.push({"pre_checkout_query": body | {"invoice_payload": bill["payload"]}})
    await api.until(lambda: query in api.elsewhere.answers)
    return api.elsewhere.answers[query]


async def pays(someone: Someone, bill: Json, charge: str) -> Json:
    """Has paid; the update that says so."""
    paid = {"currency": "XTR", "total_amount": json.loads(bill["prices"])[0]["amount"]}
    paid |= {"invoice_payload": bill["payload"], "telegram_payment_charge_id": charge, "provider_payment_charge_id": ""}
    return await someone.posts({"successful_payment": paid})


async def adds_bot(someone: Someone, *, was: str = "left", now: str = "member") -> Json:
    """Changes the bot's standing in this group."""
    change: Json = {"chat": chat_json(someone.chat), "from": someone.user(), "date": NOW}
    change |= {"old_chat_member": _member(was), "new_chat_member": _member(now)}
    return await someone.api.push({"my_chat_member": change})


async def group_moves(someone: Someone, new: int, *, tell: Sequence[str] = ("old", "new")) -> None:
    """The group becomes a supergroup. `tell`: on which sides a message says so."""
    old = someone.chat
    someone.api.chats.moved[old] = new
    bodies = {"old": {"migrate_to_chat_id": new}, "new": {"migrate_from_chat_id": old}}
    for side in tell:
        where = Someone(someone.api, someone.id, old if side == "old" else new)
        await where.posts(bodies[side])


def _member(status: str) -> Json:
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
