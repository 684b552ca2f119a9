"""Settings of groups, and what happens when a group gets a new platform id."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Who = Literal["everyone", "admins"]


@dataclass(frozen=True)
class GroupSettings:
    """A group's settings. `styles`: indices, None for all; `quiet_from` and `quiet_to`: minutes of the day in UTC, the
    range may contain midnight; `delete_cards_after_hours` counts from a job's end."""

    enabled: bool = True
    styles: frozenset[int] | None = None
    daily_limit: int | None = None
    cooldown_seconds: int = 0
    who: Who = "everyone"
    quiet_from: int | None = None
    quiet_to: int | None = None
    delete_cards_after_hours: float | None = None
    ask_consent: bool = True


_COLUMNS = (
    "enabled", "styles", "daily_limit", "cooldown_seconds", "who", "quiet_from", "quiet_to",
    "delete_cards_after_hours", "ask_consent",
)  # fmt: skip
_GET = text(f"SELECT {', '.join(_COLUMNS)} FROM group_rules WHERE chat_id = :chat_id")  # noqa: S608  # constant
_SAVE = text(f"""
    INSERT INTO group_rules (chat_id, {", ".join(_COLUMNS)})
    VALUES (:chat_id, {", ".join(":" + name for name in _COLUMNS)})
    ON CONFLICT (chat_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
""")  # noqa: S608  # constant
_GET_LAST_ASKED = text("SELECT MAX(asked) FROM job WHERE person_id = :person_id AND chat_id = :chat_id")
_SET_PLATFORM_ID = text("UPDATE chat SET platform_id = :platform_id, is_group = :yes WHERE id = :id")
_CLEAR_CARDS = text("""
    UPDATE job SET message_id = NULL, reply_to = NULL, version = version + 1 WHERE chat_id = :id
""")
_CLEAR_ALBUM_CARDS = text("""
    UPDATE album SET message_id = NULL WHERE id IN (SELECT album_id FROM job WHERE chat_id = :id)
""")
_RENAME_DUPLICATE_STYLES = text("""
    UPDATE saved_style SET folded = folded || ' ' || id
    WHERE chat_id = :source_id AND folded IN (SELECT folded FROM saved_style WHERE chat_id = :target_id)
""")
_MOVE_ROWS = (
    text("UPDATE job SET chat_id = :target_id WHERE chat_id = :source_id"),
    text("UPDATE saved_style SET chat_id = :target_id WHERE chat_id = :source_id"),
)
_MOVE_RULES = text("""
    UPDATE group_rules SET chat_id = :target_id
    WHERE chat_id = :source_id AND NOT EXISTS (SELECT 1 FROM group_rules WHERE chat_id = :target_id)
""")
_DELETE_CHAT = text("DELETE FROM chat WHERE id = :source_id")


async def get_settings(connection: AsyncConnection, chat_id: int) -> GroupSettings:
    """Return the settings of this chat; the defaults if its admins have set none."""
    row = (await connection.execute(_GET, {"chat_id": chat_id})).mappings().one_or_none()
    if row is None:
        return GroupSettings()
    styles = None if row["styles"] is None else frozenset(int(index) for index in row["styles"].split(",") if index)
    flags = {name: bool(row[name]) for name in ("enabled", "ask_consent")}
    return GroupSettings(**{**row, **flags, "styles": styles})


async def save_settings(connection: AsyncConnection, chat_id: int, settings: GroupSettings) -> None:
    """Store the settings of this chat."""
    values = {name: getattr(settings, name) for name in _COLUMNS}
    if settings.styles is not None:
        values["styles"] = ",".join(str(index) for index in sorted(settings.styles))
    await connection.execute(_SAVE, {**values, "chat_id": chat_id})


async def get_last_asked(connection: AsyncConnection, *, person_id: int, chat_id: int) -> float | None:
    """Return when this person last requested something in this chat, or None."""
    values = {"person_id": person_id, "chat_id": chat_id}
    return (await connection.execute(_GET_LAST_ASKED, values)).scalar_one_or_none()


async def set_platform_id(connection: AsyncConnection, chat_id: int, platform_id: str) -> None:
    """Set a new platform id. Messages sent under the old one can't be edited any more, so cards are cleared."""
    await connection.execute(_SET_PLATFORM_ID, {"id": chat_id, "platform_id": platform_id, "yes": True})
    await connection.execute(_CLEAR_CARDS, {"id": chat_id})
    await connection.execute(_CLEAR_ALBUM_CARDS, {"id": chat_id})


async def merge(connection: AsyncConnection, *, source_id: int, target_id: int) -> None:
    """Move everything of the source chat to the target chat, and delete the source chat."""
    values = {"source_id": source_id, "target_id": target_id}
    await connection.execute(_RENAME_DUPLICATE_STYLES, values)
    for follow in _MOVE_ROWS:
        await connection.execute(follow, values)
    await connection.execute(_MOVE_RULES, values)
    await connection.execute(_DELETE_CHAT, {"source_id": source_id})
