"""Gallery pictures: python -m stylizer.engine.samples PORTRAIT OUT_DIR

Writes <slug>.jpg for every look, original.jpg, and reference.jpg, a painting made up here to be a style reference.
"""

import sys
from pathlib import Path

import numpy as np

from stylizer.engine.atelier import stylize, usable
from stylizer.engine.catalogue import LOOKS
from stylizer.engine.colour import tone_map, vivid
from stylizer.engine.flow import smear
from stylizer.engine.noise import clouds, normalised, white
from stylizer.engine.picture import Picture, Size, decode, encode, resize, scaled_size, to_float

SAMPLE_SIDE, RENDERED_SIDE, SAMPLE_QUALITY = 320, 960, 82
PAINTING_COLOURS = ("0b1d4d", "1f4e9a", "3fa0c8", "f3e3a1", "e9a23b", "c2452d")


def swirling_painting(size: Size, seed: int = 3) -> Picture:
    """An abstract night of swirling strokes: noise smeared along a turning field, coloured blue to gold."""
    heights = clouds(size, 3, 3, seed)
    down, across = np.gradient(heights)
    field = np.dstack([-down, across]).astype(np.float32)
    field /= np.linalg.norm(field, axis=2, keepdims=True) + 1e-6
    strokes = normalised(smear(white(size, seed + 1), field, 14))
    tone = np.clip((heights - heights.min()) / np.ptp(heights) + strokes * 0.10, 0, 1)
    painting = tone_map(tone, (0, 0.25, 0.45, 0.6, 0.78, 1), PAINTING_COLOURS)
    ridges = np.gradient(normalised(smear(white(size, seed + 2), field, 10)), axis=0)
    return np.clip(vivid(painting, 1.1) * (1 + ridges[..., None] * 0.12), 0, 1).astype(np.float32)


def write_samples(portrait: bytes, folder: Path) -> None:
    """Write the gallery of one portrait into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    original = usable(portrait)
    size = scaled_size((original.shape[0], original.shape[1]), SAMPLE_SIDE)
    pictures = {look.slug: decode(stylize(portrait, look.index, short_side=RENDERED_SIDE)) for look in LOOKS.values()}
    for slug, pixels in {"original": original, **pictures}.items():
        (folder / f"{slug}.jpg").write_bytes(encode(to_float(resize(pixels, size)), quality=SAMPLE_QUALITY))
    (folder / "reference.jpg").write_bytes(encode(swirling_painting((512, 512)), quality=90))


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]))
