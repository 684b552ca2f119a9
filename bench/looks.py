"""Seconds and peak memory of every look at 1536 pixels, beside OpenCV's own `stylization` in the same run.

Every look has a fresh process, warmed up like a worker. It renders four photos that it has not seen (the
public-domain portrait, and three drawn ones: a 3:4 portrait of twelve megapixels, two people in landscape, and a
small, dim one), and the last one again. `cpu` is the CPU time per photo in seconds, start-up included, which means
more than elapsed time on a shared machine. `of peer` is the median as a multiple of OpenCV's. The peak is that of
the whole process, over all photos. Last comes the contact sheet of one face in all looks, as `style_index: -2` makes
it.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.portraits import Sitter, photo
from bench.report import Section, Table, publish
from stylizer.engine import LOOKS, stylize, warm_up
from stylizer.engine.picture import decode, encode, resize, scaled_size
from stylizer.engine.samples import swirling_painting

PORTRAIT = Path(__file__).parents[1] / "docs" / "images" / "portrait.jpg"
SHORT_SIDE = 1536
OPENCV, REFERENCE, ALL_LOOKS = "opencv", "-1", "-2"
MAN = Sitter(0.50, 0.57, 0.39, skin="c98f6b", hair="2a1a12", dress="35507a", beard=True)
WOMAN = Sitter(0.43, 0.43, 0.27, skin="e8b795", hair="7a4a22", dress="8a2f3f")
FRIEND = Sitter(0.91, 0.47, 0.26, skin="6b4029", hair="120c0a", dress="2f6b4f", glasses=True)
CHILD = Sitter(0.50, 0.45, 0.33, skin="8d5a3b", hair="15100e", dress="c9b34a")


def photos() -> list[bytes]:
    """The public-domain portrait, and drawn people."""
    return [
        PORTRAIT.read_bytes(),
        photo((4000, 3000), (MAN,), wall=("9fb4c4", "5a6b7c"), seed=3),
        photo((960, 1280), (WOMAN, FRIEND), wall=("d9c9a8", "a88f6b"), seed=5),
        photo((320, 256), (CHILD,), wall=("6b8a5a", "3d5a3a"), seed=7, light=0.55),
    ]


def opencv_stylization(photo: bytes) -> bytes:
    """The peer: decode, resize, cv2.stylization (Gastal and Oliveira 2011), encode."""
    pixels = decode(photo)
    large = resize(pixels, scaled_size((pixels.shape[0], pixels.shape[1]), SHORT_SIDE))
    return encode(np.asarray(cv2.stylization(large, sigma_s=60, sigma_r=0.45)))


def renderer(subject: str) -> Callable[[bytes], bytes]:
    """The subject of the measurement: a look by its index, a reference style, or the peer."""
    if subject == OPENCV:
        return opencv_stylization
    warm_up()
    painting = encode(swirling_painting((512, 512))) if subject == REFERENCE else None
    return lambda photo: stylize(photo, int(subject), reference=painting, short_side=SHORT_SIDE)


def measure(subject: str, folder: Path) -> None:
    """Print the seconds for each photo and for the last one again, CPU seconds per photo, and peak megabytes."""
    render, seconds = renderer(subject), []
    paths = sorted(folder.iterdir())[: 1 if subject == ALL_LOOKS else None]
    for path in [*paths, paths[-1]]:
        content, start = path.read_bytes(), time.perf_counter()
        render(content)
        seconds.append(time.perf_counter() - start)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / len(seconds)
    print(*(f"{second:.3f}" for second in seconds), f"{cpu:.3f}", used.ru_maxrss // 1024)


@dataclass(frozen=True)
class Measured:
    """The cost of one subject: seconds for each photo and for the last one again, CPU seconds per photo, peak
    megabytes."""

    new: list[float]
    again: float
    cpu: float
    peak: float

    @classmethod
    def by_process(cls, subject: str, folder: Path) -> "Measured":
        command = [sys.executable, "-m", "bench.looks", subject, str(folder)]
        *seconds, cpu, peak = map(float, subprocess.run(command, capture_output=True, check=True).stdout.split())
        return cls(seconds[:-1], seconds[-1], cpu, peak)

    @property
    def median(self) -> float:
        return statistics.median(self.new)

    def row(self, name: str, peer: float) -> tuple[str, ...]:
        seconds = (self.new[0], self.median, max(self.new), self.again, self.cpu, self.median / peer)
        return (name, *(f"{one:.2f}" for one in seconds), f"{self.peak:.0f}")


def section(found: Mapping[str, Measured], page: Measured) -> Section:
    """The section of the report. The first subject is the peer."""
    head = ("look", "first", "median", "worst", "again", "cpu", "of peer", "peak MB")
    peer, *looks = found.values()
    rows = [one.row(name, peer.median) for name, one in found.items()]
    ours = statistics.median(one.median for one in looks)
    worst, peak = max(max(one.new) for one in looks), max(one.peak for one in looks)
    rows.append(("all of ours", "", f"{ours:.2f}", f"{worst:.2f}", "", "", f"{ours / peer.median:.2f}", f"{peak:.0f}"))
    how = f"""
        Seconds for four photos that a fresh process has not seen, at {SHORT_SIDE} px, and for the last one again; CPU
        seconds per photo, start-up included; the peak memory of the process. The peer is OpenCV's own `stylization`.
    """
    note = f"One face in all looks: {page.new[0]:.1f} s at first, {page.again:.1f} s again, {page.peak:.0f} MB."
    return Section("looks", "What the looks take", how, [Table(head, rows)], notes=[note])


def main() -> None:
    """Measure the peer, every look, then the contact sheet of all looks."""
    names = {OPENCV: "OpenCV stylization", REFERENCE: "reference style"}
    names |= {str(look.index): f"{look.index} {look.slug}" for look in LOOKS.values()}
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), dict[str, Measured]()
        for i, content in enumerate(photos()):
            (folder / f"{i}.jpg").write_bytes(content)
        for subject, title in names.items():
            print(title, end=", ", flush=True)
            found[title] = Measured.by_process(subject, folder)
        print("and all of them on one page.", flush=True)
        publish(section(found, Measured.by_process(ALL_LOOKS, folder)))


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]))
