"""Admission to the queue: limits, units and the job's row in one transaction, after locking the person's row.

The lock serializes a person's concurrent requests, so limits hold for two hundred at once; the rollback of a denied
request leaves nothing behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import job_lifecycle, quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import ALL_INDICES
from bot.jobs.access import RequestDenied, check_access, needs_consent
from bot.jobs.request import Rights
from bot.jobs.transitions import StaleJob, apply_event
from bot.messaging.platform import Chat, Person
from storage import albums, jobs, ledger, people, queue, results
from storage.jobs import Job, NewJob
from storage.ledger import Scope

NO_RIGHTS = Rights()


@dataclass(frozen=True)
class AdmissionRules:
    """The owner's limits: free images per person and day, waiting jobs per person, the month's budget in CNY (None:
    unlimited), whether images cost the owner money (`paid`), the price of one at the dearest account, which is
    reserved, and the indices of the styles that at least one account paints."""

    daily_free_images: int
    max_queued_per_person: int
    monthly_budget_cny: Decimal | None
    paid: bool
    price_cny: Decimal = quota.PRICE_CNY
    styles: frozenset[int] = ALL_INDICES


async def person_row(connection: AsyncConnection, person: Person, now: float) -> int:
    """The id of the person's row, which stays locked for this transaction."""
    return await people.upsert_person(
        connection,
        platform=person.platform,
        platform_id=person.platform_id,
        language=_reported_language(person),
        now=now,
    )


async def named_person_row(connection: AsyncConnection, person: Person, now: float) -> int:
    """The id of the row of a person whom somebody else names, locked like `person_row`; an existing row keeps its
    language."""
    found = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
    if found is None:
        return await person_row(connection, person, now)
    await people.lock_person(connection, found)
    return found


async def person_and_chat_rows(connection: AsyncConnection, person: Person, chat: Chat, now: float) -> tuple[int, int]:
    """The ids of the person's and the chat's rows; the person's row stays locked for this transaction."""
    person_id = await person_row(connection, person, now)
    chat_id = await people.upsert_chat(
        connection,
        platform=chat.platform,
        platform_id=chat.platform_id,
        is_group=chat.is_group,
        now=now,
        person_id=None if chat.is_group else person_id,
    )
    return person_id, chat_id


async def known_person_and_chat(connection: AsyncConnection, person: Person, chat: Chat) -> tuple[int, int] | None:
    """The ids of the person's and the chat's rows, if `person_and_chat_rows` would change nothing there."""
    return await people.find_unchanged(
        connection,
        platform=person.platform,
        person=person.platform_id,
        language=_reported_language(person),
        chat=chat.platform_id,
        is_group=chat.is_group,
    )


def _reported_language(person: Person) -> str:
    return person.language if person.app_language is None else person.app_language


async def find_same(connection: AsyncConnection, new: NewJob) -> Job | None:
    """The job that this source or an identical request already has, if any."""
    return await jobs.get_by_source(connection, new.source) or await _same_request(connection, new, new.style or 0)


async def insert_job(connection: AsyncConnection, new: NewJob, album: str | None, now: float) -> Job:
    """Insert the job's row, into the album of source `album` while that is open.

    Raises:
        StaleJob: the job's own source has a row already.
    """
    if album is not None:
        new = replace(new, album_id=await albums.join(connection, album, now))
    job_id = await jobs.insert(connection, new)
    job = None if job_id is None else await jobs.get(connection, job_id)
    if job is None:
        raise StaleJob(f"{new.source} has a job already")
    return job


async def admit(
    connection: AsyncConnection,
    draft: Job,
    style: int,
    rules: AdmissionRules,
    now: float,
    *,
    rights: Rights = NO_RIGHTS,
) -> Job:
    """Queue a draft that has a photo. An identical request with a stored picture gets that at once; a draft that needs
    consent waits for it.

    Raises:
        RequestDenied: access is denied, the person has too many waiting jobs, or no units are left.
    """
    await people.lock_person(connection, draft.person_id)
    group = await check_access(connection, draft, style, rights, now)
    if needs_consent(draft, group):
        return (await apply_event(connection, draft, job_lifecycle.AwaitingConsent(style), now)).job
    known = await results.find_same_request(
        connection,
        person_id=draft.person_id,
        photo_hash=draft.photo_hash or "",
        style=style,
        reference_hash=draft.reference_hash,
        seed=draft.seed,
        now=now,
    )
    if known is None:
        return await _enqueue(connection, draft, style, rules, now, in_group=group is not None)
    if not known.spent:  # otherwise cancelling late and asking again would get every picture for free
        await _pay(connection, draft, rules, now, in_group=group is not None)
    await results.insert(connection, draft.id, known.result)
    return (await apply_event(connection, draft, job_lifecycle.ResultKnown(style), now)).job


