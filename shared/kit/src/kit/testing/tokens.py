"""An issuer for tests: real ES256 tokens over a real key set, answered without a network."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from kit.http.tokens import IssuerKeys, Tokens
from kit.time import Clock

ISSUER = "https://issuer.example.org"
AUDIENCE = "interlink"


class TestIssuer:
    """Signs what a test asks for."""

    __test__ = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = ECKey.generate_key("P-256", parameters={"kid": "test", "use": "sig"}, auto_kid=False)

    def verifier(self) -> Tokens:
        """What a service verifies with."""
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return Tokens(IssuerKeys(ISSUER, client, self._clock), AUDIENCE, self._clock)

    def token(self, tenant: str, scopes: Sequence[str], roles: Sequence[str] = (), **changed: Any) -> str:
        """An access token; `changed` claims replace the right ones."""
        now = int(self._clock.now().timestamp())
        client = tenant.rpartition(":")[2]
        claims = {
            "iss": ISSUER,
            "sub": client,
            "client_id": client,
            "tenant": tenant,
            "roles": list(roles),
            "scope": " ".join(scopes),
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(timedelta(hours=1).total_seconds()),
            **changed,
        }
        return jwt.encode({"alg": "ES256", "kid": "test"}, claims, self._key)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        return httpx.Response(200, json={"keys": [self._key.as_dict(private=False)]})
