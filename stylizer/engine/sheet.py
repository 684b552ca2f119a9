"""One person in every look on one page."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stylizer.engine.analysis import analyse
from stylizer.engine.catalogue import LOOKS
from stylizer.engine.picture import Picture, Pixels, encode, resize, scaled_size, to_bytes
from stylizer.engine.portrait import Portrait

COLUMNS, CAPTION, GAP = 6, 0.075, 0.02  # columns; caption and gap as shares of a thumb's short side
SMALLEST_RENDERING = 512
PAGE, INK = (250, 249, 246), (40, 38, 44)


def every_look(portrait: Portrait, seed: int) -> list[tuple[str, Picture]]:
    """Captions and pictures: the photo, then each look in order of its index."""
    painted = [(f"{look.index}  {look.name}", to_bytes(look.paint(portrait, seed))) for look in LOOKS.values()]
    return [("The photo", portrait.photo), *painted]


def contact_sheet_of(photo: Pixels, *, thumb: int, seed: int = 0) -> bytes:
    """JPEG bytes of a page with the upright photo in every look, each of `thumb` pixels short side, with its name."""
    portrait = analyse(photo, max(thumb, SMALLEST_RENDERING))
    size = scaled_size(portrait.size, thumb)
    cells = [(caption, resize(pixels, size)) for caption, pixels in every_look(portrait, seed)]
    gap, caption_height = max(2, round(thumb * GAP)), max(12, round(thumb * CAPTION))
    rows = -(-len(cells) // COLUMNS)
    step = size[1] + gap, size[0] + caption_height + gap
    page = Image.new("RGB", (COLUMNS * step[0] + gap, rows * step[1] + gap), PAGE)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(caption_height * 0.62)
    for i, (caption, pixels) in enumerate(cells):
        left, top = gap + i % COLUMNS * step[0], gap + i // COLUMNS * step[1]
        page.paste(Image.fromarray(pixels), (left, top))
        draw.text((left + 2, top + size[0] + caption_height * 0.12), caption, fill=INK, font=font)
    return encode(np.asarray(page), quality=88)
