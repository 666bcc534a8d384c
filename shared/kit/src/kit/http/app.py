"""A service's HTTP application: its routes inside everything that is the same for all four.

Made once per process; `application(request)` is how a route reaches the service's own object.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import SecretStr

from kit.http import docs, health, metrics, problems
from kit.http.client import outgoing
from kit.http.health import Check
from kit.http.middleware import Surrounding
from kit.http.pages import Cursors
from kit.http.tokens import IssuerKeys, Tokens
from kit.settings import key_bytes
from kit.time import Clock, SystemClock

VERSION: Final = "1.0.0"
"""Of the HTTP API; `/v1` is its major."""

ISSUER_TIMEOUT: Final = httpx.Timeout(3.0)


class Described(Protocol):
    """What is needed of `kit.service.Service`."""

    @property
    def name(self) -> str:
        """As in topics and URLs."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def routes(self) -> Sequence[APIRouter]:
        """The service's resources."""
        ...


class HttpSettings(Protocol):
    """What is needed of the service's settings."""

    @property
    def issuer(self) -> str:
        """OpenID issuer."""
        ...

    @property
    def audience(self) -> str:
        """Audience that a token must name."""
        ...

    @property
    def allowed_hosts(self) -> str:
        """Private hosts that may be called, comma separated."""
        ...

    @property
    def index_key(self) -> SecretStr | None:
        """Signs the cursors."""
        ...


def create_app(
    service: Described,
    application: Any,
    settings: HttpSettings,
    *,
    with_routes: bool = True,
    live: Sequence[Check] = (),
    ready: Sequence[Check] = (),
    clock: Clock | None = None,
    tokens: Tokens | None = None,
) -> FastAPI:
    """The FastAPI application of a service.

    Without routes it answers health and metrics alone (a consumer's or a relay's process). `tokens` replaces
    the verifier that is made from the settings.
    """
    app = FastAPI(
        title=service.title,
        version=VERSION,
        openapi_url="/openapi.json" if with_routes else None,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere; ours is `kit.http.docs`
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's spans carry client addresses and query strings; `Surrounding` makes ours without them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.application = application
    if with_routes:
        app.state.tokens = tokens or _tokens(settings, clock or SystemClock())
        app.state.cursors = Cursors(key_bytes(settings.index_key, "INTERLINK_INDEX_KEY"))
        for router in service.routes:
            app.include_router(router, responses=problems.RESPONSES)
        app.openapi = _documented(app)
        app.include_router(docs.router(app))
    app.include_router(health.router(live, ready))
    app.include_router(metrics.router)
    problems.install(app)
    app.add_middleware(Surrounding)
    return app


async def application(request: Request) -> Any:
    """The service's application object, for `Annotated[App, Depends(application)]`.

    Async although nothing is awaited: FastAPI calls a plain function in a thread, and back, for every request.
    """
    return request.app.state.application


def _tokens(settings: HttpSettings, clock: Clock) -> Tokens:
    """The issuer is the operator's choice, so its host may be private; a host that it names may not."""
    allowed = {host.strip() for host in settings.allowed_hosts.split(",") if host.strip()}
    # Requests wait for this fetch, so an issuer that hangs must not hold them for long.
    client = outgoing(allowed=allowed | {urlsplit(settings.issuer).hostname or ""}, timeout=ISSUER_TIMEOUT)
    return Tokens(IssuerKeys(settings.issuer, client, clock), settings.audience, clock)


def _documented(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """OpenAPI with the problem document in its components, which every operation's errors refer to."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
            problem = problems.ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {}) | {"ProblemDocument": problem}
            _drop_framework_errors(document)
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def _drop_framework_errors(document: dict[str, Any]) -> None:
    """FastAPI declares its own form of 422, which no response of ours has."""
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation.get("responses", {}).get("422", {}).get("content", {})
            if "HTTPValidationError" in str(content):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
