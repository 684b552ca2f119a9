"""The decision for every code; no secret in any message."""

import pytest

from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted, ResultGone, decide, sanitize


@pytest.mark.parametrize(
    ("code", "status", "decision"),
    [
        ("InvalidURL", 400, Decision.NEW_LINK),
        ("InvalidURL.Timeout", None, Decision.NEW_LINK),
        ("InvalidURL.ConnectionRefused", 400, Decision.NEW_LINK),
        ("BadRequest.InputDownloadFailed", None, Decision.NEW_LINK),
        ("InvalidParameter.DataInspection", 400, Decision.NEW_LINK),
        ("InvalidImageResolution", None, Decision.BAD_PHOTO),
        ("InvalidImageFormat", 400, Decision.BAD_PHOTO),
        ("InvalidImage.FileFormat", 400, Decision.BAD_PHOTO),
        ("InvalidImage.ImageSize", None, Decision.BAD_PHOTO),
        ("DataInspectionFailed", 400, Decision.REFUSED),
        ("IPInfringementSuspect", None, Decision.REFUSED),
        ("InternalError.Algo", None, Decision.NO_FACE),
        ("InternalError.Algo", 500, Decision.NO_FACE),
        ("InvalidParameter", 400, Decision.OUR_BUG),
        ("BadRequest.TooLarge", 400, Decision.OUR_BUG),
        ("Arrearage", 400, Decision.PAUSE_ACCOUNT),
        ("InvalidApiKey", 401, Decision.PAUSE_ACCOUNT),
        ("AccessDenied", 403, Decision.PAUSE_ACCOUNT),
        ("AccessDenied.Unpurchased", 403, Decision.PAUSE_ACCOUNT),
        ("AllocationQuota.FreeTierOnly", 403, Decision.PAUSE_ACCOUNT),
        ("ModelNotFound", 404, Decision.PAUSE_ACCOUNT),
        ("Throttling", 429, Decision.RETRY_LATER),
        ("Throttling.RateQuota", 429, Decision.RETRY_LATER),
        ("Throttling.BurstRate", 429, Decision.RETRY_LATER),
        ("Throttling.AllocationQuota", 429, Decision.PAUSE_ACCOUNT),
        ("CommodityNotPurchased", 429, Decision.PAUSE_ACCOUNT),
        ("PrepaidBillOverdue", 429, Decision.PAUSE_ACCOUNT),
        ("PostpaidBillOverdue", 429, Decision.PAUSE_ACCOUNT),
        ("InternalError", 500, Decision.RETRY_LATER),
        ("InternalError.Timeout", None, Decision.RETRY_LATER),
        ("SystemError", 500, Decision.RETRY_LATER),
        ("RequestTimeOut", 503, Decision.RETRY_LATER),
        ("ModelServiceFailed", 500, Decision.RETRY_LATER),
        ("ModelServingError", 503, Decision.RETRY_LATER),
        ("ModelUnavailable", 503, Decision.RETRY_LATER),
    ],
)
def test_every_documented_code_has_its_decision(code: str, status: int | None, decision: Decision) -> None:
    assert decide(code, status) is decision


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        (None, Decision.RETRY_LATER),
        (500, Decision.RETRY_LATER),
        (503, Decision.RETRY_LATER),
        (429, Decision.RETRY_LATER),
        (408, Decision.RETRY_LATER),
        (400, Decision.OUR_BUG),
        (404, Decision.OUR_BUG),
        (307, Decision.OUR_BUG),
        (401, Decision.PAUSE_ACCOUNT),
        (403, Decision.PAUSE_ACCOUNT),
        (200, Decision.RETRY_LATER),
    ],
)
@pytest.mark.parametrize("code", ["NeverHeardOf", "Never.Heard.Of", "", ".", "..Algo"])
def test_an_unknown_code_is_judged_by_its_status(code: str, status: int | None, decision: Decision) -> None:
    assert decide(code, status) is decision


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
