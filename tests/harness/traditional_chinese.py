"""Writes `bot/i18n/zh_Hant`, the texts in traditional Chinese, from those in `bot/i18n/zh`.

    pip install --target /some/folder opencc
    PYTHONPATH=/some/folder python -m tests.harness.traditional_chinese

The result is committed, so OpenCC is needed here only. Each text keeps what it was made from in a comment: a test
compares it with today's, so that no change is forgotten. Read what has changed before you commit it, and put what
OpenCC gets wrong into `CORRECTIONS`.
"""

import importlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from tests import ROOT

SOURCE, TARGET = ROOT / "bot/i18n/zh", ROOT / "bot/i18n/zh_Hant"
PROFILE = "s2twp"  # characters and words as in Taiwan, which Hong Kong reads as well
# From OpenCC's words to the ones that fit here.
CORRECTIONS = {
    "“": "「",
    "”": "」",
    "賬": "帳",
    "到帳": "入帳",
    "畫素": "像素",
    "許可權": "權限",
    "稽核": "審核",
    "響應": "回應",
    "私聊": "私訊",
    "私信": "私訊",
    "請回復": "請回覆",
    "群裡": "群組裡",
    "百鍊": "百煉",
    "重新發送": "重新傳送",
    "只能通過": "只能透過",
    "「APP」": "「應用程式」",
    "運營者": "營運者",
    "我的應用": "我的應用程式",
    "你應用的": "你應用程式的",
    "重啟": "重新啟動",
}
HEADER = """\
# Chinese (traditional), made from zh/{name}: see "Add a text" in CONTRIBUTING.md.
msgid ""
msgstr ""
"Language: zh_Hant\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""

MAX_WIDTH = 100_000  # a text and its comment stay on one line each

Convert = Callable[[str], str]


def main() -> None:
    opencc = importlib.import_module("opencc").OpenCC(PROFILE)
    TARGET.mkdir(exist_ok=True)
    for source in sorted(SOURCE.glob("*.po")):
        (TARGET / source.name).write_bytes(converted_file(source, lambda text: corrected(opencc.convert(text))))


def corrected(text: str) -> str:
    for wrong, right in CORRECTIONS.items():
        text = text.replace(wrong, right)
    return text


def converted_file(source: Path, convert: Convert) -> bytes:
    """The file in traditional Chinese."""
    catalog = Catalog(locale="zh_Hant")
    for message in read_po(io.BytesIO(source.read_bytes())):
        if message.id:
            strings = [convert(text) for text in texts_of(message)]
            translated = strings[0] if isinstance(message.string, str) else tuple(strings)
            catalog.add(message.id, translated, auto_comments=[origin(message)])
    file = io.BytesIO()
    write_po(file, catalog, width=MAX_WIDTH, omit_header=True)
    return HEADER.format(name=source.name).encode() + file.getvalue()


def texts_of(message: Message) -> Iterator[str]:
    """The translation, or its plural forms."""
    yield from (message.string,) if isinstance(message.string, str) else message.string or ()


def origin(message: Message) -> str:
    """The simplified text in one line, as the comment of the traditional one."""
    return "zh: " + " | ".join(text.replace("\n", "\\n") for text in texts_of(message))


if __name__ == "__main__":
    main()
