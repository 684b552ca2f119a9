"""Who asks, and where: one row a person, one row a chat."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The update is not idle: it touches the row, so that whoever counts this person's jobs next is alone, PostgreSQL too.
_REMEMBER_PERSON = text("""
    INSERT INTO person (platform, platform_id, language, created) VALUES (:platform, :platform_id, :language, :now)
    ON CONFLICT (platform, platform_id) DO UPDATE
    SET language = COALESCE(NULLIF(excluded.language, ''), person.language), forgotten_at = NULL
    RETURNING id
""")

_REMEMBER_CHAT = text("""
    INSERT INTO chat (platform, platform_id, is_group, created, person_id)
    VALUES (:platform, :platform_id, :is_group, :now, :person_id)
    ON CONFLICT (platform, platform_id) DO UPDATE
    SET is_group = excluded.is_group, person_id = COALESCE(excluded.person_id, chat.person_id)
    RETURNING id
""")

_SPEAK = text("UPDATE person SET chosen_language = :language WHERE id = :id")
_LANGUAGE = text("""
    SELECT COALESCE(chosen_language, NULLIF(:told, ''), language) FROM person
    WHERE platform = :platform AND platform_id = :platform_id
""")
_BAN = text("UPDATE person SET banned_at = :at WHERE id = :id")
_OPT_OUT = text("UPDATE person SET opted_out_at = :at WHERE id = :id")
_KEEPS_PHOTOS = text("""
    SELECT COUNT(*) FROM person p JOIN chat c ON c.platform = p.platform
    WHERE c.id = :chat_id AND p.platform_id = :subject AND p.opted_out_at IS NOT NULL
""")
_WHO = text("SELECT platform, platform_id, COALESCE(chosen_language, language) AS language FROM person WHERE id = :id")
_STANDING = text("SELECT banned_at, opted_out_at FROM person WHERE id = :id")
_TOUCH_CHAT = text("UPDATE chat SET is_group = is_group WHERE id = :id RETURNING is_group")
_CHAT_PLATFORM = text("SELECT platform FROM chat WHERE id = :id")
_FIND_CHAT = text("SELECT id FROM chat WHERE platform = :platform AND platform_id = :platform_id")
_OWN_CHAT = text("""
    SELECT COUNT(*) FROM chat c JOIN person p ON p.id = c.person_id
    WHERE c.platform = :platform AND c.platform_id = :platform_id AND p.forgotten_at IS NULL
""")
_TOUCH = text("UPDATE person SET last_tag = last_tag WHERE id = :id")
_FIND_PERSON = text("SELECT id FROM person WHERE platform = :platform AND platform_id = :platform_id")


async def upsert_person(
    connection: AsyncConnection, *, platform: str, platform_id: str, language: str, now: float
) -> int:
    """The id of this person's row, locked until the end of the transaction; made when it is new."""
    values = {"platform": platform, "platform_id": platform_id, "language": language, "now": now}
    return int((await connection.execute(_REMEMBER_PERSON, values)).scalar_one())


async def upsert_chat(
    connection: AsyncConnection,
    *,
    platform: str,
    platform_id: str,
    is_group: bool,
    now: float,
    whose: int | None = None,
) -> int:
    """The id of this chat's row; made when it is new. `whose`: the person's whose private chat it is."""
    values = {"platform": platform, "platform_id": platform_id, "is_group": is_group, "now": now, "person_id": whose}
    return int((await connection.execute(_REMEMBER_CHAT, values)).scalar_one())


async def find_person_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """The id of this person's row, or None when they never asked for anything."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_PERSON, values)).scalar_one_or_none()


async def lock_person(connection: AsyncConnection, person_id: int) -> None:
    """Lock the person's row until the end of the transaction, so that what is counted next stays true."""
    await connection.execute(_TOUCH, {"id": person_id})


@dataclass(frozen=True)
class PersonStatus:
    """Whether the owner keeps them out, and whether they keep their photos from others."""

    is_banned: bool = False
    has_opted_out: bool = False


async def get_identity(connection: AsyncConnection, person_id: int) -> tuple[str, str, str]:
    """Platform, id there and language of this person."""
    row = (await connection.execute(_WHO, {"id": person_id})).one()
    return row.platform, row.platform_id, row.language


async def get_status(connection: AsyncConnection, person_id: int) -> PersonStatus:
    """How this person stands."""
    row = (await connection.execute(_STANDING, {"id": person_id})).one_or_none()
    return PersonStatus() if row is None else PersonStatus(row.banned_at is not None, row.opted_out_at is not None)


async def has_subject_opted_out(connection: AsyncConnection, *, chat_id: int, subject: str) -> bool:
    """Whether the person of this id, at the platform of this chat, doesn't want others to have their photos painted."""
    return int((await connection.execute(_KEEPS_PHOTOS, {"chat_id": chat_id, "subject": subject})).scalar_one()) > 0


async def set_banned(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Keep them out from now on, or (None) let them in again."""
    await connection.execute(_BAN, {"id": person_id, "at": at})


async def set_opted_out(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Nobody else may have their photos painted from now on; None: others may again."""
    await connection.execute(_OPT_OUT, {"id": person_id, "at": at})


async def set_language(connection: AsyncConnection, person_id: int, language: str | None) -> None:
    """The language they chose; None: the one that their app tells."""
    await connection.execute(_SPEAK, {"id": person_id, "language": language})


async def get_language(connection: AsyncConnection, *, platform: str, platform_id: str, told: str) -> str | None:
    """The language that this person chose, else the one that their app tells now, else the one that it told last."""
    values = {"platform": platform, "platform_id": platform_id, "told": told}
    return (await connection.execute(_LANGUAGE, values)).scalar_one_or_none()


async def find_chat_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """The id of this chat's row, or None when nobody asked for anything there."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_CHAT, values)).scalar_one_or_none()


async def is_private_chat_known(connection: AsyncConnection, *, platform: str, platform_id: str) -> bool:
    """Whether this chat is known as the private one of somebody who was not forgotten."""
    values = {"platform": platform, "platform_id": platform_id}
    return int((await connection.execute(_OWN_CHAT, values)).scalar_one()) > 0


async def get_chat_platform(connection: AsyncConnection, chat_id: int) -> str:
    """Where this chat is."""
    return str((await connection.execute(_CHAT_PLATFORM, {"id": chat_id})).scalar_one())


async def lock_chat(connection: AsyncConnection, chat_id: int) -> bool:
    """Lock the chat's row until the end of the transaction; returns whether it is a group."""
    return bool((await connection.execute(_TOUCH_CHAT, {"id": chat_id})).scalar_one())
