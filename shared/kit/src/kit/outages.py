"""One answer to "is the database away, or is it us?", for routes, consumers and background tasks alike."""

from typing import Final

import asyncpg

POSSIBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What a database call may raise; `database_is_away` tells an outage from a mistake."""

# Class 08 connection exceptions, 53 insufficient resources, 57P0x shutdown, crash and start-up; 25006 is a
# standby before its promotion (PostgreSQL, appendix A).
AWAY_CLASSES: Final = ("08", "53", "57P")
READ_ONLY: Final = "25006"


def database_is_away(error: BaseException) -> bool:
    """Whether a later try of the same statement may work although nothing on our side changes."""
    # InternalClientError: the server has said that it ends, and the connection is not closed yet.
    if isinstance(error, OSError | TimeoutError | asyncpg.PostgresConnectionError | asyncpg.InternalClientError):
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # a parameter of ours that does not fit its type
    state = getattr(error, "sqlstate", None) or ""
    return state == READ_ONLY or state.startswith(AWAY_CLASSES)
