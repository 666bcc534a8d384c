"""Lists in pages by key, never by offset: a page costs the same however deep it is.

A cursor is opaque and signed for its list: what a client changed, or took from another list, is refused. It
holds sort keys (times, ids), never personal data. Row-level security, not the cursor, decides what is seen.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from kit.errors import Problem, Rejected

T = TypeVar("T")

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 200
LONGEST_CURSOR: Final = 1024
TAG_BYTES: Final = 16


class PageOf(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="Cursor of the next page; null at the end.")


class Cursors:
    """Makes and opens cursors."""

    def __init__(self, key: bytes) -> None:
        """`key` is the index key; cursors are signed with a key derived from it."""
        self._key = hmac.digest(key, b"interlink cursors", hashlib.sha256)

    def seal(self, of: str, keys: Sequence[Any]) -> str:
        """The cursor after the row with these sort keys, in the list `of`."""
        payload = orjson.dumps(list(keys))
        return urlsafe_b64encode(self._tag(of, payload) + payload).rstrip(b"=").decode()

    def open(self, of: str, cursor: str) -> list[Any]:
        """The sort keys again, as JSON knows them (times and ids are texts).

        Raises:
            Rejected: 422, the cursor was changed or is of another list.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError as error:
            raise _unknown_cursor() from error
        tag, payload = raw[:TAG_BYTES], raw[TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(of, payload)):
            raise _unknown_cursor()
        return orjson.loads(payload)

    def _tag(self, of: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, of.encode() + b"\0" + payload, hashlib.sha256)[:TAG_BYTES]


@dataclass(frozen=True, slots=True)
class Page:
    """What a client asked for: read `fetch` rows after the sort keys `after`, then `close` them."""

    limit: int
    after: list[Any] | None
    of: str
    cursors: Cursors

    @property
    def fetch(self) -> int:
        """One row more than the page, which tells whether there is a next one."""
        return self.limit + 1

    def close(self, rows: Sequence[T], keys: Callable[[T], Sequence[Any]]) -> tuple[Sequence[T], str | None]:
        """The page's rows and the cursor of the next page; `keys` are the sort keys of a row."""
        if len(rows) <= self.limit:
            return rows, None
        kept = rows[: self.limit]
        return kept, self.cursors.seal(self.of, keys(kept[-1]))


def page(of: str) -> Any:
    """The dependency for a list route: `Annotated[Page, page("referrals")]`. `of` is unique to the list."""

    async def asked(  # a plain function would cost a thread and back for every request
        request: Request,
        limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Rows in a page.")] = DEFAULT_LIMIT,
        cursor: Annotated[
            str | None, Query(max_length=LONGEST_CURSOR, description="`next` of the page before.")
        ] = None,
    ) -> Page:
        cursors: Cursors = request.app.state.cursors
        return Page(limit, None if cursor is None else cursors.open(of, cursor), of, cursors)

    return Depends(asked)


def _unknown_cursor() -> Rejected:
    problem = Problem("query:cursor", "cursor-unknown", "Use `next` of the page before, unchanged.")
    return Rejected("cursor-unknown", "The cursor is not one of ours for this list.", errors=[problem])
