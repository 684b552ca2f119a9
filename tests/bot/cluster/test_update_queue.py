"""Whose update is handled next: in order for one key, and nobody waits for more than one update of another."""

from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.update_inbox import UpdateQueue


def handle_next(queue: UpdateQueue) -> int:
    """Handle one update; returns its number."""
    key = queue.next_key()
    assert key is not None
    [number] = queue.waiting(key, 1)
    queue.take(key, number)
    queue.forget(number)
    queue.finish(key)
    return number


def test_a_stranger_waits_for_one_update_of_each_busy_chat() -> None:
    queue = UpdateQueue()
    for number in range(100):
        queue.add(number, "busy" if number % 2 else "busier")
    queue.add(100, "stranger")
    assert [handle_next(queue) for _ in range(5)] == [0, 1, 100, 2, 3]


def test_a_key_is_handled_once_at_a_time_and_only_so_many_are() -> None:
    queue = UpdateQueue(max_keys=2)
    for number, key in enumerate(["a", "a", "b", "c"]):
        queue.add(number, key)
    assert [queue.next_key(), queue.next_key(), queue.next_key()] == ["a", "b", None]
    queue.finish("b")
    assert queue.next_key() == "c"


def test_an_update_is_added_once_until_it_is_forgotten() -> None:
    queue = UpdateQueue()
    assert queue.add(1, "a") == "a"
    assert queue.add(1, "a") is None
    assert handle_next(queue) == 1
    assert queue.add(1, "a") == "a"


def test_updates_without_a_key_wait_for_none() -> None:
    queue = UpdateQueue()
    queue.add(1, None)
    queue.add(2, None)
    assert {queue.next_key(), queue.next_key()} == {"update 1", "update 2"}


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from("abc"))))
def test_each_update_is_handled_once_and_in_order_of_its_key(updates: list[tuple[int, str]]) -> None:
    queue, keys = UpdateQueue(), dict(reversed(updates))
    for number, key in keys.items():
        queue.add(number, key)
    handled = [handle_next(queue) for _ in keys]
    assert queue.next_key() is None
    assert set(queue.known) == set()
    for key in "abc":
        assert [one for one in handled if keys[one] == key] == sorted(one for one in keys if keys[one] == key)
