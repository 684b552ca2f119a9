"""Who may make a request, what their group allows, and whether the person in the photo has to consent first.

Decided in the transaction that admits the request, after the person's and the chat's rows were locked. That serializes
concurrent requests, so a group's limit holds for fifty at once.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.groups.settings import check_group_request
from bot.jobs.request import Rights
from bot.messaging.platform import Chat, Person
from storage import groups, ledger, people
from storage.groups import GroupSettings
from storage.jobs import Job, NewJob


class RequestDenied(Exception):
    """The request is not admitted. Raised so that the transaction rolls back; `error` is for the person."""

    def __init__(self, user_error: UserError) -> None:
        super().__init__(user_error.code.value)
        self.error = user_error


async def check_access(
    connection: AsyncConnection, job: Job | NewJob, style: int | None, rights: Rights, now: float
) -> GroupSettings | None:
    """The settings of the group where the request was made; None outside groups.

    `style` is a style index, None if not chosen yet; `now` is in epoch seconds.

    Raises:
        RequestDenied: the person is banned, the group's rules forbid it, or the person in the photo has opted out.
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
    user_error = check_group_request(
        rules,
        style=style,
        by_admin=rights.by_admin,
        last_request_at=await _last_asked(connection, job, rules, rights),
        requests_today=sums.used + sums.reserved,
        now=now,
    )
    if user_error is not None:
        raise RequestDenied(user_error)
    return rules


@dataclass(frozen=True)
class ChatAccess:
    """What is known of a person in a chat before any request: whether they are banned, and the group's rules (None
    outside groups)."""

    is_banned: bool
    rules: GroupSettings | None

    @property
    def admin_matters(self) -> bool:
        """Whether their admin status has to be looked up, which costs a call to the platform."""
        return self.rules is not None and self.rules.who == "admins"

    def problem(self, *, by_admin: bool, now: float) -> UserError | None:
        """Why they can't make any request here; None if they can. `now` is in epoch seconds. Pure."""
        if self.is_banned:
            return UserError(ErrorCode.BANNED)
        if self.rules is None:
            return None
        return check_group_request(
            self.rules, style=None, by_admin=by_admin, last_request_at=None, requests_today=0, now=now
        )


async def chat_access(connection: AsyncConnection, person: Person, chat: Chat) -> ChatAccess:
    """Read the access of a person in a chat."""
    person_id = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
    is_banned = person_id is not None and (await people.get_status(connection, person_id)).is_banned
    chat_id = None
    if chat.is_group:
        chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
    return ChatAccess(is_banned, None if chat_id is None else await groups.get_settings(connection, chat_id))


def needs_consent(job: Job, rules: GroupSettings | None) -> bool:
    """Whether the person in the photo has to be asked first. Pure."""
    return rules is not None and rules.ask_consent and job.subject is not None and job.consent != "given"


async def _last_asked(
    connection: AsyncConnection, job: Job | NewJob, rules: GroupSettings, rights: Rights
) -> float | None:
    if rights.skips_cooldown or not rules.cooldown_seconds:
        return None
    return await groups.get_last_asked(connection, person_id=job.person_id, chat_id=job.chat_id)
