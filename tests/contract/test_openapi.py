"""What a service says of its HTTP API is what it does: valid documents, and answers as they are declared.

The application runs in process on real Postgres; schemathesis draws the requests in a thread of its own and every
answer, to good and to broken ones, is held to the document.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from service.isp_liaison import conftest as asking
from service.isp_liaison.provider import Provider
from service.notifications.conftest import Notifications, Receiver, directory
from service.routing.conftest import ABROAD, PARTNER, Routing, capture, items

from contracts.events.identifications import IdentificationCompleted
from contracts.scopes import SCOPES
from intake.service import service as intake
from isp_liaison.service import service as isp_liaison
from kit.service import Service
from kit.testing.databases import TestDatabases
from kit.testing.harness import KEY, Harness, running
from kit.time import SettableClock
from notifications.service import service as notifications
from routing.service import service as routing

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
EXAMPLES = 25
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REFERRAL: dict[str, Any] = {
    "reference": "NL-1",
    "version": 1,
    "synthetic": True,
    "incident": {"type": "csaem", "occurred_at": "2026-11-20T21:14:05Z"},
    "suspects": [
        {
            "reference": "S-1",
            "account": {"service": "Example Chat", "id": "acct-1001"},
            "captures": [{"ip": "24.48.0.17", "port": 40112, "time": "2026-11-20T21:14:05Z"}],
        }
    ],
}
schemathesis.serializer.alias("application/x-ndjson", "text/plain")  # drawn as any text
BATCH = b"""{"reference": "NL-2", "synthetic": true, "incident": {"type": "csaem"}}
{"suspect": {"reference": "S-1", "captures": [{"ip": "24.48.0.17", "time": "2026-11-20T21:14:05Z"}]}}
"""


@dataclass(frozen=True)
class Api:
    """A running service, its document, and who calls it."""

    harness: Harness
    document: dict[str, Any]
    schema: BaseSchema
    callers: Sequence[tuple[str, Sequence[str]]]

    @property
    def tokens(self) -> list[str]:
        """One of each caller, with every scope there is."""
        return [self.harness.issuer.token(tenant, sorted(SCOPES), roles) for tenant, roles in self.callers]

    async def send(self, request: requests.PreparedRequest) -> httpx.Response:
        """The answer to a drawn request, byte for byte."""
        async with self.harness.with_headers() as client:
            return await client.request(
                str(request.method),
                str(request.url),
                headers=[(_bytes(name), _bytes(value)) for name, value in request.headers.items()],
                content=_bytes(request.body or b""),
            )

    def conforms(self, method: str, path: str, answer: httpx.Response) -> None:
        """Hold an answer to the document."""
        self.schema[path][method].validate_response(answer)


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("latin-1", "replace")


@pytest.fixture(params=[intake, isp_liaison, notifications, routing], ids=lambda service: service.name, scope="module")
async def api(
    request: pytest.FixtureRequest, databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """Each service with one suspect in it: reported, routed to an agency, or told to one."""
    service: Service = request.param
    database = await databases.make()
    options = {"home": tmp_path_factory.mktemp("home"), "webhook_key": KEY}
    async with running(service, database, SettableClock(NOW), **options) as harness:
        async with harness.with_headers() as client:
            document = (await client.get("/openapi.json")).json()
        schema = schemathesis.openapi.from_dict(document)
        callers = {
            "intake": [("partner:bureau-nl", ["partner"]), ("centre", ["coordinator"])],
            "notifications": [("agency:ice-on", ["agency"]), ("centre", ["coordinator"])],
            "routing": [("agency:ice-on", ["agency"]), ("centre", ["coordinator"])],
            "isp-liaison": [("provider:provider-north", ["provider"]), ("centre", ["officer"])],
        }[service.name]
        yield Api(harness, document, schema, callers)
    await databases.drop(database)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and declaration of everything below `/v1`."""
    return [
        (method, path, declared)
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
        if path.startswith("/v1/")
    ]


async def test_the_document_is_valid_openapi(api: Api) -> None:
    assert api.document["openapi"].startswith("3.1")
    api.schema.validate()


async def test_every_operation_explains_itself_and_names_the_token_it_needs(api: Api) -> None:
    declared = operations(api.document)
    assert len(declared) >= 3
    for method, path, operation in declared:
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert operation["security"], (method, path)
        assert "422" not in operation["responses"], (method, path)
        for status in ("4XX", "5XX"):
            (media_type,) = operation["responses"][status]["content"]
            assert media_type == "application/problem+json", (method, path, status)
    schemes = api.document["components"]["securitySchemes"]
    assert all(scheme["type"] == "http" and scheme["scheme"] == "bearer" for scheme in schemes.values())


async def test_good_requests_are_answered_as_declared(api: Api) -> None:
    await _GOOD[api.harness.service.name](api)


