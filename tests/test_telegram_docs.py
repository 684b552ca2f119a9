"""docs/telegram.md shows the screens as they are."""

from pathlib import Path

from tests.telegram_screens import BEGIN, END, document

DOCS = Path(__file__).parent.parent / "docs" / "telegram.md"


def test_the_documented_screens_are_the_real_ones() -> None:
    words = DOCS.read_text(encoding="utf-8")
    shown = words[words.index(BEGIN) : words.index(END) + len(END)]
    assert shown == document(), "run `python -m tests.telegram_screens` and put its output into docs/telegram.md"
