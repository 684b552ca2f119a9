"""What the task list says about a submit whose answer was lost."""

import pytest

from bot.dashscope.wire import ListedTask, TaskStatus
from bot.worker import reconcile
from bot.worker.reconcile import Proof
from storage.attempts import Intent
from tests.harness.rows import NOON

WINDOW = reconcile.window(Intent(NOON, None), NOON + 60, NOON + 60)
DAY = 24 * 3600.0


def task(task_id: str, created: float) -> ListedTask:
    return ListedTask(task_id, TaskStatus.RUNNING, created, request_id="")


def test_the_window_reaches_from_before_the_intent_to_after_the_submit_was_given_up() -> None:
    assert (WINDOW.start, WINDOW.end) == (NOON - 2, NOON + 13)


@pytest.mark.parametrize("server_at", [None, NOON])
def test_a_submit_that_carries_more_has_a_longer_window(server_at: float | None) -> None:
    light, heavy = (reconcile.window(Intent(NOON, server_at, send_seconds=s), NOON + 60, NOON + 60) for s in (35, 95))
    assert (heavy.start, heavy.end) == (light.start, light.end + 60)


@pytest.mark.parametrize("seconds", [0.3, 10.0, 35.0, 56.2, 363.0])
def test_a_successor_looks_until_the_earlier_leader_can_send_no_more(seconds: float) -> None:
    looks = reconcile.looks_after_takeover(Intent(NOON, NOON, send_seconds=seconds))
    assert (looks - 1) * reconcile.BETWEEN_LOOKS_SECONDS >= reconcile.SEND_SECONDS + seconds
    assert looks >= reconcile.LOOKS


@pytest.mark.parametrize("offset", [-3600.0, 0.0, 0.4, 28_800.0])
def test_the_window_is_in_the_servers_time(offset: float) -> None:
    within = reconcile.window(Intent(NOON, None), NOON + 60, NOON + 60 + offset)
    assert reconcile.candidates([task("ours", NOON + offset + 3)], known=(), within=within) == ("ours",)


@pytest.mark.parametrize("step", [-30 * DAY, -3600.0, 0.0, 3600.0, 30 * DAY])
@pytest.mark.parametrize(
    "created", [NOON + 500, NOON + 500 + 1 + 10 + 10]
)  # a second and a call later than its time says
def test_with_a_server_time_a_step_of_our_clock_changes_nothing(step: float, created: float) -> None:
    within = reconcile.window(Intent(NOON, server_at=NOON + 500), NOON + 60 + step, NOON + 560)
    assert reconcile.candidates([task("ours", created)], known=(), within=within) == ("ours",)
    assert reconcile.candidates([task("x", NOON + 490), task("y", NOON + 540)], known=(), within=within) == ()


def test_when_our_clock_was_set_back_the_window_is_the_whole_day() -> None:
    within = reconcile.window(Intent(NOON, None), NOON - 3600, NOON + 60)
    assert reconcile.candidates([task("ours", NOON + 3)], known=(), within=within) == ("ours",)
    assert reconcile.candidates([task("old", NOON - DAY)], known=(), within=within) == ()


@pytest.mark.parametrize(
    ("created", "found"),
    [(NOON - 2.1, ()), (NOON - 2, ("x",)), (NOON, ("x",)), (NOON + 13, ("x",)), (NOON + 13.1, ()), (0.0, ())],
)
def test_only_tasks_created_in_the_window_are_candidates(created: float, found: tuple[str, ...]) -> None:
    assert reconcile.candidates([task("x", created)], known=(), within=WINDOW) == found


def test_a_request_may_be_delayed_for_two_minutes() -> None:
    within = reconcile.window(Intent(NOON, server_at=NOON), NOON + 250, NOON + 250)
    late = reconcile.afterwards(within)
    assert reconcile.candidates([task("x", NOON + 56)], known=(), within=within) == ()
    assert reconcile.candidates([task("x", NOON + 56)], known=(), within=late) == ("x",)
    assert reconcile.candidates([task("x", NOON + 150)], known=(), within=late) == ()


