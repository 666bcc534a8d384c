"""Entity tags (RFC 9110 §8.8.3): a client that has the state already gets 304, one that had an older one 412."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from fastapi import Request, Response

from kit.errors import Rejected

TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def weak(*state: object) -> str:
    """The tag of a state (id, version, time of change): equal in meaning, maybe not in bytes."""
    return f'W/"{_digest(repr(state).encode())}"'


def strong(representation: bytes) -> str:
    """The tag of these very bytes."""
    return f'"{_digest(representation)}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; compared weakly, as it must be (RFC 9110 §13.1.2)."""
    asked = request.headers.get("if-none-match")
    return asked is not None and (asked.strip() == "*" or _opaque(tag) in map(_opaque, _tags(asked)))


def not_modified(tag: str) -> Response:
    """304 with the tag."""
    return Response(status_code=304, headers={"ETag": tag})


def require_match(request: Request, tag: str) -> None:
    """Hold the client to `If-Match`, where it sent one; compared strongly (RFC 9110 §13.1.1).

    Raises:
        Rejected: 412, the state is another one.
    """
    asked = request.headers.get("if-match")
    if asked is None or asked.strip() == "*":
        return
    if tag.startswith("W/") or tag not in set(_tags(asked)):
        raise Rejected("state-changed", "The state is no longer the one in If-Match.", status=412)


def _tags(header: str) -> Iterator[str]:
    return (found.group() for found in TAG.finditer(header))


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
