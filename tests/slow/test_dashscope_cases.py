"""Each case of the API's bad days ends as it must, driven over the wire against the real bot, in fast time."""

from collections.abc import Mapping

import pytest

from tests.fakes.dashscope.scripted_cases import Case, load_cases
from tests.harness.case_runs import Run, play

CASES = load_cases()
BOTS_AT_ONCE = 6
NOT_BUILT_YET = {
    "what refusals and odd answers mean": """
        s_badkey s_freegone s_model_denied s_tpm s_404 s_wrongbase s_portal s_html403 s_200error
        s_inspect_format s_rule q_revoked q_404 q_timedout q_unknown_first f_noface f_nohuman f_algo
        f_algo_inspect f_greennet l_forbidden s_greennet s_html404 s_html401 s_html407 s_redirect
        s_temporary_redirect q_passing_state q_no_state q_denied q_arrears f_pose f_rule u_policy_redirect
        u_policy_error200
    """,
    "settings of the model": "s_workspace m_free",
    "photos and pictures on slow lines": """
        s_inspect_download s_slow_refusal s_url_timeout s_input_download
    """,
    "which task is whose": """
        l_strangers l_twokeys k_rotate l_strangers_around l_crowd k_rotate_dead
    """,
}

Bot = Mapping[str, Case]


class PlayedCases:
    """What came of the cases. Several bots play at once, those that take long together."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._runs: dict[str, Run] = {}

    def __getitem__(self, name: str) -> Run:
        if name not in self._runs:
            self._runs |= play(self._folders.mktemp("cases"), *_batch_of(name))
        return self._runs[name]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> PlayedCases:
    return PlayedCases(tmp_path_factory)


def _batch_of(name: str) -> list[Bot]:
    """The bots that play at the same time as the one of this case."""
    together: dict[str, dict[str, Case]] = {}
    for other, case in CASES.items():
        together.setdefault(case.together or other, {})[other] = case
    bots = sorted(together.values(), key=_longest)
    place = next(number for number, bot in enumerate(bots) if name in bot) // BOTS_AT_ONCE * BOTS_AT_ONCE
    return list(bots[place : place + BOTS_AT_ONCE])


def _longest(bot: Bot) -> float:
    return max((case.expect.waits or 0.0) + case.expect.within for case in bot.values())


def _case(name: str) -> object:
    reason = next((reason for reason, names in NOT_BUILT_YET.items() if name in names.split()), None)
    marks = [] if reason is None else [pytest.mark.xfail(reason=f"not built yet: {reason}", strict=True)]
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [_case(name) for name in CASES])
def test_a_case_ends_as_it_must(played: PlayedCases, name: str) -> None:
    if violations := played[name].violations():
        pytest.fail("\n".join([f"right is: {CASES[name].right}", *violations]), pytrace=False)
