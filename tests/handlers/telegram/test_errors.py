"""Telegram's errors are translated, and none of Telegram's text is passed on."""

import logging

import httpx
import pytest
from pydantic import SecretStr
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.messaging.platform import TargetGone, TryLater
from handlers.telegram.errors import TOKEN_RETRY_SECONDS, GroupMigrated, translate_errors
from handlers.telegram.log_redaction import redact_token

SECRET = "7654321:AAH-not-a-real-token-for-tests-only"


@pytest.fixture(autouse=True)
def _time_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # as `create_bot` does


@pytest.mark.parametrize(
    ("description", "card_only"),
    [
        ("Bad Request: message to edit not found", True),
        ("Bad Request: message can't be edited", True),
        ("Bad Request: MESSAGE_ID_INVALID", True),
        ("Bad Request: chat not found", False),
        ("Bad Request: not enough rights to send photos to the chat", False),
        ("Bad Request: something quite new", False),
    ],
)
def test_a_bad_request_means_that_the_card_or_the_chat_is_gone(description: str, card_only: bool) -> None:
    with pytest.raises(TargetGone) as gone, translate_errors():
        raise BadRequest(description)
    assert gone.value.card_only is card_only


def test_a_chat_that_blocked_the_bot_is_gone() -> None:
    with pytest.raises(TargetGone) as gone, translate_errors():
        raise Forbidden("bot was blocked by the user")
    assert not gone.value.card_only


def test_a_migrated_group_is_retried_with_its_new_id() -> None:
    with pytest.raises(TryLater) as raised, translate_errors():
        raise ChatMigrated(-1005)
    assert isinstance(raised.value, GroupMigrated)
    assert raised.value.new_chat_id == "-1005"


def test_flood_control_says_how_long_to_wait() -> None:
    with pytest.raises(TryLater) as raised, translate_errors():
        raise RetryAfter(17)
    assert raised.value.retry_after == 17


@pytest.mark.parametrize("error", [TimedOut(), NetworkError("Bad Gateway (502)")])
def test_a_bad_connection_is_retried_soon(error: Exception) -> None:
    with pytest.raises(TryLater) as raised, translate_errors():
        raise error
    assert 0 < raised.value.retry_after < 10


@pytest.mark.parametrize(
    ("cause", "perhaps"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("nobody there"), False),
        (httpx.PoolTimeout("no room"), False),
        (httpx.ReadTimeout("no answer"), True),
        (httpx.ReadError("dropped"), True),
        (None, True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_that_never_left_was_certainly_not_sent(cause: Exception | None, *, perhaps: bool) -> None:
    with pytest.raises(TryLater) as raised, translate_errors():
        raise NetworkError("trouble") from cause
    assert raised.value.perhaps_sent is perhaps


def test_a_rejected_token_is_retried_slowly_and_not_quoted() -> None:
    with pytest.raises(TryLater) as raised, translate_errors():
        raise InvalidToken(f"The token `{SECRET}` was rejected")
    assert raised.value.retry_after == TOKEN_RETRY_SECONDS
    assert raised.value.__suppress_context__
    assert SECRET not in repr(raised.value)


@pytest.mark.parametrize("name", ["httpx", "httpcore", "telegram"])
def test_the_libraries_never_log_the_token(name: str, caplog: pytest.LogCaptureFixture) -> None:
    url = f"https://api.telegram.org/bot{SECRET}/getMe"
    with caplog.at_level(logging.DEBUG), redact_token(SecretStr(SECRET)):
        logger = logging.getLogger(name)
        logger.info("HTTP Request: %s", url)
        logger.critical("HTTP Request: %s", url)
        logger.critical("as a URL: %s", url.replace(":AAH", "%3AAAH"))
        try:
            int(url)  # the error message quotes the URL
        except ValueError:
            logger.critical("it broke", exc_info=True)
    assert SECRET.partition(":")[2] not in caplog.text
    assert "/getMe" in caplog.text
    assert len(caplog.records) == 3


def test_log_levels_are_restored() -> None:
    before = logging.getLogger("httpx").level
    with redact_token(SecretStr(SECRET)):
        assert logging.getLogger("httpx").level == logging.WARNING
    assert logging.getLogger("httpx").level == before
