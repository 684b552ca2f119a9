"""Updates as Telegram sends them, of every kind that the bot listens to, with something wrong in each."""

import random
from typing import Any

from chaos.fuzz_images import corrupt_image
from chaos.fuzz_text import mutate, random_text
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import adds_bot, changes_caption, group_moves
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.people import NOW, Someone
from tests.fakes.telegram_api.server import BotApi

Json = Any


async def valid_updates(api: BotApi) -> list[Json]:
    """One of each kind, taken back before the bot has seen it."""
    anna, member = Someone(api, 5, 5), Someone(api, 5, -1005)
    await anna.says("/help")
    await anna.sends(portrait_jpeg(), caption="/style 2")
    await changes_caption(anna, anna.last, "/style 5")
    await anna.sends_file(portrait_jpeg(), "me.jpg", "image/jpeg", caption="/style 2")
    await anna.sends_album([portrait_jpeg(), portrait_jpeg(shade=3)], caption="/style ref")
    await member.says("/style 2", answering=anna.last)
    await anna.presses_data(Shown(5, 77, "a card"), "choose:1:2")
    await api.push({"inline_query": {"id": "q", "from": anna.user(), "query": "anime", "offset": ""}})
    paid = {"currency": "XTR", "total_amount": 50, "invoice_payload": "units:10:50"}
    await api.push({"pre_checkout_query": {"id": "c", "from": anna.user(), **paid}})
    charges = {"telegram_payment_charge_id": "charge", "provider_payment_charge_id": ""}
    await anna.posts({"successful_payment": paid | charges})
    await adds_bot(member)
    await group_moves(Someone(api, 5, -1006), -1007)
    body = {"message_id": 9, "date": NOW, "chat": {"id": -777, "type": "supergroup", "title": "E"}, "from": anna.user()}
    await api.push({"guest_message": body | anna.photo_body(portrait_jpeg()) | {"guest_query_id": "g"}})
    made, api.updates = api.updates, []
    return [{name: value for name, value in update.items() if name != "update_id"} for update in made]


async def push_malformed_update(api: BotApi, kinds: list[Json], dice: random.Random) -> Json:
    """An update that is not as it should be: bent JSON, odd words, a broken file, or foreign button data."""
    somebody = Someone(api, dice.randint(1, 2**40), dice.choice((dice.randint(1, 2**40), -1005)))
    lot = dice.random()
    if lot < 0.4:
        return await api.push(mutate(dice.choice(kinds), dice))
    if lot < 0.6:
        return await somebody.says(random_text(dice) or " ")
    if lot < 0.75:
        return await somebody.sends(corrupt_image(dice)[1], caption=random_text(dice)[:1024])
    if lot < 0.9:
        return await somebody.presses_data(Shown(somebody.chat, dice.randint(1, 2**31), "a card"), _button_data(dice))
    mime = dice.choice(("image/jpeg", "text/html", "", "\0", "application/zip"))
    return await somebody.sends_file(corrupt_image(dice)[1], random_text(dice)[:200], mime, size=dice.choice((None, 0, 2**40)))


def _button_data(dice: random.Random) -> str:
    verb = dice.choice(("choose", "again", "delete", "file", "page", "cancel", "owner", "buy", "x", ""))
    numbers = [str(dice.choice((0, 1, -1, 2**31, 2**63, 10**30, "", "a", "１"))) for _ in range(dice.randint(0, 4))]
    return ":".join((verb, *numbers))[:64] if dice.random() < 0.8 else random_text(dice)[:16]
