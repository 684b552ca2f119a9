"""The first time somebody writes to the bot goes as docs/telegram.md and docs/discord.md say, word for word."""

from pathlib import Path

from tests import ROOT
from tests.harness.first_time import chapter_of, on_discord, on_telegram

HOW = "run `python -m tests.harness.first_time {platform}` and put its output into docs/{platform}.md"


async def test_the_first_time_on_telegram_goes_as_documented(tmp_path: Path) -> None:
    documented = chapter_of(ROOT / "docs" / "telegram.md")
    assert await on_telegram(tmp_path) == documented, HOW.format(platform="telegram")


async def test_the_first_time_on_discord_goes_as_documented(tmp_path: Path) -> None:
    documented = chapter_of(ROOT / "docs" / "discord.md")
    assert await on_discord(tmp_path) == documented, HOW.format(platform="discord")
