"""Every agency has one endpoint at the receivers, which verify what it is sent; registering again changes nothing."""

import secrets
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import orjson
import pytest
from unit.sandbox.process import DEADLINE, running
from unit.sandbox.standins import signed

from sandbox.agencies import Agencies, reader_of
from sandbox.calls import RefusedError
from sandbox.clients import find

BODIES = ["bureau-nl", "centre", "ice-on", "opp", "police-calgary"]


@dataclass
class Services:
    """Routing's directory and notifications' API; everything else goes to where it is."""

    known: set[str] = field(default_factory=lambda: set(BODIES))
    """Of whom notifications has heard."""
    hears_after: int = 0
    """How many refusals it takes until it has heard of all."""
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    refuses: int | None = None
    lock: Lock = field(default_factory=Lock)
    network: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.host.endswith(".test"):
            assert "authorization" not in request.headers
            passed_on = self.network.handle_request(request)
            return httpx.Response(passed_on.status_code, content=passed_on.read())
        with self.lock:
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        client = request.headers["authorization"].removeprefix("Bearer token-of-")
        body = orjson.loads(request.content) if request.content else {}
        match request.method, request.url.path.split("/")[2:]:
            case "GET", ["agencies"]:
                rows = [{"id": body, "retired_on": None} for body in BODIES]
                return _page([*rows, {"id": "gone", "retired_on": "2026-01-01"}], request)
            case "GET", ["endpoints"]:
                assert client == "coordinator"
                return _page([{k: v for k, v in e.items() if k != "secret"} for e in self.endpoints.values()], request)
            case "POST", ["endpoints"]:
                return self._create(body)
            case "POST", ["endpoints", rotated]:
                return httpx.Response(200, json=self._with_secret(self.endpoints[rotated.removesuffix(":rotate")]))
            case "DELETE", ["endpoints", deleted]:
                del self.endpoints[deleted]
                return httpx.Response(204)
            case "GET", ["notices"]:
                return _page(self._frozen(client, request.url.params.get("agency")), request)
            case "POST", ["notices", acknowledged]:
                (notice,) = [one for one in self.notices if f"{one['id']}:acknowledge" == acknowledged]
                assert notice["reader"] == client
                notice["state"] = "acknowledged"
                return httpx.Response(200, json=notice)
            case "GET", ["events"]:
                after = int(request.url.params.get("after", 0))
                return httpx.Response(200, json={"items": [{"for": client, "position": after + 1}], "next": "1"})
            case other:
                raise AssertionError(other)

    def _frozen(self, client: str, agency: str | None) -> list[dict[str, Any]]:
        """A reader sees its own; the centre everybody's, and those of one body where it names one."""
        wanted = client if client != "coordinator" else None if agency is None else reader_of(agency)
        return [one for one in self.notices if one["state"] == "frozen" and wanted in (None, one["reader"])]

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        if self.refuses is not None:
            return httpx.Response(self.refuses, json={"detail": "Because."})
        if body["agency"] not in self.known:
            self.hears_after -= 1
            if self.hears_after <= 0:
                self.known = set(BODIES)
            return httpx.Response(422, json={"type": "urn:interlink:problem:agency.unknown"})
        assert body["sandbox"] is True
        made = {"id": f"e-{len(self.endpoints)}-{body['agency']}"} | body
        self.endpoints[made["id"]] = made
        return httpx.Response(201, json=self._with_secret(made))

    def _with_secret(self, endpoint: dict[str, Any]) -> dict[str, Any]:
        endpoint["secret"] = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
        return endpoint


def _page(rows: list[dict[str, Any]], request: httpx.Request) -> httpx.Response:
    first = int(request.url.params.get("cursor", 0))
    following = str(first + 2) if first + 2 < len(rows) else None
    return httpx.Response(200, json={"items": rows[first : first + 2], "next": following})


@pytest.fixture
def services() -> Iterator[Services]:
    made = Services()
    yield made
    made.network.close()


@pytest.fixture(scope="module")
def receivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("receivers")
    with socket.create_server(("127.0.0.1", 0)) as listening, running("receivers", listening, home) as url:
        yield url


def at(services: Services, receivers: str) -> Agencies:
    return Agencies(
        routing="http://routing.test",
        notifications="http://notifications.test",
        receivers=receivers,
        token=lambda client: f"token-of-{client}",
        transport=httpx.MockTransport(services),
    )


