"""The window of a submit in doubt holds its task, however slow its line was, and nobody else's is adopted."""

from hypothesis import given
from hypothesis import strategies as st

from bot.dashscope.wire import ListedTask, TaskStatus
from bot.worker import reconcile
from storage.attempts import Intent
from tests.harness.rows import NOON

fractions = st.floats(0, 1)
send_seconds = st.sampled_from([0.3, 10.0, 35.0, 48.5, 363.0])  # the second is that of old rows


def task(created: float) -> ListedTask:
    return ListedTask("it", TaskStatus.RUNNING, created, request_id="")


@given(seconds=send_seconds, late=fractions, began=fractions, took=fractions, knows_time=st.booleans())
def test_a_task_made_while_its_submit_could_be_sent_is_found(
    seconds: float, late: float, began: float, took: float, knows_time: bool
) -> None:
    recorded = NOON + late * reconcile.LATE_SECONDS * knows_time  # what the API's clock really said then
    intent = Intent(recorded, NOON if knows_time else None, send_seconds=seconds)
    created = recorded + began * reconcile.SEND_SECONDS + took * seconds
    now = created + 30
    within = reconcile.window(intent, now, now)
    assert reconcile.candidates([task(created)], known=(), within=within) == ("it",)


@given(mine=send_seconds, others=send_seconds, before=st.floats(0, 1000), late=fractions, held=fractions)
def test_a_task_that_another_submit_may_have_made_late_is_adopted_only_if_that_submit_is_counted(
    mine: float, others: float, before: float, late: float, held: float
) -> None:
    """An earlier submit was given up, and held on its way for up to two minutes."""
    other = Intent(NOON, NOON, send_seconds=others)
    sent = NOON + late * reconcile.LATE_SECONDS + reconcile.SEND_SECONDS
    created = sent + others + held * reconcile.LINGER_SECONDS
    within = reconcile.window(Intent(NOON + before, NOON + before, send_seconds=mine), NOON + 2000, NOON + 2000)
    if reconcile.candidates([task(created)], known=(), within=reconcile.afterwards(within)):
        is_counted = NOON + other.send_seconds >= reconcile.others_since(within)  # as storage.attempts counts
        assert is_counted


@given(seconds=send_seconds)
def test_a_successor_believes_the_list_only_when_nothing_can_come_any_more(seconds: float) -> None:
    looks = reconcile.looks_after_takeover(Intent(NOON, NOON, send_seconds=seconds))
    assert (looks - 1) * reconcile.BETWEEN_LOOKS_SECONDS >= reconcile.SEND_SECONDS + seconds
