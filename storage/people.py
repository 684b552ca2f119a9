"""People and chats: one row for each."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The update also locks the row, so that counting this person's jobs afterwards is safe on PostgreSQL too.
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
_FIND_UNCHANGED = text("""
    SELECT p.id AS person_id, c.id AS chat_id FROM person p JOIN chat c ON c.platform = p.platform
    WHERE p.platform = :platform AND p.platform_id = :person AND c.platform_id = :chat AND p.forgotten_at IS NULL
      AND CAST(:language AS TEXT) IN ('', p.language) AND c.is_group = :is_group
      AND (c.is_group OR c.person_id = p.id)
""")
_LOCK_PERSON = text("UPDATE person SET created = created WHERE id = :id")
_FIND_PERSON_ID = text("SELECT id FROM person WHERE platform = :platform AND platform_id = :platform_id")


async def upsert_person(
    connection: AsyncConnection, *, platform: str, platform_id: str, language: str, now: float
) -> int:
    """Return the id of this person's row, created if needed and locked until the end of the transaction."""
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
    """Return the id of this chat's row, created if needed. `person_id`: the person whose private chat it is."""
    values = {
        "platform": platform,
        "platform_id": platform_id,
        "is_group": is_group,
        "now": now,
        "person_id": person_id,
    }
    return int((await connection.execute(_UPSERT_CHAT, values)).scalar_one())


async def find_person_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """Return the id of this person's row, or None if they are not known."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_PERSON_ID, values)).scalar_one_or_none()


async def find_unchanged(
    connection: AsyncConnection, *, platform: str, person: str, language: str, chat: str, is_group: bool
) -> tuple[int, int] | None:
    """Return the ids of the person's and the chat's rows, if `upsert_person` and `upsert_chat` would change nothing."""
    values = {"platform": platform, "person": person, "language": language, "chat": chat, "is_group": is_group}
    row = (await connection.execute(_FIND_UNCHANGED, values)).one_or_none()
    return None if row is None else (row.person_id, row.chat_id)


async def lock_person(connection: AsyncConnection, person_id: int) -> None:
    """Lock the person's row until the end of the transaction, so that counts made afterwards stay valid."""
    await connection.execute(_LOCK_PERSON, {"id": person_id})


@dataclass(frozen=True)
class PersonStatus:
    """Whether the owner has banned them, and whether they forbid others to use their photos."""

    is_banned: bool = False
    has_opted_out: bool = False


async def get_identity(connection: AsyncConnection, person_id: int) -> tuple[str, str, str]:
    """Return the platform, the id there and the language of this person."""
    row = (await connection.execute(_GET_IDENTITY, {"id": person_id})).one()
    return row.platform, row.platform_id, row.language


async def get_status(connection: AsyncConnection, person_id: int) -> PersonStatus:
    """Return whether this person is banned or has opted out."""
    row = (await connection.execute(_GET_STATUS, {"id": person_id})).one_or_none()
    return PersonStatus() if row is None else PersonStatus(row.banned_at is not None, row.opted_out_at is not None)


async def has_subject_opted_out(connection: AsyncConnection, *, chat_id: int, subject: str) -> bool:
    """Whether the person with this platform id, on the platform of this chat, forbids others to use their photos."""
    return int((await connection.execute(_COUNT_OPTED_OUT, {"chat_id": chat_id, "subject": subject})).scalar_one()) > 0


async def set_banned(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Ban them as of `at`, or lift the ban (None)."""
    await connection.execute(_SET_BANNED, {"id": person_id, "at": at})


async def set_opted_out(connection: AsyncConnection, person_id: int, at: float | None) -> None:
    """Forbid others to use their photos as of `at`, or allow it again (None)."""
    await connection.execute(_SET_OPTED_OUT, {"id": person_id, "at": at})


async def set_language(connection: AsyncConnection, person_id: int, language: str | None) -> None:
    """Store the language they chose; None: follow the language of their app."""
    await connection.execute(_SET_LANGUAGE, {"id": person_id, "language": language})


async def get_language(connection: AsyncConnection, *, platform: str, platform_id: str, reported: str) -> str | None:
    """Return the language they chose, else the one their app reports now, else the one it reported last."""
    values = {"platform": platform, "platform_id": platform_id, "reported": reported}
    return (await connection.execute(_GET_LANGUAGE, values)).scalar_one_or_none()


async def find_chat_id(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """Return the id of this chat's row, or None if it is not known."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_CHAT_ID, values)).scalar_one_or_none()


async def is_private_chat_known(connection: AsyncConnection, *, platform: str, platform_id: str) -> bool:
    """Whether this is the private chat of a known person who has not deleted their data."""
    values = {"platform": platform, "platform_id": platform_id}
    return int((await connection.execute(_COUNT_PRIVATE_CHATS, values)).scalar_one()) > 0


async def get_chat_platform(connection: AsyncConnection, chat_id: int) -> str:
    """Return the platform of this chat."""
    return str((await connection.execute(_GET_CHAT_PLATFORM, {"id": chat_id})).scalar_one())


async def lock_chat(connection: AsyncConnection, chat_id: int) -> bool:
    """Lock the chat's row until the end of the transaction; return whether it is a group."""
    return bool((await connection.execute(_LOCK_CHAT, {"id": chat_id})).scalar_one())
