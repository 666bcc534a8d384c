"""One answer to "is the database away, or is it us?", for routes, consumers and background tasks alike."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

POSSIBLE: Final = (
    DBAPIError,
    NoFreeConnectionError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
"""What a database call may raise; `database_is_away` tells an outage from a mistake."""

# Class 08 connection exceptions, 53 insufficient resources, 57P0x shutdown, crash and start-up; 25006 is a
# standby before its promotion (PostgreSQL, appendix A).
AWAY_CLASSES: Final = ("08", "53", "57P")
READ_ONLY: Final = "25006"


def database_is_away(error: BaseException) -> bool:
    """Whether a later try of the same statement may work although nothing on our side changes."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        return error.orig is not None and _driver_says_away(error.orig)
    return isinstance(error, NoFreeConnectionError) or _driver_says_away(error)


def _driver_says_away(error: BaseException) -> bool:
    if isinstance(error, OSError | TimeoutError | asyncpg.PostgresConnectionError | asyncpg.InterfaceError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    return state == READ_ONLY or state.startswith(AWAY_CLASSES)