def verifies(services: Services, agency: str) -> bool:
    """Whether the receivers take what the agency's endpoint is sent."""
    (endpoint,) = [one for one in services.endpoints.values() if one["agency"] == agency]
    body = b'{"type":"t","subject":"s"}'
    headers = signed(body, "d-1", endpoint["secret"])
    return httpx.post(endpoint["url"], content=body, headers=headers, timeout=DEADLINE).is_success


def test_each_body_has_an_endpoint_that_verifies_and_keeps_it(services: Services, receivers: str) -> None:
    with at(services, receivers) as agencies:
        first = agencies.register_endpoints()
        assert (first.created, first.rotated, first.kept) == (len(BODIES), 0, 0)
        assert sorted(one["agency"] for one in services.endpoints.values()) == BODIES
        assert all(verifies(services, agency) for agency in BODIES)
        again = agencies.register_endpoints()
        assert (again.created, again.rotated, again.kept) == (0, 0, len(BODIES))
        assert all(verifies(services, agency) for agency in BODIES)


def test_an_endpoint_whose_secret_the_receivers_lost_gets_a_new_one(services: Services, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with running("receivers", listening, tmp_path) as url, at(services, url) as agencies:
            agencies.register_endpoints()
        (tmp_path / "sandbox" / "receivers.jsonl").unlink()
        with running("receivers", listening, tmp_path) as url, at(services, url) as agencies:
            done = agencies.register_endpoints()
            assert (done.created, done.rotated, done.kept) == (0, len(BODIES), 0)
            assert verifies(services, "opp")


def test_an_endpoint_on_another_port_is_replaced(services: Services, receivers: str) -> None:
    stale = {"id": "old", "agency": "opp", "url": "http://127.0.0.1:1/hooks/opp"}
    own = {"id": "own", "agency": "ice-on", "url": "https://ice-on.example.org/interlink"}
    services.endpoints = {"old": stale, "own": own}
    with at(services, receivers) as agencies:
        assert agencies.register_endpoints().created == len(BODIES)
    assert "old" not in services.endpoints
    assert "own" in services.endpoints


def test_an_agency_that_notifications_has_not_heard_of_is_tried_again(services: Services, receivers: str) -> None:
    services.known, services.hears_after = set(), 3
    with at(services, receivers) as agencies:
        assert agencies.register_endpoints().created == len(BODIES)


@pytest.mark.parametrize("status", [403, 422])
def test_a_refusal_is_told_in_the_services_words(services: Services, receivers: str, status: int) -> None:
    services.refuses = status
    with at(services, receivers) as agencies, pytest.raises(RefusedError, match=r"Because\."):
        agencies.register_endpoints()


def test_an_agency_that_stays_unknown_is_said_so(services: Services, receivers: str) -> None:
    services.known, services.hears_after = set(), 1_000_000
    with at(services, receivers) as agencies, pytest.raises(RefusedError, match=r"agency\.unknown"):
        agencies.register_endpoints(patience=0)


def test_each_agency_acknowledges_its_own_notices_by_its_own_client(services: Services, receivers: str) -> None:
    readers = ["officer-opp", "bureau-nl", "coordinator", "officer-opp"]
    services.notices = [{"id": f"n-{n}", "reader": reader, "state": "frozen"} for n, reader in enumerate(readers)]
    services.notices.append({"id": "n-4", "reader": "officer-ice-on", "state": "frozen"})
    with at(services, receivers) as agencies:
        assert sorted(agencies.acknowledge(["opp", "bureau-nl", "centre", "opp"])) == ["n-0", "n-1", "n-2", "n-3"]
        assert agencies.acknowledge(["opp"]) == []
    assert services.notices[-1]["state"] == "frozen"


def test_a_feed_is_read_on_from_its_cursor(services: Services, receivers: str) -> None:
    with at(services, receivers) as agencies:
        first = agencies.events("opp")
        assert first.events == ({"for": "officer-opp", "position": 1},)
        assert agencies.events("opp", first.next).events[0]["position"] == 2


@pytest.mark.parametrize(
    ("agency", "tenant"),
    [
        ("opp", "agency:opp"),
        ("bureau-de", "partner:bureau-de"),
        ("bureau-nl", "partner:bureau-nl"),
        ("centre", "centre"),
    ],
)
def test_whoever_reads_for_an_agency_is_of_its_tenant_and_may(agency: str, tenant: str) -> None:
    client = find(reader_of(agency))
    assert client is not None
    assert client.tenant == tenant
    assert {"notices:read", "notices:acknowledge", "events:read"} <= client.scopes
