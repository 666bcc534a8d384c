"""Calls of people and systems to Interlink's APIs: a token per client, lists over all pages, refusals in words.

Who is told that a service is away for a moment (503, nothing was stored) asks again, as every careful client does.
Not promised: more of it; a connection that breaks is `httpx.TransportError`, and who calls knows what to repeat.
"""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx

Json: TypeAlias = dict[str, Any]
TokenOf: TypeAlias = Callable[[str], str]
"""From a client of the sandbox to an access token that is good now."""

LARGEST_PAGE = 200
PURPOSE = "demonstration"
TIMEOUT_SECONDS = 30.0
_AWAY = 503
_PATIENCE_SECONDS, _LONGEST_WAIT_SECONDS = 20.0, 1.0


class RefusedError(Exception):
    """A service refused what it should take; the text has its words."""

    def __init__(self, answer: httpx.Response) -> None:
        """`answer` is the refusal."""
        self.status = answer.status_code
        self.text = answer.text
        request = answer.request
        super().__init__(f"{request.method} {request.url} was refused with {self.status}: {self.text[:600]}")


class Service:
    """One service's API, as any client of the sandbox."""

    def __init__(self, base_url: str, token: TokenOf, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` stands where the network would."""
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Interlink-Purpose": PURPOSE},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            transport=transport,
        )
        self._token = token

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, client: str, path: str, **asked: str | int) -> Json:
        """What stands at `path` for this client. Raises `RefusedError`."""
        return self._until_there(lambda: self._http.get(path, params=asked, headers=self._login(client)))

    def post(self, client: str, path: str, body: Json | None = None) -> Json:
        """Post as this client. Raises `RefusedError`."""
        return self._until_there(lambda: self._http.post(path, json=body, headers=self._login(client)))

    def delete(self, client: str, path: str) -> None:
        """Delete as this client. Raises `RefusedError`."""
        self._until_there(lambda: self._http.delete(path, headers=self._login(client)))

    def everything(self, client: str, path: str, **asked: str) -> list[Json]:
        """The items of a list over all its pages. Raises `RefusedError`."""
        page = self.get(client, path, limit=LARGEST_PAGE, **asked)
        found: list[Json] = page["items"]
        while page.get("next") is not None:
            page = self.get(client, path, limit=LARGEST_PAGE, cursor=page["next"], **asked)
            found += page["items"]
        return found

    def _until_there(self, ask: Callable[[], httpx.Response]) -> Json:
        until = time.monotonic() + _PATIENCE_SECONDS
        answer = ask()
        while answer.status_code == _AWAY and time.monotonic() < until:
            time.sleep(min(float(answer.headers.get("Retry-After", 0)), _LONGEST_WAIT_SECONDS))
            answer = ask()
        return said(answer)

    def _login(self, client: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(client)}"}


def said(answer: httpx.Response) -> Json:
    """The answer's JSON; nothing where it has none. Raises `RefusedError`."""
    if not answer.is_success:
        raise RefusedError(answer)
    return answer.json() if answer.content else {}
