"""What Telegram is asked for next: nothing is forgotten before it is dealt with, nothing is dealt with twice."""

import random

from handlers.telegram.offsets import REMEMBERED, Inbox


def test_at_the_start_telegram_is_asked_for_everything_it_keeps() -> None:
    assert Inbox().offset() is None


def test_telegram_is_asked_from_the_oldest_update_that_is_not_dealt_with() -> None:
    inbox = Inbox()
    for update in (5, 6, 7):
        assert inbox.take(update)
    inbox.finish(7)
    assert inbox.offset() == 5
    inbox.finish(5)
    assert inbox.offset() == 6
    inbox.finish(6)
    assert inbox.offset() == 8


def test_an_update_is_taken_once() -> None:
    inbox = Inbox()
    assert inbox.take(5)
    assert not inbox.take(5)
    inbox.finish(5)
    assert not inbox.take(5)


def test_numbers_that_start_anew_are_followed() -> None:
    inbox = Inbox()
    inbox.take(900)
    inbox.finish(900)
    assert inbox.take(17)
    inbox.finish(17)
    assert inbox.offset() == 18


def test_memory_stays_small() -> None:
    inbox = Inbox()
    for update in range(3 * REMEMBERED):
        inbox.take(update)
        inbox.finish(update)
    assert len(inbox._done) == REMEMBERED


def test_a_crash_at_any_moment_loses_no_update() -> None:
    dice = random.Random(3)
    for _ in range(50):
        server, inbox = list(range(1, 60)), Inbox()
        dealt: set[int] = set()
        open_updates: list[int] = []
        while server:
            offset = inbox.offset() or 0
            server = [update for update in server if update >= offset]
            assert set(range(1, 60)) - set(server) <= dealt  # what the server forgot was dealt with
            open_updates += [update for update in server[:10] if inbox.take(update)]
            dice.shuffle(open_updates)
            for update in [open_updates.pop() for _ in range(dice.randint(0, len(open_updates)))]:
                dealt.add(update)
                inbox.finish(update)
            if dice.random() < 0.1:  # a crash: everything in memory is gone
                inbox, open_updates = Inbox(), []
        assert dealt == set(range(1, 60))
