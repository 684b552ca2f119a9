"""The memory of a worker."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.harness.portraits import PORTRAIT

PROGRAM = """
import sys
from pathlib import Path
from stylizer.engine import stylize, warm_up
warm_up()
for path, looks in zip(sys.argv[1::2], sys.argv[2::2]):
    for look in looks.split(","):
        stylize(Path(path).read_bytes(), int(look))
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""
FIRST, HUNGRIEST = "5", "3,30,39"  # as `make bench PART=looks` tells


@pytest.fixture
def two_photos(tmp_path: Path) -> list[Path]:
    """Three by four, of the same person looking left and right: two portraits to cache."""
    with Image.open(PORTRAIT) as portrait:
        one = portrait.convert("RGB").crop((128, 0, 896, 1024))
    paths = [tmp_path / "left.jpg", tmp_path / "right.jpg"]
    for path, picture in zip(paths, (one, ImageOps.mirror(one)), strict=True):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=92)
        path.write_bytes(buffer.getvalue())
    return paths


@pytest.mark.timeout(300)  # ten processor seconds, on a machine that may have others to work for
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_largest_looks_at_full_size_stay_under_700_megabytes(two_photos: list[Path]) -> None:
    left, right = map(str, two_photos)
    command = [sys.executable, "-c", PROGRAM, left, FIRST, right, HUNGRIEST]
    worker = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(worker.stdout) < 700
