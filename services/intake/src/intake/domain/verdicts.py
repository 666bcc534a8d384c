"""What the door says of a submission: at three levels, with a stable code, pointing at the place.

A verdict never repeats a value: receipts are read by people who may not see what the file holds.
"""

from enum import StrEnum

from kit.values import value


class Level(StrEnum):
    """What a verdict is about (spec §5.1)."""

    FILE = "file"
    ENTRY = "entry"
    ITEM = "item"


class Severity(StrEnum):
    """An error rejects what it is about; a warning leaves it accepted."""

    ERROR = "error"
    WARNING = "warning"


@value
class Verdict:
    """One finding. `pointer` is a JSON Pointer (RFC 6901), or an XPath where the body is XML."""

    level: Level
    pointer: str
    code: str
    severity: Severity
    message: str


@value
class Count:
    """How many were accepted and rejected; `warned` is a part of `accepted`."""

    accepted: int
    rejected: int
    warned: int = 0
