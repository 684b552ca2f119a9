"""Seconds and peak memory of every look at 1536 pixels, beside OpenCV's own `stylization` in the same run.

Every look has a fresh process, warmed up as a worker is. It paints four photos (the public-domain portrait, mirrored,
under-exposed, and of 256 pixels) that it has not seen, and the last one once more. `cpu` are the processor seconds of
a photo, start-up included: they tell more than the clock on a machine that others use too.
"""

import io
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from stylizer.engine import LOOKS, stylize, warm_up
from stylizer.engine.picture import decode, encode, resize, scaled_size
from stylizer.engine.samples import swirling_painting

PORTRAIT = Path(__file__).parents[1] / "docs" / "images" / "portrait.jpg"
SHORT_SIDE = 1536
OPENCV, REFERENCE = "opencv", "-1"


def photos() -> list[bytes]:
    """The portrait and three variants, encoded."""
    with Image.open(PORTRAIT) as portrait:
        upright = portrait.convert("RGB")
    variants = [
        upright,
        ImageOps.mirror(upright),
        ImageEnhance.Brightness(upright).enhance(0.45),
        upright.resize((256, 256)),
    ]
    encoded = []
    for picture in variants:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        encoded.append(buffer.getvalue())
    return encoded


def opencv_stylization(photo: bytes) -> bytes:
    """The peer: decode, resize, cv2.stylization (Gastal and Oliveira 2011), encode."""
    pixels = decode(photo)
    large = resize(pixels, scaled_size((pixels.shape[0], pixels.shape[1]), SHORT_SIDE))
    return encode(np.asarray(cv2.stylization(large, sigma_s=60, sigma_r=0.45)))


def painter(subject: str) -> Callable[[bytes], bytes]:
    """What is measured: a look by its index, a reference style, or the peer."""
    if subject == OPENCV:
        return opencv_stylization
    warm_up()
    painting = encode(swirling_painting((512, 512))) if subject == REFERENCE else None
    return lambda photo: stylize(photo, int(subject), reference=painting, short_side=SHORT_SIDE)


def measure(subject: str) -> None:
    """Print the seconds of each photo, of the last one again, processor seconds a photo, and peak megabytes."""
    paint, seconds, everyone = painter(subject), [], photos()
    for photo in [*everyone, everyone[-1]]:
        start = time.perf_counter()
        paint(photo)
        seconds.append(time.perf_counter() - start)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / len(seconds)
    print(*(f"{second:.3f}" for second in seconds), f"{cpu:.3f}", used.ru_maxrss // 1024)


def main() -> None:
    """One line a look, then the medians."""
    names = {OPENCV: "OpenCV stylization", REFERENCE: "reference style"}
    names |= {str(look.index): f"{look.index} {look.slug}" for look in LOOKS.values()}
    print(f"Seconds at {SHORT_SIDE} px")
    print(f"{'look':20} {'first':>7} {'median':>7} {'worst':>7} {'again':>7} {'cpu':>7} {'peak MB':>8}")
    medians, worsts, peaks = [], [], []
    for subject, name in names.items():
        command = [sys.executable, "-m", "bench.looks", subject]
        *seconds, cpu, peak = map(float, subprocess.run(command, capture_output=True, check=True).stdout.split())
        *new, again = seconds
        median, worst = statistics.median(new), max(new)
        print(f"{name:20} {new[0]:7.2f} {median:7.2f} {worst:7.2f} {again:7.2f} {cpu:7.2f} {peak:8.0f}", flush=True)
        if subject != OPENCV:
            medians.append(median)
            worsts.append(worst)
            peaks.append(peak)
    print(f"{'all of ours':20} {'':7} {statistics.median(medians):7.2f} {max(worsts):7.2f} {'':15} {max(peaks):8.0f}")


if __name__ == "__main__":
    measure(sys.argv[1])
