"""Errors say what happened, and no message holds a secret."""

import pytest

from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted, ResultGone, sanitize


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot read https://me.example/photos/s3cret-token", "s3cret"),
        ("cannot read HTTPS://user:s3cret@me.example/x", "s3cret"),
        ("cannot read oss://dashscope-instant/s3cret/a.jpg", "s3cret"),
        ("got (https://oss.example/a.jpg?Expires=1&Signature=s3cret) back", "s3cret"),
        ("bad image data:image/jpeg;base64,s3cret/AAA=", "s3cret"),
        ("Incorrect key: sk-s3cret12345", "s3cret"),
        ("header Authorization: Bearer s3cret", "s3cret"),
    ],
)
def test_a_message_contains_no_secret(text: str, secret: str) -> None:
    kept = sanitize(text)
    assert secret not in kept
    assert kept.split()[0] == text.split(maxsplit=1)[0]


def test_a_message_is_one_bounded_line_that_any_database_accepts() -> None:
    kept = sanitize("first\r\nsecond\x00\ud800 " + "x" * 100_000)
    assert kept.startswith("first second ?")
    assert len(kept) == 300
    kept.encode()


@pytest.mark.parametrize("kind", [DashScopeError, NotAccepted, InDoubt, ResultGone])
def test_an_error_says_what_happened_and_under_which_request(kind: type[DashScopeError]) -> None:
    error = kind("Arrearage", "Pay.", decision=Decision.PAUSE_ACCOUNT, request_id="r-1", http_status=400)
    assert str(error) == "HTTP 400 Arrearage: Pay. (request r-1)"
    assert isinstance(error, DashScopeError)
