"""Words that mean a command, thanks, or nothing at all."""

import pytest

from bot.messaging.plain_words import PlainWord, read_plain_word

MEANINGS = {
    PlainWord.THANKS: (
        *("thanks", "Thanks!", "thank you", "thank you so much", "thx", "TY", "cheers", "many thanks", "thanks again"),
        *(
            "谢谢",
            "谢谢你",
            "谢谢啦",
            "多谢",
            "謝謝",
            "好的，谢谢",
            "太棒了！谢谢！",
            "thanks 🙏",
            "wow, thanks",
            "Thank u 😊",
            "３Ｑ",
        ),
    ),
    PlainWord.AGAIN: (
        *("again", "Again!", "once more", "one more", "more", "another", "another one please", "try again", "redo"),
        *("再来一张", "再来一张吧", "再来", "再画一张", "重画", "还要", "再来一次，谢谢", "again 🙏", "再來一張"),
    ),
    PlainWord.CANCEL: (
        *("cancel", "Cancel it", "stop", "Stop!", "never mind", "nevermind", "cancel that please", "CANCEL ALL"),
        *("取消", "算了", "不要了", "停", "别画了", "取消吧", "取消。"),
    ),
    PlainWord.HELP: (
        *("help", "Help me", "help please", "?", "？", "???", "how does this work", "What can you do?", "commands"),
        *("帮助", "怎么用", "怎么玩？", "你会什么", "使用说明"),
    ),
    PlainWord.NOTHING: ("😍", "❤️", "👍🏽", "👨‍👩‍👧", "😍😍😍", "…", "!!!", ":-)", "🎨", "\u200f"),
}


@pytest.mark.parametrize(
    ("meaning", "text"), [(meaning, text) for meaning, texts in MEANINGS.items() for text in texts]
)
def test_a_word_says_what_is_meant(meaning: PlainWord, text: str) -> None:
    assert read_plain_word(text) == (meaning, "")


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("again anime", "anime"),
        ("again, in anime", "in anime"),
        ("再来一张二次元", "二次元"),
        ("再来一张3", "3"),
        ("more comic please", "comic please"),
    ],
)
def test_again_may_name_a_style(text: str, style: str) -> None:
    assert read_plain_word(text) == (PlainWord.AGAIN, style)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "anime",
            "2",
            "hello",
            "no thanks to you",
            "cancelled",
            "don't stop",
            "helpful",
            "thankless",
            "moreover",
        ),
        *(
            "你好",
            "二次元",
            "取消了吗我的照片",
            "ok",
            "the help you gave me yesterday was good",
            "thanks for nothing at all",
        ),
    ],
)
def test_other_words_mean_nothing_special(text: str) -> None:
    assert read_plain_word(text) is None
