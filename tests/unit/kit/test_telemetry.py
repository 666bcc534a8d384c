"""A trace goes on through text."""

import pytest
from opentelemetry import trace

from kit import telemetry


@pytest.fixture(autouse=True)
def tracing() -> None:
    telemetry.configure_tracing("probe")


def test_outside_of_a_trace_there_is_no_traceparent() -> None:
    assert telemetry.traceparent() is None


def test_a_span_continues_the_trace_of_a_traceparent() -> None:
    with telemetry.span("request"):
        text = telemetry.traceparent()
    assert text is not None
    with telemetry.span("publish", parent=text) as span:
        assert f"{span.get_span_context().trace_id:032x}" == text.split("-")[1]


@pytest.mark.parametrize("text", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-00"])
def test_what_is_no_traceparent_starts_a_trace_of_its_own(text: str | None) -> None:
    assert telemetry.context_of(text) is None
    with telemetry.span("batch", parent=text, links=[text]):
        assert trace.get_current_span().get_span_context().is_valid
