"""How a simulated system misbehaves when it is told to: fails, asks for patience, hangs."""

import asyncio

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """What a system does from now on; without anything set it behaves."""

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(default=None, ge=200, le=599, description="Answer with this status and keep nothing.")
    retry_after: int | None = Field(default=None, ge=0, description="Seconds to name in `Retry-After` beside it.")
    hang_seconds: float = Field(default=0, ge=0, le=600, description="Wait so long before answering at all.")

    async def shown(self) -> Response | None:
        """What is answered instead of an honest answer; None where an honest one follows."""
        if self.hang_seconds:
            await asyncio.sleep(self.hang_seconds)
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Response(status_code=self.status, headers=headers)
