"""A worker stays within its memory."""

import subprocess
import sys

import pytest

from tests.engine_people import PORTRAIT

PROGRAM = """
import sys
from pathlib import Path
from stylizer.engine import stylize, warm_up
warm_up()
for look in (31, 39):
    stylize(Path(sys.argv[1]).read_bytes(), look)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_hungriest_looks_at_full_size_stay_under_700_megabytes() -> None:
    worker = subprocess.run([sys.executable, "-c", PROGRAM, str(PORTRAIT)], capture_output=True, text=True, check=True)
    assert int(worker.stdout) < 700
