"""Telegram updates of every kind that the bot handles, each malformed in some way."""

import random
from typing import Any

from chaos.fuzz_images import corrupt_image
from chaos.fuzz_text import mutate, random_text
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import change_membership, edit_caption, migrate_group
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import NOW, ChatUser
from tests.fakes.telegram_api.server import BotApi

Json = Any


async def valid_updates(api: BotApi) -> list[Json]:
    """One valid update of each kind, taken back before the bot has received it."""
    user, member = ChatUser(api, 5, 5), ChatUser(api, 5, -1005)
    await user.says("/help")
    await user.sends(portrait_jpeg(), caption="/style 2")
    await edit_caption(user, user.last, "/style 5")
    await user.sends_file(portrait_jpeg(), "me.jpg", "image/jpeg", caption="/style 2")
    await user.sends_album([portrait_jpeg(), portrait_jpeg(shade=3)], caption="/style ref")
    await member.says("/style 2", reply_to=user.last)
    await user.presses_data(ChatMessage(5, 77, "a card"), "choose:1:2")
    await api.push({"inline_query": {"id": "q", "from": user.user(), "query": "anime", "offset": ""}})
    paid = {"currency": "XTR", "total_amount": 50, "invoice_payload": "units:10:50"}
    await api.push({"pre_checkout_query": {"id": "c", "from": user.user(), **paid}})
    charges = {"telegram_payment_charge_id": "charge", "provider_payment_charge_id": ""}
    await user.posts({"successful_payment": paid | charges})
    await change_membership(member)
    await migrate_group(ChatUser(api, 5, -1006), -1007)
    body = {"message_id": 9, "date": NOW, "chat": {"id": -777, "type": "supergroup", "title": "E"}, "from": user.user()}
    await api.push({"guest_message": body | user.photo_body(portrait_jpeg()) | {"guest_query_id": "g"}})
    pushed, api.updates = api.updates, []
    return [{name: value for name, value in update.items() if name != "update_id"} for update in pushed]


async def push_malformed_update(api: BotApi, kinds: list[Json], rng: random.Random) -> Json:
    """Push a malformed update: mutated JSON, unusual text, a corrupted file or foreign button data."""
    user = ChatUser(api, rng.randint(1, 2**40), rng.choice((rng.randint(1, 2**40), -1005)))
    draw = rng.random()
    if draw < 0.4:
        return await api.push(mutate(rng.choice(kinds), rng))
    if draw < 0.6:
        return await user.says(random_text(rng) or " ")
    if draw < 0.75:
        return await user.sends(corrupt_image(rng)[1], caption=random_text(rng)[:1024])
    if draw < 0.9:
        return await user.presses_data(ChatMessage(user.chat, rng.randint(1, 2**31), "a card"), _button_data(rng))
    mime = rng.choice(("image/jpeg", "text/html", "", "\0", "application/zip"))
    return await user.sends_file(corrupt_image(rng)[1], random_text(rng)[:200], mime, size=rng.choice((None, 0, 2**40)))


def _button_data(rng: random.Random) -> str:
    verb = rng.choice(("choose", "again", "delete", "file", "page", "cancel", "owner", "buy", "x", ""))
    numbers = [str(rng.choice((0, 1, -1, 2**31, 2**63, 10**30, "", "a", "１"))) for _ in range(rng.randint(0, 4))]
    return ":".join((verb, *numbers))[:64] if rng.random() < 0.8 else random_text(rng)[:16]
