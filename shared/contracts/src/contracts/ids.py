"""Ids: UUIDv7, so that they sort by time and the inbox can be partitioned by them (RFC 9562)."""

from uuid import UUID

from uuid_utils import compat


def new() -> UUID:
    """A fresh id. Call it at the door and hand it down: below the door ids are arguments."""
    return compat.uuid7()
