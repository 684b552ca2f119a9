"""The gallery picture."""

import io

from PIL import Image

from bot.conversation.style_gallery import COLUMNS, GAP, TILE, gallery_sheet
from bot.domain.styles import STYLES, Style, sample


def test_every_style_with_a_sample_has_a_tile() -> None:
    shown = [style for style in STYLES if sample(style.slug)]
    jpeg = gallery_sheet(STYLES)
    assert jpeg is not None
    with Image.open(io.BytesIO(jpeg)) as picture:
        assert picture.format == "JPEG"
        rows = -(-len(shown) // COLUMNS)
        assert picture.size == (COLUMNS * (TILE + GAP) + GAP, rows * (TILE + GAP) + GAP)


def test_without_samples_there_is_no_picture() -> None:
    assert gallery_sheet([Style(999, "nowhere", "Nowhere", "无", "無")]) is None