async def _enqueue(
    connection: AsyncConnection, draft: Job, style: int, rules: AdmissionRules, now: float, *, in_group: bool
) -> Job:
    """Reserve the units of a draft and give it its place in the queue. Raises RequestDenied."""
    if style not in rules.styles:  # the draft may have waited while the accounts changed
        raise RequestDenied(UserError(ErrorCode.STYLE_INVALID))
    if await jobs.count_waiting(connection, draft.person_id) >= rules.max_queued_per_person:
        raise RequestDenied(UserError(ErrorCode.QUEUE_FULL, {"limit": rules.max_queued_per_person}))
    await _charge(connection, draft, _shared_scopes(draft, rules, now, in_group=in_group), now)
    await _pay(connection, draft, rules, now, in_group=in_group)
    turn = await queue.get_turn(connection, draft.person_id)
    return (await apply_event(connection, draft, job_lifecycle.StyleChosen(style, turn), now)).job


async def admit_draft(
    connection: AsyncConnection, draft: Job, style: int, rules: AdmissionRules, now: float, *, rights: Rights
) -> Job:
    """Like `admit`, for a stored draft. If a job for an identical request exists, the draft is cancelled and that job
    returned.

    Raises:
        RequestDenied: as `admit`.
        InvalidTransition: the job is no draft any more.
        StaleJob: the draft's row has changed since it was read.
    """
    same = await _same_request(connection, draft, style)
    if same is None:
        return await admit(connection, draft, style, rules, now, rights=rights)
    # Cancel the stored row, without the reference chosen just now: a row that names its key would keep its bytes.
    stored = await jobs.get(connection, draft.id) or draft
    await apply_event(connection, replace(stored, version=draft.version), job_lifecycle.CancelRequested(), now)
    return same


async def _same_request(connection: AsyncConnection, request: NewJob | Job, style: int) -> Job | None:
    return await jobs.find_same_request(
        connection,
        person_id=request.person_id,
        photo_hash=request.photo_hash or "",
        style=style,
        reference_hash=request.reference_hash,
        seed=request.seed,
    )


def _shared_scopes(job: Job, rules: AdmissionRules, now: float, *, in_group: bool) -> list[Scope]:
    """The scopes that are shared with others: the owner's budget (if images are paid) and the group's day."""
    scopes = [quota.budget_scope(rules.monthly_budget_cny, now, rules.price_cny)] if rules.paid else []
    return [*scopes, quota.group_scope(job.chat_id, now)] if in_group else scopes


async def _charge(connection: AsyncConnection, job: Job, scopes: Sequence[Scope], now: float) -> None:
    empty = await ledger.reserve(connection, job.id, scopes, now=now)
    if empty is not None:
        raise RequestDenied(UserError(ErrorCode.BUDGET_USED_UP))


async def _pay(connection: AsyncConnection, job: Job, rules: AdmissionRules, now: float, *, in_group: bool) -> None:
    """Reserve a unit: of the person's day, else of their credits, else of the group's credits (today's first)."""
    day = quota.person_scope(job.person_id, rules.daily_free_images, now)
    if await ledger.reserve(connection, job.id, [day], now=now) is None:
        return
    sources = [quota.credits_scope(job.person_id)]
    if in_group:
        sources += [quota.group_credits_scope(job.chat_id, period) for period in (quota.day(now), quota.EVER)]
    for balance in sources:
        if await ledger.reserve_from_balance(connection, job.id, balance, now=now):
            return
    raise RequestDenied(UserError(ErrorCode.QUOTA_USED_UP, {"limit": day.limit, "resets_at": quota.resets_at(now)}))
