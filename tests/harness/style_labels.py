"""Draws the names of the styles below their samples in a script that Pillow's own font doesn't have.

`python -m tests.harness.style_labels FONT`, with a font file such as Noto Sans CJK, writes them into
`bot/samples/`, one folder a language.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from bot.domain.styles import STYLES
from bot.messaging.style_samples import LABEL_HEIGHT, TILE
from tests import ROOT

NAME = "Title"  # of the PNG's text chunk that holds the name, so that a test finds a label that is out of date
FACES = {"zh": 2, "zh-Hant": 3}  # of the collection of fonts, by language
FOLDER = ROOT / "bot" / "samples"
FONT_SIZE = 16
PAPER, INK = (250, 247, 242), (34, 34, 34)


def draw(name: str, font: ImageFont.FreeTypeFont, to: Path) -> None:
    label = Image.new("RGB", (TILE, LABEL_HEIGHT), PAPER)
    ImageDraw.Draw(label).text((TILE // 2, LABEL_HEIGHT // 2), name, fill=INK, font=font, anchor="mm")
    text = PngInfo()
    text.add_itxt(NAME, name)
    label.quantize(16).save(to, pnginfo=text, optimize=True)


if __name__ == "__main__":
    for language, face in FACES.items():
        (FOLDER / language).mkdir(exist_ok=True)
        font = ImageFont.truetype(sys.argv[1], FONT_SIZE, index=face)
        for style in STYLES:
            draw(style.name(language), font, FOLDER / language / f"{style.slug}.png")
