"""Buttons to leaf through what doesn't fit on one page. Pure."""

from collections.abc import Callable

from bot.messaging.callback_data import CallbackData
from bot.messaging.platform import Button


def clamp_page(page: int, pages: int) -> int:
    """The page that is really there: an old button may name one that has gone."""
    return min(max(page, 0), pages - 1)


def page_buttons(press: Callable[[int], CallbackData], page: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    """A row to the page before and the page after; round at the ends, so that the two stay under the finger."""
    if pages <= 1:
        return ()
    before, after = (page - 1) % pages, (page + 1) % pages
    return (
        (
            Button(f"◀ {before + 1}/{pages}", press(before).pack()),
            Button(f"{after + 1}/{pages} ▶", press(after).pack()),
        ),
    )