@pytest.mark.parametrize("seconds", [10.0, 35.0, 363.0])
def test_every_submit_that_may_still_become_a_task_by_then_is_counted(seconds: float) -> None:
    mine = reconcile.window(Intent(NOON, server_at=NOON, send_seconds=35.0), NOON, NOON)
    sent = reconcile.others_since(mine) - seconds  # given up just when it begins to count
    before = reconcile.window(Intent(NOON, server_at=sent, send_seconds=seconds), NOON, NOON)
    assert reconcile.afterwards(before).end <= mine.end


def test_tasks_of_known_attempts_are_no_candidates() -> None:
    tasks = [task("mine", NOON), task("other", NOON + 1)]
    assert reconcile.candidates(tasks, known={"mine"}, within=WINDOW) == ("other",)


def test_all_candidates_are_returned() -> None:
    assert reconcile.candidates([task("a", NOON), task("b", NOON)], known=(), within=WINDOW) == ("a", "b")


@pytest.mark.parametrize(
    ("created", "newest_first"),
    [((), True), ((5,), True), ((9, 8, 7), True), ((7, 8, 9), False), ((7, 7), True)],
)
def test_the_order_of_the_list_is_inferred_from_its_first_page(created: tuple[int, ...], newest_first: bool) -> None:
    assert reconcile.is_newest_first([task(str(at), at) for at in created]) == newest_first


@pytest.mark.parametrize(
    ("pages", "most", "newest_first", "numbers"),
    [
        (1, 20, True, []),
        (1, 20, False, []),
        (4, 20, True, [2, 3, 4]),
        (4, 20, False, [4, 3, 2]),
        (90, 3, True, [2, 3]),
        (90, 3, False, [90, 89, 88]),
    ],
)
def test_pages_are_read_from_the_newest_on(pages: int, most: int, newest_first: bool, numbers: list[int]) -> None:
    assert list(reconcile.further_pages(pages, most, newest_first=newest_first)) == numbers


def test_reading_ends_with_a_page_that_is_too_old() -> None:
    assert reconcile.all_before([task("a", NOON - 60), task("b", NOON - 3)], WINDOW)
    assert not reconcile.all_before([task("a", NOON - 60), task("b", NOON)], WINDOW)
    assert not reconcile.all_before([task("a", NOON + 60)], WINDOW)


@pytest.mark.parametrize("took", [0.0, 0.2, 0.5, 1.3, 5.0, 14.0])
def test_a_submit_is_proved_within_a_few_writes_however_long_each_takes(took: float) -> None:
    spare, proof, now = 0.0, Proof(), NOON
    for writes in range(reconcile.PROOFS):
        if proof.covers(10.0, now, now):
            assert writes <= 2
            assert proof.recorded >= 10.0 + max(0.0, now - proof.at - reconcile.SEND_SECONDS)  # as the row says
            return
        proof, now = Proof(now, now, 10.0, spare), now + took
        spare = reconcile.spare_seconds(proof.age(now, now), spare)
    pytest.fail("proved for ever")


def test_what_one_slow_write_has_allowed_for_is_bounded_and_forgotten() -> None:
    spare, writes = reconcile.spare_seconds(3600.0, 0.0), 0
    assert spare == reconcile.MAX_SPARE_SECONDS
    while spare := reconcile.spare_seconds(0.01, spare):
        writes += 1
    assert writes < 10


@pytest.mark.parametrize("late", [-3600.0, 1.5, 3600.0])
def test_a_proof_ends_by_whichever_clock_shows_more(late: float) -> None:
    assert not Proof(NOON, NOON, 10.0).covers(10.0, NOON, NOON + late)
    assert Proof(NOON, NOON, 10.0).covers(10.0, NOON + 0.9, NOON)
    assert not Proof(NOON, NOON, 10.0, spare=30.0).covers(10.1, NOON, NOON)  # its row allows for less
