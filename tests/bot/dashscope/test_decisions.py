"""The decision for every documented code, for unknown ones, and for answers that are not the API's."""

import pytest

from bot.dashscope.errors import Decision, decide, decide_without_code

DOWNLOAD_FAILED = "Download the media resource timed out during the data inspection process."
MEDIA_FORMAT = "The media format is not supported or incorrect for the data inspection."
ALGORITHM = "An internal error has occured during algorithm execution."


@pytest.mark.parametrize(
    ("code", "message", "status", "decision"),
    [
        ("InvalidURL", "", 400, Decision.NEW_LINK),
        ("InvalidURL.Timeout", "", None, Decision.NEW_LINK),
        ("InvalidURL.ConnectionRefused", "", 400, Decision.NEW_LINK),
        ("BadRequest.InputDownloadFailed", "", None, Decision.NEW_LINK),
        ("InvalidParameter.DataInspection", DOWNLOAD_FAILED, 400, Decision.NEW_LINK),
        ("InvalidParameter.DataInspection", "Unable to download the media resource.", 400, Decision.NEW_LINK),
        ("InvalidParameter.DataInspection", MEDIA_FORMAT, 400, Decision.BAD_PHOTO),
        ("InvalidImageResolution", "", None, Decision.BAD_PHOTO),
        ("InvalidImageFormat", "", 400, Decision.BAD_PHOTO),
        ("InvalidImage.FileFormat", "", 400, Decision.BAD_PHOTO),
        ("InvalidImage.ImageSize", "", None, Decision.BAD_PHOTO),
        ("InvalidFile.Resolution", "", 400, Decision.BAD_PHOTO),
        ("InvalidImage.NoHumanFace", "No human face detected.", None, Decision.NO_FACE),
        ("InvalidFile.NoHuman", "The input image has no human body.", None, Decision.NO_FACE),
        ("InvalidFile.FacePose", "", 400, Decision.NO_FACE),
        ("InvalidFile.BodyProportion", "", None, Decision.NO_FACE),
        ("DataInspectionFailed", "", 400, Decision.REFUSED),
        ("IPInfringementSuspect", "", None, Decision.REFUSED),
        ("CustomRoleBlocked", "Input data may contain inappropriate content with custom rule.", 400, Decision.REFUSED),
        (
            "InvalidParameter",
            "The image content does not comply with green network verification.",
            None,
            Decision.REFUSED,
        ),
        ("InternalError.Algo.DataInspectionFailed", "May contain inappropriate content.", None, Decision.REFUSED),
        ("InternalError.Algo", "Input image may contain inappropriate content.", None, Decision.REFUSED),
        ("InternalError.Algo", ALGORITHM, None, Decision.RETRY_LATER),
        ("InternalError.Algo", ALGORITHM, 500, Decision.RETRY_LATER),
        ("InternalError.Algo", "", None, Decision.RETRY_LATER),
        ("InternalError.Algo", "Inference error.", None, Decision.PERHAPS_NO_FACE),
        ("InternalError.Algo.InvalidParameter", "", None, Decision.NEW_LINK),
        ("InternalError.Algo", "Failed to download the image.", None, Decision.NEW_LINK),
        ("InvalidParameter", "The style is invalid.", 400, Decision.OUR_BUG),
        ("BadRequest.TooLarge", "", 400, Decision.OUR_BUG),
        ("Arrearage", "", 400, Decision.PAUSE_ACCOUNT),
        ("InvalidApiKey", "", 401, Decision.PAUSE_ACCOUNT),
        ("AccessDenied", "", 403, Decision.PAUSE_ACCOUNT),
        ("AccessDenied.Unpurchased", "", 403, Decision.PAUSE_ACCOUNT),
        ("Model.AccessDenied", "", 403, Decision.PAUSE_ACCOUNT),
        ("Workspace.AccessDenied", "", 403, Decision.PAUSE_ACCOUNT),
        ("Endpoint.AccessDenied", "", 403, Decision.PAUSE_ACCOUNT),
        ("BailianGateway.Workspace.NotAuthorised", "", 200, Decision.PAUSE_ACCOUNT),
        ("AllocationQuota.FreeTierOnly", "", 403, Decision.PAUSE_ACCOUNT),
        ("ModelNotFound", "Model can not be found.", 404, Decision.PAUSE_ACCOUNT),
        ("NotFound", "Not found!", 404, Decision.PAUSE_ACCOUNT),
        ("CommodityNotPurchased", "", 429, Decision.PAUSE_ACCOUNT),
        ("PrepaidBillOverdue", "", 429, Decision.PAUSE_ACCOUNT),
        ("PostpaidBillOverdue", "", 429, Decision.PAUSE_ACCOUNT),
        ("Throttling.AllocationQuota", "Free allocated quota exceeded.", 429, Decision.PAUSE_ACCOUNT),
        ("Throttling.AllocationQuota", "Allocated quota exceeded.", 429, Decision.RETRY_NEXT_MINUTE),
        ("Throttling", "", 429, Decision.RETRY_LATER),
        ("Throttling.RateQuota", "", 429, Decision.RETRY_LATER),
        ("Throttling.BurstRate", "", 429, Decision.RETRY_LATER),
        ("InternalError", "", 500, Decision.RETRY_LATER),
        ("InternalError.Timeout", "", None, Decision.RETRY_LATER),
        ("SystemError", "", 500, Decision.RETRY_LATER),
        ("RequestTimeOut", "", 503, Decision.RETRY_LATER),
        ("ModelServiceFailed", "", 500, Decision.RETRY_LATER),
        ("ModelServingError", "", 503, Decision.RETRY_LATER),
        ("ModelUnavailable", "", 503, Decision.RETRY_LATER),
    ],
)
def test_every_documented_code_has_its_decision(
    code: str, message: str, status: int | None, decision: Decision
) -> None:
    assert decide(code, message, status) is decision


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        (None, Decision.RETRY_LATER),
        (200, Decision.RETRY_LATER),
        (500, Decision.RETRY_LATER),
        (503, Decision.RETRY_LATER),
        (429, Decision.RETRY_LATER),
        (408, Decision.RETRY_LATER),
        (400, Decision.UNRECOGNISED),
        (422, Decision.UNRECOGNISED),
        (401, Decision.PAUSE_ACCOUNT),
        (403, Decision.PAUSE_ACCOUNT),
        (404, Decision.PAUSE_ACCOUNT),
    ],
)
@pytest.mark.parametrize("code", ["NeverHeardOf", "Never.Heard.Of", "..Algo", "Invalid", "InvalidURLs"])
def test_an_unknown_code_is_judged_by_its_status(code: str, status: int | None, decision: Decision) -> None:
    assert decide(code, "", status) is decision


@pytest.mark.parametrize("status", [300, 302, 307, 400, 401, 402, 403, 404, 405, 407, 451])
def test_a_page_of_something_else_says_nothing_about_account_or_photo(status: int) -> None:
    assert decide_without_code(status) is Decision.NOT_THE_API


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        (200, Decision.RETRY_LATER),
        (204, Decision.RETRY_LATER),
        (429, Decision.RETRY_LATER),
        (502, Decision.RETRY_LATER),
        (504, Decision.RETRY_LATER),
        (413, Decision.UNRECOGNISED),  # it is about this photo's size
    ],
)
def test_other_answers_without_a_code(status: int, decision: Decision) -> None:
    assert decide_without_code(status) is decision


def test_the_decisions_that_blame_nobody() -> None:
    temporary = {decision for decision in Decision if decision.is_temporary}
    assert temporary == {Decision.RETRY_LATER, Decision.RETRY_NEXT_MINUTE, Decision.NOT_THE_API}
