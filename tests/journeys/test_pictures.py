"""The promise of a fresh start: with no account, real looks painted by the real engine, of the right size and shape."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bot.domain.job_view import State
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from stylizer.engines import real_engine
from tests import ROOT
from tests.harness.app import ANNA, accepted, ended, private, running_app

PORTRAIT = ROOT / "docs" / "images" / "portrait.jpg"
SAMPLES = ROOT / "bot" / "samples"


def portrait(width: int, height: int) -> bytes:
    """The public-domain portrait, cropped to a shape."""
    with Image.open(PORTRAIT) as image:
        box = image.resize((width, height), box=(0, 0, image.width, image.width * height / width))
    out = io.BytesIO()
    box.save(out, "PNG")
    return out.getvalue()


@pytest.mark.timeout(240)
async def test_presets_and_a_reference_end_as_jpegs_of_1536_in_the_photos_shape(tmp_path: Path) -> None:
    photo = portrait(600, 500)
    async with running_app(tmp_path, engine=real_engine()) as app:
        services, chat = app.services, private(ANNA)
        views = [
            accepted(
                await services.jobs.submit(
                    JobRequest(ANNA, chat, f"test:{style}", photo=photo, style=StyleChoice(style))
                )
            )
            for style in (0, 2, 5)
        ]
        reference = (SAMPLES / "reference.jpg").read_bytes()
        own = await services.jobs.submit(JobRequest(ANNA, chat, "test:own", photo=photo, style=like_picture(reference)))
        pictures = []
        for view in (*views, accepted(own)):
            done = await ended(app, ANNA, view.id)
            assert done.state == State.STORED, done
            pictures.append(await services.queries.result(ANNA, view.id))
    sizes = {Image.open(io.BytesIO(picture or b"")).size for picture in pictures}
    formats = {Image.open(io.BytesIO(picture or b"")).format for picture in pictures}
    assert sizes == {(1843, 1536)}
    assert formats == {"JPEG"}
    assert len(set(pictures)) == 4
