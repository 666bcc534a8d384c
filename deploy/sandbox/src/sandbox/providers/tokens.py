"""Access tokens of the providers' own clients, asked for once and used until shortly before they end."""

import asyncio
from datetime import datetime, timedelta

import httpx

from kit.time import Clock
from sandbox.clients import client_secret

_MARGIN = timedelta(seconds=60)


class Tokens:
    """Tokens by client credentials (RFC 6749 §4.4)."""

    def __init__(self, http: httpx.AsyncClient, issuer: str, secret: str, clock: Clock) -> None:
        """`secret` is the issuer's, of which every client's is derived."""
        self._http = http
        self._url = f"{issuer.rstrip('/')}/token"
        self._secret = secret
        self._clock = clock
        self._known: dict[str, tuple[str, datetime]] = {}
        self._lock = asyncio.Lock()

    async def of(self, client: str) -> str:
        """A token that is good for a minute at least. Raises `httpx.HTTPError` where there is none."""
        async with self._lock:
            token, until = self._known.get(client, ("", self._clock.now()))
            if until > self._clock.now():
                return token
            credentials = (client, client_secret(self._secret, client))
            answer = await self._http.post(self._url, data={"grant_type": "client_credentials"}, auth=credentials)
            said = answer.raise_for_status().json()
            until = self._clock.now() + timedelta(seconds=said["expires_in"]) - _MARGIN
            self._known[client] = said["access_token"], until
            return said["access_token"]

    def forget(self, client: str) -> None:
        """The next one is asked for anew: a service refused this one."""
        self._known.pop(client, None)
