"""A finished picture that a chat refuses reaches its person some other way, and nothing is painted where we may not
speak: updates and refusals of real chats (`tests/fakes/cases`), replayed."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job_view import State
from bot.runtime.clock import WallClock
from tests import ROOT
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import migrate_group
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import LastingRefusal
from tests.harness.telegram import SPEEDUP, TelegramHarness, telegram_harness

Json = Any
KICKED = (403, "Forbidden: bot was kicked from the supergroup chat")


def cases(name: str, kind: str) -> list[Json]:
    """The cases of a kind, in a file."""
    path = ROOT / "tests" / "fakes" / "cases" / f"{name}.json"
    return [pytest.param(case, id=case["name"]) for case in json.loads(path.read_text("utf-8")) if case["kind"] == kind]


async def replay(harness: TelegramHarness, update: Json) -> None:
    """Deliver a literal update; the photos that it names and its topic exist."""
    message = update.get("message") or {}
    for photo in message.get("reply_to_message", message).get("photo", ()):
        harness.api.files[photo["file_id"]] = portrait_jpeg(512, 512, shade=int(photo["file_unique_id"][1:]) * 20)
    if "message_thread_id" in message:
        harness.api.chats.topics.add((message["chat"]["id"], message["message_thread_id"]))
    await harness.api.push(update)


def users(harness: TelegramHarness, case: Json) -> tuple[ChatUser, ChatUser]:
    """The person of a case where they ask, and in their private chat."""
    message = next(
        update["message"] for update in case["updates"] if update.get("message", {}).get("text", "")[1:6] != "quota"
    )
    person = message["from"]["id"]
    return ChatUser(harness.api, person, message["chat"]["id"]), ChatUser(harness.api, person, person)


def refuse(harness: TelegramHarness, chat: int, rules: list[Json]) -> None:
    harness.api.refusals += [
        LastingRefusal(chat, rule["methods"], rule["code"], rule["desc"], rule.get("when", ""), rule.get("params"))
        for rule in rules
    ]


def says_where(message: ChatMessage) -> bool:
    return "/history" in message.text


@pytest.mark.parametrize("case", cases("telegram-result-refused", "refused"))
async def test_a_refused_picture_is_shown_some_other_way(tmp_path: Path, case: Json) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        here, private = users(harness, case)
        if not case["known"]:
            harness.api.chats.never_started.add(private.chat)
        await replay(harness, case["updates"][0])
        await harness.api.until(lambda: here.sees and "Painting" in here.sees[0].text)
        [card] = here.sees
        refuse(harness, here.chat, case["refuse"])
        if case.get("card_gone"):
            del harness.api.chats.messages[card.chat, card.id]
        if case.get("kick_s"):
            harness.api.refusals.append(LastingRefusal(here.chat, ".*", *KICKED))
            await harness.api.push(case["updates"][1])
        (tmp_path / "go").touch()
        await harness.api.until(
            lambda: any(one.photo or one.document or says_where(one) for one in (*here.sees, *private.sees)), 15
        )
        if case.get("kick_s"):
            harness.api.refusals.clear()
            await harness.api.push(case["updates"][2])
        await harness.api.until(lambda: not any("%" in message.text for message in (*here.sees, *private.sees)), 15)
        harness.api.chats.never_started.clear()
        [history] = [update for update in case["updates"] if "history" in update.get("message", {}).get("text", "")]
        await replay(harness, history)
        await harness.api.until(lambda: any("Your last picture" in one.text for one in private.sees))
        listed = next(one for one in private.sees if "Your last picture" in one.text)
        before = len(private.sees)
        await private.presses(listed, "🖼 1")
        await harness.api.until(lambda: len(private.sees) > before)
        assert private.sees[-1].photo or private.sees[-1].document
        assert await harness.units(private) == (1, 0)


async def test_words_in_the_group_lead_to_the_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.member(1, language="zh")
        photo = await anna.sends(portrait_jpeg(), caption="/style 7")
        await harness.api.until(lambda: anna.sees)
        assert photo
        words = "Bad Request: not enough rights to send documents to the chat"
        harness.api.refusals += [LastingRefusal(anna.chat, "send(Photo|Document)|editMessageMedia", 400, words)]
        (tmp_path / "go").touch()
        await harness.api.until(lambda: "私聊" in anna.sees[0].text)
        assert anna.sees[0].rows == ((("🖼 私聊查看", "https://t.me/repaint_test_bot?start=history"),),)
        assert len(anna.sees) == 1


@pytest.mark.parametrize("case", cases("telegram-stays", "still"))
async def test_a_card_that_can_not_be_edited_is_followed_by_its_picture(tmp_path: Path, case: Json) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        ben = harness.person(case["updates"][0]["message"]["chat"]["id"])
        await replay(harness, case["updates"][0])
        await harness.api.until(lambda: ben.sees)
        refuse(harness, ben.chat, case["refuse"])
        (tmp_path / "go").touch()
        await harness.api.until(lambda: ben.pictures)
        assert await harness.units(ben) == (1, 0)


@pytest.mark.parametrize("case", cases("telegram-stays", "wait"))
async def test_while_telegram_asks_to_wait_next_to_nothing_is_sent(tmp_path: Path, case: Json) -> None:
    clock = WallClock(SPEEDUP)
    async with telegram_harness(tmp_path, until=tmp_path / "go", clock=clock) as harness:
        here, _ = users(harness, case)
        await replay(harness, case["updates"][0])
        await harness.api.until(lambda: here.sees and "Painting" in here.sees[0].text)
        refuse(harness, here.chat, case["refuse"])

        def edits() -> int:
            return sum(call.method.startswith("edit") for call in harness.api.calls)

        before, began = edits(), clock.now()
        (tmp_path / "go").touch()
        await harness.api.until(lambda: edits() > before)
        harness.api.refusals.clear()
        await harness.api.until(lambda: here.pictures)
        assert clock.now() - began >= case["refuse"][0]["params"]["retry_after"]
        assert edits() - before <= case["calls_at_most"]
        assert await harness.units(here) == (1, 0)


@pytest.mark.parametrize("case", cases("telegram-stays", "migrate"))
async def test_a_picture_follows_its_group_that_becomes_a_supergroup(tmp_path: Path, case: Json) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        here, _ = users(harness, case)
        there = harness.member(here.id, chat=here.chat - 1)
        await replay(harness, case["updates"][0])
        await harness.api.until(lambda: here.sees)
        await migrate_group(here, there.chat, sides=())
        (tmp_path / "go").touch()
        await harness.api.until(lambda: there.pictures)
        assert not here.pictures
        assert await harness.units(here) == (1, 0)


async def test_whoever_asks_for_a_picture_where_none_may_be_sent_learns_it(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.sends(portrait_jpeg(), caption="/style 7")
        await harness.api.until(lambda: anna.pictures)
        words = "Bad Request: not enough rights to send documents to the chat"
        harness.api.refusals += [LastingRefusal(anna.chat, "send(Photo|Document)", 400, words)]
        await anna.presses(anna.pictures[0], "As file")
        await harness.api.until(lambda: len(anna.sees) == 2)
        assert anna.sees[1].text == "I can't send pictures here. Please ask me in our private chat."
        assert anna.sees[1].data("See it in private") == "https://t.me/repaint_test_bot?start=history"


@pytest.mark.parametrize("case", cases("telegram-cannot-speak", "mute"))
async def test_where_we_may_not_speak_nothing_is_painted(tmp_path: Path, case: Json) -> None:
    async with telegram_harness(tmp_path) as harness:
        here, private = users(harness, case)
        refuse(harness, here.chat, case["refuse"])
        await replay(harness, case["updates"][0])
        await harness.api.until(lambda: private.sees)
        units = private.sees[-1].text
        for update in case["updates"][1:-1]:
            await replay(harness, update)
        await harness.api.until(
            lambda: sum("I may not write in the chat" in one.text for one in private.sees) == case["wishes"]
        )
        await replay(harness, case["updates"][-1])
        await harness.api.until(lambda: private.sees[-1].text == units)
        history = await harness.app.services.queries.history(private.person)
        assert {view.state for view in history} == {State.FAILED}
        assert len(history) == case["wishes"]
        async with harness.app.services.database.read() as connection:
            assert (await connection.exec_driver_sql("SELECT COUNT(*) FROM attempt")).scalar_one() == 0
        assert not here.sees


async def test_blocked_cancels_what_waits_and_the_finished_is_shown_after_the_return(tmp_path: Path) -> None:
    [left] = [case.values[0] for case in cases("telegram-cannot-speak", "leave")]
    [back] = [case.values[0] for case in cases("telegram-cannot-speak", "back")]
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        ben = harness.person(left["updates"][1]["my_chat_member"]["chat"]["id"])
        for shade in (40, 80):
            await ben.sends(portrait_jpeg(shade=shade), caption="/style 7")
        await harness.api.until(lambda: len(ben.sees) == 2 and any("Painting" in card.text for card in ben.sees))
        harness.api.chats.blocked.add(ben.chat)
        await harness.api.push(_with_bot(left["updates"][1]))
        while await harness.units(ben) != (0, 1):
            await harness.app.deps.clock.wait(harness.app.deps.wakeups.subscribe(), 0.2)
        (tmp_path / "go").touch()
        await _until_given_up(harness, 2)
        assert await harness.units(ben) == (1, 0)
        harness.api.chats.blocked.clear()
        await harness.api.push(_with_bot(back["updates"][1]))
        await ben.says(back["updates"][2]["message"]["text"])
        await harness.api.until(lambda: len(ben.pictures) == 1)
        await harness.api.until(lambda: any("so I didn't paint it" in card.text for card in ben.sees))


async def test_the_next_contact_says_that_a_picture_is_waiting(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna, member = harness.person(1), harness.member(1)
        harness.api.chats.never_started.add(anna.chat)
        await member.sends(portrait_jpeg(), caption="/style 7")
        await harness.api.until(lambda: member.sees and "Painting" in member.sees[0].text)
        harness.api.refusals.append(LastingRefusal(member.chat, ".*", *KICKED))
        (tmp_path / "go").touch()
        await _until_given_up(harness, 1)
        harness.api.chats.never_started.clear()
        await anna.says("/start")
        await harness.api.until(lambda: anna.sees)
        assert "1 picture was finished" in anna.sees[0].text
        await anna.says("/quota")
        await harness.api.until(lambda: len(anna.sees) == 2)
        assert "was finished" not in anna.sees[1].text, "it is said once"


def _with_bot(update: Json) -> Json:
    """A change of membership with the fields that its case leaves out."""
    change = dict(update["my_chat_member"])
    me = {"id": 7654321, "is_bot": True, "first_name": "Repaint", "username": "repaint_test_bot"}
    for name in ("old_chat_member", "new_chat_member"):
        change[name] = change[name] | {"user": me}
    return {"my_chat_member": change}


async def _until_given_up(harness: TelegramHarness, outcomes: int) -> None:
    """Wait until so many outcomes could be shown nowhere."""
    while True:
        wakeup = harness.app.deps.wakeups.subscribe()
        async with harness.app.services.database.read() as connection:
            found = await connection.exec_driver_sql("SELECT COUNT(*) FROM outbox WHERE given_up IS NOT NULL")
            if found.scalar_one() == outcomes:
                return
        await harness.app.deps.clock.wait(wakeup, 0.2)
