"""A PostgreSQL database that a test has used, made again what it was after the migrations."""

from __future__ import annotations

from dataclasses import dataclass

#: Everything in a schema that a test could change without one row of it: a copy has the same numbers as its template.
_SCHEMA = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT 'class ' || oid || ' ' || relname || ' ' || relchecks AS part
  FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'column ' || attrelid || ' ' || attnum || ' ' || attname || ' ' || atttypid || ' ' || attnotnull
    || ' ' || atthasdef
  FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
  UNION ALL SELECT 'default ' || oid || ' ' || md5(adbin::text) FROM pg_attrdef
  UNION ALL SELECT 'trigger ' || oid || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger
  UNION ALL SELECT 'function ' || oid || ' ' || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT 'constraint ' || oid || ' ' || convalidated FROM pg_constraint
  UNION ALL SELECT 'schema ' || oid FROM pg_namespace WHERE nspname !~ '^pg_'
) AS parts
"""
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
)
_COLUMNS = (
    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
    "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)


@dataclass(frozen=True)
class AsMigrated:
    """What a database holds after the migrations: the rows by table, as JSON, and what its schema comes to."""

    schema: str
    tables: tuple[str, ...]
    rows: dict[str, tuple[str, str]]

    @classmethod
    async def read(cls, url: str) -> AsMigrated:
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            tables = tuple(row["relname"] for row in await connection.fetch(_TABLES))
            rows = {}
            for table in tables:
                found = await connection.fetchval(f'SELECT json_agg(t)::text FROM "{table}" t')
                if found:
                    rows[table] = (await connection.fetchval(_COLUMNS, table), found)
            return cls(await connection.fetchval(_SCHEMA), tables, rows)
        finally:
            await connection.close()

    async def restore(self, url: str) -> bool:
        """Whether the database is as it was. ``False``: a test has changed more than rows, or we may not do this."""
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_OTHERS)
            if await connection.fetchval(_SCHEMA) != self.schema:
                return False
            async with connection.transaction():
                # the guards of what is written once stand in nobody's way here
                await connection.execute("SET LOCAL session_replication_role = replica")
                for row in await connection.fetch(self._filled()):
                    await connection.execute(f'DELETE FROM "{row[0]}"')
                for table, (columns, rows) in self.rows.items():
                    await connection.execute(
                        f'INSERT INTO "{table}" ({columns}) SELECT {columns} '
                        f'FROM json_populate_recordset(NULL::"{table}", $1::text::json)',
                        rows,
                    )
            return True
        except asyncpg.PostgresError:
            return False
        finally:
            await connection.close()

    def _filled(self) -> str:
        """Asks which tables hold a row."""
        return " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in self.tables
        )
