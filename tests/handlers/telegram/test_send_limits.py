"""Send limits: never more than Telegram allows in any window, answers before progress."""

import random

import pytest

from handlers.telegram.send_limits import GROUP, MAX_CHATS, PRIVATE, SendLimits

PRIVATE_CHAT, GROUP_CHAT = 7, -7


class ManualClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_private_chat_allows_one_message_a_second() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    assert send_limits.reserve(PRIVATE_CHAT) == 0
    clock.now += 0.4
    assert send_limits.reserve(PRIVATE_CHAT) == pytest.approx(0.6)
    clock.now += 0.6
    assert send_limits.reserve(PRIVATE_CHAT) == 0


def test_chats_do_not_wait_for_each_other() -> None:
    send_limits = SendLimits(ManualClock())
    assert (
        send_limits.reserve(PRIVATE_CHAT)
        == send_limits.reserve(PRIVATE_CHAT + 1)
        == send_limits.reserve(GROUP_CHAT)
        == 0
    )


@pytest.mark.parametrize(("chat", "limits"), [(PRIVATE_CHAT, PRIVATE), (GROUP_CHAT, GROUP)])
def test_no_window_ever_holds_more_than_is_allowed(chat: int, limits: tuple[object, ...]) -> None:
    clock, rng, sent = ManualClock(), random.Random(5), []
    send_limits = SendLimits(clock)
    for _ in range(3000):
        clock.now += rng.expovariate(4)
        if send_limits.reserve(chat, progress=rng.random() < 0.7) == 0:
            sent.append(clock.now)
    assert len(sent) > 100
    for limit in GROUP if chat < 0 else PRIVATE:
        for start in sent:
            assert sum(start <= moment < start + limit.window_seconds for moment in sent) <= limit.messages


def test_an_album_counts_each_photo_and_waits_until_all_fit() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    for _ in range(12):
        assert send_limits.reserve(GROUP_CHAT) == 0
        clock.now += 1
    assert send_limits.reserve(GROUP_CHAT, messages=8) == 0
    clock.now += 1
    assert send_limits.reserve(GROUP_CHAT) > 40
    clock.now += 60
    assert send_limits.reserve(GROUP_CHAT, messages=10) == 0
    clock.now += 1
    assert send_limits.reserve(GROUP_CHAT, messages=10) == 0
    clock.now += 1
    assert send_limits.reserve(GROUP_CHAT, messages=2) > 50
    assert send_limits.reserve(PRIVATE_CHAT, messages=10) == 0


def test_in_a_group_progress_leaves_room_for_answers() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    progress = 0
    for _ in range(30):
        progress += send_limits.reserve(GROUP_CHAT, progress=True) == 0
        clock.now += 1
    assert progress == 12
    assert send_limits.reserve(GROUP_CHAT) == 0


def test_waiting_as_long_as_returned_is_enough() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    for _ in range(60):
        if wait := send_limits.reserve(GROUP_CHAT):
            clock.now += wait
            assert send_limits.reserve(GROUP_CHAT) == 0


def test_a_blocked_chat_is_not_written_to() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    send_limits.block(PRIVATE_CHAT, 30)
    assert send_limits.reserve(PRIVATE_CHAT) == 30
    clock.now += 30
    assert send_limits.reserve(PRIVATE_CHAT) == 0


def test_idle_chats_are_forgotten() -> None:
    clock = ManualClock()
    send_limits = SendLimits(clock)
    for chat in range(1, MAX_CHATS + 100):
        send_limits.reserve(chat)
        clock.now += 1
    assert len(send_limits._sent_at) <= MAX_CHATS
