"""A request as a provider reads it: what it does not need, it ignores."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Line(BaseModel):
    """One connection that is asked about."""

    model_config = ConfigDict(frozen=True)

    line: UUID
    ip: str
    port: int | None = None
    at: AwareDatetime | None = None


class Asked(BaseModel):
    """A request's body. Its number is also its idempotency key and its webhook id."""

    model_config = ConfigDict(frozen=True)

    number: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    instrument: str
    lines: tuple[Line, ...] = Field(min_length=1, max_length=10_000)
