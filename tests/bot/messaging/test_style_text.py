"""The style that people's words name, however they write it: one, none, or several, and then we ask."""

import pytest

from bot.domain.numerals import plain, read_number
from bot.domain.styles import STYLES, Style
from bot.messaging.commands import parse_text
from bot.messaging.style_text import UnknownStyle, find_style, names_literally

# As people answered a photo; each means style 3.
COMMANDS_FOR_3 = (
    *(
        "/style 3",
        "/style\u30003",
        "／style 3",
        "/style ３",
        "/style３",
        "/style ٣",
        "/style 3\ufe0f\u20e3",
        "/style 03",
    ),
    *("/style 第3种", "/style 三", "/style\u00a03", "\u200f/style 3", "/style:3", "/STYLE 3", "/style3", "/style #3"),
    *("/style 3号", "/style@THE_BOT 3", "/style 3\n\nthanks 🙏", "style 3"),
    # … and more of each kind
    *("/style\u20033", "/style\u202f3", "/style\u20093", "/style\t3", "/style\n3", "/style\u200b 3", "\ufeff/style 3"),
    *(
        "\u200e/style\u200e 3\u200e",
        "\u2066/style 3\u2069",
        "/\u200bstyle 3",
        "、style 3",
        "／ｓｔｙｌｅ　３",
        "/Style:３",
    ),
    *("/style ३", "/style ৩", "/style ๓", "/style ۳", "/style ３️⃣", "/style ③", "/style ❸", "/style ³", "/style 叁"),
    *(
        "/style 第三种",
        "/style 第三个",
        "/style第3种",
        "/style三",
        "/style：3",
        "/style=3",
        "/style,3",
        "/style，3",
        "/style_3",
    ),
    *(
        "/style3️⃣",
        "/style 003",
        "/style no. 3",
        "/style No 3",
        "/style number 3",
        "/style 3.",
        "/style (3)",
        "/style 【3】",
    ),
    *(
        "/style 3、",
        "/style 3 please",
        "/style 3rd",
        "/style the 3rd one",
        "/style three",
        "/style 编号3",
        "/style 3种",
    ),
    *(
        "/style 3 🙏",
        "🎨 3",
        "/style @the_bot 3".replace("@the_bot ", ""),
        "/style 3吧",
        "/style 要3号谢谢",
        "/style style 3",
    ),
    *("/style 3 3", "/style 3 · Fresh", "/style 小清新", "/style 来一张小清新", "/style fresh please", "/style FRESH!"),
    *("/style 用小清新风格", "/style in fresh style", "/style 3, thanks", "/style@the_bot:3", "/style@the_bot　3"),
)


@pytest.mark.parametrize("text", COMMANDS_FOR_3)
def test_a_style_is_found_however_the_command_is_typed(text: str) -> None:
    parsed = parse_text(text)
    assert parsed.command in {"style", None}
    assert parsed.bot in {None, "the_bot"}
    found = find_style(parsed.text, STYLES)
    assert isinstance(found, Style)
    assert found.index == 3


@pytest.mark.parametrize(
    ("text", "index"),
    [
        *(("anime", 2), ("2", 2), ("二次元", 2), ("Anime!", 2), ("anime, please", 2), ("i want anime", 2)),
        *(
            ("I'd like the anime style", 2),
            ("用二次元吧", 2),
            ("请画成二次元，谢谢", 2),
            ("我想要二次元风格", 2),
            ("动漫", None),
        ),
        *(("35", 35), ("3D world", 35), ("3d 世界", 35), ("3-D world", 35), ("三十五", 35), ("3️⃣5️⃣", 35), ("٣٥", 35)),
        *(("十四", 14), ("第十四种", 14), ("四十", 40), ("4 0", None), ("0", 0), ("零", 0), ("zero", 0), ("〇", 0)),
        *(("二", 2), ("两", 2), ("两号", 2), ("ten", None), ("99", None), ("16", None), ("-3", 3)),
        *(("請用二次元風格，謝謝", 2), ("復古漫畫", 0), ("來一張國畫古風", 5), ("畫成小清新", 3), ("第三個", 3)),
        *(("清雅国风", 8), ("国风工笔", 14), ("来个国画古风", 5), ("anime world", 36), ("Chinese ink painting", 5)),
        *(
            ("not anime", None),
            ("no anime", None),
            ("不要二次元", None),
            ("I don't like anime", None),
            ("3 photos", None),
        ),
        *(("2 people in it", None), ("what a day", None), ("1234567890123456", None), ("½", None), ("3.5", None)),
    ],
)
def test_words_around_a_name_do_no_harm_and_other_words_name_nothing(text: str, index: int | None) -> None:
    found = find_style(text, STYLES)
    assert (found.index if isinstance(found, Style) else None) == index


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        *(("3 5", (3, 5)), ("4 0", (4, 0)), ("3,5", (3, 5)), ("3，5", (3, 5)), ("3、5", (3, 5)), ("3/5", (3, 5))),
        *(
            ("3-5", (3, 5)),
            ("3.5", (3, 5)),
            ("3+5", (3, 5)),
            ("3 & 5", (3, 5)),
            ("3 and 5", (3, 5)),
            ("3 or 5", (3, 5)),
        ),
        *(
            ("3和5", (3, 5)),
            ("三和五", (3, 5)),
            ("3\u30005", (3, 5)),
            ("３　５", (3, 5)),
            ("٣ ٥", (3, 5)),
            ("③⑤", (3, 5)),
        ),
        *(("3 5 7", (3, 5, 7)), ("3, 5 and 7 please", (3, 5, 7)), ("anime and comic", (2, 0)), ("anime comic", (2, 0))),
        *(
            ("二次元和复古漫画", (2, 0)),
            ("3 anime", (3, 2)),
            ("3_5", (3, 5)),
            ("3  5", (3, 5)),
            ("3 - 5", (3, 5)),
            ("3²", (3, 2)),
            ("第3种和第5种", (3, 5)),
        ),
    ],
)
def test_several_styles_are_never_run_together(text: str, indices: tuple[int, ...]) -> None:
    found = find_style(text, STYLES)
    assert isinstance(found, UnknownStyle)
    assert tuple(style.index for style in found.several) == indices
    assert found.suggestion is None


def test_of_several_styles_only_one_on_offer_is_suggested() -> None:
    found = find_style("3 5", STYLES[:4])
    assert isinstance(found, UnknownStyle)
    assert (found.suggestion, found.several) == (STYLES[3], ())


def test_a_number_that_is_no_style_suggests_none() -> None:
    for text in ("99", "16", "300", "3 99", "9999999"):
        found = find_style(text, STYLES)
        assert isinstance(found, UnknownStyle)
        assert (found.suggestion, found.several) == (None, ())


@pytest.mark.parametrize("zero", "0٠۰߀०০੦૦୦௦౦೦൦๐໐༠၀០᠐０")
def test_digits_of_any_script_are_read(zero: str) -> None:
    assert read_number(plain("".join(chr(ord(zero) + digit) for digit in (3, 5)))) == 35


def test_only_the_bare_name_is_literal() -> None:
    anime = STYLES[2]
    assert names_literally(" Anime ", anime)
    assert names_literally("2", anime)
    assert not names_literally("二", anime)
    assert not names_literally("anime please", anime)
