"""Which rule of a case a call meets."""

from collections import Counter
from dataclasses import dataclass, field

from tests.fakes.dashscope.scripted_cases import Case, Rule
from tests.fakes.dashscope.scripted_tasks import ScriptedTask


@dataclass(frozen=True)
class Situation:
    """What a rule may ask about a call. `created`: tasks of this key so far; `photo`: the URI in a submit."""

    kind: str
    at: float
    key: str
    first_key: str
    headers: frozenset[str]
    body_bytes: int
    photo: str
    task: ScriptedTask | None
    created: int
    is_busy: bool


@dataclass
class PlayedRule:
    """A rule, and which calls it has met so far."""

    rule: Rule
    began: float | None = None
    met: Counter[str] = field(default_factory=Counter)  # by task; "" where there is none

    def take(self, call: Situation) -> bool:
        """Whether this rule answers the call; if so, it counts."""
        if call.kind != self.rule.on or not (_fits_call(self.rule, call) and self._fits_history(call)):
            return False
        self.began = call.at if self.began is None else self.began
        self.met[_task_id(call)] += 1
        return True

    def _fits_history(self, call: Situation) -> bool:
        rule, task_id = self.rule, _task_id(call)
        began = call.at if self.began is None else self.began
        return (
            (rule.first is None or self.met[task_id] < rule.first)
            and (rule.tasks is None or task_id in self.met or len(+self.met) < rule.tasks)
            and (rule.seconds is None or call.at - began < rule.seconds)
        )


class PlayedCase:
    """A case while it is played, until its trouble is mended."""

    def __init__(self, case: Case) -> None:
        self.case, self.is_mended = case, False
        self._rules = [PlayedRule(rule) for rule in case.rules]

    def rule_for(self, call: Situation) -> Rule | None:
        """The first rule that fits the call."""
        if self.is_mended:
            return None
        return next((played.rule for played in self._rules if played.take(call)), None)


def _task_id(call: Situation) -> str:
    return "" if call.task is None else call.task.task_id


def _fits_call(rule: Rule, call: Situation) -> bool:
    age = None if call.task is None else call.at - call.task.created
    scheme = call.photo.partition(":")[0].replace("https", "http")
    conditions = (
        rule.links is None or scheme == rule.links,
        rule.over is None or call.body_bytes > rule.over,
        rule.uri_over is None or len(call.photo) > rule.uri_over,
        rule.lacks is None or rule.lacks.lower() not in call.headers,
        rule.key is None or rule.key in call.key,
        rule.other_key is None or (call.key != call.first_key) == rule.other_key,
        rule.after is None or call.created >= rule.after,
        rule.young is None or (age is not None and age < rule.young),
        rule.old is None or (age is not None and age >= rule.old),
        not rule.busy or call.is_busy,
        not rule.without_range or "range" not in call.headers,
    )
    return all(conditions)
