"""docs/telegram.md shows the real screens."""

from tests import ROOT
from tests.harness.telegram_screens import BEGIN, END, document

DOCS = ROOT / "docs" / "telegram.md"


def test_the_documented_screens_are_the_real_ones() -> None:
    words = DOCS.read_text(encoding="utf-8")
    message = words[words.index(BEGIN) : words.index(END) + len(END)]
    assert message == document(), (
        "run `python -m tests.harness.telegram_screens` and put its output into docs/telegram.md"
    )
