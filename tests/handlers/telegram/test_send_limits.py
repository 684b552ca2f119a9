"""How fast a chat is written to: never more than Telegram allows in any window, answers before progress."""

import random

import pytest

from handlers.telegram.send_limits import GROUP, MAX_CHATS, PRIVATE, SendLimits

PERSON, CROWD = 7, -7


class Hands:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_private_chat_takes_one_message_a_second() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    assert pace.reserve(PERSON) == 0
    clock.now += 0.4
    assert pace.reserve(PERSON) == pytest.approx(0.6)
    clock.now += 0.6
    assert pace.reserve(PERSON) == 0


def test_chats_do_not_wait_for_each_other() -> None:
    pace = SendLimits(Hands())
    assert pace.reserve(PERSON) == pace.reserve(PERSON + 1) == pace.reserve(CROWD) == 0


@pytest.mark.parametrize(("chat", "limits"), [(PERSON, PRIVATE), (CROWD, GROUP)])
def test_no_window_ever_holds_more_than_is_allowed(chat: int, limits: tuple[object, ...]) -> None:
    clock, dice, sent = Hands(), random.Random(5), []
    pace = SendLimits(clock)
    for _ in range(3000):
        clock.now += dice.expovariate(4)
        if pace.reserve(chat, progress=dice.random() < 0.7) == 0:
            sent.append(clock.now)
    assert len(sent) > 100
    for limit in GROUP if chat < 0 else PRIVATE:
        for start in sent:
            assert sum(start <= moment < start + limit.window_seconds for moment in sent) <= limit.messages


def test_an_album_counts_each_of_its_pictures_and_waits_until_there_is_room_for_all() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    for _ in range(12):
        assert pace.reserve(CROWD) == 0
        clock.now += 1
    assert pace.reserve(CROWD, messages=8) == 0
    clock.now += 1
    assert pace.reserve(CROWD) > 40
    clock.now += 60
    assert pace.reserve(CROWD, messages=10) == 0
    clock.now += 1
    assert pace.reserve(CROWD, messages=10) == 0
    clock.now += 1
    assert pace.reserve(CROWD, messages=2) > 50
    assert pace.reserve(PERSON, messages=10) == 0


def test_in_a_group_progress_leaves_room_for_answers() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    progress = 0
    for _ in range(30):
        progress += pace.reserve(CROWD, progress=True) == 0
        clock.now += 1
    assert progress == 12
    assert pace.reserve(CROWD) == 0


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    for _ in range(60):
        if wait := pace.reserve(CROWD):
            clock.now += wait
            assert pace.reserve(CROWD) == 0


def test_a_chat_where_patience_was_asked_for_is_left_alone() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    pace.block(PERSON, 30)
    assert pace.reserve(PERSON) == 30
    clock.now += 30
    assert pace.reserve(PERSON) == 0


def test_quiet_chats_are_forgotten() -> None:
    clock = Hands()
    pace = SendLimits(clock)
    for chat in range(1, MAX_CHATS + 100):
        pace.reserve(chat)
        clock.now += 1
    assert len(pace._sent_at) <= MAX_CHATS
