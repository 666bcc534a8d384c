"""Every error leaves as `application/problem+json` (RFC 9457), made here and nowhere else.

`type` is stable (`urn:interlink:problem:<code>`), `errors` point into the body, the request id joins it to the
logs. Never personal data, never a stack trace. A thing that is not there and a thing of somebody else read the
same, but for the request id.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from kit import telemetry
from kit.errors import NotFound, Problem, Refused, Rejected, Transient
from kit.failures import is_transient
from kit.redaction import scrub

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:interlink:problem:"
RETRY_AFTER_SECONDS: Final = 5
MOST_ERRORS: Final = 100
"""A body may break a rule a million times; the first ones tell enough."""

UNAUTHENTICATED: Final = frozenset({"token-missing", "token-invalid"})

# Python renames phrases between versions (413, 422); clients should not see that.
TITLES: Final[Mapping[int, str]] = {413: "Content Too Large", 422: "Unprocessable Content"}


class Fault(BaseModel):
    """One fault inside the request."""

    pointer: str = Field(description="JSON Pointer or XPath into the body; `query:…` for a parameter.")
    code: str
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Stable URI of the kind of problem.")
    title: str
    status: int
    detail: str
    errors: list[Fault] = []
    request_id: str | None = None


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "The request is refused.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    },
    "5XX": {
        "description": "Not the request's fault; see Retry-After.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    },
}
"""What a router declares so that OpenAPI tells the truth about errors."""


def response(
    code: str,
    status: int,
    detail: str = "",
    *,
    errors: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem as a response."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [
            {"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in errors[:MOST_ERRORS]
        ]
    body["request_id"] = telemetry.request_id()
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def of_refusal(error: Refused) -> Response:
    """The response of one of the four families."""
    errors = error.errors if isinstance(error, Rejected) else ()
    return response(error.code, error.status, error.detail, errors=errors, headers=_headers(error))


def _headers(error: Refused) -> dict[str, str]:
    if isinstance(error, Transient):
        return {"Retry-After": str(error.retry_after)}
    if error.code == "token-missing":
        return {"WWW-Authenticate": 'Bearer realm="interlink"'}
    if error.code == "token-invalid":
        return {"WWW-Authenticate": 'Bearer realm="interlink", error="invalid_token"'}
    if error.code == "scope-missing":
        return {"WWW-Authenticate": 'Bearer realm="interlink", error="insufficient_scope"'}
    return {}


def of_failure(error: Exception) -> Response:
    """The response of an error that nobody expected: later, if waiting helps, else an internal error."""
    if is_transient(error):
        return response(
            "unavailable",
            503,
            "Something this request needs is away. It may have been stored or not: send the same again.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    return response("internal", 500, "This is a fault of ours. The request id helps us find it.")


def invalid(error: ValidationError | RequestValidationError) -> Rejected:
    """A model's refusal of the request, with a pointer to each fault and without the values."""
    problems = [
        Problem(_pointer(fault["loc"]), str(fault["type"]).replace("_", "-"), scrub(str(fault["msg"])))
        for fault in error.errors()[:MOST_ERRORS]
    ]
    return Rejected("request-invalid", "The request does not have the form it must have.", errors=problems)


def _pointer(loc: Sequence[int | str]) -> str:
    """RFC 6901 for the body; `query:limit` for what is not in it."""
    source, *path = loc or ("body",)
    if source in ("query", "path", "header", "cookie"):
        return f"{source}:{'.'.join(str(part) for part in path)}"
    parts = path if source == "body" else loc
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for it
    return of_refusal(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    return of_refusal(invalid(error))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == HTTPStatus.NOT_FOUND:
        return of_refusal(NotFound())
    code = HTTPStatus(error.status_code).name.lower().replace("_", "-")
    return response(CODES.get(error.status_code, code), error.status_code, headers=error.headers)


CODES: Final[Mapping[int, str]] = {413: "body-too-large", 415: "media-type-unsupported"}


def install(app: FastAPI) -> None:
    """Map the four families, invalid requests and the framework's own refusals."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
