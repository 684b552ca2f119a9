"""The question of a style: its buttons, and the sheet of samples that comes with it, every look with its name below."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from bot.domain.job_view import JobView
from bot.domain.styles import SHEET, Style, sample, sample_label
from bot.i18n import Texts, texts_for
from bot.messaging.callback_data import (
    ChooseStyle,
    SurpriseMe,
    TurnStylePage,
    UploadReference,
    UseSavedStyle,
    clamp_page,
    page_buttons,
)
from bot.messaging.platform import Button, Capabilities, Picture

BUTTON_COLUMNS = 2
MAX_LABEL = 34  # characters of a saved style's name
COLUMNS = 5
TILE = 160  # pixels, square
LABEL_HEIGHT = 26
GAP = 8
COMMENT = b"Repaint: samples"  # of the JPEG
_HEADER_BYTES = 200
_MAX_SHEETS = 32  # kept in memory: one for each choice of looks that a group allows, and language
_FONT_SIZES = range(16, 9, -1)
_PAPER = (250, 247, 242)
_INK = (34, 34, 34)


class NamedStyle(Protocol):
    """What a card needs to know about a saved style."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


def style_rows(
    view: JobView,
    styles: Sequence[Style],
    saved_styles: Sequence[NamedStyle],
    texts: Texts,
    *,
    page: int,
    capabilities: Capabilities,
) -> tuple[tuple[Button, ...], ...]:
    """Buttons of styles and saved styles, two in a row; the saved ones come after the first row, which holds the
    favourites. On platforms with forms, another button opens the form for a reference picture."""
    style_buttons = [
        Button(style.name(texts.language), ChooseStyle(view.id, style.index).pack())
        for style in styles
        if style is not SHEET
    ]
    saved = [Button(f"⭐ {_shortened(style.name)}", UseSavedStyle(view.id, style.id).pack()) for style in saved_styles]
    buttons = [*style_buttons[:BUTTON_COLUMNS], *saved, *style_buttons[BUTTON_COLUMNS:]]
    pages = max(1, -(-len(buttons) // capabilities.styles_per_page))
    page = clamp_page(page, pages)
    shown = buttons[page * capabilities.styles_per_page : (page + 1) * capabilities.styles_per_page]
    if capabilities.has_forms:
        shown.append(Button(texts.gettext("🖼 A picture of mine"), UploadReference(view.id).pack()))
    grid = tuple(tuple(shown[start : start + BUTTON_COLUMNS]) for start in range(0, len(shown), BUTTON_COLUMNS))
    return (*grid, *page_buttons(partial(TurnStylePage, view.id), page, pages))


def surprise_row(view: JobView, styles: Sequence[Style], texts: Texts) -> tuple[tuple[Button, ...], ...]:
    """A random style, or all styles on one sheet where that is on offer."""
    surprise = Button(texts.gettext("🎲 Surprise me"), SurpriseMe(view.id).pack())
    if SHEET not in styles:
        return ((surprise,),)
    return ((surprise, Button(texts.gettext("✨ All at once"), ChooseStyle(view.id, SHEET.index).pack())),)


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


@dataclass
class StyleSamples:
    """Draws each sheet once, and keeps it."""

    _sheets: dict[tuple[frozenset[Style], str], Picture | None] = field(default_factory=dict)

    async def of(self, styles: Sequence[Style], language: str) -> Picture | None:
        """The sheet of these looks; None if none of them has a sample."""
        texts = texts_for(language)
        key = frozenset(styles), texts.language
        if key not in self._sheets:
            if len(self._sheets) >= _MAX_SHEETS:
                self._sheets.clear()
            jpeg = await asyncio.to_thread(sample_sheet, styles, texts.language)  # Pillow releases the GIL
            alt = texts.gettext("Samples of the styles: {names}", names=", ".join(_names(styles, texts.language)))
            self._sheets[key] = own_picture(jpeg, "samples.jpg", alt) if jpeg else None
        return self._sheets[key]


def own_picture(jpeg: bytes, filename: str, alt: str) -> Picture:
    """A picture that comes with the product: a platform uploads it once."""
    return Picture(jpeg, filename, alt, asset=sha256(jpeg).hexdigest())


def sample_sheet(styles: Sequence[Style], language: str) -> bytes | None:
    """A JPEG of the samples of `styles` in the order of the catalogue; None when none of them has a sample."""
    tiles = [(style, jpeg) for style in _in_order(styles) if (jpeg := sample(style.slug))]
    if not tiles:
        return None
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    wide, high = TILE + GAP, TILE + LABEL_HEIGHT + GAP
    paper = Image.new("RGB", (columns * wide + GAP, rows * high + GAP), _PAPER)
    for place, (style, jpeg) in enumerate(tiles):
        row, column = divmod(place, columns)
        left, top = GAP + column * wide, GAP + row * high
        paper.paste(_tile(jpeg), (left, top))
        paper.paste(_label(style, language), (left, top + TILE))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=80, comment=COMMENT)
    return out.getvalue()


def is_sample_sheet(jpeg: bytes) -> bool:
    """Whether these bytes are a sheet that we have drawn."""
    return COMMENT in jpeg[:_HEADER_BYTES]


def _in_order(styles: Sequence[Style]) -> list[Style]:
    return sorted((style for style in styles if style is not SHEET), key=lambda style: style.index)


def _names(styles: Sequence[Style], language: str) -> list[str]:
    return [style.name(language) for style in _in_order(styles)]


def _tile(jpeg: bytes) -> Image.Image:
    """The upper square of a sample: faces are there."""
    with Image.open(io.BytesIO(jpeg)) as source:
        picture = source.convert("RGB")
    side = min(picture.size)
    left = (picture.width - side) // 2
    return picture.crop((left, 0, left + side, side)).resize((TILE, TILE), Image.Resampling.LANCZOS)


def _label(style: Style, language: str) -> Image.Image:
    """The name, centred. Names in other scripts are drawn already: Pillow's own font knows Latin letters only."""
    drawn = sample_label(style.slug, language)
    if drawn is not None:
        with Image.open(io.BytesIO(drawn)) as source:
            return source.convert("RGB")
    label, name = Image.new("RGB", (TILE, LABEL_HEIGHT), _PAPER), style.english
    for size in _FONT_SIZES:
        font = ImageFont.load_default(size=size)
        if font.getlength(name) <= TILE:
            break
    ImageDraw.Draw(label).text((TILE // 2, LABEL_HEIGHT // 2), name, fill=_INK, font=font, anchor="mm")
    return label
