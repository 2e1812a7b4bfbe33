"""The database, SQLite or PostgreSQL, behind a handful of functions.

Domains use Tortoise models for behavior, and ``fetch``/``execute`` where a guarded statement says it better.
Nothing outside this package touches a driver.
"""

from c2b.kit.db.connection import Database, database_url_of, models_config
from c2b.kit.db.sql import dialect, execute, execute_many, fetch, fetch_one, instant, placeholders
from c2b.kit.db.transactions import atomically, in_transaction, transaction

__all__ = [
    "Database",
    "atomically",
    "database_url_of",
    "dialect",
    "execute",
    "execute_many",
    "fetch",
    "fetch_one",
    "in_transaction",
    "instant",
    "models_config",
    "placeholders",
    "transaction",
]
