"""Which photos of an album are one request."""

import pytest

from bot.messaging.album_card import caption_of, split_by_caption


@pytest.mark.parametrize(
    ("captions", "requests"),
    [
        ([""], [[0]]),
        (["", "", ""], [[0, 1, 2]]),
        (["/style 3", "/style 7"], [[0], [1]]),
        (["/style 3", "", "/style 7"], [[0, 1], [2]]),
        (["", "/style 3", ""], [[0, 1, 2]]),
        (["/style 3", "/style 3"], [[0, 1]]),
        (["anime", "pixel"], [[0], [1]]),
        (["Bob and me", "/style 3"], [[0, 1]]),
        (["Bob", "Alice"], [[0, 1]]),
        (["/style ref", ""], [[0, 1]]),
        ([], []),
    ],
)
def test_photos_are_parted_only_by_captions_that_ask_for_different_things(
    captions: list[str], requests: list[list[int]]
) -> None:
    assert split_by_caption(captions) == requests


@pytest.mark.parametrize(
    ("captions", "caption"),
    [(["", "Bob", "/style 3"], "/style 3"), (["", "Bob"], "Bob"), (["二次元", "/style 3"], "二次元"), ([""], "")],
)
def test_the_album_s_caption_is_the_one_that_asks_for_something(captions: list[str], caption: str) -> None:
    assert caption_of(captions) == caption
