"""Every press is answered without side effects: outdated, foreign, other people's, or in the wrong state."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from bot.domain.styles import SHEET
from bot.messaging.callback_data import person_key
from bot.messaging.platform import Card
from tests.fakes.dashscope.quick_engine import STYLES, quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.buttons import KINDS, unpacked
from tests.harness.chat import ChatUser, chat_harness, labels

FOREIGN = (
    "",
    "x",
    "choose:1",
    "paint:1:2",
    "choose:１:2",
    "again:9999999999999999999",
    ":::",
    "\x00",
    "样式:1",
    "x" * 64,
)
_LARGE = 10**18 - 1


def _every_press(jobs: tuple[int, ...], person: int) -> list[str]:
    abouts = (0, 1, *jobs, person, _LARGE)
    numbers = (None, -_LARGE, -1, 0, 1, 2, 99, _LARGE)
    packed = (
        f"{kind}:{about}" + ("" if number is None else f":{number}")
        for kind, about, number in product(KINDS, abouts, numbers)
    )
    return [data for data in packed if unpacked(data) is not None]


async def _is_answered(user: ChatUser, card: Card, data: str) -> None:
    answer = await user.presses_data(card, data)
    assert answer.notice or answer.card or answer.edit or answer.rows or answer.remove, data
    assert len(answer.notice) <= 200


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_other_peoples_and_foreign_presses_are_answered_without_effect(tmp_path: Path, language: str) -> None:
    async with chat_harness(tmp_path, daily_free_images=5) as harness:
        anna, ben = harness.person("anna"), harness.member("ben", language)
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        await anna.sends(portrait_jpeg(shade=7))
        draft = await anna.sees("Which style")
        painted = (await harness.app.services.queries.history(anna.person))[0].id
        before = await harness.app.services.queries.quota(anna.person)
        for data in (*FOREIGN, *_every_press((painted, painted + 1), person_key(anna.person))):
            await _is_answered(ben, draft, data)
        assert await harness.app.services.queries.quota(anna.person) == before
        assert len(await harness.app.services.queries.history(anna.person)) == 1
        assert (await anna.presses(draft, "Retro comic")).notice == ""
        await anna.picture(2)


async def test_own_outdated_buttons_are_answered(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg(), "/style 0")
        card = await anna.picture()
        [view] = await harness.app.services.queries.history(anna.person)
        for data in (f"choose:{view.id}:2", f"page:{view.id}:1", f"cancel:{view.id}", f"surprise:{view.id}"):
            answer = await anna.presses_data(card, data)
            assert answer.alert
            assert "moved on" in answer.notice
        await anna.presses_data(card, f"delete:{view.id}:1")
        for verb in ("again", "other", "file", "beside", "open", "delete"):
            assert "deleted" in (await anna.presses_data(card, f"{verb}:{view.id}")).notice


async def test_all_styles_at_once_where_the_engine_offers_a_sheet(tmp_path: Path) -> None:
    engine = replace(quick_engine(), styles=STYLES | {SHEET.index})
    async with chat_harness(tmp_path, engine=engine) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg())
        draft = await anna.sees("Which style")
        assert not any("-2" in label for label in labels(draft))
        await anna.presses(draft, "✨ All at once")
        assert (await anna.picture()).text == "🎨 All styles at once"


async def test_a_draft_merged_into_a_waiting_job_says_so(tmp_path: Path) -> None:
    hold = quick_engine(until=tmp_path / "go")
    async with chat_harness(tmp_path / "data", engine=hold) as harness:
        anna, photo = harness.person("anna"), portrait_jpeg()
        await anna.sends(photo, "/style 0")
        await anna.sends(photo)
        answer = await anna.presses(await anna.sees("Which style"), "Retro comic")
        assert answer.notice == "I already have this photo in that style. Its earlier message shows how far it is."
        await anna.sees("Cancelled")
        (tmp_path / "go").touch()
        await anna.picture()
        assert (await harness.app.services.queries.quota(anna.person)).used == 1
