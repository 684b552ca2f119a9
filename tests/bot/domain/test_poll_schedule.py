"""When a task is queried again, and what is learned from its duration."""

import pytest

from bot.domain.poll_schedule import TaskDurations, after_failures, next_poll, task_seconds, while_pending

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
        (30.0, 1.0),  # four deviations late: no longer urgent
        (120.0, 2.0),
        (3600.0, 10.0),
    ],
)
def test_queries_are_frequent_only_near_the_expected_end(elapsed: float, seconds: float) -> None:
    assert next_poll(CLOUD, elapsed) == pytest.approx(seconds)


def test_a_whole_run_stays_far_below_the_query_limit() -> None:
    elapsed, queries = 0.0, 0
    while elapsed < 15.0:
        elapsed += next_poll(CLOUD, elapsed)
        queries += 1
    assert queries == 76
    assert queries / 15.0 < 18


@pytest.mark.parametrize(
    ("elapsed", "query_seconds", "seconds"),
    [
        (15.0, 0.04, 0.11),  # near the end, counted from query to query
        (15.0, 0.2, 0.0),  # as soon as a slow network allows
        (0.0, 0.2, 3.6),
        (60.0, 30.0, 0.85),  # an API that hardly answers is not hurried
    ],
)
def test_the_time_that_a_query_took_is_part_of_the_interval(
    elapsed: float, query_seconds: float, seconds: float
) -> None:
    assert next_poll(CLOUD, elapsed, query_seconds) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("durations", "seconds"),
    [(CLOUD, 1.0), (TaskDurations(mean=5.0, deviation=1.5), 0.5), (TaskDurations(mean=0.05, deviation=0.05), 0.15)],
)
def test_a_pending_task_is_queried_in_time_for_its_earliest_end(durations: TaskDurations, seconds: float) -> None:
    assert while_pending(durations) == pytest.approx(seconds)


def test_unanswered_queries_are_repeated_ever_more_slowly() -> None:
    waits = [after_failures(tries) for tries in range(1, 9)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    assert after_failures(10_000) == 10.0


def test_the_averages_follow_what_is_measured() -> None:
    durations = CLOUD
    for _ in range(200):
        durations = durations.updated_with(6.0)
    assert durations.mean == pytest.approx(6.0, abs=0.1)
    assert 0 < durations.deviation < 1.0


def test_equal_durations_leave_some_deviation() -> None:
    durations = TaskDurations(mean=10.0, deviation=0.0).updated_with(10.0)
    assert durations.deviation == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("started", "ended", "waited", "seconds"),
    [
        (1000.0, 1008.0, 99.0, 8.0),  # the API's own clock, whatever happened to us
        (None, 1008.0, 9.0, 9.0),
        (1000.0, None, 9.0, 9.0),
        (1008.0, 1000.0, 9.0, 9.0),
        (1000.0, 1000.0 + 86_400, 9.0, 9.0),
        (None, None, 3600.0, 60.0),  # we were down for an hour
    ],
)
def test_how_long_a_task_took(started: float | None, ended: float | None, waited: float, seconds: float) -> None:
    assert task_seconds(started, ended, waited=waited, durations=CLOUD) == seconds


def test_an_hour_of_downtime_does_not_inflate_the_mean_duration() -> None:
    durations = CLOUD.updated_with(task_seconds(None, None, waited=3600.0, durations=CLOUD))
    assert durations.mean < 18
