"""What surrounds every request: its id, its span, its time, its headers, and an answer when all else fails.

Plain ASGI: no copy of the body, no task of its own, so that streams and client disconnects pass through.
"""

import re
import time
from collections.abc import MutableMapping
from typing import Any, Final

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts import ids
from kit import telemetry
from kit.http import problems

log = telemetry.logger(__name__)

SAFE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
UNROUTED: Final = "(none)"

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
)
CONTENT_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE: Final = (b"cache-control", b"no-store")


class Surrounding:
    """The outermost layer of a service's HTTP application."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is everything inside."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        with (
            telemetry.bound_request(answer.request_id),
            telemetry.span(
                f"{scope['method']} {UNROUTED}", parent=_header(scope, b"traceparent"), kind=SpanKind.SERVER
            ) as span,
        ):
            try:
                await self._serve(scope, receive, answer)
            finally:
                span.update_name(f"{scope['method']} {answer.route}")
                answer.measure()

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            log.info("http.client_left", route=answer.route)
        except Exception as error:
            if answer.started:  # too late for another answer: the server cuts the connection
                log.exception("http.failed_midway", route=answer.route)
                raise
            failure = problems.of_failure(error)
            if failure.status_code == 503:
                log.warning("http.unavailable", route=answer.route, exc_info=error)
            else:
                log.exception("http.failed", route=answer.route)
            await failure(scope, receive, answer.send)


class _Answer:
    """The response on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self.started = False
        self.status = 499  # until something was sent: the client left
        self.request_id = _request_id(scope)

    @property
    def route(self) -> str:
        """The route's template, never the path: a path holds ids."""
        return getattr(self._scope.get("route"), "path", UNROUTED)

    async def send(self, message: Message) -> None:
        """Add the headers that every response has."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            message = {**message, "headers": self._headers(message)}
        await self._send(message)

    def _headers(self, message: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
        headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
        present = {name.lower() for name, _ in headers}
        headers += [(b"x-request-id", self.request_id.encode()), *HEADERS]
        if CONTENT_POLICY[0] not in present:
            headers.append(CONTENT_POLICY)
        if NO_STORE[0] not in present:
            headers.append(NO_STORE)
        return headers

    def measure(self) -> None:
        """Count the request and its time under its route."""
        method = self._scope["method"]
        telemetry.REQUESTS.labels(method, self.route, str(self.status)).inc()
        telemetry.REQUEST_SECONDS.labels(method, self.route).observe(time.perf_counter() - self._began)


def _request_id(scope: Scope) -> str:
    """The caller's id if it is harmless in a log, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SAFE_REQUEST_ID.fullmatch(value):
            return value.decode()
    return str(ids.new())


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None
