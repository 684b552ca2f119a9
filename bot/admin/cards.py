"""The cards of /admin: API accounts, queue, today's numbers, cost, recent failures, broadcasts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from bot.admin.cures import FINDING_CURES, cure
from bot.admin.service import AccountFigures, AdminFigures
from bot.domain.error_codes import ErrorCode
from bot.i18n import Texts, error_message
from bot.messaging.callback_data import CallbackData
from bot.messaging.platform import Button, Card
from storage.admin_figures import Failure
from storage.broadcasts import Broadcast

_MAX_SHOWN_CHARS = 60  # of a broadcast's text in its line


class AdminAction(IntEnum):
    """The action of a button on the owner's cards."""

    STATE = 0
    PAUSE = 1
    RESUME = 2
    FAILURES = 3
    BROADCASTS = 4
    STOP_BROADCAST = 5
    RESUME_BROADCAST = 6


@dataclass(frozen=True)
class AdminPress(CallbackData, kind="owner"):
    """A button on the owner's cards. `broadcast`: the broadcast's id, 0 for actions that need none."""

    action: AdminAction
    broadcast: int


def admin_card(figures: AdminFigures, texts: Texts, now: float) -> Card:
    """The overview card. `now`: epoch seconds."""
    today = figures.today
    lines = [
        *(line for account in figures.accounts for line in _account_lines(account, texts)),
        texts.gettext("Waiting: {waiting}, being painted: {running}", waiting=figures.waiting, running=figures.running),
        texts.gettext(
            "Today: {painted} painted, {failed} failed, {canceled} cancelled; people: {people}",
            painted=today.finished,
            failed=today.failed,
            canceled=today.canceled,
            people=today.people,
        ),
        *_declined_lines(figures.declined, texts),
        texts.gettext("People in total: {people}", people=figures.people),
        _cost_line(figures, texts),
        texts.gettext("As of {moment}", moment=texts.moment(now)),
    ]
    pause = (
        _button(texts.gettext("▶ Resume"), AdminAction.RESUME)
        if figures.is_paused
        else _button(texts.gettext("⏸ Pause"), AdminAction.PAUSE)
    )
    rows = (
        (pause, _button(texts.gettext("🔄 Refresh"), AdminAction.STATE)),
        (
            _button(texts.gettext("⚠ Recent problems"), AdminAction.FAILURES),
            _button(texts.gettext("📣 Broadcasts"), AdminAction.BROADCASTS),
        ),
    )
    return Card("\n".join(lines), rows)


def failures_text(failures: Sequence[Failure], texts: Texts) -> str:
    """The given failures as lines, in their order."""
    if not failures:
        return texts.gettext("Nothing has gone wrong recently.")
    return "\n".join(f"• {texts.moment(failure.at)} · {_failure_reason(failure, texts)}" for failure in failures)


def broadcasts_card(broadcasts: Sequence[Broadcast], texts: Texts) -> Card:
    """The progress of broadcasts, with a button to stop each running one or resume each stopped one."""
    if not broadcasts:
        return Card(texts.gettext("No broadcasts yet. /admin broadcast TEXT starts one."))
    back, refresh = texts.gettext("↩ Back"), texts.gettext("🔄 Refresh")
    lines: list[str] = []
    rows: list[tuple[Button, ...]] = [(_button(back, AdminAction.STATE), _button(refresh, AdminAction.BROADCASTS))]
    for broadcast in broadcasts:
        lines += _broadcast_lines(broadcast, texts)
        if (button := _broadcast_button(broadcast, texts)) is not None:
            rows.append((button,))
    return Card("\n".join(lines), tuple(rows))


def _broadcast_lines(broadcast: Broadcast, texts: Texts) -> list[str]:
    """The beginning of its text, and its progress."""
    text = broadcast.text
    if len(text) > _MAX_SHOWN_CHARS:
        text = f"{text[: _MAX_SHOWN_CHARS - 1]}…"
    progress = texts.gettext(
        "   {sent} sent, {waiting} waiting, {gone} unreachable, {unsure} uncertain",
        sent=broadcast.delivered,
        waiting=broadcast.waiting,
        gone=broadcast.gone,
        unsure=broadcast.unsure,
    )
    return [f"{broadcast.id}. “{' '.join(text.split())}”", progress]


def _broadcast_button(broadcast: Broadcast, texts: Texts) -> Button | None:
    """Start, resume or stop it; None when it is finished."""
    number, waiting = broadcast.id, broadcast.waiting
    if broadcast.stopped and not broadcast.delivered:
        label = texts.ngettext("▶ Send {number} to {n} person", "▶ Send {number} to {n} people", waiting, number=number)
        return _button(label, AdminAction.RESUME_BROADCAST, number)
    if broadcast.stopped:
        return _button(texts.gettext("▶ Resume {number}", number=number), AdminAction.RESUME_BROADCAST, number)
    if waiting:
        return _button(texts.gettext("⏹ Stop {number}", number=number), AdminAction.STOP_BROADCAST, number)
    return None


def _account_lines(account: AccountFigures, texts: Texts) -> list[str]:
    """The account's state, what its owner should do about it, and how many free images are left."""
    found = [texts.gettext(FINDING_CURES[code]) for code in account.found if code in FINDING_CURES]
    if account.free_left is not None:
        found.append(texts.ngettext("   {n} free image left", "   {n} free images left", account.free_left))
    if account.paused_reason is None:
        line = texts.gettext(
            "✅ {account}: {images} pictures, {seconds} s each",
            account=account.account_id,
            images=account.images,
            seconds=round(account.seconds),
        )
        return [line, *found]
    line = texts.gettext("⏸ {account}: {reason}", account=account.account_id, reason=account.paused_reason)
    return [line, texts.gettext(cure(account.paused_reason)), *found]


def _declined_lines(declined: Sequence[tuple[str, int]], texts: Texts) -> list[str]:
    """The line about photos declined for their content today, if any; it names the person with the most."""
    if not declined:
        return []
    times, (who, most) = sum(number for _, number in declined), declined[0]
    line = texts.ngettext(
        "Declined for its content today: {n}, the most from {who} ({most})",
        "Declined for their content today: {n}, the most from {who} ({most})",
        times,
        who=who,
        most=most,
    )
    return [line]


def _cost_line(figures: AdminFigures, texts: Texts) -> str:
    today, month = _yuan(figures.today_cny), _yuan(figures.month_cny)
    if figures.budget_cny is None:
        return texts.gettext("Cost: {today} CNY today, {month} CNY this month", today=today, month=month)
    budget = _yuan(figures.budget_cny)
    return texts.gettext(
        "Cost: {today} CNY today, {month} of {budget} CNY this month", today=today, month=month, budget=budget
    )


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _failure_reason(failure: Failure, texts: Texts) -> str:
    reason = ErrorCode.read(failure.reason)
    raw = failure.reason if reason is ErrorCode.UNKNOWN else ""  # the code in the row, for the owner to look up
    return f"{error_message(reason, texts)} ({', '.join(filter(None, (raw, failure.code, str(failure.job_id))))})"


def _button(label: str, action: AdminAction, broadcast: int = 0) -> Button:
    return Button(label, AdminPress(action, broadcast).pack())
