"""The owner's cards: API accounts, queue, today's numbers and cost, the last failures, broadcasts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from bot.admin.service import AccountFigures, AdminFigures
from bot.domain.error_codes import ErrorCode
from bot.i18n import Texts, error_message
from bot.messaging.callback_data import CallbackData
from bot.messaging.platform import Button, Card
from storage.admin_figures import Failure
from storage.broadcasts import Broadcast

_MOST_WORDS = 60  # characters of a broadcast that its line shows


class AdminAction(IntEnum):
    """What a button of the owner's cards does."""

    STATE = 0
    PAUSE = 1
    RESUME = 2
    FAILURES = 3
    BROADCASTS = 4
    STOP_BROADCAST = 5
    RESUME_BROADCAST = 6


@dataclass(frozen=True)
class AdminPress(CallbackData, kind="owner"):
    """A button of the owner's cards; `broadcast`: which one it is about, if it is about one."""

    action: AdminAction
    broadcast: int


def admin_card(state: AdminFigures, texts: Texts, now: float) -> Card:
    """Everything at a glance."""
    today = state.today
    lines = [
        *(_account_line(account, texts) for account in state.accounts),
        texts.gettext("Waiting: {waiting}, being painted: {running}", waiting=state.waiting, running=state.running),
        texts.gettext(
            "Today: {painted} painted, {failed} failed, {canceled} cancelled; people: {people}",
            painted=today.finished,
            failed=today.failed,
            canceled=today.canceled,
            people=today.people,
        ),
        *_declined(state.declined, texts),
        texts.gettext("People in total: {people}", people=state.people),
        _cost(state, texts),
        texts.gettext("As of {moment}", moment=texts.moment(now)),
    ]
    pause = (
        _button(texts.gettext("▶ Resume"), AdminAction.RESUME)
        if state.is_paused
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


def failures_text(troubles: Sequence[Failure], texts: Texts) -> str:
    """The last failures, newest first."""
    if not troubles:
        return texts.gettext("Nothing has gone wrong recently.")
    return "\n".join(f"• {texts.moment(trouble.at)} · {_why(trouble, texts)}" for trouble in troubles)


def broadcasts_card(broadcasts: Sequence[Broadcast], texts: Texts) -> Card:
    """How far the last broadcasts are; what still goes out can be stopped, what was stopped can go on."""
    if not broadcasts:
        return Card(texts.gettext("No broadcasts yet. /admin broadcast TEXT starts one."))
    back, refresh = texts.gettext("↩ Back"), texts.gettext("🔄 Refresh")
    lines: list[str] = []
    rows: list[tuple[Button, ...]] = [(_button(back, AdminAction.STATE), _button(refresh, AdminAction.BROADCASTS))]
    for letter in broadcasts:
        words = letter.text if len(letter.text) <= _MOST_WORDS else f"{letter.text[: _MOST_WORDS - 1]}…"
        lines.append(f"{letter.id}. “{' '.join(words.split())}”")
        lines.append(
            texts.gettext(
                "   {sent} sent, {waiting} waiting, {gone} unreachable, {unsure} uncertain",
                sent=letter.delivered,
                waiting=letter.waiting,
                gone=letter.gone,
                unsure=letter.unsure,
            )
        )
        if letter.stopped and not letter.delivered:
            label = texts.ngettext(
                "▶ Send {number} to {n} person", "▶ Send {number} to {n} people", letter.waiting, number=letter.id
            )
            rows.append((_button(label, AdminAction.RESUME_BROADCAST, letter.id),))
        elif letter.stopped:
            rows.append(
                (
                    _button(
                        texts.gettext("▶ Resume {number}", number=letter.id),
                        AdminAction.RESUME_BROADCAST,
                        letter.id,
                    ),
                )
            )
        elif letter.waiting:
            rows.append(
                (_button(texts.gettext("⏹ Stop {number}", number=letter.id), AdminAction.STOP_BROADCAST, letter.id),)
            )
    return Card("\n".join(lines), tuple(rows))


def _account_line(account: AccountFigures, texts: Texts) -> str:
    if account.paused_reason is None:
        return texts.gettext(
            "✅ {account}: {images} pictures, {seconds} s each",
            account=account.account_id,
            images=account.images,
            seconds=round(account.seconds),
        )
    return texts.gettext("⏸ {account}: {reason}", account=account.account_id, reason=account.paused_reason)


def _declined(declined: Sequence[tuple[str, int]], texts: Texts) -> list[str]:
    """Whom the owner may want to look at."""
    if not declined:
        return []
    times, (who, most) = sum(number for _, number in declined), declined[0]
    told = texts.ngettext(
        "Declined for its content today: {n}, the most from {who} ({most})",
        "Declined for their content today: {n}, the most from {who} ({most})",
        times,
        who=who,
        most=most,
    )
    return [told]


def _cost(state: AdminFigures, texts: Texts) -> str:
    today, month = _yuan(state.today_cny), _yuan(state.month_cny)
    if state.budget_cny is None:
        return texts.gettext("Cost: {today} CNY today, {month} CNY this month", today=today, month=month)
    budget = _yuan(state.budget_cny)
    return texts.gettext(
        "Cost: {today} CNY today, {month} of {budget} CNY this month", today=today, month=month, budget=budget
    )


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _why(trouble: Failure, texts: Texts) -> str:
    reason = ErrorCode.read(trouble.reason)
    raw = trouble.reason if reason is ErrorCode.UNKNOWN else ""  # what the row says, for the owner to look up
    return f"{error_message(reason, texts)} ({', '.join(filter(None, (raw, trouble.code, str(trouble.job_id))))})"


def _button(label: str, action: AdminAction, broadcast: int = 0) -> Button:
    return Button(label, AdminPress(action, broadcast).pack())
