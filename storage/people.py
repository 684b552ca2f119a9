"""Who asks, and where: one row a person, one row a chat."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The update is not idle: it touches the row, so that whoever counts this person's jobs next is alone, PostgreSQL too.
_REMEMBER_PERSON = text("""
    INSERT INTO person (platform, platform_id, language, created) VALUES (:platform, :platform_id, :language, :now)
    ON CONFLICT (platform, platform_id) DO UPDATE SET language = excluded.language
    RETURNING id
""")

_REMEMBER_CHAT = text("""
    INSERT INTO chat (platform, platform_id, is_group, created) VALUES (:platform, :platform_id, :is_group, :now)
    ON CONFLICT (platform, platform_id) DO UPDATE SET is_group = excluded.is_group
    RETURNING id
""")

_TOUCH = text("UPDATE person SET last_tag = last_tag WHERE id = :id")
_FIND_PERSON = text("SELECT id FROM person WHERE platform = :platform AND platform_id = :platform_id")


async def remember_person(
    connection: AsyncConnection, *, platform: str, platform_id: str, language: str, now: float
) -> int:
    """The id of this person's row, locked until the end of the transaction; made when it is new."""
    values = {"platform": platform, "platform_id": platform_id, "language": language, "now": now}
    return int((await connection.execute(_REMEMBER_PERSON, values)).scalar_one())


async def remember_chat(
    connection: AsyncConnection, *, platform: str, platform_id: str, is_group: bool, now: float
) -> int:
    """The id of this chat's row; made when it is new."""
    values = {"platform": platform, "platform_id": platform_id, "is_group": is_group, "now": now}
    return int((await connection.execute(_REMEMBER_CHAT, values)).scalar_one())


async def find_person(connection: AsyncConnection, *, platform: str, platform_id: str) -> int | None:
    """The id of this person's row, or None when they never asked for anything."""
    values = {"platform": platform, "platform_id": platform_id}
    return (await connection.execute(_FIND_PERSON, values)).scalar_one_or_none()


async def touch(connection: AsyncConnection, person_id: int) -> None:
    """Lock the person's row until the end of the transaction, so that what is counted next stays true."""
    await connection.execute(_TOUCH, {"id": person_id})
