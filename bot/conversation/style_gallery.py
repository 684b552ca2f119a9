"""/styles: all styles with their samples, page by page; and deep links to a single style."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image, ImageDraw, ImageFont

from bot.domain.styles import SHEET, Style, find, sample
from bot.i18n import Texts, mark, texts_for
from bot.messaging.callback_data import CallbackData, ShowGallery, clamp_page, page_buttons
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Picture
from bot.messaging.registry import EVERYBODY, Command, Feature, Form, HelpLine, StartLink, on_press

_LINE = mark("/styles: what each style looks like")
HELP = (HelpLine(50, _LINE, _LINE),)
STYLE_LINK = "look_"  # what the payload of a deep link to a style begins with
TILE = 240  # pixels, square
GAP = 8
COLUMNS = 4
_PAPER = (250, 247, 242)
_INK = (34, 34, 34)


@dataclass(frozen=True)
class GalleryPage(CallbackData, kind="gallery"):
    """Show another page. `zero` is unused: the first release packed it, and old buttons must keep unpacking."""

    zero: int
    page: int


class StyleGallery:
    """Shows the offered styles."""

    def __init__(self, styles: Sequence[Style], capabilities: Capabilities = DEFAULT_CAPABILITIES) -> None:
        self._styles, self._capabilities = tuple(styles), capabilities
        self._sheets: dict[tuple[Style, ...], bytes | None] = {}

    def feature(self) -> Feature:
        """What it registers."""
        summary = mark("All styles, with samples")
        styles = Command("styles", self.first_page, summary=summary, menus=EVERYBODY, rank=11, form=Form())
        presses = (on_press(GalleryPage, self.turn_page), on_press(ShowGallery, self.show))
        links = (StartLink(STYLE_LINK, self.show_style),)
        return Feature((styles,), presses, links, HELP)

    async def first_page(self, message: IncomingMessage, _: str) -> Card:
        return await self.page(texts_for(message.person.language), 0)

    async def turn_page(self, data: GalleryPage, press: ButtonPress) -> CallbackAnswer:
        return CallbackAnswer(edit=await self.page(texts_for(press.person.language), data.page))

    async def show(self, data: ShowGallery, press: ButtonPress) -> CallbackAnswer:
        return CallbackAnswer(card=await self.page(texts_for(press.person.language), data.page))

    async def show_style(self, message: IncomingMessage, slug: str) -> Card | None:
        """Show a single style, for a deep link; None if it is not on offer."""
        style = find(slug, self._styles)
        if style is None:
            return None
        texts, jpeg = texts_for(message.person.language), sample(style.slug)
        name = style.name(texts.language)
        caption = texts.gettext(
            "{style}: send me a photo with {number} as its caption.", style=name, number=style.index
        )
        return Card(caption, picture=None if jpeg is None else Picture(jpeg, f"{style.slug}.jpg", name))

    async def page(self, texts: Texts, number: int) -> Card:
        """One page (from 0) of the styles with their samples."""
        samples = self._capabilities.samples_per_page
        pages = max(1, -(-len(self._styles) // samples))
        number = clamp_page(number, pages)
        styles = self._styles[number * samples : (number + 1) * samples]
        if styles not in self._sheets:  # in a thread: Pillow releases the GIL, and each page is drawn only once
            self._sheets[styles] = await asyncio.to_thread(gallery_sheet, styles)
        jpeg = self._sheets[styles]
        alt = texts.gettext("Samples of all styles, each with its number")
        buttons = page_buttons(partial(GalleryPage, 0), number, pages)
        picture = Picture(jpeg, "styles.jpg", alt) if jpeg else None
        return Card(styles_text(styles, texts, self._capabilities), buttons, picture)


def styles_text(styles: Sequence[Style], texts: Texts, capabilities: Capabilities = DEFAULT_CAPABILITIES) -> str:
    lines = [f"{style.index} · {style.name(texts.language)}" for style in styles if style is not SHEET]
    if capabilities.has_forms:
        return "\n".join(
            [*lines, "", texts.gettext("/style takes a photo, and one of these styles or a picture of your own.")]
        )
    how = texts.gettext("Send a photo with the caption /style and a number or a name.")
    own = texts.gettext("/style ref paints in the style of your own picture: send both as an album, the photo first.")
    return "\n".join([*lines, "", how, own])


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
