"""Which failures pass by themselves: something is away, or a race for a lock was lost.

Everything else is either a poison record or a bug, and neither gets better by waiting.
"""

from typing import cast

import asyncpg

from kit.errors import Transient
from kit.outages import database_is_away

# Deadlock, serialisation, lock and statement time-outs, idle in transaction (PostgreSQL, appendix A).
LOST_RACES = frozenset({"40P01", "40001", "55P03", "57014", "25P03"})


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later, unchanged."""
    if isinstance(error, BaseExceptionGroup):  # a TaskGroup's: transient if nothing else is in it
        return all(is_transient(one) for one in cast("BaseExceptionGroup[BaseException]", error).exceptions)
    if isinstance(error, Transient) or database_is_away(error):
        return True
    if isinstance(error, asyncpg.InvalidCachedStatementError):  # a table has changed; it is planned afresh next time
        return True
    return getattr(error, "sqlstate", None) in LOST_RACES
