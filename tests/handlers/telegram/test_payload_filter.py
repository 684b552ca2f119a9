"""An update that the library can't parse doesn't affect others."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.telegram.payload_filter import filter_updates
from tests.harness.telegram import telegram_harness

GOOD: Any = {
    "update_id": 7,
    "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "hi"},
}


def answer(*updates: Any) -> bytes:
    return json.dumps({"ok": True, "result": list(updates)}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        answer(GOOD),
        answer(),
        b"",
        b"<html>",
        b"[]",
        b'{"ok": false, "error_code": 409}',
        b'{"ok": true, "result": true}',
    ],
)
def test_valid_updates_and_other_responses_pass_unchanged(payload: bytes) -> None:
    assert filter_updates(payload) == (payload, ())


@pytest.mark.parametrize("odd", [7, [], {"message_id": 1}, {"message_id": 1, "date": "x", "chat": {"id": 5}}])
def test_only_the_id_of_a_bad_update_is_kept(odd: Any) -> None:
    other = GOOD | {"update_id": 9}
    passed, unreadable = filter_updates(answer(GOOD, {"update_id": 8, "message": odd}, other))
    assert json.loads(passed) == {"ok": True, "result": [GOOD, {"update_id": 8}, other]}
    assert unreadable == (8,)


@pytest.mark.parametrize("number", ["8", None, True, 10**30, 1.5])
def test_updates_without_a_valid_id_are_dropped(number: Any) -> None:
    passed, unreadable = filter_updates(answer({"update_id": number}, GOOD))
    assert json.loads(passed)["result"] == [GOOD]
    assert unreadable == (None,)


async def test_bad_updates_do_not_block_good_ones(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        bad: tuple[Any, ...] = (
            7,
            {"message_id": 1},
            {"message_id": 1, "date": 1, "chat": None},
            {"chat": {"id": []}},
        )
        for odd in bad:
            await harness.api.push({"message": odd})
            await harness.api.push({"callback_query": odd})
        await anna.says("/help")
        await harness.api.until(lambda: anna.sees)
        await harness.api.acknowledged()
