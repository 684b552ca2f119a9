"""Page buttons for lists that don't fit on one card. Pure."""

from collections.abc import Callable

from bot.messaging.callback_data import CallbackData
from bot.messaging.platform import Button


def clamp_page(page: int, pages: int) -> int:
    """The nearest existing page, from 0: an old button may name one that no longer exists."""
    return min(max(page, 0), pages - 1)


def page_buttons(press: Callable[[int], CallbackData], page: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    """A row with a button for the previous page, one that says which page (from 0) this is, and one for the next. It
    wraps around at the ends, so that the buttons keep their positions; the one in the middle shows the page anew."""
    if pages <= 1:
        return ()
    before, after = (page - 1) % pages, (page + 1) % pages
    return (
        (
            Button("◀", press(before).pack()),
            Button(f"{page + 1}/{pages}", press(page).pack()),
            Button("▶", press(after).pack()),
        ),
    )
