"""Pictures for tests: four coloured quarters, which show whether a picture kept its way up and its colours."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

Colour = tuple[int, int, int]
RED, GREEN, BLUE, YELLOW = (220, 30, 40), (20, 160, 60), (40, 60, 200), (230, 200, 30)
UPRIGHT = (RED, GREEN, BLUE, YELLOW)  # top left, top right, bottom left, bottom right

register_heif_opener()


def quarters(width: int = 400, height: int = 300, colours: Sequence[Colour] = UPRIGHT) -> Image.Image:
    """A picture of four plain quarters."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for index, colour in enumerate(colours):
        x, y = (index % 2) * width // 2, (index // 2) * height // 2
        draw.rectangle((x, y, x + width // 2, y + height // 2), colour)
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def corners(jpeg: bytes) -> list[Colour]:
    """The colours in the middle of each quarter of a JPEG, top left first."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        width, height = picture.size
        points = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
        return [pixel for point in points if isinstance(pixel := picture.getpixel(point), tuple)]  # type: ignore[misc]


def alike(seen: Sequence[Colour], wanted: Sequence[Colour], within: int = 14) -> bool:
    """Whether the colours are the same, but for what compression does to them."""
    return len(seen) == len(wanted) and all(
        abs(a - b) <= within for one, other in zip(seen, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )


def segments(jpeg: bytes) -> list[int]:
    """The markers of a JPEG before its pixels: 0xE0 is the bare JFIF head, 0xE1… and 0xFE would be metadata."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found
