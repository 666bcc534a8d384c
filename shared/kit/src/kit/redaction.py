"""No personal data in a log line: what is not known to be harmless is withheld.

Three nets, each enough for most mistakes: keys that name a person's things never show their value; free text
shows only under keys meant for it, any other string must look like a code or an id; and every string is
scrubbed of what looks like an address of any kind. An exception shows its type and its place, its text only
where that is ours or the operating system's: a driver's repeats the offending value, of which nothing is told but
the rule it breaks. Dead letters, whose headers stand in clear, tell no more than that either.
Not promised: that a name written into an event's own text is found.
"""

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from types import TracebackType
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from pydantic import ValidationError

from kit.errors import Refused

Redactable: TypeAlias = Any

REDACTED: Final = "[redacted]"
WITHHELD: Final = "[withheld]"
FRAMES: Final = 12
FAULTS: Final = 5

PERSONAL: Final = re.compile(
    r"(^|_)(ip|ips|addr|address|addresses|client_addr|email|emails|mail|phone|phones|name|names|username|login"
    r"|account|accounts|identifier|identifiers|street|value|values|payload|body|query|params|parameters|user"
    r"|password|secret|token|tokens|authorization|cookie|credential|credentials|plaintext|nonce)$",
    re.IGNORECASE,
)
FREE_TEXT: Final = frozenset(
    {"event", "level", "timestamp", "reason", "detail", "error", "hint", "at", "message", "problem"}
)
CODE: Final = re.compile(r"[A-Za-z0-9_/(][A-Za-z0-9_.:/+{}()-]{0,119}")

# Order matters: credentials in a URL would else be read as an e-mail address.
PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=://)[^/\s@]+(?=@)",
        r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?",
        r"(?i)\bbearer\s+\S+",
        r"[^\s@]+@[^\s@<>\"]+",
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w])",
        # IPv6 and MAC: a "::" or at least four colons between hexadecimal groups; a time of day has two.
        r"(?<![A-Za-z0-9])(?:[0-9A-Fa-f]{0,4}:){4,}[0-9A-Fa-f.]*",
        r"(?<![A-Za-z0-9])(?:[0-9A-Fa-f]{1,4}:)+:[0-9A-Fa-f:.]*|(?<!\w)::[0-9A-Fa-f][0-9A-Fa-f:.]*",
        r"(?<![\w-])\+\d[\d\s().-]{6,18}\d(?![\w-])",
        r"(?<![\w.-])(?:1[\s.-]?)?\(?[2-9]\d{2}\)?[\s.-]?\d{3}[\s.-]?\d{4}(?![\w-])",
    )
)


def scrub(value: str) -> str:
    """The text without what looks like an IP address, an e-mail address, a phone number or a credential."""
    for pattern in PATTERNS:
        value = pattern.sub(REDACTED, value)
    return value


def redact(key: str, value: Redactable) -> Redactable:
    """What may be logged of `value` under `key`."""
    if PERSONAL.search(key):
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID | date | timedelta):
        return str(value)
    if isinstance(value, Enum):
        return redact(key, value.value)
    if isinstance(value, str):
        return _text(key, value)
    if isinstance(value, Mapping):
        inner = cast("Mapping[Any, Any]", value)
        return {scrub(str(name)): redact(str(name), one) for name, one in inner.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(key, one) for one in cast("Sequence[Any]", value)]
    return f"[{type(cast('object', value)).__name__}]"


def _text(key: str, value: str) -> str:
    if key in FREE_TEXT or CODE.fullmatch(value):
        return value if _is_id(value) else scrub(value)
    return WITHHELD


def _is_id(value: str) -> bool:
    """A UUID may hold a run of digits that reads like a phone number."""
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def message(error: BaseException) -> str:
    """What may be told of an error beside its type; empty where its own text may repeat a value."""
    if isinstance(error, ValidationError):
        return scrub(_broken_rules(error))
    if isinstance(error, Refused | OSError | TimeoutError):
        return scrub(str(error))
    if state := getattr(error, "sqlstate", None):
        return " ".join(filter(None, (state, getattr(error, "constraint_name", None))))
    return ""


def _broken_rules(error: ValidationError) -> str:
    """The pointers and rules that failed, without the values."""
    return "; ".join(
        f"/{'/'.join(map(str, fault['loc']))}: {fault['type']}"
        for fault in error.errors(include_input=False, include_url=False, include_context=False)[:FAULTS]
    )


def exception(error: BaseException) -> list[dict[str, Any]]:
    """The error and its causes, newest first: type, place, and a message where that is harmless."""
    return [_one(link) for link in _chain(error)]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    if told := message(error):
        shown["message"] = told
    if isinstance(error, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", error)
        shown["errors"] = [_one(one) for one in inner.exceptions]
    shown["at"] = _places(error.__traceback__)
    return shown


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").rsplit("/", 2)[-2:])
