"""Gallery pictures: python -m stylizer.engine.samples PORTRAIT OUT_DIR

Writes <slug>.jpg for every look, original.jpg, and reference.jpg, a generated painting as the style reference.
All show the main person of the portrait from the chest up.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from stylizer.engine.catalogue import LOOKS
from stylizer.engine.colour import tone_map, vivid
from stylizer.engine.flow import smear
from stylizer.engine.noise import clouds, normalised, white
from stylizer.engine.picture import Picture, Pixels, Size, decode, encode, resize, scaled_size
from stylizer.engine.renderer import find_face, stylize

SAMPLE_SIDE, RENDERED_SIDE, SAMPLE_QUALITY = 640, 960, 80
BUST_WIDTH, BUST_ASPECT, HEADROOM = 2.75, 1.25, 0.85  # in face widths, height by width, face heights above the face
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


def bust(portrait: bytes) -> Pixels:
    """The main person from the chest up, four by five; the whole portrait when it shows no face."""
    pixels, face = decode(portrait), find_face(portrait)
    if face is None:
        return pixels
    height, width = pixels.shape[:2]
    wide = int(min(face[2] * width * BUST_WIDTH, width, height / BUST_ASPECT))
    high = int(wide * BUST_ASPECT)
    left = int(np.clip((face[0] + face[2] / 2) * width - wide / 2, 0, width - wide))
    top = int(np.clip((face[1] - face[3] * HEADROOM) * height, 0, height - high))
    return pixels[top : top + high, left : left + wide]


def _as_png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def mosaic(pictures: list[Pixels], size: Size) -> Pixels:
    """The first of the pictures as a square of tiles that fills `size`: the sample of "all looks at once"."""
    side = int(len(pictures) ** 0.5)
    tile = (size[0] // side, size[1] // side)
    tiles = [resize(pixels, tile) for pixels in pictures[: side * side]]
    return np.vstack([np.hstack(tiles[row : row + side]) for row in range(0, side * side, side)])


def write_samples(portrait: bytes, folder: Path) -> None:
    """Write the gallery of one portrait into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    person = bust(portrait)
    shape = (person.shape[0], person.shape[1])
    person = resize(person, scaled_size(shape, RENDERED_SIDE))
    photo, size = _as_png(np.ascontiguousarray(person)), scaled_size(shape, SAMPLE_SIDE)
    pictures = {look.slug: decode(stylize(photo, look.index, short_side=RENDERED_SIDE)) for look in LOOKS.values()}
    pictures["all"] = mosaic(list(pictures.values()), scaled_size(shape, RENDERED_SIDE))
    for slug, pixels in {"original": person, **pictures}.items():
        (folder / f"{slug}.jpg").write_bytes(encode(resize(pixels, size), quality=SAMPLE_QUALITY))
    painting = swirling_painting((512, 512))
    (folder / "reference.jpg").write_bytes(encode(painting, quality=SAMPLE_QUALITY))


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]))
