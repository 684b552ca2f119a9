"""Deleting a person's data: their rows stay without anything that identifies them.

Rows that other rows depend on are emptied but kept: jobs (the ledger refers to them), the ledger, the amount and charge
of purchases. The identity is kept while something needs it: a card that still has to show "cancelled", units used today
or credits, a ban, an opt-out. Then `delete_unneeded_identities` deletes it.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ledger import Balance, Scope

_JOBS_OF_PERSON = "SELECT id FROM job WHERE person_id = :person_id"
_COUNT_VISIBLE = text("SELECT COUNT(*) FROM job WHERE person_id = :person_id AND NOT hidden AND state <> 'draft'")
_ANONYMIZE_ROWS = (
    text(f"DELETE FROM result WHERE job_id IN ({_JOBS_OF_PERSON})"),  # noqa: S608  # constant
    text(f"DELETE FROM notice WHERE job_id IN ({_JOBS_OF_PERSON})"),  # noqa: S608  # constant
    text(f"DELETE FROM shown_file WHERE job_id IN ({_JOBS_OF_PERSON})"),  # noqa: S608  # constant
    # Only a card that was sent still has to show that its job was canceled.
    text("""
        DELETE FROM outbox WHERE job_id IN (
            SELECT id FROM job WHERE person_id = :person_id
            AND (COALESCE(message_id, (SELECT a.message_id FROM album a WHERE a.id = album_id)) IS NULL
                 OR (state <> 'canceled' AND NOT cancel_requested))
        )
    """),
    text("""
        UPDATE album SET source = 'forgotten:' || id
        WHERE id IN (SELECT album_id FROM job WHERE person_id = :person_id)
    """),
    text("""
        UPDATE job SET hidden = :yes, source = 'forgotten:' || id, version = version + 1, style = NULL, seed = 0,
            photo = NULL, photo_hash = NULL, reference = NULL, reference_hash = NULL, reference_name = NULL,
            subject = NULL, consent = NULL, asker_name = NULL, subject_name = NULL
        WHERE person_id = :person_id
    """),
    text("UPDATE person SET forgotten_at = :now, chosen_language = NULL WHERE id = :person_id"),
)
_DELETE_STYLES = text("DELETE FROM saved_style WHERE person_id = :person_id")
_CLEAR_CARDS = (
    text("""
        UPDATE job SET message_id = NULL, reply_to = NULL, thread = NULL, version = version + 1
        WHERE hidden AND source LIKE 'forgotten:%'
          AND (message_id IS NOT NULL OR reply_to IS NOT NULL OR thread IS NOT NULL)
          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = job.id)
    """),
    text("""
        UPDATE album SET message_id = NULL
        WHERE source LIKE 'forgotten:%' AND message_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM outbox o JOIN job j ON j.id = o.job_id WHERE j.album_id = album.id)
    """),
)
_LIST_UNNEEDED = text("""
    SELECT p.id, p.platform, p.platform_id FROM person p
    WHERE p.forgotten_at IS NOT NULL AND p.banned_at IS NULL AND p.opted_out_at IS NULL
      AND NOT EXISTS (
          SELECT 1 FROM job j WHERE j.person_id = p.id AND (
              j.state IN ('submitting', 'running', 'fetching') OR EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.id)
          )
      )
""")
_HAS_UNITS = text("""
    SELECT 1 FROM quota WHERE scope = :scope AND period = :period
    AND CASE WHEN scope_kind = 'purse' THEN lim - used ELSE used + reserved END > 0
""")
_DELETE_IDENTITY = (
    text("UPDATE purchase SET person_id = NULL WHERE person_id = :id"),
    text("""
        UPDATE chat SET platform_id = 'forgotten:' || id
        WHERE NOT is_group AND platform = :platform
          AND (platform_id = :platform_id OR person_id = :id OR id IN (SELECT chat_id FROM job WHERE person_id = :id))
          AND NOT EXISTS (SELECT 1 FROM job j WHERE j.chat_id = chat.id AND j.person_id <> :id)
    """),
    text("DELETE FROM recipient WHERE chat_id IN (SELECT id FROM chat WHERE platform_id LIKE 'forgotten:%')"),
    text("""
        UPDATE person SET platform_id = 'forgotten:' || id, language = 'en', forgotten_at = NULL WHERE id = :id
    """),
)


async def count_visible_jobs(connection: AsyncConnection, person_id: int) -> int:
    """Count the jobs in this person's history."""
    return int((await connection.execute(_COUNT_VISIBLE, {"person_id": person_id})).scalar_one())


async def anonymize_person(connection: AsyncConnection, person_id: int, now: float) -> int:
    """Delete everything of this person, whose running jobs must be canceled first; return how many styles they had."""
    for statement in _ANONYMIZE_ROWS:
        await connection.execute(statement, {"person_id": person_id, "now": now, "yes": True})
    return (await connection.execute(_DELETE_STYLES, {"person_id": person_id})).rowcount


async def delete_unneeded_identities(
    connection: AsyncConnection, scopes_of: Callable[[int], Iterable[Scope | Balance]]
) -> int:
    """Delete the identities that nothing needs any more; returns how many. `scopes_of`: the scopes of a person id whose
    units keep it known, or else people who delete their data would come back with new free units."""
    for statement in _CLEAR_CARDS:
        await connection.execute(statement)
    dropped = 0
    for row in (await connection.execute(_LIST_UNNEEDED)).mappings().all():
        if not await _has_units(connection, scopes_of(row["id"])):
            for statement in _DELETE_IDENTITY:
                await connection.execute(statement, dict(row))
            dropped += 1
    return dropped


async def _has_units(connection: AsyncConnection, scopes: Iterable[Scope | Balance]) -> bool:
    return any([(await connection.execute(_HAS_UNITS, scope.values)).first() for scope in scopes])
