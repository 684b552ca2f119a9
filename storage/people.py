"""Who asks, and where: one row a person, one row a chat."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The update is not idle: it touches the row, so that whoever counts this person's jobs next is alone, PostgreSQL too.
_UPSERT_PERSON = text("""
    INSERT INTO person (platform, platform_id, language, created) VALUES (:platform, :platform_id, :language, :now)
    ON CONFLICT (platform, platform_id) DO UPDATE
    SET language = COALESCE(NULLIF(excluded.language, ''), person.language), forgotten_at = NULL
    RETURNING id
""")

_UPSERT_CHAT = text("""
    INSERT INTO chat (platform, platform_id, is_group, created, person_id)
    VALUES (:platform, :platform_id, :is_group, :now, :person_id)
    ON CONFLICT (platform, platform_id) DO UPDATE
    SET is_group = excluded.is_group, person_id = COALESCE(excluded.person_id, chat.person_id)
    RETURNING id
""")

_SET_LANGUAGE = text("UPDATE person SET chosen_language = :language WHERE id = :id")
_GET_LANGUAGE = text("""
    SELECT COALESCE(chosen_language, NULLIF(:reported, ''), language) FROM person
    WHERE platform = :platform AND platform_id = :platform_id
""")
_SET_BANNED = text("UPDATE person SET banned_at = :at WHERE id = :id")
_SET_OPTED_OUT = text("UPDATE person SET opted_out_at = :at WHERE id = :id")
_COUNT_OPTED_OUT = text("""
    SELECT COUNT(*) FROM person p JOIN chat c ON c.platform = p.platform
    WHERE c.id = :chat_id AND p.platform_id = :subject AND p.opted_out_at IS NOT NULL
""")
_GET_IDENTITY = text(
    "SELECT platform, platform_id, COALESCE(chosen_language, language) AS language FROM person WHERE id = :id"
)
_GET_STATUS = text("SELECT banned_at, opted_out_at FROM person WHERE id = :id")
_LOCK_CHAT = text("UPDATE chat SET is_group = is_group WHERE id = :id RETURNING is_group")
_GET_CHAT_PLATFORM = text("SELECT platform FROM chat WHERE id = :id")
_FIND_CHAT_ID = text("SELECT id FROM chat WHERE platform = :platform AND platform_id = :platform_id")
_COUNT_PRIVATE_CHATS = text("""
    SELECT COUNT(*) FROM chat c JOIN person p ON p.id = c.person_id
    WHERE c.platform = :platform AND c.platform_id = :platform_id AND p.forgotten_at IS NULL
""")
_LOCK_PERSON = text("UPDATE person SET last_tag = last_tag WHERE id = :id")
_FIND_PERSON_ID = text("SELECT id FROM person WHERE platform = :platform AND platform_id = :platform_id")


async def upsert_person(
    connection: AsyncConnection, *, platform: str, platform_id: str, language: str, now: float
) -> int:
    """The id of this person's row, locked until the end of the transaction; made when it is new."""
    values = {"platform": platform, "platform_id": platform_id, "language": language, "now": now}
    return int((await connection.execute(_UPSERT_PERSON, values)).scalar_one())


async def upsert_chat(
    connection: AsyncConnection,
    *,
    platform: str,
    platform_id: str,
    is_group: bool,
    now: float,
    person_id: int | None = None,
) -> int:
    """The id of this chat's row; made when it is new. `person_id`: the person's person_id private chat it is."""
    values = {
        "platform": platform,
        "platform_id": platform_id,
        "is_group": is_group,
        "now": now,
        "person_id": person_id,
    }
    return int((await connection.execute(_UPSERT_CHAT, values)).scalar_one())


async def find_person_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """The id of this person's row, or None when they never asked for anything."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_PERSON_ID, values)).scalar_one_or_none()


async def lock_person(connection: AsyncConnection, person_id: int) -> None:
    """Lock the person's row until the end of the transaction, so that what is counted next stays true."""
    await connection.execute(_LOCK_PERSON, {"id": person_id})


@dataclass(frozen=True)
class PersonStatus:
    """Whether the owner keeps them out, and whether they keep their photos from others."""

    is_banned: bool = False
    has_opted_out: bool = False


async def get_identity(connection: AsyncConnection, person_id: int) -> tuple[str, str, str]:
    """Platform, id there and language of this person."""
    row = (await connection.execute(_GET_IDENTITY, {"id": person_id})).one()
    return row.platform, row.platform_id, row.language


async def get_status(connection: AsyncConnection, person_id: int) -> PersonStatus:
    """How this person stands."""
    row = (await connection.execute(_GET_STATUS, {"id": person_id})).one_or_none()
    return PersonStatus() if row is None else PersonStatus(row.banned_at is not None, row.opted_out_at is not None)


async def has_subject_opted_out(connection: AsyncConnection, *, chat_id: int, subject: str) -> bool:
    """Whether the person of this id, at the platform of this chat, doesn't want others to have their photos painted."""
    return int((await connection.execute(_COUNT_OPTED_OUT, {"chat_id": chat_id, "subject": subject})).scalar_one()) > 0


async def set_banned(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Keep them out from now on, or (None) let them in again."""
    await connection.execute(_SET_BANNED, {"id": person_id, "at": at})


async def set_opted_out(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Nobody else may have their photos painted from now on; None: others may again."""
    await connection.execute(_SET_OPTED_OUT, {"id": person_id, "at": at})


async def set_language(connection: AsyncConnection, person_id: int, language: str | None) -> None:
    """The language they chose; None: the one that their app tells."""
    await connection.execute(_SET_LANGUAGE, {"id": person_id, "language": language})


async def get_language(connection: AsyncConnection, *, platform: str, platform_id: str, reported: str) -> str | None:
    """The language that this person chose, else the one that their app tells now, else the one that it reported last."""
    values = {"platform": platform, "platform_id": platform_id, "reported": reported}
    return (await connection.execute(_GET_LANGUAGE, values)).scalar_one_or_none()


async def find_chat_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """The id of this chat's row, or None when nobody asked for anything there."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_CHAT_ID, values)).scalar_one_or_none()


async def is_private_chat_known(connection: AsyncConnection, *, platform: str, platform_id: str) -> bool:
    """Whether this chat is known as the private one of somebody who was not forgotten."""
    values = {"platform": platform, "platform_id": platform_id}
    return int((await connection.execute(_COUNT_PRIVATE_CHATS, values)).scalar_one()) > 0


async def get_chat_platform(connection: AsyncConnection, chat_id: int) -> str:
    """Where this chat is."""
    return str((await connection.execute(_GET_CHAT_PLATFORM, {"id": chat_id})).scalar_one())


async def lock_chat(connection: AsyncConnection, chat_id: int) -> bool:
    """Lock the chat's row until the end of the transaction; returns whether it is a group."""
    return bool((await connection.execute(_LOCK_CHAT, {"id": chat_id})).scalar_one())
