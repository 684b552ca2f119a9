"""Secrets are removed from every line, however they are spelled."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from bot.runtime.logging import VERBOSE_LIBRARIES, redacted, redactor, set_up_logging
from tests import ROOT

SECRET = "AAH-not-a-real-token-for-tests-only"
SECRET = "a word that looks like none"
KEY = "sk-not-a-real-key-for-tests"


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
@pytest.mark.parametrize("before", ["", "/bot", "https://api.telegram.org/file/bot", "token="])
def test_a_token_is_removed_whether_its_colon_is_quoted_or_not(colon: str, before: str) -> None:
    line = f"GET {before}7654321{colon}{SECRET}/getMe failed"
    assert "AAH" not in redacted(line)
    assert redacted(line).endswith("/getMe failed")


@pytest.mark.parametrize("line", ["at 12:30:45.123456:done", "job 1042%3A2", "sent to -1001234567890:5"])
def test_numbers_and_times_are_kept(line: str) -> None:
    assert redacted(line) == line


DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GabcDE.not-a-real-token-for-tests-only-1234"


@pytest.mark.parametrize("before", ["", "Authorization: Bot ", "token="])
def test_a_discord_token_is_removed(before: str) -> None:
    assert "GabcDE" not in redacted(f"{before}{DISCORD} was refused")


@pytest.mark.parametrize("line", ["api.dashscope.aliyuncs.com", "cpython-311-x86_64-linux-gnu.so.1.2.3", "0.1.0.dev1"])
def test_names_with_dots_are_kept(line: str) -> None:
    assert redacted(line) == line


@pytest.mark.parametrize("secret", ["a word/of the:owners own", "owners own", "story"])
def test_known_secrets_are_removed_whatever_they_look_like(secret: str) -> None:
    remove_secrets = redactor(["a word/of the:owners own", "short"])
    line = f"GET /metrics?word={secret} and {quote(secret, safe='')}"
    assert remove_secrets(line).count("[secret]") == (2 if len(secret) > 7 else 0)
    assert remove_secrets("a short story") == "a short story"


def test_uncaught_exceptions_are_logged_and_not_printed() -> None:
    program = (
        "import sys, threading, warnings; from bot.runtime.logging import log_uncaught_exceptions, set_up_logging\n"
        f"set_up_logging('info', secrets=['{SECRET}']); log_uncaught_exceptions()\n"
        f"def breaks(): raise ValueError('{SECRET} and {DISCORD}')\n"
        "thread = threading.Thread(target=breaks); thread.start(); thread.join()\n"
        f"warnings.warn('{SECRET}')\n"
        "breaks()"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1
    assert ended.stderr.count("uncaught exception") == 2
    assert (ended.stderr.count("ValueError"), SECRET in ended.stderr, "GabcDE" in ended.stderr) == (2, False, False)
    assert "UserWarning" in ended.stderr


@pytest.mark.parametrize(
    "path", ["webhooks/1/aW50ZXJhY3Rpb24/messages/@original", "interactions/1/aW50ZXJhY3Rpb24/callback"]
)
def test_an_interaction_token_is_removed_from_its_url(path: str) -> None:
    line = redacted(f"We are being rate limited. PATCH https://discord.com/api/v10/{path} responded with 429")
    assert "aW50" not in line
    assert line.endswith("responded with 429")


class Leaky:
    """An object with a key in its repr."""

    def __repr__(self) -> str:
        return f"Leaky(key={KEY})"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Logging as in a running bot; restored for pytest afterwards."""
    root = logging.getLogger()
    before, level, config = root.handlers[:], root.level, structlog.get_config()
    libraries = {name: logging.getLogger(name).level for name in VERBOSE_LIBRARIES}
    out = io.StringIO()
    set_up_logging("debug", stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    for name, library_level in libraries.items():
        logging.getLogger(name).setLevel(library_level)
    structlog.configure(**config)


SECRETS = [
    f"Authorization: Bearer {KEY}",
    f"Bearer {KEY}",
    f"key {KEY}!",
    "https://oss.example/x.jpg?Expires=1&OSSAccessKeyId=LTAI&Signature=c2VjcmV0c2VjcmV0",
    "https://bot.example/photos/WyJvcmlnaW5hbC8xIl0.c2VjcmV0c2VjcmV0",
    "https://faces.example/original/7/x.jpg?X-Amz-Credential=c2VjcmV0c2VjcmV0%2F20261122&X-Amz-Expires=900",
    "https://faces.example/x.jpg?X-Amz-Security-Token=c2VjcmV0c2VjcmV0%2F&X-Amz-Signature=c2VjcmV0c2VjcmV0",
    "POST /dashscope/events/c2VjcmV0c2VjcmV0-word HTTP/1.1",
    "data:image/jpeg;base64,c2VjcmV0c2VjcmV0c2VjcmV0",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_removed_whoever_logs_them(written: io.StringIO, line: str) -> None:
    structlog.get_logger("ours").warning("trouble", what=line, leaky=Leaky())
    logging.getLogger("somebodys.package").warning("trouble with %s and %r", line, Leaky())
    try:
        int(line)
    except ValueError:
        structlog.get_logger("ours").exception("broken")
        logging.getLogger("somebodys.package").exception("broken")
    text = written.getvalue()
    assert len(text.splitlines()) == 4  # one line for each event, tracebacks included
    assert KEY not in text
    assert "c2VjcmV0" not in text
    assert text.count("[secret]") >= 4


def test_verbose_libraries_are_quiet(written: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://api/…")
    logging.getLogger("somebodys.package").debug("something")
    assert [line for line in written.getvalue().splitlines() if "HTTP Request" in line] == []
    assert "something" in written.getvalue()


def test_credentials_are_removed_from_a_database_address() -> None:
    line = redacted("could not reach postgresql+psycopg://repaint:p%40ss-word@db.internal:5432/repaint at 12:30:45")
    assert line == "could not reach postgresql+psycopg://[secret]@db.internal:5432/repaint at 12:30:45"
    assert redacted("GET https://api.telegram.org:443/x?to=me@example.org") == (
        "GET https://api.telegram.org:443/x?to=me@example.org"
    )
