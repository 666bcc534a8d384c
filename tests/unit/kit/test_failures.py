"""What passes by itself is told from what does not."""

import asyncpg
import pytest

from kit.errors import Conflict, Transient
from kit.failures import is_transient

DEADLOCK = asyncpg.DeadlockDetectedError("again")
WRONG_PARAMETER = asyncpg.exceptions._base.DataError("$1")
MISTAKE = asyncpg.PostgresSyntaxError("near")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Transient("the keyring is away", retry_after=5), True),
        (ConnectionRefusedError(), True),
        (DEADLOCK, True),
        (asyncpg.SerializationError("again"), True),
        (asyncpg.ReadOnlySQLTransactionError("standby"), True),
        (asyncpg.InvalidCachedStatementError("a column came"), True),
        (MISTAKE, False),
        (WRONG_PARAMETER, False),
        (asyncpg.InternalClientError("another operation (2) is in progress"), True),
        (Conflict("decided"), False),
        (KeyError("x"), False),
        (ExceptionGroup("both", [DEADLOCK, TimeoutError()]), True),
        (ExceptionGroup("one of them a bug", [DEADLOCK, KeyError("x")]), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_waiting_mends_is_transient(error: Exception, *, expected: bool) -> None:
    assert is_transient(error) is expected
