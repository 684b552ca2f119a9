"""Flood control, broken connections, restarts and people who leave: no request is lost or carried out twice."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import open_installation
from bot.domain.job_view import State
from bot.runtime.clock import WallClock
from handlers.telegram import TokenRefused, telegram
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import TOKEN, Fault, bad_gateway, bot_api, error_reply, flood
from tests.harness.app import ended, settings_for
from tests.harness.telegram import telegram_harness


async def test_the_same_update_delivered_twice_is_one_job_and_one_answer(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        update = await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.push(update)
        asked = await anna.says("/quota")
        await harness.api.push(asked)
        await harness.api.until(lambda: anna.pictures)
        await harness.api.push(update)
        await harness.api.handled()
        assert len(anna.sees) == 2
        assert await harness.units(anna) == (1, 0)


async def test_an_update_delivered_again_after_a_restart_is_the_same_job(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_harness(tmp_path, api=api, until=tmp_path / "go") as harness:
            anna = harness.person(1)
            photo = await anna.sends(portrait_jpeg(), caption="/style 2")
            album = await anna.sends_album([portrait_jpeg(shade=1), portrait_jpeg(shade=2)], caption="/style ref")
            await api.until(lambda: len(anna.sees) == 2)
        for update in (photo, *album):
            await api.push(update)
        (tmp_path / "go").touch()
        async with telegram_harness(tmp_path, api=api) as harness:
            await api.until(lambda: len(anna.pictures) == 2)
            await api.handled()
            assert await harness.units(anna) == (2, 0)
            assert len(await harness.app.services.queries.history(anna.person)) == 2


async def test_an_acknowledged_update_is_stored_and_handled_after_a_restart(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_harness(tmp_path, api=api) as harness:
            anna = harness.person(1)
            api.faults.append(bad_gateway("getFile", times=1000))
            await anna.sends(portrait_jpeg(), caption="/style 2")
            await api.until(lambda: api.count("getFile") >= 1)
            await api.acknowledged()
        api.faults.clear()
        assert not anna.pictures
        async with telegram_harness(tmp_path, api=api) as harness:
            await api.until(lambda: anna.pictures)
            await api.handled()
            assert await harness.units(anna) == (1, 0)


async def test_faults_delay_a_picture_and_never_duplicate_its_card(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        harness.api.faults += [
            bad_gateway("getUpdates", 502, times=2),
            Fault("getUpdates"),
            flood("getFile", 1),
            Fault("getFile"),
            flood("sendMessage", 3),
            bad_gateway("sendMessage", 500),
            flood("editMessageText", 1, times=2),
            flood("editMessageMedia", 1),
            bad_gateway("editMessageMedia"),
            Fault("editMessageMedia"),
            Fault("editMessageMedia", lost=True),
        ]
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        history = await harness.app.services.queries.history(anna.person)
        await harness.api.until(
            lambda: not any(fault.times for fault in harness.api.faults if fault.method != "editMessageText")
        )
        assert len(anna.sees) == 1
        assert [view.state for view in history] in ([State.STORED], [State.DELIVERED])
        assert await harness.units(anna) == (1, 0)


async def test_an_edit_that_changes_nothing_counts_as_done(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        harness.api.faults.append(Fault("editMessageMedia", lost=True))  # executed, but the response is lost
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        (tmp_path / "go").touch()
        await harness.api.until(lambda: harness.api.count("editMessageMedia") == 2)
        [view] = await harness.app.services.queries.history(anna.person)
        await ended(harness.app, anna.person, view.id)
        assert len(anna.sees) == 1


async def test_a_file_that_cant_be_downloaded_is_reported_after_several_attempts(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.faults.append(bad_gateway("getFile", times=1000))
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        assert anna.sees[0].text == "I couldn't get that done just now. Please try again in a few minutes."
        await harness.api.handled()


async def test_when_the_card_was_deleted_the_picture_is_a_new_reply(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        [card] = anna.sees
        del harness.api.chats.messages[card.chat, card.id]
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        [picture] = anna.sees
        assert picture.id != card.id
        assert picture.reply_to == card.reply_to


async def test_a_deleted_photo_still_gets_its_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.faults.append(flood("sendMessage", 1))
        await anna.sends(portrait_jpeg(), caption="/style 2")
        del harness.api.chats.messages[anna.chat, anna.last.id]
        await harness.api.until(lambda: anna.pictures)
        assert anna.pictures[0].reply_to is None


async def test_after_blocking_the_bot_the_picture_is_still_in_the_history(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna, ben = harness.person(1), harness.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        harness.api.chats.blocked.add(anna.chat)
        (tmp_path / "go").touch()
        [view] = await harness.app.services.queries.history(anna.person)
        assert (await ended(harness.app, anna.person, view.id)).state in {State.STORED, State.DELIVERED}
        assert await harness.app.services.queries.result(anna.person, view.id)
        await ben.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: ben.pictures)
        assert not anna.pictures


async def test_a_card_too_old_to_be_deleted_is_blanked(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        [card] = anna.pictures
        harness.api.faults.append(
            Fault("deleteMessage", reply=error_reply(400, "Bad Request: message can't be deleted for everyone"))
        )
        await anna.presses_data(card, card.data("Delete") + ":1")
        await harness.api.until(lambda: anna.pictures and "gone" in anna.pictures[0].text)
        assert anna.pictures[0].photo != card.photo
        assert anna.pictures[0].labels == []


@pytest.mark.parametrize(("conflicts", "explained"), [(1, False), (2, True)], ids=["a handover", "two programs"])
async def test_a_lasting_conflict_of_two_pollers_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], conflicts: int, *, explained: bool
) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        harness.api.faults.append(
            Fault(
                "getUpdates",
                reply=error_reply(409, "Conflict: terminated by other getUpdates request"),
                times=conflicts,
            )
        )
        await anna.says("/quota")
        await harness.api.until(lambda: not any(fault.times for fault in harness.api.faults))
        await anna.says("/queue")
        await harness.api.until(lambda: len(anna.sees) == 2)
    assert ("another program receives this bot's updates" in capsys.readouterr().out) is explained


async def test_the_token_is_never_logged_not_even_at_debug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with telegram_harness(tmp_path) as harness:
            anna = harness.person(1)
            harness.api.faults += [Fault("getFile"), bad_gateway("sendMessage", 500), flood("editMessageMedia", 1)]
            await anna.sends(portrait_jpeg(), caption="/style 2")
            await harness.api.until(lambda: anna.pictures)
    printed = capsys.readouterr()
    secret = TOKEN.partition(":")[2]
    assert secret not in caplog.text + printed.out + printed.err


async def test_a_rejected_token_is_reported_at_once_without_quoting_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "7654321:AAH-another-token-that-nobody-knows-here"
    async with (
        bot_api() as api,
        open_installation(settings_for(tmp_path), clock=WallClock(), engine=quick_engine()) as app,
    ):
        with pytest.raises(TokenRefused) as refused:
            async with telegram(app.services, token=SecretStr(wrong), api_url=api.url):
                raise AssertionError("the bot must not start")
    chain = [
        refused.value,
        refused.value.__cause__,
        refused.value.__context__ if not refused.value.__suppress_context__ else None,
    ]
    assert "AAH" not in "".join(f"{error!r}" for error in chain) + caplog.text


async def test_the_bot_waits_until_telegram_can_be_reached(tmp_path: Path) -> None:
    async with bot_api() as api:
        api.faults.append(Fault("getMe", times=2))
        async with telegram_harness(tmp_path, api=api) as harness:
            anna = harness.person(1)
            await anna.says("/quota")
            await api.until(lambda: anna.sees)
