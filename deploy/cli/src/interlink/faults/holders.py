"""Agencies that answer for what they hold: of ten assignments they accept three, hand one back, and leave the rest.

Which ones is in the assignment's id, so that an answer that got lost is given again as it was. A bureau abroad may
not decide. What is over, was decided, or is somebody else's meanwhile is left alone.
"""

from typing import Any, TypeAlias
from uuid import UUID

from sandbox.agencies import BUREAU, CENTRE, COORDINATOR
from sandbox.calls import LARGEST_PAGE, RefusedError, Service, TokenOf

Json: TypeAlias = dict[str, Any]

PARTS, ACCEPTED, DECLINED = 10, 3, 4
"""An id's remainder below the second is accepted, below the third handed back."""
REASONS = ("wrong_jurisdiction", "wrong_jurisdiction", "insufficient_information")
BEATEN = frozenset({403, 404, 409})


class Holders:
    """Everybody who holds something. Use in a `with` block."""

    def __init__(self, routing: str, token: TokenOf) -> None:
        """`routing` is the base address of its API."""
        self._routing = Service(routing, token)
        self._decided: set[str] = set()

    def __enter__(self) -> "Holders":
        """Ready to decide."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._routing.close()

    def decide(self) -> None:
        """One round over the newest assignments that nobody has answered. Raises `RefusedError`."""
        page = self._routing.get(COORDINATOR, "/v1/assignments", state="assigned", limit=LARGEST_PAGE)
        for one in page["items"]:
            if one["id"] in self._decided or one["holder"] == CENTRE or one["holder"].startswith(BUREAU):
                continue
            self._answer(one)
            self._decided.add(one["id"])

    def _answer(self, one: Json) -> None:
        share = UUID(one["id"]).int % PARTS
        client, path = f"officer-{one['holder']}", f"/v1/assignments/{one['id']}"
        try:
            if share < ACCEPTED:
                self._routing.post(client, f"{path}:accept")
            elif share < DECLINED:
                reason = REASONS[UUID(one["id"]).int // PARTS % len(REASONS)]
                self._routing.post(client, f"{path}:decline", {"reason": reason})
        except RefusedError as refused:
            if refused.status not in BEATEN:
                raise
