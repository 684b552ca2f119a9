"""At the door: who may ask at all, what their group allows, and whether somebody else has to say yes first.

Decided in the transaction that lets the wish in, after the rows of person and chat were touched: so fifty wishes at
once meet a group's limit one after the other.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.groups.settings import check_group_rules
from bot.messaging.platform import Chat, Person
from storage import groups, ledger, people
from storage.groups import GroupSettings
from storage.jobs import Job, NewJob


class RequestDenied(Exception):
    """Not admitted; raised so that the transaction rolls back."""

    def __init__(self, user_error: UserError) -> None:
        super().__init__(user_error.code.value)
        self.error = user_error


@dataclass(frozen=True)
class Asked:
    """How it was asked: `by_admin` of the group; `in_album`: one more photo of a request whose first has met the
    cooldown; `album`: the source of that request."""

    by_admin: bool = False
    in_album: bool = False
    album: str | None = None


STRANGER = Asked()
KNOWN = Asked(by_admin=True, in_album=True)  # has been let in before and waited for somebody's yes


async def check_access(
    connection: AsyncConnection, job: Job | NewJob, style: int | None, asked: Asked, now: float
) -> GroupSettings | None:
    """The rules of the group where it is asked; None outside groups. `style` None: not chosen yet.

    Raises:
        Refused: banned, not as this group wants it, or a photo of somebody who doesn't want that.
    """
    if (await people.get_status(connection, job.person_id)).is_banned:
        raise RequestDenied(UserError(ErrorCode.BANNED))
    if job.subject is not None and await people.has_subject_opted_out(
        connection, chat_id=job.chat_id, subject=job.subject
    ):
        raise RequestDenied(UserError(ErrorCode.OPTED_OUT))
    if not await people.lock_chat(connection, job.chat_id):
        return None
    rules = await groups.get_settings(connection, job.chat_id)
    sums = await ledger.get_sums(connection, quota.group_scope(job.chat_id, now))
    user_error = check_group_rules(
        rules,
        style=style,
        by_admin=asked.by_admin,
        last_asked=await _last_asked(connection, job, rules, asked),
        asked_today=sums.used + sums.reserved,
        now=now,
    )
    if user_error is not None:
        raise RequestDenied(user_error)
    return rules


async def preview_access(
    connection: AsyncConnection, person: Person, chat: Chat, *, by_admin: bool, now: float
) -> UserError | None:
    """The same from outside, without a wish: why they can't ask here at all."""
    person_id = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
    if person_id is not None and (await people.get_status(connection, person_id)).is_banned:
        return UserError(ErrorCode.BANNED)
    chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
    if chat_id is None or not chat.is_group:
        return None
    rules = await groups.get_settings(connection, chat_id)
    return check_group_rules(rules, style=None, by_admin=by_admin, last_asked=None, asked_today=0, now=now)


def needs_consent(job: Job, rules: GroupSettings | None) -> bool:
    """Whether the person whose photo it is has to be asked first. Pure."""
    return rules is not None and rules.ask_consent and job.subject is not None and job.consent != "given"


async def _last_asked(
    connection: AsyncConnection, job: Job | NewJob, rules: GroupSettings, asked: Asked
) -> float | None:
    if asked.in_album or not rules.cooldown_seconds:
        return None
    return await groups.get_last_asked(connection, person_id=job.person_id, chat_id=job.chat_id)
