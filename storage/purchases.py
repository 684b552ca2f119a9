"""Purchases of units, by the platform's charge id. They outlive their person's data, without the person."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = "charge_id, person_id, units, stars, taken_back, at, refunded_at"
_GET = text(f"SELECT {_COLUMNS} FROM purchase WHERE charge_id = :charge_id")  # noqa: S608  # constant
_LIST_OF_PERSON = text(f"SELECT {_COLUMNS} FROM purchase WHERE person_id = :person_id ORDER BY at DESC")  # noqa: S608  # constant
_INSERT = text("""
    INSERT INTO purchase (charge_id, person_id, units, stars, at) VALUES (:charge_id, :person_id, :units, :stars, :now)
    ON CONFLICT (charge_id) DO NOTHING
""")
_MARK_TAKEN_BACK = text("UPDATE purchase SET taken_back = :units WHERE charge_id = :charge_id AND taken_back IS NULL")
_MARK_REFUNDED = text("UPDATE purchase SET refunded_at = :now WHERE charge_id = :charge_id AND refunded_at IS NULL")


@dataclass(frozen=True)
class PurchaseRow:
    """One row. `taken_back`: how many units a refund withdrew from the credits, None without a refund."""

    charge_id: str
    person_id: int | None
    units: int
    stars: int
    taken_back: int | None
    at: float
    refunded_at: float | None


async def get(connection: AsyncConnection, charge_id: str) -> PurchaseRow | None:
    """Return the purchase with this charge id."""
    row = (await connection.execute(_GET, {"charge_id": charge_id})).one_or_none()
    return None if row is None else PurchaseRow(*row)


async def list_of_person(connection: AsyncConnection, person_id: int) -> tuple[PurchaseRow, ...]:
    """Return the purchases of this person, newest first."""
    return tuple(PurchaseRow(*row) for row in await connection.execute(_LIST_OF_PERSON, {"person_id": person_id}))


async def insert(
    connection: AsyncConnection, *, charge_id: str, person_id: int, units: int, stars: int, now: float
) -> bool:
    """Insert a purchase; False if this charge is known already."""
    values = {"charge_id": charge_id, "person_id": person_id, "units": units, "stars": stars, "now": now}
    return (await connection.execute(_INSERT, values)).rowcount == 1


async def mark_taken_back(connection: AsyncConnection, charge_id: str, units: int) -> None:
    """Store that a refund has begun and withdrew `units` from the credits."""
    await connection.execute(_MARK_TAKEN_BACK, {"charge_id": charge_id, "units": units})


async def mark_refunded(connection: AsyncConnection, charge_id: str, now: float) -> None:
    """Store that the money was refunded."""
    await connection.execute(_MARK_REFUNDED, {"charge_id": charge_id, "now": now})