async def _hand_in_and_follow(api: Api) -> None:
    partner, _ = api.tokens
    async with api.harness.with_headers(Authorization=f"Bearer {partner}") as client:
        posted = await client.post("/v1/referrals", json=REFERRAL, headers={"Idempotency-Key": "k"})
        again = await client.post("/v1/referrals", json=REFERRAL, headers={"Idempotency-Key": "k"})
        batch = await client.post(
            "/v1/referrals:batch", content=BATCH, headers={"Content-Type": "application/x-ndjson"}
        )
        shown = await client.get(f"/v1/referrals/{posted.json()['number']}")
        listed = await client.get("/v1/referrals", params={"limit": 1})
    assert [one.status_code for one in (posted, again, batch, shown, listed)] == [201, 201, 201, 200, 200]
    assert len(shown.json()["entries"]) == len(listed.json()["items"]) == 1
    api.conforms("post", "/v1/referrals", posted)
    api.conforms("post", "/v1/referrals", again)
    api.conforms("post", "/v1/referrals:batch", batch)
    api.conforms("get", "/v1/referrals/{number}", shown)
    api.conforms("get", "/v1/referrals", listed)


async def _read_and_decide(api: Api) -> None:
    told = Routing(api.harness, await api.harness.process.keyring.new_key())
    first, second = [await told.given_suspect(items(captures=[capture(ABROAD)])) for _ in range(2)]
    victim = told.victim(items(captures=[capture()]))
    await told.told(victim)
    holder = api.harness.issuer.token(PARTNER, sorted(SCOPES))  # the bureau of the captures' network
    headers = {"Authorization": f"Bearer {holder}", "Interlink_Purpose": "test"}
    async with api.harness.with_headers(**headers) as client:
        answers = {
            ("get", "/v1/suspects/{suspect}"): await client.get(f"/v1/suspects/{first}"),
            ("get", "/v1/victims/{victim}"): await client.get(f"/v1/victims/{victim.victim}"),
            ("get", "/v1/assignments"): await client.get("/v1/assignments", params={"limit": 1}),
            ("get", "/v1/agencies"): await client.get("/v1/agencies", params={"limit": 200}),
            ("post", "/v1/determinations:preview"): await client.post(
                "/v1/determinations:preview", json=REFERRAL["suspects"][0]
            ),
            ("post", "/v1/assignments/{assignment}:accept"): await client.post(
                f"/v1/assignments/{await told.current(first)}:accept"
            ),
            ("post", "/v1/assignments/{assignment}:decline"): await client.post(
                f"/v1/assignments/{await told.current(second)}:decline", json={"reason": "outside_mandate"}
            ),
        }
    for (method, path), answer in answers.items():
        assert answer.status_code == 200, (path, answer.text)
        api.conforms(method, path, answer)
    assert {(method, path) for method, path, _ in operations(api.document)} == set(answers)


async def _be_told(api: Api) -> None:
    told = Notifications(api.harness, Receiver())
    await told.told(directory("ice-on", "ice_unit"), told.created())
    await told.later(seconds=6)
    agency, _ = api.tokens
    headers = {"Authorization": f"Bearer {agency}"}
    body = {"url": "https://hooks.example.org/interlink", "types": ["interlink.assignment.created.v1"]}
    async with api.harness.with_headers(**headers) as client:
        registered = await client.post("/v1/endpoints", json=body)
        (notice,) = await told.notices()
        (event,) = await told.feed()
        one = f"/v1/endpoints/{registered.json()['id']}"
        answers = {
            ("post", "/v1/endpoints"): registered,
            ("get", "/v1/endpoints"): await client.get("/v1/endpoints", params={"limit": 1}),
            ("get", "/v1/endpoints/{endpoint}"): await client.get(one),
            ("post", "/v1/endpoints/{endpoint}:test"): await client.post(f"{one}:test"),
            ("get", "/v1/endpoints/{endpoint}/deliveries"): await client.get(f"{one}/deliveries"),
            ("post", "/v1/endpoints/{endpoint}:rotate"): await client.post(f"{one}:rotate"),
            ("post", "/v1/endpoints/{endpoint}:replay"): await client.post(f"{one}:replay", json={"since": str(NOW)}),
            ("post", "/v1/endpoints/{endpoint}:enable"): await client.post(f"{one}:enable"),
            ("delete", "/v1/endpoints/{endpoint}"): await client.delete(one),
            ("get", "/v1/notices"): await client.get("/v1/notices", params={"limit": 1}),
            ("get", "/v1/notices/{notice}"): await client.get(f"/v1/notices/{notice['id']}"),
            ("post", "/v1/notices/{notice}:acknowledge"): await client.post(f"/v1/notices/{notice['id']}:acknowledge"),
            ("get", "/v1/events"): await client.get("/v1/events", params={"limit": 1}),
            ("get", "/v1/events/{event}"): await client.get(f"/v1/events/{event['id']}"),
        }
    for (method, path), answer in answers.items():
        assert answer.is_success, (path, answer.text)
        api.conforms(method, path, answer)
    assert {(method, path) for method, path, _ in operations(api.document)} == set(answers)


