"""An access token becomes a `Principal`, or a reason why not.

ES256 under a key that the issuer publishes, for our audience, from our issuer, not expired; nothing the token
says about its own verification is believed. Verified claims are kept by the token's hash for `CACHED` at most,
so a revoked client is out within a minute. Keys are fetched once, again for an unknown `kid` (not more often
than `BETWEEN_FETCHES`) and when they are old; known keys keep working while the issuer is away or silent.
A clock that is set back makes nothing last longer: what lies in its future counts as old.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from kit import telemetry
from kit.access import Principal
from kit.errors import Transient
from kit.http.client import get_json
from kit.time import Clock

log = telemetry.logger(__name__)

ALGORITHM: Final = "ES256"
CACHED: Final = timedelta(seconds=60)
CACHED_TOKENS: Final = 4096
LEEWAY: Final = timedelta(seconds=5)
LONGEST_TOKEN: Final = 8192
KEYS_FRESH: Final = timedelta(minutes=10)
BETWEEN_FETCHES: Final = timedelta(seconds=10)
LONGEST_FETCH: Final = 5.0
LARGEST_DOCUMENT: Final = 256 * 1024

TENANT: Final = re.compile(r"centre|(?:partner|agency|provider):[a-z0-9][a-z0-9-]{0,62}")


class InvalidTokenError(Exception):
    """The token is not accepted; `reason` is a word for the metrics, not for the caller."""

    def __init__(self, reason: str) -> None:
        """`reason` is one of a closed set."""
        super().__init__(reason)
        self.reason = reason


class IssuerKeys:
    """The public keys of an OpenID issuer, by `kid`."""

    def __init__(self, issuer: str, client: httpx.AsyncClient, clock: Clock) -> None:
        """`client` is closed by whoever made it."""
        self.issuer = issuer.rstrip("/")
        self._client = client
        self._clock = clock
        self._keys: dict[str, ECKey] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def key(self, kid: str) -> ECKey:
        """The key of that id.

        Raises:
            InvalidTokenError: the issuer publishes no such key.
            Transient: no key is known and the issuer is away.
        """
        if kid in self._keys and self._fetching.locked():
            return self._keys[kid]
        if kid not in self._keys or self._older_than(self._fetched_at, KEYS_FRESH):
            async with self._fetching:  # one fetch serves all who wait for it
                if kid not in self._keys or self._older_than(self._fetched_at, KEYS_FRESH):
                    await self._refresh()
        if kid not in self._keys:
            raise InvalidTokenError("unknown-key")
        return self._keys[kid]

    async def _refresh(self) -> None:
        if not self._older_than(self._tried_at, BETWEEN_FETCHES):
            if not self._keys:
                raise Transient("the identity provider is away", retry_after=BETWEEN_FETCHES.seconds)
            return
        self._tried_at = self._clock.now()
        try:
            async with asyncio.timeout(LONGEST_FETCH):
                self._keys = await self._fetch()
            self._fetched_at = self._tried_at
        except (httpx.HTTPError, TimeoutError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("issuer.keys_not_fetched", exc_info=error)
            if not self._keys:
                raise Transient("the identity provider is away", retry_after=5) from error

    async def _fetch(self) -> dict[str, ECKey]:
        where = f"{self.issuer}/.well-known/openid-configuration"
        discovery = await get_json(self._client, where, limit=LARGEST_DOCUMENT)
        if str(discovery["issuer"]).rstrip("/") != self.issuer:  # OpenID Connect Discovery §4.3
            raise ValueError("the discovery document is of another issuer")
        published = await get_json(self._client, str(discovery["jwks_uri"]), limit=LARGEST_DOCUMENT)
        return {key["kid"]: ECKey.import_key(key) for key in published["keys"] if _usable(key)}

    def _older_than(self, at: datetime | None, age: timedelta) -> bool:
        return at is None or not timedelta() <= self._clock.now() - at < age


def _usable(key: Mapping[str, Any]) -> bool:
    """A signing key on P-256 with a name; others may stand beside it (RFC 7517 §5: ignore them)."""
    return (
        key.get("kty") == "EC"
        and key.get("crv") == "P-256"
        and key.get("use", "sig") == "sig"
        and isinstance(key.get("kid"), str)
        and "d" not in key
    )


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until: datetime


class Tokens:
    """Verifies access tokens for one audience."""

    def __init__(self, keys: IssuerKeys, audience: str, clock: Clock) -> None:
        """`audience` must be in the token's `aud`."""
        self._keys = keys
        self._audience = audience
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Who the token says is calling.

        Raises:
            InvalidTokenError: it is not accepted.
            Transient: the issuer's keys are not known and it is away.
        """
        name = hashlib.sha256(token.encode()).digest()
        now = self._clock.now()
        known = self._known.get(name)
        if known is not None and timedelta() < known.until - now <= CACHED:
            return known.principal
        self._known.pop(name, None)
        principal, expires = await self._verified(token, now)
        self._known[name] = _Known(principal, min(now + CACHED, expires))
        while len(self._known) > CACHED_TOKENS:
            self._known.popitem(last=False)
        return principal

    async def _verified(self, token: str, now: datetime) -> tuple[Principal, datetime]:
        key = await self._keys.key(_key_id(token))
        try:
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            self._rules(now).validate(claims)
        except (JoseError, ValueError) as error:
            raise InvalidTokenError(_reason(error)) from error
        return _principal(claims), datetime.fromtimestamp(claims["exp"], UTC)

    def _rules(self, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY.seconds,
            iss={"essential": True, "value": self._keys.issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
        )


def _key_id(token: str) -> str:
    """The `kid` of a token whose header promises nothing unexpected."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidTokenError("too-long")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise InvalidTokenError("malformed") from error
    # Never the token's own choice: `none` and HMAC under a public key are the classic forgeries (RFC 8725 §2.1).
    if header.get("alg") != ALGORITHM:
        raise InvalidTokenError("algorithm")
    kid: object = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidTokenError("unknown-key")
    return kid


def _reason(error: Exception) -> str:
    return str(getattr(error, "error", "malformed")).replace("_", "-")


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject, client, tenant = (claims.get(name) for name in ("sub", "client_id", "tenant"))
    roles, scope = claims.get("roles", []), claims.get("scope", "")
    if not (isinstance(subject, str) and isinstance(client, str) and isinstance(scope, str)):
        raise InvalidTokenError("claims")
    if not isinstance(tenant, str) or TENANT.fullmatch(tenant) is None:
        raise InvalidTokenError("claims")
    if not isinstance(roles, list):
        raise InvalidTokenError("claims")
    return Principal(
        subject=subject,
        client=client,
        tenant=tenant,
        roles=frozenset(str(role) for role in roles),
        scopes=frozenset(scope.split()),
    )
