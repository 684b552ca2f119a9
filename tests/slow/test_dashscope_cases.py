"""Each case of the API's bad days ends as it must, driven over the wire against the real bot, in fast time."""

from collections.abc import Sequence

import pytest

from tests.fakes.dashscope.scripted_cases import load_cases
from tests.harness.case_runs import Bot, Run, bots_for, play

CASES = load_cases()
BOTS_AT_ONCE = 6


class PlayedCases:
    """What came of the cases. Several bots play at once, those that take long together."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._runs: dict[str, Run] = {}

    def __getitem__(self, name: str) -> Run:
        if name not in self._runs:
            self._runs |= play(self._folders.mktemp("cases"), _batch_of(name))
        return self._runs[name]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> PlayedCases:
    return PlayedCases(tmp_path_factory)


def _batch_of(name: str) -> Sequence[Bot]:
    """The bots that play at the same time as the one of this case."""
    bots = bots_for(CASES)
    place = next(number for number, bot in enumerate(bots) if any(name in stage for stage in bot.stages))
    start = place // BOTS_AT_ONCE * BOTS_AT_ONCE
    return bots[start : start + BOTS_AT_ONCE]


@pytest.mark.timeout(400)  # the first case of a batch waits for all of them, on whatever machine
@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_as_it_must(played: PlayedCases, name: str) -> None:
    if violations := played[name].violations():
        pytest.fail("\n".join([f"right is: {CASES[name].right}", *violations]), pytrace=False)
