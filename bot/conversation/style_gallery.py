"""The gallery picture: every style's sample on one sheet, numbered. Pure, but pixels: call it off the loop."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from bot.domain.styles import Style, sample

TILE = 240  # pixels, square
GAP = 8
COLUMNS = 4
_PAPER = (250, 247, 242)
_INK = (34, 34, 34)


def gallery_sheet(styles: Sequence[Style]) -> bytes | None:
    """A JPEG of the samples of `styles`, in their order; None when none of them has a sample."""
    tiles = [(style, jpeg) for style in styles if (jpeg := sample(style.slug))]
    if not tiles:
        return None
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    paper = Image.new("RGB", (columns * (TILE + GAP) + GAP, rows * (TILE + GAP) + GAP), _PAPER)
    for place, (style, jpeg) in enumerate(tiles):
        row, column = divmod(place, columns)
        paper.paste(_tile(jpeg, str(style.index)), (GAP + column * (TILE + GAP), GAP + row * (TILE + GAP)))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=88)
    return out.getvalue()


def _tile(jpeg: bytes, number: str) -> Image.Image:
    """The upper square of a sample (faces are there) with its number on a label."""
    with Image.open(io.BytesIO(jpeg)) as source:
        picture = source.convert("RGB")
    side = min(picture.size)
    left = (picture.width - side) // 2
    tile = picture.crop((left, 0, left + side, side)).resize((TILE, TILE), Image.Resampling.LANCZOS)
    font = ImageFont.load_default(size=28)
    draw = ImageDraw.Draw(tile)
    _, _, width, height = font.getbbox(number)
    draw.rounded_rectangle((6, 6, 6 + width + 20, 6 + height + 14), 10, fill=_PAPER)
    draw.text((16, 10), number, fill=_INK, font=font)
    return tile