async def _ask_and_answer(api: Api) -> None:
    liaison = asking.Liaison(api.harness, await api.harness.process.keyring.new_key(), Provider())
    suspect = await liaison.given(asking.capture(), asking.capture("70.24.10.2", grade="X", item="/captures/1"))
    number, demand = await liaison.number(asking.PRODUCTION), await liaison.number(asking.DEMAND)
    (line,) = await liaison.lines(number)
    drafting = {"instrument": asking.ORDER, "lines": [line["line"]]}
    told = {"zone": "America/Toronto", "lines": [asking.identified(line["line"])]}
    submitted = await liaison.submit(number)
    await liaison.submit(demand, asking.DEMAND)
    answers = {
        ("post", "/v1/requests:draft"): await liaison.post("requests:draft", drafting),
        ("post", "/v1/requests/{number}:submit"): submitted,
        ("post", "/v1/requests/{number}:return"): await liaison.post(f"requests/{demand}:return", {"reason": "x"}),
        ("post", "/v1/requests/{number}:approve"): await liaison.approve(number),
    }
    await api.harness.work()  # nobody has a channel here: refused, but offered
    answers["post", "/v1/requests/{number}:send"] = await liaison.post(f"requests/{number}:send")
    async with liaison.of_provider() as client:
        answers["post", "/v1/requests/{number}:acknowledge"] = await client.post(
            f"/v1/requests/{number}:acknowledge", json={"status": "in_progress"}
        )
        answers["post", "/v1/requests/{number}:answer"] = await client.post(f"/v1/requests/{number}:answer", json=told)
    await api.harness.work()
    (pending,) = await liaison.pending()
    async with liaison.officer() as client:
        for path in ("/v1/requests", "/v1/requests:unplaced", "/v1/answers", "/v1/providers", "/v1/instruments"):
            answers["get", path] = await client.get(path, params={"limit": 1})
        answers["get", "/v1/requests/{number}"] = await client.get(f"/v1/requests/{number}")
        answers["post", "/v1/answers/{answer}:check"] = await liaison.check(pending["id"])
        (completed,) = await liaison.published(IdentificationCompleted, suspect)
        answers["get", "/v1/subscribers/{record}"] = await client.get(f"/v1/subscribers/{completed.record}")
    for (method, path), answer in answers.items():
        assert answer.status_code == 200, (path, answer.text)
        api.conforms(method, path, answer)
    assert {(method, path) for method, path, _ in operations(api.document)} == set(answers)


_GOOD = {
    "intake": _hand_in_and_follow,
    "isp-liaison": _ask_and_answer,
    "notifications": _be_told,
    "routing": _read_and_decide,
}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
async def test_drawn_requests_are_answered_as_declared(api: Api, mode: GenerationMode) -> None:
    seen = await asyncio.to_thread(_draw, api, mode, api.tokens, asyncio.get_running_loop())
    assert len(seen) > EXAMPLES


ODD = ("\0", "a\0b", "\ud800", "é", "%", "' --", "\\", "9" * 40, "x" * 2000)


async def test_no_character_in_a_path_or_query_is_our_fault(api: Api) -> None:
    tried = 0
    for method, path, operation in operations(api.document):
        for parameter in operation.get("parameters", []):
            for text in ODD if parameter["in"] in ("path", "query") else ():
                url = path.replace("{" + parameter["name"] + "}", quote(text, safe="", errors="surrogatepass"))
                query = f"?{parameter['name']}={quote(text, errors='surrogatepass')}"
                asked = url if parameter["in"] == "path" else re.sub(r"{\w+}", str(UUID(int=7)), path) + query
                for token in api.tokens:
                    async with api.harness.with_headers(Authorization=f"Bearer {token}") as client:
                        answer = await client.request(method, asked)
                    assert answer.status_code < 500, (method, asked, answer.text)
                    tried += 1
    assert tried > len(ODD)


async def test_without_a_token_every_operation_refuses(api: Api) -> None:
    loop = asyncio.get_running_loop()
    seen = await asyncio.to_thread(_draw, api, GenerationMode.POSITIVE, [None], loop)
    assert {status for _, status in seen} == {401}
    assert {path for path, _ in seen} == {path for _, path, _ in operations(api.document)}


def _draw(
    api: Api, mode: GenerationMode, tokens: Sequence[str | None], loop: asyncio.AbstractEventLoop
) -> list[tuple[str, int]]:
    """Draw requests to every operation; raises what schemathesis finds. Path and status of each answer."""
    seen: list[tuple[str, int]] = []
    for result in api.schema.get_all_operations():
        operation: APIOperation = result.ok()
        if not operation.path.startswith("/v1/"):
            continue  # health takes nothing that could be drawn
        for token in tokens:
            _exercise(api, operation, mode, token, loop, seen)
    return seen


def _exercise(
    api: Api,
    operation: APIOperation,
    mode: GenerationMode,
    token: str | None,
    loop: asyncio.AbstractEventLoop,
    seen: list[tuple[str, int]],
) -> None:
    # Derandomised: what stands in the way of a commit must not depend on luck.
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def answer_conforms(case: Case) -> None:
        request = requests.Request(**case.as_transport_kwargs(base_url="http://service")).prepare()
        request.headers.pop("Authorization", None)
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        answer = asyncio.run_coroutine_threadsafe(api.send(request), loop).result(30)
        seen.append((operation.path, answer.status_code))
        case.validate_response(answer, checks=CHECKS)

    answer_conforms()
