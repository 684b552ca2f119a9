"""For every reason an account can pause for there is a cure, the same for all who tell it, and in the documentation."""

from dataclasses import replace

import pytest

from bot.admin.cards import admin_card
from bot.admin.cures import FINDING_CURES, OTHER_CURE, PAUSE_CURES, advice, cure
from bot.admin.service import AccountFigures, AdminFigures
from bot.dashscope.errors import TABLE, Decision
from bot.i18n import texts_for
from storage import findings
from storage.accounts import PAUSED_BY_OWNER
from tests import ROOT
from tests.harness.rows import NOON
from tests.harness.telegram_screens import ADMIN_FIGURES

OWNERS = (ROOT / "docs" / "owners.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [row.code for row in TABLE if row.decision is Decision.PAUSE_ACCOUNT])
def test_every_code_that_pauses_has_a_cure_of_its_own(code: str) -> None:
    assert cure(code) is not OTHER_CURE


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("InvalidApiKey", "region"),
        ("Arrearage", "pay"),
        ("AccessDenied.Unpurchased", "activate"),
        ("AccessDenied.NeverHeardOf", "permission"),
        ("Novel.AccessDenied", "permission"),
        ("AllocationQuota.FreeTierOnly", "free tier only"),
        ("Throttling.AllocationQuota", "free images"),
        ("Model.AccessDenied", "workspace has no permission for the model"),
        ("BailianGateway.Workspace.NotAuthorised", "DASHSCOPE_WORKSPACE"),
        ("ModelNotFound", "DASHSCOPE_MODEL"),
        ("NotFound", "/api/v1"),
        ("Path.NotFound", "/api/v1"),
        (PAUSED_BY_OWNER, "yourself"),
        ("NeverHeardOf", "error codes"),
        ("", "error codes"),
    ],
)
def test_a_code_has_the_cure_of_its_family(code: str, says: str) -> None:
    assert says in cure(code)
    assert "repaint admin resume" in advice(code)


@pytest.mark.parametrize("code", [*PAUSE_CURES, "any other"])
def test_the_owners_page_lists_each_code_with_the_same_cure(code: str) -> None:
    wanted = PAUSE_CURES.get(code, OTHER_CURE)
    lines = [line for line in OWNERS.splitlines() if f"| {wanted} |" in line]
    shown = "any other" if code == "any other" else f"`{code}`"
    assert [shown in line.split("|")[1] for line in lines] == [True]


@pytest.mark.parametrize("code", list(FINDING_CURES))
def test_the_owners_page_lists_each_finding_with_the_same_cure(code: str) -> None:
    assert f"| `{code}` | {FINDING_CURES[code]} |" in OWNERS.splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_owners_card_says_why_and_what_to_do(language: str) -> None:
    texts = texts_for(language)
    account = AccountFigures("key-a", "Arrearage", 1, 5, 15.0, (findings.PHOTO_LINKS, "FromALaterVersion"))
    lines = admin_card(replace_accounts(account), texts, NOON).text.splitlines()
    assert "Arrearage" in lines[0]
    assert lines[1:3] == [texts.gettext(cure("Arrearage")), texts.gettext(FINDING_CURES[findings.PHOTO_LINKS])]
    assert lines[3] == texts.gettext("Waiting: {waiting}, being painted: {running}", waiting=3, running=1)


def replace_accounts(*accounts: AccountFigures) -> AdminFigures:
    return replace(ADMIN_FIGURES, accounts=accounts)
