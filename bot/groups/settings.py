"""Group settings: which requests a group's admins allow, from whom, how often and when."""

from dataclasses import dataclass, fields, replace
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import INDICES, REFERENCE
from bot.messaging.platform import Chat
from bot.runtime.clock import Clock
from storage import balances, groups, people
from storage.database import Database
from storage.groups import GroupSettings, Who

__all__ = ["UNCHANGED", "GroupService", "GroupSettings", "GroupSettingsPatch", "check_group_request"]

DAY_MINUTES = 24 * 60
MAX_COOLDOWN_SECONDS = 24 * 3600
MAX_CARD_HOURS = 47.0  # Telegram lets a bot delete its messages for two days
MAX_DAILY_LIMIT = 100_000


def check_group_request(
    settings: GroupSettings,
    *,
    style: int | None,
    by_admin: bool,
    last_request_at: float | None,
    requests_today: int,
    now: float,
) -> UserError | None:
    """Why the group's settings deny a request, or None when they allow it. Pure.

    `style`: its index, None if not chosen yet; `last_request_at`: of the same person in this group, epoch seconds;
    `requests_today`: of everybody in this group; `now`: epoch seconds.
    """
    if not settings.enabled:
        return UserError(ErrorCode.GROUP_OFF)
    if settings.who == "admins" and not by_admin:
        return UserError(ErrorCode.GROUP_ADMINS_ONLY)
    if (until := quiet_until(settings, now)) is not None:
        return UserError(ErrorCode.GROUP_QUIET, {"until": until})
    if style is None:
        return None
    if settings.styles is not None and style not in settings.styles:
        return UserError(ErrorCode.GROUP_STYLE)
    if last_request_at is not None and last_request_at > now:
        last_request_at = None  # a clock was set back: without this, the person could not make requests for hours
    wait = 0.0 if last_request_at is None else last_request_at + settings.cooldown_seconds - now
    if wait > 0:
        return UserError(ErrorCode.GROUP_COOLDOWN, {"seconds": wait})
    if settings.daily_limit is not None and requests_today >= settings.daily_limit:
        return UserError(ErrorCode.GROUP_LIMIT, {"limit": settings.daily_limit, "until": quota.resets_at(now)})
    return None


def quiet_until(settings: GroupSettings, now: float) -> float | None:
    """When the current quiet hours end, epoch seconds; None outside quiet hours. `now`: epoch seconds. Pure."""
    if settings.quiet_from is None or settings.quiet_to is None or settings.quiet_from == settings.quiet_to:
        return None
    minute = now / 60 % DAY_MINUTES
    since = (minute - settings.quiet_from) % DAY_MINUTES
    whole = (settings.quiet_to - settings.quiet_from) % DAY_MINUTES
    return now + (whole - since) * 60 if since < whole else None


def is_valid(settings: GroupSettings) -> bool:
    """Whether every value is within its bounds and quiet hours have both ends. Pure."""
    hours = settings.delete_cards_after_hours
    minutes = (settings.quiet_from, settings.quiet_to)
    return (
        settings.who in {"everyone", "admins"}
        and (settings.styles is None or settings.styles <= INDICES | {REFERENCE})
        and (settings.daily_limit is None or 0 <= settings.daily_limit <= MAX_DAILY_LIMIT)
        and 0 <= settings.cooldown_seconds <= MAX_COOLDOWN_SECONDS
        and (hours is None or 0 < hours <= MAX_CARD_HOURS)
        and (minutes == (None, None) or all(isinstance(end, int) and 0 <= end < DAY_MINUTES for end in minutes))
    )


class Unchanged(Enum):
    """Marks a setting that a patch leaves as it is; None cannot, since it is a value of some settings."""

    UNCHANGED = auto()


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True)
class GroupSettingsPatch:
    """New values for some settings of a group. The fields and their units are those of `GroupSettings`."""

    enabled: bool | Unchanged = UNCHANGED
    styles: frozenset[int] | Unchanged | None = UNCHANGED
    daily_limit: int | Unchanged | None = UNCHANGED
    cooldown_seconds: int | Unchanged = UNCHANGED
    who: Who | Unchanged = UNCHANGED
    quiet_from: int | Unchanged | None = UNCHANGED
    quiet_to: int | Unchanged | None = UNCHANGED
    delete_cards_after_hours: float | Unchanged | None = UNCHANGED
    ask_consent: bool | Unchanged = UNCHANGED

    def apply(self, settings: GroupSettings) -> GroupSettings:
        """A copy of the settings with the new values. Pure."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(settings, **{name: value for name, value in named.items() if value is not UNCHANGED})


@dataclass(frozen=True)
class GroupService:
    """Reads and changes the settings of groups."""

    database: Database
    clock: Clock

    async def settings(self, chat: Chat) -> GroupSettings:
        """The group's settings; the defaults for a group that is not known yet."""
        async with self.database.read() as connection:
            chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
            return GroupSettings() if chat_id is None else await groups.get_settings(connection, chat_id)

    async def change(self, chat: Chat, patch: GroupSettingsPatch, *, by_admin: bool) -> GroupSettings | UserError:
        """Apply a patch and return the new settings.

        Errors: GROUP_ADMINS_ONLY unless `by_admin`; SETTING_INVALID for a value out of bounds.
        """
        if not by_admin:
            return UserError(ErrorCode.GROUP_ADMINS_ONLY)
        async with self.database.write() as connection:
            chat_id = await _upsert_chat(connection, chat, self.clock.now())
            settings = patch.apply(await groups.get_settings(connection, chat_id))
            if not is_valid(settings):
                return UserError(ErrorCode.SETTING_INVALID)
            await groups.save_settings(connection, chat_id, settings)
        return settings

    async def migrate(self, old: Chat, new: Chat) -> None:
        """Move a group's data to its new platform id, as when a Telegram group becomes a supergroup.

        Data already stored under the new id is merged. Repeating the call changes nothing, so both service messages
        of Telegram (in the old and in the new chat) may trigger it.
        """
        now = self.clock.now()
        async with self.database.write() as connection:
            older_id = await people.find_chat_id(connection, platform=old.platform, platform_id=old.platform_id)
            newer_id = await people.find_chat_id(connection, platform=new.platform, platform_id=new.platform_id)
            if older_id is None:
                return
            if newer_id is not None and newer_id != older_id:
                for chat_id in sorted({newer_id, older_id}):
                    await people.lock_chat(connection, chat_id)
                await _move_group_credits(connection, newer_id, older_id, now)
                await groups.merge(connection, source_id=newer_id, target_id=older_id)
            await groups.set_platform_id(connection, older_id, new.platform_id)


async def _upsert_chat(connection: AsyncConnection, chat: Chat, now: float) -> int:
    return await people.upsert_chat(
        connection, platform=chat.platform, platform_id=chat.platform_id, is_group=True, now=now
    )


async def _move_group_credits(connection: AsyncConnection, newer_id: int, older_id: int, now: float) -> None:
    """Move the credits given to the new chat to the old chat's row, which is the one that is kept."""
    for period in (quota.EVER, quota.day(now)):
        source, target = quota.group_credits_scope(newer_id, period), quota.group_credits_scope(older_id, period)
        units = await balances.get(connection, source)
        if units:
            key = f"moved:{newer_id}:{period}"
            await balances.withdraw(connection, source, units, key=f"{key}:out", why="moved", now=now)
            await balances.deposit(connection, target, units, key=f"{key}:in", why="moved", now=now)
