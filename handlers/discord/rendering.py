"""Renders cards as Discord messages: text, components and files. Pure."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from re import Match
from types import MappingProxyType

from discord import AllowedMentions, File, Object, SelectOption
from discord.ui import Button, Select, View
from discord.utils import escape_markdown

from bot.messaging import platform
from bot.messaging.callback_data import ChooseStyle, UploadReference, UseSavedStyle, kind_of
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Card, Document, Mention, Picture

MAX_TEXT = 2000
MAX_ROWS, MAX_PER_ROW, MAX_OPTIONS, MAX_LABEL, MAX_OPTION_LABEL = 5, 5, 25, 80, 100
MAX_ALT = 1024
MAX_STYLE_BUTTONS = 3  # more styles become a select menu
MAX_FILES = 10
SELECT_PREFIX = "pick:"  # of a select menu's custom_id; its chosen value is callback data like a button's
_COMMAND = re.compile(r"(?<![\w/<:])/([a-z]+)\b", re.ASCII)
_DUPLICATE_MARK = "#"  # two buttons may have equal callback data (e.g. both page buttons), but not equal custom_ids
_STYLE_KINDS = frozenset({ChooseStyle.KIND, UseSavedStyle.KIND, UploadReference.KIND})


@dataclass(frozen=True)
class RenderedMessage:
    """A message to send. Its files replace those of an edited message.

    `dedup_key` is the same for all versions of a card. `mention_text` mentions the person the card is about, if any.
    `in_progress`: the card will change by itself.
    """

    text: str
    view: View | None
    allowed_mentions: AllowedMentions
    attachments: list[File] = field(default_factory=list)
    dedup_key: str = ""
    mention_text: str = ""
    in_progress: bool = False

    @property
    def mention_only(self) -> "RenderedMessage":
        """A message that consists of the mention alone."""
        return RenderedMessage(self.mention_text, None, self.allowed_mentions, dedup_key="call")

    @property
    def files(self) -> list[File]:
        """The files, rewound: discord.py reads them again for each attempt."""
        for file in self.attachments:
            file.reset(seek=True)
        return self.attachments


def render(
    card: Card, *, spoiler: bool = False, command_ids: Mapping[str, int] = MappingProxyType({})
) -> RenderedMessage:
    """Render a card. `spoiler` hides its pictures until they are tapped. `command_ids` turn command names into mentions
    that can be tapped and that appear in the reader's language."""
    text, mentions = _text(card, command_ids)
    dedup_key = text if card.job is None else f"job {card.job}"
    files, mention = list(_files(card, spoiler)), _mention(card.mention)
    return RenderedMessage(text, button_view(card.buttons), mentions, files, dedup_key, mention, card.in_progress)


def button_view(rows: ButtonRows) -> View | None:
    """The buttons as components; more than three styles become a select menu, beside which one that is suggested
    stays a button. Share buttons are left out. The view is stopped, so that the library does not keep it in memory: the
    callback data is all that a press needs."""
    usable = [button for row in rows for button in row if button.share is None and button.start is None]
    choices = [button for button in usable if _is_style_choice(button)]
    styles = list({button.data: button for button in choices}.values())  # of equal ones, the first stays a button
    if len(styles) <= MAX_STYLE_BUTTONS:
        styles = []
    rest = [[button for button in row if button in usable and button not in styles] for row in rows]
    view, used = View(timeout=None), Counter[str]()
    if styles:
        view.add_item(_style_select(styles))
    for row, buttons in enumerate(_fit_rows([row for row in rest if row], MAX_ROWS - bool(styles)), bool(styles)):
        for button in buttons:
            view.add_item(_button(button, row, used[button.data]))
            used[button.data] += 1
    view.stop()
    return view if view.children else None


def _style_select(styles: Sequence[platform.Button]) -> Select[View]:
    options = [
        SelectOption(label=_truncate(style.label, MAX_OPTION_LABEL), value=style.data) for style in styles[:MAX_OPTIONS]
    ]
    return Select(custom_id=f"{SELECT_PREFIX}0", options=options, row=0)


def _is_style_choice(button: platform.Button) -> bool:
    return kind_of(button.data) in _STYLE_KINDS


def _fit_rows(rows: list[list[platform.Button]], max_rows: int) -> list[list[platform.Button]]:
    """The rows as they are, or refilled completely if they are too many or too long."""
    if len(rows) <= max_rows and all(len(row) <= MAX_PER_ROW for row in rows):
        return rows
    flat = list(chain(*rows))[: max_rows * MAX_PER_ROW]
    return [flat[start : start + MAX_PER_ROW] for start in range(0, len(flat), MAX_PER_ROW)]


def callback_data_of(custom_id: str) -> str:
    """The callback data that a custom_id stands for."""
    return custom_id.partition(_DUPLICATE_MARK)[0]


def _button(button: platform.Button, row: int, duplicates: int) -> Button[View]:
    label = _truncate(button.label, MAX_LABEL)
    if button.link is not None:
        return Button(label=label, url=button.link, row=row)
    custom_id = f"{button.data}{_DUPLICATE_MARK}{duplicates}" if duplicates else button.data
    return Button(label=label, custom_id=custom_id, row=row)


def _truncate(label: str, limit: int) -> str:
    return label if len(label) <= limit else f"{label[: limit - 1]}…"


def _text(card: Card, command_ids: Mapping[str, int]) -> tuple[str, AllowedMentions]:
    """The escaped text, and whom it may mention: only the person the card names."""
    text = _COMMAND.sub(
        lambda match: _command_mention(match, command_ids), escape_markdown(card.text, ignore_links=True)
    )
    mention = card.mention
    if mention is None or not _mention(mention):
        return text[:MAX_TEXT], AllowedMentions.none()
    text = text.replace(escape_markdown(mention.text), f"{_mention(mention)} ({mention.text})", 1)
    return text[:MAX_TEXT], AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[Object(int(mention.platform_id))]
    )


def _command_mention(match: Match[str], command_ids: Mapping[str, int]) -> str:
    command_id = command_ids.get(match[1])
    return match[0] if command_id is None else f"</{match[1]}:{command_id}>"


def _mention(mention: Mention | None) -> str:
    return f"<@{mention.platform_id}>" if mention is not None and mention.platform_id.isdecimal() else ""


def _files(card: Card, spoiler: bool) -> Iterator[File]:  # noqa: FBT001  # private
    if isinstance(card.document, Document):
        yield File(io.BytesIO(card.document.data), card.document.filename)
    for picture in pictures_of(card):
        alt = _truncate(picture.alt, MAX_ALT) or None
        yield File(io.BytesIO(picture.jpeg), picture.filename, spoiler=spoiler, description=alt)


def pictures_of(card: Card) -> tuple[Picture, ...]:
    """All pictures of a card, at most ten. Discord has no uncompressed pictures, so those sent as documents are
    included."""
    single = (card.picture, card.document)
    return (*(part for part in single if isinstance(part, Picture)), *card.pictures)[:MAX_FILES]
