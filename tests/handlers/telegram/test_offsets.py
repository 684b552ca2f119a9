"""The offset of getUpdates: no update is forgotten before it is processed, and none is processed twice."""

import random

from handlers.telegram.offsets import MAX_DONE, Offsets


def test_the_first_poll_has_no_offset() -> None:
    assert Offsets().offset() is None


def test_the_offset_is_the_oldest_pending_update() -> None:
    offsets = Offsets()
    for update in (5, 6, 7):
        assert offsets.add(update)
    offsets.mark_done(7)
    assert offsets.offset() == 5
    offsets.mark_done(5)
    assert offsets.offset() == 6
    offsets.mark_done(6)
    assert offsets.offset() == 8


def test_an_update_is_added_once() -> None:
    offsets = Offsets()
    assert offsets.add(5)
    assert not offsets.add(5)
    offsets.mark_done(5)
    assert not offsets.add(5)


def test_ids_that_start_over_are_followed() -> None:
    offsets = Offsets()
    offsets.add(900)
    offsets.mark_done(900)
    assert offsets.add(17)
    offsets.mark_done(17)
    assert offsets.offset() == 18


def test_memory_stays_small() -> None:
    offsets = Offsets()
    for update in range(3 * MAX_DONE):
        offsets.add(update)
        offsets.mark_done(update)
    assert len(offsets._done) == MAX_DONE


def test_a_crash_at_any_moment_loses_no_update() -> None:
    rng = random.Random(3)
    for _ in range(50):
        server, offsets = list(range(1, 60)), Offsets()
        processed: set[int] = set()
        open_updates: list[int] = []
        while server:
            offset = offsets.offset() or 0
            server = [update for update in server if update >= offset]
            assert set(range(1, 60)) - set(server) <= processed  # the server forgot only processed updates
            open_updates += [update for update in server[:10] if offsets.add(update)]
            rng.shuffle(open_updates)
            for update in [open_updates.pop() for _ in range(rng.randint(0, len(open_updates)))]:
                processed.add(update)
                offsets.mark_done(update)
            if rng.random() < 0.1:  # a crash: everything in memory is gone
                offsets, open_updates = Offsets(), []
        assert processed == set(range(1, 60))
