"""Secrets are struck from every line, however they are spelt."""

import pytest

from bot.logs import redacted

SECRET = "AAH-not-a-real-token-for-tests-only"


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
@pytest.mark.parametrize("before", ["", "/bot", "https://api.telegram.org/file/bot", "token="])
def test_a_token_is_struck_whether_its_colon_is_quoted_or_not(colon: str, before: str) -> None:
    line = f"GET {before}7654321{colon}{SECRET}/getMe failed"
    assert "AAH" not in redacted(line)
    assert redacted(line).endswith("/getMe failed")


@pytest.mark.parametrize("line", ["at 12:30:45.123456:done", "job 1042%3A2", "sent to -1001234567890:5"])
def test_numbers_and_times_stay(line: str) -> None:
    assert redacted(line) == line
