"""Text that users might write, by mistake, for fun or to do harm; and mutations of JSON."""

import random
from copy import deepcopy
from typing import Any

Json = Any
EMOJI = "🙂👩‍👩‍👧‍👦🏳️‍🌈👍🏽1️⃣🇨🇳"
HOSTILE_TEXTS = (
    "",
    " ",
    "\0",
    "/style",
    "/style 99999999999999999999999999999999",
    "/style -1",
    "/style " + "9" * 4000,
    "/style@repaint_test_bot\u2003２",
    "\u202etfel ot thgir\u202c /style 2",
    "\u2066/style 2\u2069\u200f\u200e",
    "/style a" + "\u0300\u0301\u0489" * 1000,
    EMOJI * 400,
    "🙂" * 4096,
    "*bold* _it_ `code` [a](http://x) <b>b</b> <a href='tg://user?id=1'>u</a> &lt; \\",
    "{0} {words} {style.__class__.__mro__} %s %n %x $(id) `id` ${HOME} {{7*7}}",
    "'; DROP TABLE job; --",
    "\u2028\u2029\x85\v\f\r\n" * 50,
    "\ufeff\u200b\u200c\u200d\u2060",
    "ﷺ" * 300,
    "İıſKÅ ǅ ß ŉ ﬃ",
    "/style ref",
    "/name " + "𝕏" * 500,
    "/start " + "../" * 300,
    "/feedback " + "a" * 4000,
    "/broadcast hello",
    "/lang \ud800",
    "/forget",
)
ODD_VALUES: tuple[Json, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**31,
        2**63,
        -(2**63),
        10**30,
        1.5,
        "",
        "\ud800",
        "0",
        "x" * 5000,
        [],
        [[]],
        {},
        {"id": None},
    ),
    *([None], ["a"] * 50, {"a": {"b": {"c": []}}}),
)


def random_text(rng: random.Random) -> str:
    """Something that a user might write."""
    draw = rng.random()
    if draw < 0.5:
        return rng.choice(HOSTILE_TEXTS)
    if draw < 0.8:
        return "".join(rng.choice(HOSTILE_TEXTS)[:40] for _ in range(rng.randint(1, 6)))[:4096]
    return "".join(
        chr(rng.choice((rng.randrange(0x80), rng.randrange(0xD800), rng.randrange(0x10000, 0x110000))))
        for _ in range(rng.randint(1, 200))
    )


def mutate(value: Json, rng: random.Random) -> Json:
    """A copy of the JSON with one to three values removed or replaced by unusual ones."""
    copy = deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        _mutate_in_place(copy, rng)
    return copy


def _mutate_in_place(value: Json, rng: random.Random) -> None:
    """Descend at random and change one value."""
    if not isinstance(value, dict | list) or not value:
        return
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.75:
        _mutate_in_place(value[key], rng)
    elif isinstance(value, dict) and rng.random() < 0.3:
        del value[key]
    else:
        value[key] = (
            random_text(rng) if isinstance(value[key], str) and rng.random() < 0.5 else deepcopy(rng.choice(ODD_VALUES))
        )
