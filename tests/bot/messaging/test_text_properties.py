"""Properties: any text can be parsed, and any card fits the platforms' limits."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.error_codes import UserError
from bot.domain.styles import STYLES, Style
from bot.messaging.callback_data import MAX_BYTES, CallbackData, ChooseStyle
from bot.messaging.commands import parse_text
from bot.messaging.platform import Button, Card, Mention
from bot.messaging.style_text import MAX_STYLE_TEXT, UnknownStyle, find_style, is_reference, split_me
from bot.saved_styles import names
from handlers.discord import rendering as on_discord
from handlers.telegram import rendering as on_telegram
from tests.harness.buttons import KINDS, example, unpacked
from tests.harness.properties import ANY_TEXT, QUICK, WORDS

PARTS = st.one_of(st.sampled_from([*KINDS, "x", "", "１", "-1", "9" * 19]), st.integers(-(2**70), 2**70).map(str))
LIKE_DATA = st.lists(PARTS, max_size=4).map(":".join)
NUMBERS = st.integers(0, 10**18 - 1)


@QUICK
@given(st.builds(example, st.sampled_from([*KINDS.values()]), NUMBERS, st.integers(1 - 10**18, 10**18 - 1)))
def test_every_press_round_trips_and_fits(press: CallbackData) -> None:
    packed = press.pack()
    assert unpacked(packed) == press
    assert len(packed.encode()) <= MAX_BYTES


@QUICK
@given(st.one_of(WORDS, LIKE_DATA))
def test_any_button_data_round_trips_or_unpacks_to_none(data: str) -> None:
    press = unpacked(data)
    assert press is None or unpacked(press.pack()) == press


@QUICK
@given(WORDS)
def test_any_text_can_be_parsed(text: str) -> None:
    parsed = parse_text(text)
    assert parsed.command is None or parsed.command == parsed.command.casefold()
    assert len(parsed.text) <= len(text)
    assert parsed.bot is None or parsed.bot == parsed.bot.casefold()
    assert isinstance(is_reference(parsed.text), bool)
    assert len(split_me(parsed.text)[0]) <= len(parsed.text)


@QUICK
@given(WORDS)
def test_text_names_a_style_or_is_quoted_shortened(text: str) -> None:
    found = find_style(text, STYLES)
    assert found is None or isinstance(found, Style) or len(found.text) <= MAX_STYLE_TEXT


@QUICK
@given(st.sampled_from(STYLES), st.sampled_from(["{}", "/style {}", "/style@bot {}", "style {}", "  {} \n", "#{}!"]))
def test_every_style_is_found_by_its_names_however_they_are_written(style: Style, form: str) -> None:
    for name in (str(style.index), style.name("en"), style.name("zh"), style.name("en").upper()):
        assert find_style(parse_text(form.format(name)).text, STYLES) == style, name


@QUICK
@given(WORDS)
def test_tidying_a_name_is_idempotent(name: str) -> None:
    tidy = names.tidy(name)
    assert names.tidy(tidy) == tidy
    assert names.normalize(tidy) == names.normalize(name)
    assert names.name_problem(tidy) is None or isinstance(names.name_problem(tidy), UserError)


@QUICK
@given(st.lists(ANY_TEXT, max_size=4), WORDS, st.sampled_from([" ", " = ", " -> ", "→"]), st.integers(0, 9))
def test_renaming_finds_an_existing_name(given_names: list[str], text: str, sign: str, which: int) -> None:
    kept = [tidy for tidy in map(names.tidy, given_names) if names.name_problem(tidy) is None]
    command = f"{kept[which % len(kept)]}{sign}{text}" if kept else text
    found = names.parse_rename(command, kept)
    assert found is None or names.normalize(found[0]) in set(map(names.normalize, kept))


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@QUICK
@given(WORDS, st.integers(1, 60))
def test_no_text_exceeds_telegrams_limit(text: str, times: int) -> None:
    card = Card(text * times)
    assert units(on_telegram.text_of(card)) <= on_telegram.MAX_TEXT
    assert units(on_telegram.caption(card) or "") <= on_telegram.MAX_CAPTION


@QUICK
@given(WORDS, WORDS, st.integers(0, 2**53))
def test_a_telegram_mention_covers_its_text(before: str, name: str, number: int) -> None:
    text = f"{before}{name}, may I?"
    found = on_telegram.mention_entities(text, Mention(name, str(number)))
    assert found
    [entity] = found
    there = text.encode("utf-16-le")[entity.offset * 2 : (entity.offset + entity.length) * 2]
    assert there.decode("utf-16-le") == name


@QUICK
@given(WORDS, WORDS, st.integers(1, 30), st.sampled_from([None, "7", "seven"]))
def test_no_card_exceeds_discords_limits(text: str, label: str, times: int, called: str | None) -> None:
    rows = tuple((Button(label or "x", ChooseStyle(1, number).pack()),) for number in range(times))
    card = Card(text * times, rows, mention=None if called is None else Mention(text, called))
    drawn = on_discord.render(card)
    assert len(drawn.text) <= on_discord.MAX_TEXT
    assert drawn.view is not None
    assert len(drawn.view.children) <= on_discord.MAX_ROWS * on_discord.MAX_PER_ROW


def test_an_unknown_style_is_quoted_as_it_was_written() -> None:
    found = find_style("a𝕏b", STYLES)
    assert isinstance(found, UnknownStyle)
    assert found.text == "a𝕏b"
