"""Random orders of lost answers, slow creations, foreign tasks and two keys: what isn't ours is never adopted, and no
request is paid twice beyond the one counted resend.

The world is simulated: submits leave one after the other for each key, and the API turns each into a task, at once or
late, or never. The bot sees nothing of that but the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bot.dashscope.wire import ListedTask, TaskStatus
from bot.worker import identity, reconcile
from bot.worker.identity import Identity
from storage.accounts import Account
from storage.attempts import Intent
from tests.harness.properties import QUICK
from tests.harness.rows import NOON

KEYS = {"key-a": "1001", "key-b": "1002"}
PROGRAM = "7777"
SEND_SECONDS = 10.0  # until a submit is given up
LATEST_SECONDS = 20.0  # after a submit was dated
HELD_SECONDS = 140.0  # a request may be held on its way for so long; what comes after the looks is found by none


@dataclass(frozen=True)
class Step:
    """A submit of a job. `created_after`: seconds until it is a task, None: never; `is_lost`: its answer does not
    come; `foreign`: when another program creates tasks, in seconds from the submit; `gap`: seconds until the next."""

    key: str
    job: int
    created_after: float | None
    is_lost: bool
    foreign: tuple[float, ...]
    gap: float


@dataclass
class World:
    """The API and what we know of it. `author` tells the truth: the job of each task, None: another program's."""

    listed: list[ListedTask] = field(default_factory=list)
    author: dict[str, int | None] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)  # tasks that belong to an attempt, and the attempt's account
    learned: dict[str, Identity] = field(default_factory=dict)
    given_up: list[tuple[str, int, float]] = field(default_factory=list)  # account, job, time
    adopted: dict[int, str] = field(default_factory=dict)
    sent_again: dict[int, int] = field(default_factory=dict)

    def create(self, key_id: str, job: int | None, at: float) -> str:
        name = f"task-{len(self.listed)}"
        self.listed.append(ListedTask(name, TaskStatus.RUNNING, at, "", api_key_id=key_id, caller_parent_id="1"))
        self.author[name] = job
        return name

    def learn(self, reader: str, now: float) -> None:
        shown = [task for task in self.listed if task.created <= now]
        owners = {task.task_id: self.known[task.task_id] for task in shown if task.task_id in self.known}
        self.learned |= identity.learned(shown, owners, reader, self.learned)

    def account(self, name: str) -> Account:
        found = self.learned.get(name, Identity(None, None))
        return Account(name, 1, 0.0, 0, 0.0, None, 1.0, 1.0, key_id=found.key_id, main_id=found.main_id)

    def judge(self, step: Step, at: float, now: float) -> reconcile.Verdict:
        window = reconcile.window(Intent(at, server_at=at, send_seconds=SEND_SECONDS), now, now)
        authors = identity.possible_authors(self.account(step.key), [self.account(name) for name in KEYS])
        since = reconcile.others_since(window)
        return reconcile.judge(
            [task for task in self.listed if task.created <= now],
            self.known.keys(),
            window,
            key_id=self.account(step.key).key_id,
            has_rivals=any(
                name in authors and job != step.job and moment + SEND_SECONDS >= since
                for name, job, moment in self.given_up
            ),
        )


def steps_of(latest: float) -> st.SearchStrategy[list[Step]]:
    return st.lists(
        st.builds(
            Step,
            key=st.sampled_from(sorted(KEYS)),
            job=st.integers(0, 3),
            created_after=st.one_of(st.none(), st.floats(0, latest)),
            is_lost=st.booleans(),
            foreign=st.lists(st.floats(-5, 140), max_size=2).map(tuple),
            gap=st.sampled_from([0.0, 1.0, 30.0, 200.0]),
        ),
        max_size=12,
    )


def play(steps: Sequence[Step]) -> World:
    world, now = World(), NOON
    for step in steps:
        if step.job in world.adopted or world.sent_again.get(step.job, 0) > 1:
            continue
        at = now
        for seconds in step.foreign:
            world.create(PROGRAM, None, at + seconds)
        created = (
            None if step.created_after is None else world.create(KEYS[step.key], step.job, at + step.created_after)
        )
        now = at + LATEST_SECONDS + reconcile.LOOKS * reconcile.BETWEEN_LOOKS_SECONDS
        if created is not None and not step.is_lost:
            world.known[created] = step.key
            world.adopted[step.job] = created
            world.learn(step.key, now)
        else:
            settle(world, step, at, now)
        now += step.gap
    return world


def settle(world: World, step: Step, at: float, now: float) -> None:
    world.learn(step.key, now)
    match world.judge(step, at, now):
        case reconcile.Found(task_id):
            world.known[task_id] = step.key
            world.adopted[step.job] = task_id
        case reconcile.Unproven():
            world.given_up.append((step.key, step.job, at))
            world.sent_again[step.job] = world.sent_again.get(step.job, 0) + 1
        case reconcile.NotThere():
            world.given_up.append((step.key, step.job, at))


@given(steps_of(HELD_SECONDS))
@QUICK
def test_only_a_jobs_own_task_is_ever_adopted(steps: list[Step]) -> None:
    world = play(steps)
    assert {task: world.author[task] for task in world.adopted.values()} == {
        task: job for job, task in world.adopted.items()
    }


@given(steps_of(LATEST_SECONDS))
@QUICK
def test_no_request_is_paid_more_often_than_once_and_the_counted_resends(steps: list[Step]) -> None:
    world = play(steps)
    for job in {step.job for step in steps}:
        paid = sum(author == job for author in world.author.values())
        assert paid <= 1 + min(1, world.sent_again.get(job, 0)) or world.sent_again[job] == paid == 2


@given(steps_of(LATEST_SECONDS))
@QUICK
def test_a_lost_task_of_a_known_key_is_found_whatever_others_do(steps: list[Step]) -> None:
    lost = Step("key-a", 9, created_after=3.0, is_lost=True, foreign=(-1.0, 4.0), gap=0.0)
    known = Step("key-a", 8, created_after=1.0, is_lost=False, foreign=(), gap=200.0)
    quiet = [step for step in steps if step.key == "key-b"]
    world = play([*(step for step in quiet if not step.is_lost), known, lost])
    assert world.author[world.adopted[9]] == 9
