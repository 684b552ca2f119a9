"""Saved styles: named reference pictures of people, and those in a group's library (with a `chat_id`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = "id, person_id, chat_id, name, key, sha256, token, created"
_GET = text(f"SELECT {_COLUMNS} FROM saved_style WHERE id = :id")  # noqa: S608  # constant
_LIST_OWN = text(f"""
    SELECT {_COLUMNS} FROM saved_style WHERE person_id = :person_id AND chat_id IS NULL ORDER BY folded
""")  # noqa: S608  # constant
_LIST_LIBRARY = text(f"SELECT {_COLUMNS} FROM saved_style WHERE chat_id = :chat_id ORDER BY folded")  # noqa: S608  # constant
_LIST_OF_PERSON = text(f"SELECT {_COLUMNS} FROM saved_style WHERE person_id = :person_id ORDER BY id")  # noqa: S608  # constant
_GET_BY_TOKEN = text(f"SELECT {_COLUMNS} FROM saved_style WHERE token = :token")  # noqa: S608  # constant
_INSERT = text(f"""
    INSERT INTO saved_style (person_id, chat_id, name, folded, key, sha256, created)
    VALUES (:person_id, :chat_id, :name, :folded, :key, :sha256, :created)
    ON CONFLICT DO NOTHING
    RETURNING {_COLUMNS}
""")  # noqa: S608  # constant
_RENAME = text("""
    UPDATE saved_style SET name = :name, folded = :folded
    WHERE id = :id AND NOT EXISTS (
        SELECT 1 FROM saved_style other
        WHERE other.id <> :id AND other.folded = :folded AND (
            (saved_style.chat_id IS NULL AND other.chat_id IS NULL AND other.person_id = saved_style.person_id)
            OR other.chat_id = saved_style.chat_id
        )
    )
""")
_SET_TOKEN = text("UPDATE saved_style SET token = COALESCE(token, :token) WHERE id = :id RETURNING token")
_DELETE = text("DELETE FROM saved_style WHERE id = :id")
_COUNT_USES = text("SELECT COUNT(*) FROM saved_style WHERE key = :key")


@dataclass(frozen=True)
class NewStyle:
    """A style without a row yet. `folded`: the name as it is compared."""

    person_id: int
    chat_id: int | None
    name: str
    folded: str
    key: str
    sha256: str
    created: float


@dataclass(frozen=True)
class SavedStyleRow:
    """One row. `key`: the picture in the photo store, owned by `person_id`. `token`: shares it, None if not shared."""

    id: int
    person_id: int
    chat_id: int | None
    name: str
    key: str
    sha256: str
    token: str | None
    created: float


async def get(connection: AsyncConnection, style_id: int) -> SavedStyleRow | None:
    """Return the style with this id."""
    row = (await connection.execute(_GET, {"id": style_id})).one_or_none()
    return None if row is None else SavedStyleRow(*row)


async def list_own(connection: AsyncConnection, person_id: int) -> tuple[SavedStyleRow, ...]:
    """Return a person's own styles, by name."""
    return tuple(SavedStyleRow(*row) for row in await connection.execute(_LIST_OWN, {"person_id": person_id}))


async def list_library(connection: AsyncConnection, chat_id: int) -> tuple[SavedStyleRow, ...]:
    """Return the styles in a group's library, by name."""
    return tuple(SavedStyleRow(*row) for row in await connection.execute(_LIST_LIBRARY, {"chat_id": chat_id}))


async def list_of_person(connection: AsyncConnection, person_id: int) -> tuple[SavedStyleRow, ...]:
    """Return all styles that a person saved, also in group libraries."""
    return tuple(SavedStyleRow(*row) for row in await connection.execute(_LIST_OF_PERSON, {"person_id": person_id}))


async def get_by_token(connection: AsyncConnection, token: str) -> SavedStyleRow | None:
    """Return the style that this token shares."""
    row = (await connection.execute(_GET_BY_TOKEN, {"token": token})).one_or_none()
    return None if row is None else SavedStyleRow(*row)


async def insert(connection: AsyncConnection, style: NewStyle) -> SavedStyleRow | None:
    """Insert a style and return it; None if the name is taken there."""
    row = (await connection.execute(_INSERT, asdict(style))).one_or_none()
    return None if row is None else SavedStyleRow(*row)


async def rename(connection: AsyncConnection, style_id: int, *, name: str, folded: str) -> bool:
    """Rename a style; False if the name is taken there."""
    return (await connection.execute(_RENAME, {"id": style_id, "name": name, "folded": folded})).rowcount == 1


async def set_token(connection: AsyncConnection, style_id: int, token: str) -> str:
    """Set the token that shares the style, unless it has one; return the one that is valid."""
    return str((await connection.execute(_SET_TOKEN, {"id": style_id, "token": token})).scalar_one())


async def delete(connection: AsyncConnection, styles: Sequence[SavedStyleRow]) -> tuple[str, ...]:
    """Delete these styles; return the keys of pictures that no style uses any more."""
    for style in styles:
        await connection.execute(_DELETE, {"id": style.id})
    return await list_unused_keys(connection, sorted({style.key for style in styles}))


async def list_unused_keys(connection: AsyncConnection, keys: Sequence[str]) -> tuple[str, ...]:
    """Return those of these keys that no saved style uses."""
    return tuple([key for key in keys if not (await connection.execute(_COUNT_USES, {"key": key})).scalar_one()])
