"""Logs, metrics and traces, with their names in one place.

Logs are JSON lines without personal data (`kit.redaction`), joined by request and trace id. A metric is
declared here or nowhere, as `interlink_<part>_<what>_<unit>`; its labels are closed sets and never ids. Traces
cross Kafka by the envelope's `traceparent`. Not promised: that a trace is kept; without an exporter ids are
made and passed on, and nothing is recorded.
"""

import logging
import re
import sys
from collections.abc import Generator, Iterable, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from prometheus_client import Counter, Gauge, Histogram

from kit import redaction

REQUESTS = Counter("interlink_http_requests_total", "Requests answered.", ("method", "route", "status"))
REQUEST_SECONDS = Histogram(
    "interlink_http_request_seconds",
    "Time from the first byte of a request to the last of its response.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TOKENS_REFUSED = Counter("interlink_http_tokens_refused_total", "Access tokens refused.", ("reason",))

GROUP_SIZE = Histogram(
    "interlink_group_commit_requests", "Requests that shared a commit.", buckets=(1, 2, 4, 8, 16, 32, 64)
)
GROUP_SECONDS = Histogram("interlink_group_commit_seconds", "Time of one shared commit.")

RELAYED = Counter("interlink_outbox_relayed_total", "Outbox rows acknowledged by the broker and deleted.")
RELAY_FAILURES = Counter("interlink_outbox_relay_failures_total", "Sends that failed and are repeated.")
RELAY_SECONDS = Histogram("interlink_outbox_relay_seconds", "Time of one relayed batch.")
OUTBOX_AGE = Gauge("interlink_outbox_oldest_seconds", "Age of the oldest row this relay found waiting.")
OUTBOX_DEAD = Counter("interlink_outbox_dead_total", "Rows moved aside because they cannot be sent.")

CONSUMED = Counter("interlink_consumer_records_total", "Records read, by what became of them.", ("topic", "outcome"))
BATCH_SECONDS = Histogram("interlink_consumer_batch_seconds", "Time of one batch's transaction.")
CONSUMER_PAUSED = Gauge("interlink_consumer_paused", "1 while the consumer waits for the database or is stopped.")
DEAD_LETTERS = Counter("interlink_consumer_dead_letters_total", "Records given up.", ("topic", "error"))

JOBS = Counter("interlink_jobs_total", "Attempts at due work, by outcome.", ("kind", "outcome"))
JOB_SECONDS = Histogram("interlink_job_seconds", "Time of one attempt.", ("kind",))

AUDIT_SEALED = Counter("interlink_audit_sealed_total", "Audit entries chained by the sealer.")
KEYS_READY = Gauge("interlink_keyring_ready", "Data keys made ahead and not yet used.")

# uvicorn logs client addresses, httpx whole URLs.
LEAST_LEVEL: Final = {
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}
TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

_request_id: ContextVar[str | None] = ContextVar("interlink_request_id", default=None)
_service = "interlink"


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines carry `name`. An event is a dotted word, its facts are fields (habit 17)."""
    return structlog.get_logger(module=name)


def request_id() -> str | None:
    """The id of the request that is being served here, if one is."""
    return _request_id.get()


@contextmanager
def bound_request(identifier: str) -> Generator[None]:
    """All log lines and audit entries inside carry this request id."""
    token = _request_id.set(identifier)
    try:
        yield
    finally:
        _request_id.reset(token)


def configure_logging(service: str, *, level: int = logging.INFO) -> None:
    """Send structlog's and the libraries' records to stdout as JSON lines. Called once, by the process."""
    global _service
    _service = service
    _configure_structlog(level)
    logging.basicConfig(handlers=[_Bridge()], level=max(level, logging.INFO), force=True)
    for name, least in LEAST_LEVEL.items():
        logging.getLogger(name).setLevel(least)


class _Lines:
    """Writes lines to stdout, to whatever stdout is at that time."""

    def msg(self, line: bytes) -> None:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()

    debug = info = warning = error = critical = msg


class _Bridge(logging.Handler):
    """Records of libraries, through the same processors."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.INFO:
            return
        bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=record.name)
        error = record.exc_info[1] if record.exc_info else None
        bound.log(record.levelno, record.getMessage(), exc_info=error)


def _where(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["service"] = _service
    if (identifier := _request_id.get()) is not None:
        event["request_id"] = identifier
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
        event["span_id"] = f"{span.span_id:016x}"
    return event


def redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that lets no personal data through; it stands last before the renderer."""
    error: Any = event.pop("exc_info", None)
    clean: dict[str, Any] = {key: redaction.redact(key, value) for key, value in event.items()}
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        clean["exception"] = redaction.exception(error)
    return clean


def _rendered(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event)


PROCESSORS: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _where,
    redacted,
    _rendered,
]


def _configure_structlog(level: int) -> None:
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(),
    )


_configure_structlog(logging.INFO)  # also in a test or a script nothing is logged past the redaction

_tracer = trace.get_tracer("interlink")


def configure_tracing(service: str, exporter: SpanExporter | None = None) -> None:
    """Make trace ids, and record spans where an exporter takes them. Called once, by the process."""
    sampler = ParentBased(ALWAYS_ON if exporter else ALWAYS_OFF)
    provider = TracerProvider(resource=Resource.create({"service.name": service}), sampler=sampler)
    if exporter:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def traceparent() -> str | None:
    """The current span as W3C `traceparent`, None outside of any trace."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"


def context_of(text: str | None) -> SpanContext | None:
    """The span that a `traceparent` names; None for none and for what is not one."""
    match = TRACEPARENT.fullmatch(text or "")
    if match is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return context if context.is_valid else None


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
) -> Generator[trace.Span]:
    """A span around a step. `parent` continues a trace; a batch links to each event's trace instead."""
    above = context_of(parent)
    linked = [Link(context) for one in links if (context := context_of(one)) is not None]
    with _tracer.start_as_current_span(
        name,
        context=trace.set_span_in_context(NonRecordingSpan(above)) if above else None,
        kind=kind,
        links=linked,
        attributes=dict(attributes or {}),
    ) as opened:
        yield opened
