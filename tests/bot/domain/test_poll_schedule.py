"""When a task is asked for again, and what is learned from it."""

import pytest

from bot.domain.poll_schedule import TaskDurations, after_trouble, next_poll, task_seconds, while_pending

CLOUD = TaskDurations(mean=15.0, deviation=3.75)


@pytest.mark.parametrize(
    ("elapsed", "seconds"),
    [
        (0.0, 3.75),  # the earliest that is likely: three deviations before the mean
        (3.0, 0.75),
        (3.7, 0.15),
        (3.75, 0.15),
        (15.0, 0.15),
        (29.9, 0.15),
        (30.0, 1.0),  # four deviations late: no hurry any more
        (120.0, 2.0),
        (3600.0, 10.0),
    ],
)
def test_it_is_asked_often_only_near_the_expected_end(elapsed: float, seconds: float) -> None:
    assert next_poll(CLOUD, elapsed) == pytest.approx(seconds)


def test_a_whole_run_stays_far_below_the_query_limit() -> None:
    elapsed, questions = 0.0, 0
    while elapsed < 15.0:
        elapsed += next_poll(CLOUD, elapsed)
        questions += 1
    assert questions == 76
    assert questions / 15.0 < 18


@pytest.mark.parametrize(
    ("elapsed", "asking", "seconds"),
    [
        (15.0, 0.04, 0.11),  # near the end a question follows on a question
        (15.0, 0.2, 0.0),  # as soon as a far network allows
        (0.0, 0.2, 3.6),
        (60.0, 30.0, 0.85),  # an API that hardly answers is not pressed
    ],
)
def test_what_a_question_took_is_part_of_the_wait(elapsed: float, asking: float, seconds: float) -> None:
    assert next_poll(CLOUD, elapsed, asking) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("pace", "seconds"),
    [(CLOUD, 1.0), (TaskDurations(mean=5.0, deviation=1.5), 0.5), (TaskDurations(mean=0.05, deviation=0.05), 0.15)],
)
def test_a_task_that_waits_there_is_asked_for_in_time_for_its_earliest_end(pace: TaskDurations, seconds: float) -> None:
    assert while_pending(pace) == pytest.approx(seconds)


def test_silence_is_answered_with_growing_patience() -> None:
    waits = [after_trouble(tries) for tries in range(1, 9)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    assert after_trouble(10_000) == 10.0


def test_the_pace_follows_what_is_measured() -> None:
    pace = CLOUD
    for _ in range(200):
        pace = pace.updated_with(6.0)
    assert pace.mean == pytest.approx(6.0, abs=0.1)
    assert 0 < pace.deviation < 1.0


def test_even_tasks_leave_some_deviation_to_look_around_in() -> None:
    pace = TaskDurations(mean=10.0, deviation=0.0).updated_with(10.0)
    assert pace.deviation == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("started", "ended", "waited", "seconds"),
    [
        (1000.0, 1008.0, 99.0, 8.0),  # the API's own clock, whatever we were doing meanwhile
        (None, 1008.0, 9.0, 9.0),
        (1000.0, None, 9.0, 9.0),
        (1008.0, 1000.0, 9.0, 9.0),
        (1000.0, 1000.0 + 86_400, 9.0, 9.0),
        (None, None, 3600.0, 60.0),  # we were away for an hour
    ],
)
def test_how_long_a_task_took(started: float | None, ended: float | None, waited: float, seconds: float) -> None:
    assert task_seconds(started, ended, waited=waited, pace=CLOUD) == seconds


def test_an_hour_away_does_not_make_tasks_seem_long() -> None:
    pace = CLOUD.updated_with(task_seconds(None, None, waited=3600.0, pace=CLOUD))
    assert pace.mean < 18
