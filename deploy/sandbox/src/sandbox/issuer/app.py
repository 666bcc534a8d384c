"""An OpenID-style issuer for the sandbox: discovery, keys, tokens that Interlink's services verify.

It promises what a production issuer would: standard discovery, JWKS, RFC 6749 errors, tokens that survive a
restart. Not promised: users, consent, sessions; the suite's callers are systems and test officers.
"""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey

from contracts import ids
from kit.time import Clock
from sandbox import serving
from sandbox.clients import SCOPES
from sandbox.issuer.oauth import Granted, Refused, grant

LIFETIME = 3600
"""Seconds a token is good for."""
_LARGEST_BODY = 8 * 1024
"""More than a token request can be."""
_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """All an answer depends on."""

    url: str
    audience: str
    secret: str
    key: ECKey
    clock: Clock

    def token(self, granted: Granted) -> str:
        """A signed access token: ES256, one hour, the claims every service reads (spec §6)."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": granted.client.id,
            "client_id": granted.client.id,
            "tenant": granted.client.tenant,
            "roles": list(granted.client.roles),
            "scope": " ".join(sorted(granted.scopes)),
            "aud": self.audience,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": str(ids.new()),
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def discovery(self) -> dict[str, object]:
        """The document of OpenID Connect Discovery 1.0 §3, as far as it applies."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": sorted(SCOPES),
        }


def create_app(issuer: Issuer) -> FastAPI:
    """The issuer as an application."""
    app = FastAPI(title="Interlink sandbox issuer", openapi_url=None)
    keys: dict[str, object] = {"keys": [issuer.key.as_dict(private=False)]}

    @app.get("/.well-known/openid-configuration")
    async def configuration() -> dict[str, object]:
        return issuer.discovery()

    @app.get("/jwks")
    async def jwks() -> dict[str, object]:
        return keys

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        headers = request.headers
        body = await serving.read(request, _LARGEST_BODY)
        if body is None:
            return _refusal(Refused("invalid_request", "The body is too large.", 413))
        decided = grant(headers.get("content-type", ""), headers.get("authorization"), body, issuer.secret)
        if isinstance(decided, Refused):
            return _refusal(decided)
        answer = {
            "access_token": issuer.token(decided),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": " ".join(sorted(decided.scopes)),
        }
        return JSONResponse(answer, headers=_NOT_STORED)

    serving.add_health(app)
    return app


def _refusal(refused: Refused) -> JSONResponse:
    headers = dict(_NOT_STORED)
    if refused.challenge:
        headers["WWW-Authenticate"] = 'Basic realm="interlink-sandbox", charset="UTF-8"'
    content = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(content, refused.status, headers)
