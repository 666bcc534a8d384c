"""Stand-ins for services at their HTTP boundary, and a signature as a service makes it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey
from standardwebhooks.webhooks import Webhook

from kit.time import SystemClock
from sandbox.issuer.app import Issuer

SECRET = "only-for-tests-0123456789"
ISSUER = "http://issuer.test"
LIAISON = "http://liaison.test"
CHANNEL_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def issuer() -> Issuer:
    """The sandbox's own, with a key that lives as long as the test."""
    key = ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True), {"kid": "test", "alg": "ES256"})
    return Issuer(url=ISSUER, audience="interlink", secret=SECRET, key=key, clock=SystemClock())


def signed(body: bytes, webhook_id: str, secret: str = CHANNEL_SECRET, at: datetime | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    moment = (at or SystemClock().now()).astimezone(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, moment, body.decode()),
    }


@dataclass
class Liaison:
    """Takes answers, after it has refused as often as it is told to."""

    issuer: Issuer
    first: list[int] = field(default_factory=list)
    """Statuses of the next answers, one each."""
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By line, what is said of it instead of `taken`."""
    answers: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Who answered which request, with what."""

    def app(self) -> FastAPI:
        """Its one route."""
        app = FastAPI()

        @app.post("/v1/requests/{number}:answer")
        async def answer(number: str, request: Request) -> Response:
            token = request.headers["authorization"].removeprefix("Bearer ")
            claims = jwt.decode(token, self.issuer.key, algorithms=["ES256"]).claims
            if self.first:
                return Response(status_code=self.first.pop(0))
            body = await request.json()
            self.answers.append((claims["tenant"], number, body))
            lines = [
                {"line": told["line"], "verdict": "taken"} | self.verdicts.get(told["line"], {})
                for told in body["lines"]
            ]
            return JSONResponse({"lines": lines})

        return app
