"""A door without a service behind it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from intake.domain.referral import Submission
from intake.formats import door
from intake.formats.posted import Posted

Read: TypeAlias = Callable[..., Submission]


@pytest.fixture
def read() -> Read:
    """Reads a body as if it had been posted at noon of 22 November 2026."""

    def reading(body: bytes, kind: str = "application/json", **headers: Any) -> Submission:
        posted = Posted(
            body=body,
            media_type=kind,
            charset=headers.pop("charset", None),
            received_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
            **headers,
        )
        return door.read(posted)

    return reading
