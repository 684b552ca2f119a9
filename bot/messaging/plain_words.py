"""Single words that people say to the bot instead of a command: thanks, again, cancel, help. Pure."""

import re
from enum import StrEnum

from bot.domain.numerals import plain

_EDGES = " .,:;!\"'“”‘’()…·、。~～^-*_"
_MAX_LENGTH = 60  # characters; what is longer is no single word


class PlainWord(StrEnum):
    """What a person means by a word."""

    THANKS = "thanks"
    AGAIN = "again"
    CANCEL = "cancel"
    HELP = "help"
    NOTHING = "nothing"  # an emoji, a smiley, dots: said for its own sake, and left alone


_WORDS = {
    PlainWord.THANKS: re.compile(
        r"(?:(?:ok|okay|great|cool|wow|nice|perfect|lovely|awesome|好的?|哇|太好了|太棒了)[\s,.!，！。]*)?"
        r"(?:(?:many|big)\s)?(?:thanks|thank\s?(?:you|u)|thx|tnx|tysm|ty|cheers|谢谢|謝謝|多谢|多謝|感谢|感謝|谢了|谢啦|3q)"
        r"(?:\s(?:a\slot|so\smuch|very\smuch|again|bot|man|mate))*[你您啦了哦呀啊喔!！。\s]*(?:谢谢|謝謝)?"
    ),
    PlainWord.CANCEL: re.compile(
        r"(?:please\s)?(?:cancel|stop|abort|never\s?mind)(?:\s(?:it|that|this|all|everything|please))*"
        r"|取消|停|停止|停下|停下来|算了|不要了|不画了|别画了|別畫了|不畫了|撤销|取消吧|算了吧|停吧|全部取消"
    ),
    PlainWord.HELP: re.compile(
        r"(?:please\s)?help(?:\s(?:me|please))*|[?？]+|how|how\sdoes\s(?:it|this)\swork|how\sto\suse(?:\s(?:it|this))?"
        r"|how\sdo\s(?:i|you)\suse\s(?:it|this)|what\scan\syou\sdo|commands|menu"
        r"|帮助|幫助|帮帮我|怎么用|怎麼用|怎么玩|怎么使用|如何使用|使用说明|说明|命令|菜单|你会什么|你能做什么"
    ),
}
_AGAIN = re.compile(
    r"(?:please\s)?(?:do\sit\sagain|try\sagain|again|once\smore|one\smore(?:\stime)?|more|another(?:\sone)?|repeat|redo)"
    r"(?![a-z])(?P<rest>.*)"
    r"|(?:请|麻烦)?(?:再来一[张個个次遍]|再來一[張個次]|再画一[张次遍]|再畫一[張次]|再来|再來|再画|再畫|再一[张次]|重画|重來|重来|还要|還要|换一张|更多)"
    r"(?P<following>.*)"
)
_COURTESY = re.compile(r"[\s,!.吧啊呀吗嘛，！。]*(?:please|pls|plz|谢谢|多谢)?[\s,!.吧啊呀，！。]*")


def read_plain_word(text: str) -> tuple[PlainWord, str] | None:
    """What a person means, and what follows "again" (a style, such as in "again anime"); None for anything else."""
    words = " ".join(plain(text).casefold().split()).strip(_EDGES)
    if not any(map(str.isalnum, words)) and "?" not in words:
        return (PlainWord.NOTHING, "") if text.strip() else None
    if len(words) > _MAX_LENGTH:
        return None
    for meaning, pattern in _WORDS.items():
        if pattern.fullmatch(words) or pattern.fullmatch(words.rstrip("? ")):
            return meaning, ""
    if match := _AGAIN.fullmatch(words):
        rest = match["rest"] or match["following"] or ""
        return PlainWord.AGAIN, "" if _COURTESY.fullmatch(rest) else rest.strip(_EDGES)
    return None
