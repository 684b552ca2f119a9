"""Groups' rules, set by their admins; and what becomes of everything when a group moves to a new address."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Who = Literal["everyone", "admins"]


@dataclass(frozen=True)
class GroupSettings:
    """A group's rules. `styles`: indices, None for all; `quiet_from` and `quiet_to`: minutes of the day in UTC, the
    night in between may contain midnight; `delete_cards_after_hours` counts from a job's end."""

    enabled: bool = True
    styles: frozenset[int] | None = None
    daily_limit: int | None = None
    cooldown_seconds: int = 0
    who: Who = "everyone"
    quiet_from: int | None = None
    quiet_to: int | None = None
    delete_cards_after_hours: float | None = None
    ask_consent: bool = True


_NAMES = (
    "enabled", "styles", "daily_limit", "cooldown_seconds", "who", "quiet_from", "quiet_to",
    "delete_cards_after_hours", "ask_consent",
)  # fmt: skip
_GET = text(f"SELECT {', '.join(_NAMES)} FROM group_rules WHERE chat_id = :chat_id")  # noqa: S608  # constant
_SAVE = text(f"""
    INSERT INTO group_rules (chat_id, {", ".join(_NAMES)}) VALUES (:chat_id, {", ".join(":" + name for name in _NAMES)})
    ON CONFLICT (chat_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}
""")  # noqa: S608  # constant
_LAST_ASKED = text("SELECT MAX(asked) FROM job WHERE person_id = :person_id AND chat_id = :chat_id")
_READDRESS = text("UPDATE chat SET platform_id = :platform_id, is_group = :yes WHERE id = :id")
_NEW_CARDS = text("""
    UPDATE job SET message_id = NULL, reply_to = NULL, version = version + 1 WHERE chat_id = :id
""")
_NEW_ALBUMS = text("""
    UPDATE album SET message_id = NULL WHERE id IN (SELECT album_id FROM job WHERE chat_id = :id)
""")
_NEW_NAMES = text("""
    UPDATE saved_style SET folded = folded || ' ' || id
    WHERE chat_id = :young AND folded IN (SELECT folded FROM saved_style WHERE chat_id = :old)
""")
_FOLLOW = tuple(text(f"UPDATE {table} SET chat_id = :old WHERE chat_id = :young") for table in ("job", "saved_style"))  # noqa: S608  # constant
_ADOPT_RULES = text("""
    UPDATE group_rules SET chat_id = :old
    WHERE chat_id = :young AND NOT EXISTS (SELECT 1 FROM group_rules WHERE chat_id = :old)
""")
_GONE = text("DELETE FROM chat WHERE id = :young")


async def get_settings(connection: AsyncConnection, chat_id: int) -> GroupSettings:
    """The rules of this chat; the defaults while its admins have set none."""
    row = (await connection.execute(_GET, {"chat_id": chat_id})).mappings().one_or_none()
    if row is None:
        return GroupSettings()
    styles = None if row["styles"] is None else frozenset(int(index) for index in row["styles"].split(",") if index)
    flags = {name: bool(row[name]) for name in ("enabled", "ask_consent")}
    return GroupSettings(**{**row, **flags, "styles": styles})


async def save_settings(connection: AsyncConnection, chat_id: int, rules: GroupSettings) -> None:
    """These are the rules of this chat from now on."""
    values = {name: getattr(rules, name) for name in _NAMES}
    if rules.styles is not None:
        values["styles"] = ",".join(str(index) for index in sorted(rules.styles))
    await connection.execute(_SAVE, {**values, "chat_id": chat_id})


async def get_last_asked(connection: AsyncConnection, *, person_id: int, chat_id: int) -> float | None:
    """When this person last asked for something in this chat."""
    values = {"person_id": person_id, "chat_id": chat_id}
    return (await connection.execute(_LAST_ASKED, values)).scalar_one_or_none()


async def set_platform_id(connection: AsyncConnection, chat_id: int, platform_id: str) -> None:
    """The chat has a new id at its platform; messages of the old address cannot be reached from there."""
    await connection.execute(_READDRESS, {"id": chat_id, "platform_id": platform_id, "yes": True})
    await connection.execute(_NEW_CARDS, {"id": chat_id})
    await connection.execute(_NEW_ALBUMS, {"id": chat_id})


async def merge(connection: AsyncConnection, *, young: int, old: int) -> None:
    """Everything of the young row follows to the old one, and the young row is gone."""
    values = {"young": young, "old": old}
    await connection.execute(_NEW_NAMES, values)
    for follow in _FOLLOW:
        await connection.execute(follow, values)
    await connection.execute(_ADOPT_RULES, values)
    await connection.execute(_GONE, {"young": young})
