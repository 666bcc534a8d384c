"""Every error has one form, says what helps and nothing else."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from unit.kit.http.door import Door


def told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("rejected", 422, "rule-broken"), ("not-found", 404, "not-found"), ("conflict", 409, "already-decided"),
        ("transient", 503, "unavailable"), ("bug", 500, "internal"),
    ],
)  # fmt: skip
async def test_each_family_has_its_status_and_its_stable_type(opened: Door, name: str, status: int, code: str) -> None:
    answer = await opened.client.get(f"/v1/raise/{name}")
    document = told(answer)
    assert (answer.status_code, document["type"]) == (status, f"urn:interlink:problem:{code}")


async def test_a_rejection_points_at_each_fault(opened: Door) -> None:
    document = told(await opened.client.get("/v1/raise/rejected"))
    assert document["errors"] == [{"pointer": "/suspects/0", "code": "rule", "detail": "why"}]


async def test_what_is_away_says_when_to_come_back(opened: Door) -> None:
    assert (await opened.client.get("/v1/raise/transient")).headers["retry-after"] == "7"


async def test_a_bug_tells_nothing_about_itself(opened: Door) -> None:
    text = (await opened.client.get("/v1/raise/bug")).text
    assert "secret" not in text
    assert "KeyError" not in text
    assert "Traceback" not in text


async def test_what_is_not_there_and_what_is_not_yours_read_the_same(opened: Door) -> None:
    unknown_route, not_found = [
        told(await opened.client.get(path, headers={"X-Request-ID": "same"}))
        for path in ("/v1/nowhere", "/v1/raise/not-found")
    ]
    assert unknown_route == not_found


async def test_a_wrong_method_says_which_ones_are_allowed(opened: Door) -> None:
    answer = await opened.client.delete("/v1/items")
    assert told(answer)["type"] == "urn:interlink:problem:method-not-allowed"
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.DeadlockDetectedError("again"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.CannotConnectNowError("starting"),
        asyncpg.TooManyConnectionsError("full"),
        ConnectionRefusedError(111, "refused"),
        socket.gaierror(-2, "unknown"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_is_503_with_retry_after(opened: Door, error: Exception) -> None:
    opened.probe.errors["it"] = error
    answer = await opened.client.get("/v1/raise/it")
    assert told(answer)["type"] == "urn:interlink:problem:unavailable"
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "may have been stored" in told(answer)["detail"]  # the answer to a commit may be what got lost


async def test_a_mistake_in_sql_is_a_bug_and_not_an_outage(opened: Door) -> None:
    opened.probe.errors["it"] = asyncpg.PostgresSyntaxError("near")
    assert (await opened.client.get("/v1/raise/it")).status_code == 500


@pytest.mark.parametrize("path", ["/v1/items", "/v1/models"])
async def test_an_invalid_body_is_answered_with_pointers_and_without_values(opened: Door, path: str) -> None:
    answer = await opened.client.post(path, json={"number": "a@example.com", "names": [1]})
    document = told(answer)
    assert answer.status_code == 422
    assert [error["pointer"] for error in document["errors"]] == ["/number", "/names/0"]
    assert "example.com" not in answer.text


@pytest.mark.parametrize("path", ["/v1/items", "/v1/models"])
async def test_a_body_that_is_not_json_is_422(opened: Door, path: str) -> None:
    answer = await opened.client.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert told(answer)["type"] == "urn:interlink:problem:request-invalid"


async def test_an_invalid_parameter_is_named(opened: Door) -> None:
    document = told(await opened.client.get("/v1/numbers", params={"limit": 201}))
    assert [error["pointer"] for error in document["errors"]] == ["query:limit"]


async def test_a_body_over_the_limit_is_413_by_its_length_and_while_reading(opened: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 20

    declared = await opened.client.post("/v1/items", content=b"x" * 65)
    streamed = await opened.client.post("/v1/items", content=endless())
    assert "content-length" not in streamed.request.headers
    for answer in (declared, streamed):
        assert told(answer)["type"] == "urn:interlink:problem:body-too-large"
        assert answer.status_code == 413


async def test_a_body_at_the_limit_is_read(opened: Door) -> None:
    content = b'{"number": 1}'.ljust(64)
    assert (await opened.client.post("/v1/items", content=content)).json() == {"number": 1, "names": []}


async def test_a_length_that_is_no_number_is_refused(opened: Door) -> None:
    answer = await opened.client.post("/v1/items", content=b"{}", headers={"Content-Length": "-1"})
    assert told(answer)["type"] == "urn:interlink:problem:length-invalid"


async def test_a_compressed_body_is_refused(opened: Door) -> None:
    answer = await opened.client.post("/v1/items", content=b"{}", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, told(answer)["type"]) == (415, "urn:interlink:problem:encoding-unsupported")


async def test_the_request_id_is_echoed_if_it_is_safe_and_new_if_not(opened: Door) -> None:
    safe = await opened.client.get("/v1/nowhere", headers={"X-Request-ID": "abc-1.2_3"})
    assert safe.headers["x-request-id"] == "abc-1.2_3"
    for unsafe in ("a b", "x" * 65, '"', ""):
        answer = await opened.client.get("/v1/nowhere", headers={"X-Request-ID": unsafe})
        assert answer.headers["x-request-id"] not in {"", unsafe}


async def test_every_answer_has_the_headers_that_keep_browsers_and_caches_out(opened: Door) -> None:
    for path in ("/v1/nowhere", "/v1/raise/bug", "/health/live"):
        headers = (await opened.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
    assert (await opened.client.get("/v1/state")).headers["cache-control"] == "private"


async def test_requests_are_counted_under_their_route_and_never_under_their_path(opened: Door) -> None:
    await opened.client.get("/v1/raise/conflict")
    metrics = (await opened.client.get("/metrics")).text
    assert 'interlink_http_requests_total{method="GET",route="/v1/raise/{name}",status="409"}' in metrics
    assert "/v1/raise/conflict" not in metrics


async def test_openapi_declares_the_problem_document_and_nothing_of_the_frameworks(opened: Door) -> None:
    document = (await opened.client.get("/openapi.json")).json()
    assert document["info"]["title"] == "Probe"
    assert "ProblemDocument" in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(document)
    assert document["paths"]["/v1/whoami"]["get"]["security"] == [{"OAuth2": ["referrals:read"]}]
