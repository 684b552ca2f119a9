"""A photo without a face is refused where the owner wants that, before anything is spent."""

from pathlib import Path

import pytest

from bot.admin.doctor import examine
from bot.app import faces_required
from bot.domain.error_codes import ErrorCode, UserError
from bot.imaging.intake import Intake
from bot.imaging.results import PhotoProblem, Portrait, UnusablePhoto
from bot.jobs.photo_intake import AcceptedPhoto, PhotoIntake
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import CannotStart
from storage.photos import Kind, open_photos
from tests import ROOT
from tests.fakes import face_finders
from tests.harness.app import ANNA, accepted, private, running_app, settings_for
from tests.harness.pictures import encoded, quarters

PORTRAIT = ROOT / "docs" / "images" / "portrait.jpg"
NEITHER = encoded(quarters(), "JPEG")
LONG = encoded(quarters(900, 300), "JPEG")


@pytest.mark.parametrize(
    ("finder", "is_let_in"),
    [
        (face_finders.at_the_start, True),
        (face_finders.nowhere, False),
        (face_finders.stumbling, True),
        (None, True),
    ],
    ids=["a face", "no face", "a failing finder", "no finder"],
)
async def test_a_photo_is_refused_only_when_the_finder_finds_no_face(
    finder: face_finders.Finder | None, is_let_in: bool
) -> None:
    async with Intake(find_face=finder) as intake:
        for photo in (NEITHER, LONG):
            seen = await intake.accept(photo, with_face=True)
            assert isinstance(seen, Portrait) is is_let_in
            assert is_let_in or (isinstance(seen, UnusablePhoto) and seen.reason is PhotoProblem.NO_FACE)
            assert isinstance(await intake.accept(photo), Portrait), "where none is wanted, none is missed"


async def test_a_style_picture_needs_no_face(tmp_path: Path) -> None:
    async with Intake(find_face=face_finders.nowhere) as intake:
        reception = PhotoIntake(intake, open_photos(tmp_path), keep_seconds=60, face_required=True)
        assert await reception.accept(NEITHER, Kind.ORIGINAL) == UserError(ErrorCode.NO_FACE)
        assert isinstance(await reception.accept(NEITHER, Kind.REFERENCE), AcceptedPhoto)


async def test_a_request_without_a_face_costs_nothing(tmp_path: Path) -> None:
    async with running_app(tmp_path, face_required="on") as app:
        answer = await app.services.jobs.submit(
            JobRequest(ANNA, private(ANNA), "test:1", photo=NEITHER, style=StyleChoice(0))
        )
        assert answer == UserError(ErrorCode.NO_FACE)
        quota = await app.services.queries.quota(ANNA)
        assert (quota.used, quota.reserved) == (0, 0)
        portrait = PORTRAIT.read_bytes()
        accepted(
            await app.services.jobs.submit(
                JobRequest(ANNA, private(ANNA), "test:2", photo=portrait, style=StyleChoice(0))
            )
        )
    async with running_app(tmp_path) as app:
        accepted(
            await app.services.jobs.submit(
                JobRequest(ANNA, private(ANNA), "test:1", photo=NEITHER, style=StyleChoice(0))
            )
        )


def test_where_nothing_finds_faces_none_can_be_required(tmp_path: Path) -> None:
    def only_cv2(name: str) -> object:
        return name if name == "cv2" else None

    required, not_required = (settings_for(tmp_path, face_required=word) for word in ("on", "off"))
    assert faces_required(required, find_package=lambda name: name)
    assert not faces_required(not_required, find_package=only_cv2)
    with pytest.raises(CannotStart, match=r"pip install '\.\[stylizer\]'"):
        faces_required(required, find_package=only_cv2)


async def test_the_doctor_says_that_faces_are_required(tmp_path: Path) -> None:
    found = [finding async for finding in examine(settings_for(tmp_path, face_required="on"))]
    assert ("Photos without a face are refused.", True) in [(finding.text, finding.is_good) for finding in found]
