"""Whether a schema stands where this build needs it, told from the names of the migrations.

Without Alembic: it brings all of SQLAlchemy with it, 15 MB that a running service would never use again.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import TextClause, text


@cache
def revisions(package: str) -> frozenset[str]:
    """The revisions this build knows: `NNNN` of each `<package>/migrations/NNNN_*.py`. The head is the greatest."""
    names = (file.name for file in files(f"{package}.migrations").iterdir())
    return frozenset(name[:4] for name in names if name[:4].isdecimal())


@cache
def _stamps(package: str) -> TextClause:
    return text(f"SELECT array_agg(version_num) FROM {package}.alembic_version")  # noqa: S608 - a package name


async def current(package: str, look: Callable[[TextClause], Awaitable[Any]]) -> bool:
    """Whether the schema stands at this build's head, or at a revision of a newer build.

    Raises what the driver raises where the database does not answer: it is asked each time.
    """
    known = revisions(package)
    stamped: frozenset[str] = frozenset(await look(_stamps(package)) or [])
    return bool(stamped) and (max(known) in stamped or not stamped <= known)
