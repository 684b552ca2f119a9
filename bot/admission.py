"""Into the queue: limits, units and the job's row in one transaction, after touching the person's row.

So two hundred wishes at once meet the limits one after the other, and a wish that is refused leaves nothing behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import lifecycle, quota, turns
from bot.chat import Chat, Person
from bot.moves import move
from bot.wishes import Reason, Refusal
from storage import jobs, ledger, people, queue, results
from storage.jobs import Job
from storage.ledger import Scope


@dataclass(frozen=True)
class Rules:
    """The owner's rules: free images a person and day, waiting jobs a person, the month's budget, who pays."""

    daily_free_images: int
    max_queued_per_person: int
    monthly_budget_cny: Decimal | None
    paid: bool


class Refused(Exception):
    """Not admitted; raised so that the transaction rolls back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason.value)
        self.refusal = refusal


async def introduce(connection: AsyncConnection, person: Person, chat: Chat, now: float) -> tuple[int, int]:
    """The ids of the person's and the chat's rows; the person's row stays locked for this transaction."""
    person_id = await people.remember_person(
        connection, platform=person.platform, platform_id=person.platform_id, language=person.language, now=now
    )
    chat_id = await people.remember_chat(
        connection, platform=chat.platform, platform_id=chat.platform_id, is_group=chat.is_group, now=now
    )
    return person_id, chat_id


async def admit(connection: AsyncConnection, draft: Job, style: int, rules: Rules, now: float) -> Job:
    """Queue a draft that has a photo; or give it its picture at once when the same wish has one in store.

    Raises:
        Refused: the person has too many waiting jobs, or there are no units left.
    """
    await people.touch(connection, draft.person_id)
    known = await results.same_wish(
        connection,
        person_id=draft.person_id,
        photo_hash=draft.photo_hash or "",
        style=style,
        reference_hash=draft.reference_hash,
        seed=draft.seed,
        now=now,
    )
    if known is not None:
        if not known.spent:  # or whoever cancels late and asks again would have every picture for nothing
            await _charge(connection, draft, [_own_scope(draft, rules, now)], now)
        await results.add(connection, draft.id, known.result)
        return (await move(connection, draft, lifecycle.Known(style), now)).job
    if await jobs.count_waiting(connection, draft.person_id) >= rules.max_queued_per_person:
        raise Refused(Refusal(Reason.QUEUE_FULL, {"limit": rules.max_queued_per_person}))
    await _charge(connection, draft, _all_scopes(draft, rules, now), now)
    tag = turns.next_tag(await queue.turn(connection, draft.person_id))
    await queue.remember_tag(connection, draft.person_id, tag)
    return (await move(connection, draft, lifecycle.Chosen(style, tag), now)).job


def _own_scope(job: Job, rules: Rules, now: float) -> Scope:
    return quota.person_scope(job.person_id, rules.daily_free_images, now)


def _all_scopes(job: Job, rules: Rules, now: float) -> list[Scope]:
    return quota.scopes(
        job.person_id,
        daily=rules.daily_free_images,
        monthly_budget_cny=rules.monthly_budget_cny,
        paid=rules.paid,
        now=now,
    )


async def _charge(connection: AsyncConnection, job: Job, scopes: Sequence[Scope], now: float) -> None:
    empty = await ledger.reserve(connection, job.id, scopes, now=now)
    if empty is None:
        return
    if empty.name == lifecycle.BUDGET:
        raise Refused(Refusal(Reason.BUDGET_USED_UP))
    raise Refused(Refusal(Reason.QUOTA_USED_UP, {"limit": empty.limit, "resets_at": quota.resets_at(now)}))
