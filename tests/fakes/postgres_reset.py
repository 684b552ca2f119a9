"""Empties a used PostgreSQL database, so that the next test gets it as if it was new: creating one costs five times as
much, most of it files. Whatever a test changed in the schema is found out by its fingerprint."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

_DISCONNECT_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = "nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
_ADDED_SCHEMAS = f"SELECT nspname FROM pg_namespace WHERE {_SCHEMAS} AND nspname <> 'public'"
_FINGERPRINT = f"""
    SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
        SELECT concat_ws(' ', n.nspname, c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull, a.attnum) AS line
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE {_SCHEMAS} AND a.attnum > 0
        UNION ALL
        SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conrelid <> 0
    ) AS lines
"""
_TABLES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND {_SCHEMAS}
"""
_RESTART_SEQUENCES = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences"
)


class SchemaChanged(Exception):
    """The database's schema is not the template's any more."""


@dataclass(frozen=True)
class Template:
    """What a new database holds: its schema's fingerprint, and the rows of the tables that aren't empty, as COPY
    writes them."""

    fingerprint: str
    rows: tuple[tuple[sql.Identifier, bytes], ...]


def read_template(url: str) -> Template:
    """Describe the database at `url`, which is as new."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = tuple((table, _copy_out(connection, table)) for table in _tables_with_rows(connection))
        return Template(_fingerprint(connection), rows)


def reset(url: str, template: Template) -> None:
    """Disconnect everybody else and make the database at `url` as new. Raises SchemaChanged, psycopg.Error."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(_DISCONNECT_OTHERS)
        for (schema,) in connection.execute(_ADDED_SCHEMAS.encode()).fetchall():  # the stylizer's
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        if _fingerprint(connection) != template.fingerprint:
            raise SchemaChanged
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys: in any order
            for table in _tables_with_rows(connection):
                connection.execute(sql.SQL("DELETE FROM {}").format(table))
            connection.execute(_RESTART_SEQUENCES)
            for table, rows in template.rows:
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                    copy.write(rows)


def _fingerprint(connection: psycopg.Connection) -> str:
    row = connection.execute(_FINGERPRINT.encode()).fetchone()
    assert row
    return str(row[0])


def _tables_with_rows(connection: psycopg.Connection) -> list[sql.Identifier]:
    tables = [sql.Identifier(*row) for row in connection.execute(_TABLES.encode())]
    parts = [sql.SQL("SELECT {}, EXISTS (SELECT FROM {})").format(number, table) for number, table in enumerate(tables)]
    query = sql.SQL(" UNION ALL ").join(parts)
    return [tables[number] for number, has_rows in connection.execute(query) if has_rows] if tables else []


def _copy_out(connection: psycopg.Connection, table: sql.Identifier) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
        return b"".join(map(bytes, copy))
