"""The agencies' doors: a webhook that a secret of the agency verifies is on disk before it is acknowledged."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from pydantic import BaseModel, Field

from sandbox import serving
from sandbox.behaviour import Behaviour
from sandbox.receivers.inbox import Inbox
from sandbox.signatures import is_signed

_LARGEST_BODY = 256 * 1024

Agency = Annotated[str, Path(pattern="^[a-z0-9-]{1,80}$")]


class Registration(BaseModel):
    """The secrets that an agency verifies with."""

    secrets: list[str] = Field(min_length=1, max_length=10)


def create_app(inbox: Inbox) -> FastAPI:
    """All agencies' receivers as one application."""
    app = FastAPI(title="Interlink sandbox receivers", openapi_url=None)
    behaviours: dict[str, Behaviour] = {}

    @app.post("/hooks/{agency}")
    async def receive(agency: Agency, request: Request) -> Response:
        secrets: Sequence[str] | None = inbox.secrets.get(agency)
        if secrets is None:
            return Response(status_code=404)
        shown = await behaviours.get(agency, Behaviour()).shown()
        if shown is not None:
            return shown
        body = await serving.read(request, _LARGEST_BODY)
        if body is None:
            return Response(status_code=413)
        if not is_signed(body, request.headers, secrets):
            return Response(status_code=401)
        await inbox.receive(agency, request.headers["webhook-id"], body)
        return Response(status_code=204)

    @app.get("/received")
    async def received(agency: str | None = None) -> dict[str, Any]:
        return {"items": [asdict(one) for one in inbox.received(agency)]}

    @app.get("/agencies")
    async def agencies() -> dict[str, Any]:
        return {"items": sorted(inbox.secrets)}

    @app.put("/agencies/{agency}", status_code=204)
    async def register(agency: Agency, registration: Registration) -> None:
        await inbox.register(agency, registration.secrets)

    @app.put("/agencies/{agency}/behaviour", status_code=204)
    async def behave(agency: Agency, behaviour: Behaviour) -> None:
        behaviours[agency] = behaviour

    serving.add_health(app)
    return app
