"""Secrets are struck from every line, however they are spelt."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import redacted, set_up_logging

SECRET = "AAH-not-a-real-token-for-tests-only"
KEY = "sk-not-a-real-key-for-tests"


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
@pytest.mark.parametrize("before", ["", "/bot", "https://api.telegram.org/file/bot", "token="])
def test_a_token_is_struck_whether_its_colon_is_quoted_or_not(colon: str, before: str) -> None:
    line = f"GET {before}7654321{colon}{SECRET}/getMe failed"
    assert "AAH" not in redacted(line)
    assert redacted(line).endswith("/getMe failed")


@pytest.mark.parametrize("line", ["at 12:30:45.123456:done", "job 1042%3A2", "sent to -1001234567890:5"])
def test_numbers_and_times_stay(line: str) -> None:
    assert redacted(line) == line


class Leaky:
    """Something with a key in its repr."""

    def __repr__(self) -> str:
        return f"Leaky(key={KEY})"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Logging as it is in a running bot; afterwards as pytest wants it."""
    root = logging.getLogger()
    before, level, config = root.handlers[:], root.level, structlog.get_config()
    out = io.StringIO()
    set_up_logging("debug", stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**config)


SECRETS = [
    f"Authorization: Bearer {KEY}",
    f"Bearer {KEY}",
    f"key {KEY}!",
    "https://oss.example/x.jpg?Expires=1&OSSAccessKeyId=LTAI&Signature=c2VjcmV0c2VjcmV0",
    "https://bot.example/photos/WyJvcmlnaW5hbC8xIl0.c2VjcmV0c2VjcmV0",
    "data:image/jpeg;base64,c2VjcmV0c2VjcmV0c2VjcmV0",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_struck_whoever_writes_the_line(written: io.StringIO, line: str) -> None:
    structlog.get_logger("ours").warning("trouble", what=line, leaky=Leaky())
    logging.getLogger("somebodys.package").warning("trouble with %s and %r", line, Leaky())
    try:
        int(line)
    except ValueError:
        structlog.get_logger("ours").exception("broken")
        logging.getLogger("somebodys.package").exception("broken")
    text = written.getvalue()
    assert len(text.splitlines()) == 4  # one line an event, tracebacks too
    assert KEY not in text
    assert "c2VjcmV0" not in text
    assert text.count("[secret]") >= 4


def test_libraries_that_tell_everything_are_quiet(written: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://api/…")
    logging.getLogger("somebodys.package").debug("something")
    assert [line for line in written.getvalue().splitlines() if "HTTP Request" in line] == []
    assert "something" in written.getvalue()
