"""When a card is worth an edit: chats are told little, and only what changed. Pure.

Telegram takes about one message a second in a chat and twenty a minute in a group, edits included.
"""

from collections.abc import Sequence

from bot.domain import fair_queue
from bot.domain.job_view import JobView, State
from bot.messaging.album_card import done, last_of

REFRESH_SECONDS = 15.0
PROGRESS_SECONDS = 3.0
PROGRESS_SECONDS_IN_GROUPS = 10.0
PROGRESS_STEP = 0.1


def is_worth_an_edit_of_many(told: Sequence[JobView], now: Sequence[JobView], since: float, *, is_group: bool) -> bool:
    """The same for the card of several jobs: it says how many are done, and how the last of them fares."""
    if (len(told), done(told)) != (len(now), done(now)):
        return True
    return is_worth_an_edit(last_of(told), last_of(now), since, is_group=is_group)


def is_worth_an_edit(told: JobView, now: JobView, since: float, *, is_group: bool) -> bool:
    """Whether a card that has shown `told` for `since` seconds should show `now`."""
    if (told.state, told.paused, told.style) != (now.state, now.paused, now.style):
        return True
    if now.state == State.QUEUED and told.place != now.place and now.place is not None:
        return fair_queue.is_worth_telling(now.place)
    if now.progress is not None:
        patience = PROGRESS_SECONDS_IN_GROUPS if is_group else PROGRESS_SECONDS
        return since >= patience and now.progress - (told.progress or 0.0) >= PROGRESS_STEP
    return since >= REFRESH_SECONDS and fair_queue.eta_differs(told.eta_seconds, now.eta_seconds)
