"""Cards as Discord wants them: text, buttons and menus, files with descriptions. Pure."""

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
from bot.messaging.callback_data import Verb, parse
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Card, Document, Mention, Picture

MAX_TEXT = 2000
MAX_ROWS, IN_A_ROW, MAX_OPTIONS, MAX_LABEL, MAX_OPTION = 5, 5, 25, 80, 100
MAX_ALT = 1024
MAX_FILES = 10
PICK = "pick:"  # what a menu's custom_id begins with; what is picked is a press like any other
_COMMAND = re.compile(r"(?<![\w/<:])/([a-z]+)\b", re.ASCII)
_TWIN = "#"  # two buttons may do the same (back and forth on two pages), but must not have the same name
_LOOKS = frozenset({Verb.CHOOSE, Verb.WEAR, Verb.BRING})
_FEW = 3  # looks that are buttons still


@dataclass(frozen=True)
class Drawn:
    """A message. Its files replace whatever hung on it before. `about` is the same for all that a card ever says;
    `call` mentions whom it calls; `goes_on`: it will change by itself."""

    text: str
    view: View | None
    mentions: AllowedMentions
    attached: list[File] = field(default_factory=list)
    about: str = ""
    call: str = ""
    goes_on: bool = False

    @property
    def only_call(self) -> "Drawn":
        """A message that is nothing but the mention."""
        return Drawn(self.call, None, self.mentions, about="call")

    @property
    def files(self) -> list[File]:
        """From their beginning, also when they were sent before."""
        for file in self.attached:
            file.reset(seek=True)
        return self.attached


def drawn(card: Card, *, veiled: bool = False, commands: Mapping[str, int] = MappingProxyType({})) -> Drawn:
    """A card as a message. `veiled`: its pictures are to be tapped before they are seen; `commands`: their ids, with
    which their names can be tapped, and stand there in the language of whoever reads."""
    text, mentions = _text(card, commands)
    about = text if card.job is None else f"job {card.job}"
    files, call = list(_files(card, veiled)), _mention(card.mention)
    return Drawn(text, view(card.buttons), mentions, files, about, call, card.in_progress)


def view(rows: ButtonRows) -> View | None:
    """The buttons that can be drawn; many looks become a menu. Stopped: the library is not to remember it, for a press
    says all by itself."""
    can = [button for row in rows for button in row if button.share is None]
    looks = [button for button in can if _is_look(button)]
    if len(looks) <= _FEW:
        looks = []
    rest = [[button for button in row if button in can and button not in looks] for row in rows]
    view, taken = View(timeout=None), Counter[str]()
    if looks:
        view.add_item(_menu(looks))
    for row, buttons in enumerate(_flowed([row for row in rest if row], MAX_ROWS - bool(looks)), bool(looks)):
        for button in buttons:
            view.add_item(_button(button, row, taken[button.data]))
            taken[button.data] += 1
    view.stop()
    return view if view.children else None


def _menu(looks: Sequence[platform.Button]) -> Select[View]:
    options = [SelectOption(label=_short(one.label, MAX_OPTION), value=one.data) for one in looks[:MAX_OPTIONS]]
    return Select(custom_id=f"{PICK}0", options=options, row=0)


def _is_look(button: platform.Button) -> bool:
    press = parse(button.data)
    return press is not None and press.verb in _LOOKS


def _flowed(rows: list[list[platform.Button]], most: int) -> list[list[platform.Button]]:
    """The rows as they are; or, when they are too many or too long, as full as they can be."""
    if len(rows) <= most and all(len(row) <= IN_A_ROW for row in rows):
        return rows
    flat = list(chain(*rows))[: most * IN_A_ROW]
    return [flat[start : start + IN_A_ROW] for start in range(0, len(flat), IN_A_ROW)]


def press_of(name: str) -> str:
    """The press that a button's name stands for."""
    return name.partition(_TWIN)[0]


def _button(button: platform.Button, row: int, twins: int) -> Button[View]:
    label = _short(button.label, MAX_LABEL)
    if button.link is not None:
        return Button(label=label, url=button.link, row=row)
    return Button(label=label, custom_id=f"{button.data}{_TWIN}{twins}" if twins else button.data, row=row)


def _short(label: str, most: int) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _text(card: Card, commands: Mapping[str, int]) -> tuple[str, AllowedMentions]:
    """The words as they are meant: signs of people's own are no markup, and nobody is called but whom we call."""
    text = _COMMAND.sub(lambda found: _tappable(found, commands), escape_markdown(card.text, ignore_links=True))
    call = card.mention
    if call is None or not _mention(call):
        return text[:MAX_TEXT], AllowedMentions.none()
    named = text.replace(escape_markdown(call.words), f"{_mention(call)} ({call.words})", 1)
    return named[:MAX_TEXT], AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[Object(int(call.platform_id))]
    )


def _tappable(found: Match[str], commands: Mapping[str, int]) -> str:
    number = commands.get(found[1])
    return found[0] if number is None else f"</{found[1]}:{number}>"


def _mention(call: Mention | None) -> str:
    return f"<@{call.platform_id}>" if call is not None and call.platform_id.isdecimal() else ""


def _files(card: Card, veiled: bool) -> Iterator[File]:  # noqa: FBT001  # private
    if isinstance(card.document, Document):
        yield File(io.BytesIO(card.document.data), card.document.filename)
    for picture in pictures_of(card):
        alt = _short(picture.alt, MAX_ALT) or None
        yield File(io.BytesIO(picture.jpeg), picture.filename, spoiler=veiled, description=alt)


def pictures_of(card: Card) -> tuple[Picture, ...]:
    """All that is to be seen on it; on Discord a picture that is to be kept as it is looks like any other."""
    single = (card.picture, card.document)
    return (*(one for one in single if isinstance(one, Picture)), *card.pictures)[:MAX_FILES]
