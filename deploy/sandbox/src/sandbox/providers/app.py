"""The providers' doors: a signed request is on disk before it is acknowledged, and answered later.

Not promised: a provider's portal, its fees, its lawyers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from sandbox import serving
from sandbox.behaviour import Behaviour
from sandbox.providers.asked import Asked
from sandbox.providers.profiles import PROFILES
from sandbox.providers.requests import Kept, Requests, Taken
from sandbox.signatures import is_signed

_LARGEST_BODY = 4 * 1024 * 1024


def _known(provider: str) -> str:
    if provider not in PROFILES:
        raise HTTPException(404, "There is no such provider here.")
    return provider


Provider = Annotated[str, Depends(_known)]


def create_app(requests: Requests, secrets: Mapping[str, str]) -> FastAPI:
    """The providers as one application. `secrets` are the channels' secrets, by the provider's client."""
    app = FastAPI(title="Interlink sandbox providers", openapi_url=None)
    behaviours: dict[str, Behaviour] = {}

    @app.post("/{provider}/requests")
    async def receive(provider: Provider, request: Request) -> Response:
        shown = await behaviours.get(provider, Behaviour()).shown()
        if shown is not None:
            return shown
        sent = await _sent(request, secrets.get(PROFILES[provider].client))
        if isinstance(sent, Response):
            return sent
        taken, kept = await requests.take(provider, sent.asked, sent.body)
        if taken is Taken.OTHER_BYTES:
            return _refused(409, "The number is known with other bytes.")
        return JSONResponse({"reference": kept.reference, "status": "received"}, 202)

    @app.get("/{provider}/requests")
    async def received(provider: Provider) -> dict[str, Any]:
        return {"items": [_view(kept) for kept in requests.of(provider)]}

    @app.put("/{provider}/behaviour", status_code=204)
    async def behave(provider: Provider, behaviour: Behaviour) -> None:
        behaviours[provider] = behaviour

    serving.add_health(app)
    return app


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request as it stands in its bytes."""

    asked: Asked
    body: bytes


async def _sent(request: Request, secret: str | None) -> _Sent | Response:
    """What was sent, or why it is refused."""
    body = await serving.read(request, _LARGEST_BODY)
    if body is None:
        return _refused(413, "The body is too large.")
    if not is_signed(body, request.headers, [] if secret is None else [secret]):
        return _refused(401, "The signature is not ours, or too old.")
    asked = _read(body)
    if asked is None:
        return _refused(422, "The request does not have the form it must have.")
    if {request.headers.get("idempotency-key"), request.headers["webhook-id"]} != {asked.number}:
        return _refused(422, "Idempotency-Key and webhook-id must be the request's number.")
    return _Sent(asked, body)


def _read(body: bytes) -> Asked | None:
    try:
        return Asked.model_validate_json(body)
    except ValidationError:
        return None


def _refused(status: int, words: str) -> JSONResponse:
    return JSONResponse({"detail": words}, status)


def _view(kept: Kept) -> dict[str, Any]:
    return {
        "number": kept.asked.number,
        "instrument": kept.asked.instrument,
        "lines": [str(line.line) for line in kept.asked.lines],
        "times": kept.times,
        "answered": kept.answered,
        "refused": kept.refused,
    }
