"""Cards rendered as Discord messages, without Discord."""

from typing import Any

import pytest

from bot.messaging.callback_data import ChooseStyle
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Button, Card, Document, Mention, Picture
from handlers.discord.rendering import button_view, callback_data_of, render
from tests.fakes.dashscope.service import portrait_jpeg


def style_rows(number: int) -> ButtonRows:
    return tuple((Button(f"Look {at}", ChooseStyle(7, at).pack()),) for at in range(number))


def components(rows: ButtonRows) -> list[dict[str, Any]]:
    """The components, row by row, as they are sent to Discord."""
    found = button_view(rows)
    return [] if found is None else [part for row in found.to_components() for part in row["components"]]


async def test_many_styles_become_a_select_menu() -> None:
    [menu, cancel] = components((*style_rows(23), (Button("Cancel", "cancel:7"),)))
    assert [option["value"] for option in menu["options"]][:2] == ["choose:7:0", "choose:7:1"]
    assert (len(menu["options"]), menu["custom_id"]) == (23, "pick:0")
    assert cancel["custom_id"] == "cancel:7"


async def test_a_select_menu_has_at_most_twenty_five_options() -> None:
    assert len(components(style_rows(40))[0]["options"]) == 25


async def test_a_suggested_style_stays_a_button_beside_the_menu() -> None:
    menu, yes = components(((Button("Yes, Look 4", "choose:7:4"),), *style_rows(9)))
    assert [option["label"] for option in menu["options"]] == [f"Look {at}" for at in (4, 0, 1, 2, 3, 5, 6, 7, 8)]
    assert (yes["label"], yes["custom_id"]) == ("Yes, Look 4", "choose:7:4")


async def test_few_styles_are_buttons() -> None:
    assert [part["label"] for part in components(style_rows(2))] == ["Look 0", "Look 1"]


async def test_rows_stay_as_they_are_if_they_fit_and_are_refilled_otherwise() -> None:
    rows = tuple((Button(f"{at}", f"rule:{at}:1"),) for at in range(9))
    assert [len(row["components"]) for row in button_view(rows[:5]).to_components()] == [1] * 5  # type: ignore[union-attr]
    assert [len(row["components"]) for row in button_view(rows).to_components()] == [5, 4]  # type: ignore[union-attr]


async def test_share_buttons_are_left_out() -> None:
    assert components(((Button("Share", share="#7"), Button("Open", link="https://example.org")),)) == [
        {"type": 2, "style": 5, "label": "Open", "disabled": False, "url": "https://example.org"}
    ]
    assert button_view(((Button("Share", share="#7"),),)) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I don't know “*bold* _name_”.", r"I don't know “\*bold\* \_name\_”."),
        ("/help says more, /admin does not, and/or neither", "</help:5> says more, /admin does not, and/or neither"),
        ("/export sends all. /forget deletes it", "/export sends all. /forget deletes it"),
    ],
)
async def test_text_is_escaped_and_commands_become_mentions(text: str, shown: str) -> None:
    assert render(Card(text), command_ids={"help": 5}).text == shown


async def test_only_the_person_named_by_the_card_is_mentioned() -> None:
    card = Card("Owner of this photo: may I? Not @everyone.", mention=Mention("Owner of this photo", "42"))
    message = render(card)
    assert message.text.startswith("<@42> (Owner of this photo): may I?")
    assert dict(message.allowed_mentions.to_dict()) == {"parse": [], "users": [42]}


async def test_pictures_have_alt_texts_and_can_be_spoilers() -> None:
    pictures = tuple(Picture(portrait_jpeg(), f"{at}.jpg", f"Anime {at}", job=at) for at in range(12))
    files = render(Card("", pictures=pictures), spoiler=True).files
    assert [file.filename for file in files[:2]] == ["SPOILER_0.jpg", "SPOILER_1.jpg"]
    assert (len(files), files[0].description) == (10, "Anime 0")
    assert files[0].fp.read() == portrait_jpeg()


async def test_files_are_rewound_for_each_attempt() -> None:
    message = render(Card("", document=Document(b"zip", "all.zip")))
    assert [message.files[0].fp.read(), message.files[0].fp.read()] == [b"zip", b"zip"]


async def test_all_versions_of_a_card_have_the_same_dedup_key() -> None:
    assert (
        render(Card("Place 2", job=7)).dedup_key
        == render(Card("Painting", job=7)).dedup_key
        != render(Card("Hello")).dedup_key
    )


async def test_buttons_with_equal_callback_data_have_distinct_custom_ids() -> None:
    found = components(((Button("◀", "page:7:1"), Button("▶", "page:7:1")),))
    names = [part["custom_id"] for part in found]
    assert len(set(names)) == 2
    assert [callback_data_of(name) for name in names] == ["page:7:1"] * 2
