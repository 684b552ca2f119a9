"""Telegram's errors are translated, and none of Telegram's text is passed on."""

import logging

import httpx
import pytest
from pydantic import SecretStr
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.messaging.platform import Refusal, Refused, TryLater
from handlers.telegram.errors import DESCRIPTIONS, REFUSALS, TOKEN_RETRY_SECONDS, GroupMigrated, translate_errors
from handlers.telegram.log_redaction import redact_token

SECRET = "7654321:AAH-not-a-real-token-for-tests-only"


@pytest.fixture(autouse=True)
def _time_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # as `create_bot` does


REFUSED = (
    ("message to edit not found", Refusal.MESSAGE),
    ("message can't be edited", Refusal.MESSAGE),
    ("MESSAGE_ID_INVALID", Refusal.MESSAGE),
    ("MESSAGE_EDIT_TIME_EXPIRED", Refusal.MESSAGE),
    ("MESSAGE_AUTHOR_REQUIRED", Refusal.MESSAGE),
    ("message to delete not found", Refusal.MESSAGE),
    ("not enough rights to send photos to the chat", Refusal.PHOTO),
    ("CHAT_SEND_PHOTOS_FORBIDDEN", Refusal.PHOTO),
    ("PHOTO_INVALID_DIMENSIONS", Refusal.PHOTO),
    ("PHOTO_SAVE_FILE_INVALID", Refusal.PHOTO),
    ("PHOTO_EXT_INVALID", Refusal.PHOTO),
    ("PHOTO_CONTENT_TYPE_INVALID", Refusal.PHOTO),
    ("IMAGE_PROCESS_FAILED", Refusal.PHOTO),
    ("file of size 10485761 bytes is too big for a photo", Refusal.PHOTO),
    ("not enough rights to send documents to the chat", Refusal.FILES),
    ("not enough rights to send media to the chat", Refusal.FILES),
    ("CHAT_SEND_DOCS_FORBIDDEN", Refusal.FILES),
    ("CHAT_SEND_MEDIA_FORBIDDEN", Refusal.FILES),
    ("message thread not found", Refusal.TOPIC),
    ("TOPIC_CLOSED", Refusal.TOPIC),
    ("TOPIC_DELETED", Refusal.TOPIC),
    ("TOPIC_ID_INVALID", Refusal.TOPIC),
    ("chat not found", Refusal.CHAT),
    ("user not found", Refusal.CHAT),
    ("PEER_ID_INVALID", Refusal.CHAT),
    ("have no rights to send a message", Refusal.CHAT),
    ("not enough rights to send text messages to the chat", Refusal.CHAT),
    ("need administrator rights in the channel chat", Refusal.CHAT),
    ("CHAT_WRITE_FORBIDDEN", Refusal.CHAT),
    ("CHAT_SEND_PLAIN_FORBIDDEN", Refusal.CHAT),
    ("CHAT_GUEST_SEND_FORBIDDEN", Refusal.CHAT),
    ("CHAT_ADMIN_REQUIRED", Refusal.CHAT),
    ("CHAT_RESTRICTED", Refusal.CHAT),
    ("CHANNEL_PRIVATE", Refusal.CHAT),
    ("USER_BANNED_IN_CHANNEL", Refusal.CHAT),
    ("PRIVACY_PREMIUM_REQUIRED", Refusal.CHAT),
    ("USER_PRIVACY_RESTRICTED", Refusal.CHAT),
    ("USER_IS_BLOCKED", Refusal.CHAT),
    ("INPUT_USER_DEACTIVATED", Refusal.CHAT),
    ("group chat was deactivated", Refusal.CHAT),
    ("ALLOW_PAYMENT_REQUIRED_1", Refusal.CHAT),
    ("something quite new", Refusal.UNKNOWN),
)


def test_every_description_that_is_known_has_a_row() -> None:
    rows = [description.casefold() for description, _ in REFUSED]
    known = [description for description, kind in DESCRIPTIONS.items() if kind in REFUSALS]
    assert [one for one in known if not any(one in row for row in rows)] == []


@pytest.mark.parametrize(("description", "refusal"), REFUSED)
def test_every_description_of_a_refusal_has_its_kind(description: str, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused, translate_errors():
        raise BadRequest(f"Bad Request: {description}")
    assert refused.value.refusal is refusal


@pytest.mark.parametrize(
    "description",
    [
        "bot was blocked by the user",
        "bot was kicked from the supergroup chat",
        "bot is not a member of the channel chat",
        "bot can't initiate conversation with a user",
        "user is deactivated",
        "the group chat was deleted",
        "something quite new",
    ],
)
def test_what_is_forbidden_is_forbidden_in_the_whole_chat(description: str) -> None:
    with pytest.raises(Refused) as refused, translate_errors():
        raise Forbidden(f"Forbidden: {description}")
    assert refused.value.refusal is Refusal.CHAT


def test_a_picture_that_is_too_large_for_a_call_may_pass_as_a_file() -> None:
    with pytest.raises(Refused) as refused, translate_errors():
        raise NetworkError("Request Entity Too Large")
    assert refused.value.refusal is Refusal.PHOTO


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
