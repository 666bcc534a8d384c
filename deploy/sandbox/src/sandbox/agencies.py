"""Every agency with its systems: endpoints registered for all of them, notices acknowledged, feeds read.

Registering again changes nothing where the receivers can verify what an agency's endpoint is sent.
"""

import time
from collections import defaultdict
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx

from sandbox.calls import LARGEST_PAGE, TIMEOUT_SECONDS, RefusedError, Service, TokenOf, said

Json: TypeAlias = dict[str, Any]

COORDINATOR = "coordinator"
CENTRE = "centre"
BUREAU = "bureau-"
AT_ONCE = 8
_PATIENCE_SECONDS = 30.0
_STEP_SECONDS = 0.25
_UNHEARD_OF = "agency.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """How many endpoints were made, got a new secret, and were left as they are."""

    created: int
    rotated: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A part of an agency's feed; ask with `next` for what comes after."""

    events: tuple[Json, ...]
    next: str | None


def reader_of(agency: str) -> str:
    """The client that reads and acknowledges for an agency: its officer; a bureau abroad is a partner itself."""
    if agency == CENTRE:
        return COORDINATOR
    return agency if agency.startswith(BUREAU) else f"officer-{agency}"


class Agencies:
    """All agencies of routing's directory. Use in a `with` block."""

    def __init__(
        self,
        *,
        routing: str,
        notifications: str,
        receivers: str,
        token: TokenOf,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Base addresses of the two services' APIs and of the receivers."""
        self._routing = Service(routing, token, transport)
        self._notifications = Service(notifications, token, transport)
        self._receivers = httpx.Client(
            base_url=receivers, trust_env=False, transport=transport, timeout=TIMEOUT_SECONDS
        )
        self._hooks = f"{receivers.rstrip('/')}/hooks/"

    def __enter__(self) -> "Agencies":
        """Ready to call."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._routing.close()
        self._notifications.close()
        self._receivers.close()

    def register_endpoints(self, patience: float = _PATIENCE_SECONDS) -> Registered:
        """Each agency has one endpoint at the receivers, which know its secret.

        Notifications hears of an agency from routing's topic; `patience` is how long that may take.
        Raises `RefusedError` with the service's words.
        """
        bodies = self._routing.everything(COORDINATOR, "/v1/agencies")
        agencies = [body["id"] for body in bodies if body.get("retired_on") is None]
        existing: defaultdict[str, list[Json]] = defaultdict(list)
        for endpoint in self._notifications.everything(COORDINATOR, "/v1/endpoints"):
            existing[endpoint["agency"]].append(endpoint)
        known = frozenset(said(self._receivers.get("/agencies"))["items"])
        until = time.monotonic() + patience
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(lambda one: self._register(one, existing[one], known, until), agencies))
        return Registered(created=done.count("created"), rotated=done.count("rotated"), kept=done.count("kept"))

    def acknowledge(self, agencies: Iterable[str]) -> list[str]:
        """Each of these agencies reads and acknowledges its frozen notices; their ids.

        Raises `RefusedError` with the service's words.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [notice for done in pool.map(self._acknowledge, sorted(set(agencies))) for notice in done]

    def events(self, agency: str, after: str | None = None) -> Feed:
        """What the agency's feed has after that cursor, oldest first. Raises `RefusedError`."""
        asked = {} if after is None else {"after": after}
        page = self._notifications.get(reader_of(agency), "/v1/events", limit=LARGEST_PAGE, **asked)
        return Feed(events=tuple(page["items"]), next=page["next"])

    def _register(self, agency: str, existing: list[Json], known: Container[str], until: float) -> str:
        url = self._hooks + agency
        ours = [one for one in existing if urlsplit(one["url"]).path == urlsplit(url).path]
        for stale in ours:
            if stale["url"] != url:  # the receivers listened on another port then
                self._notifications.delete(COORDINATOR, f"/v1/endpoints/{stale['id']}")
        current = next((one for one in ours if one["url"] == url), None)
        if current is None:
            made = self._create({"agency": agency, "url": url, "sandbox": True}, until)
            self._tell(agency, made["secret"])
            return "created"
        if agency in known:
            return "kept"
        rotated = self._notifications.post(COORDINATOR, f"/v1/endpoints/{current['id']}:rotate")
        self._tell(agency, rotated["secret"])
        return "rotated"

    def _create(self, endpoint: Json, until: float) -> Json:
        while True:
            try:
                return self._notifications.post(COORDINATOR, "/v1/endpoints", endpoint)
            except RefusedError as refused:
                if _UNHEARD_OF not in refused.text or time.monotonic() > until:
                    raise
            time.sleep(_STEP_SECONDS)

    def _tell(self, agency: str, secret: str) -> None:
        said(self._receivers.put(f"/agencies/{agency}", json={"secrets": [secret]}))

    def _acknowledge(self, agency: str) -> list[str]:
        reader = reader_of(agency)
        notices = self._notifications.everything(reader, "/v1/notices", state="frozen", agency=agency)
        for notice in notices:
            self._notifications.post(reader, f"/v1/notices/{notice['id']}:acknowledge")
        return [notice["id"] for notice in notices]
