"""The sliding window, with a manual clock."""

from stylizer import limits
from stylizer.limits import RateLimit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_never_more_than_the_limit_in_any_second() -> None:
    clock = Clock()
    limit = RateLimit(2, clock)
    allowed = []
    for step in range(400):  # a call every hundredth of a second
        clock.now = 1000 + step / 100
        if limit.allows("a"):
            allowed.append(clock.now)
    assert len(allowed) == 8
    assert all(later - earlier >= 1 for earlier, later in zip(allowed, allowed[2:], strict=False))


def test_accounts_are_limited_separately() -> None:
    limit = RateLimit(1, Clock())
    assert [limit.allows(name) for name in ("a", "b", "a", "b")] == [True, True, False, False]


def test_a_clock_that_is_set_back_locks_no_account_out() -> None:
    clock = Clock()
    limit = RateLimit(1, clock)
    assert limit.allows("a")
    clock.now -= 3600
    assert limit.allows("a") and not limit.allows("a")


def test_old_calls_are_dropped_from_memory() -> None:
    clock = Clock()
    limit = RateLimit(1, clock)
    for number in range(limits.MAX_ACCOUNTS + 1):
        limit.allows(str(number))
    clock.now += 2
    limit.allows("late")
    assert len(limit._calls) == 1
