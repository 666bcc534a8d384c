"""Columns as every `store/tables.py` declares them: the same kind of column reads the same in each service."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import UUID

MOMENT: Final = DateTime(timezone=True)
"""Always UTC in this code; the text that was parsed stands beside it where somebody else wrote it."""


def key(name: str, kind: Any = UUID) -> Column[Any]:
    """A column of the primary key; an id unless said otherwise."""
    return Column(name, kind, primary_key=True)


def needed(name: str, kind: Any) -> Column[Any]:
    """A column that is always there."""
    return Column(name, kind, nullable=False)


def of_tenant() -> tuple[Column[Any], Column[Any]]:
    """Whose row it is, and whether it is synthetic (spec §6): every table of ours has both."""
    return needed("tenant", Text()), needed("testmode", Boolean())
