"""The real engine behind the service, and the looks that the service offers."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from stylizer import engines
from stylizer.engines import OFFERED, REFERENCE, SHEET, real_engine
from tests.fakes.dashscope.api_calls import data_url, open_api

pytest.importorskip("cv2", reason="the engine's libraries come with the extra [stylizer]")


def face() -> bytes:
    """A drawn head in front of a wall: the engine must cope with any picture."""
    image = Image.new("RGB", (360, 480), (120, 150, 170))
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 90, 270, 330), fill=(225, 180, 150))
    for x in (140, 200):
        draw.ellipse((x, 180, x + 25, 195), fill=(40, 30, 30))
    draw.arc((140, 230, 220, 280), 20, 160, fill=(150, 50, 50), width=6)
    draw.rectangle((60, 340, 300, 480), fill=(40, 60, 110))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def test_the_service_offers_exactly_the_engines_looks() -> None:
    from stylizer.engine import LOOKS  # noqa: PLC0415  # heavy, and only for this test

    assert OFFERED - {SHEET, REFERENCE} == frozenset(LOOKS)


def test_the_service_itself_never_loads_the_engine() -> None:
    code = (
        "import sys, stylizer.server, stylizer.engines; stylizer.engines.real_engine(); "
        "sys.exit(any(name in sys.modules for name in ('cv2', 'numpy', 'onnxruntime', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_portrait_becomes_pixel_art_with_a_short_side_of_1536(tmp_path: Path) -> None:
    async with open_api(tmp_path, engine=real_engine()) as (_, caller):
        picture = await caller.picture(await caller.task(data_url(face()), 32))
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (1536, 2048))


def test_the_real_engine_can_be_imported_by_name() -> None:
    assert real_engine().stylize is engines.stylize and real_engine().warm_up is engines.warm_up
