"""No personal data in a log line, whatever is logged."""

import ipaddress
import json
import logging
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit import redaction, telemetry
from kit.errors import Transient

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=20)


@given(WORDS, st.ip_addresses(v=4), WORDS)
def test_an_ipv4_address_is_found_anywhere(before: str, address: ipaddress.IPv4Address, after: str) -> None:
    assert str(address) not in redaction.scrub(f"{before} {address}:443 {after}")


@given(st.ip_addresses(v=6).filter(lambda address: int(address) > 0xFFFF), WORDS)
@example(ipaddress.IPv6Address("::1:0"), "")
@example(ipaddress.IPv6Address("::ffff:ffff"), "")
def test_an_ipv6_address_is_found_anywhere(address: ipaddress.IPv6Address, after: str) -> None:
    for text in (str(address), address.exploded):
        assert text not in redaction.scrub(f"from [{text}]:443 {after}")
        assert text not in redaction.scrub(f"ip:{text} {after}")


@given(st.emails(domains=st.sampled_from(["example.com", "mail.example.org"])))
def test_an_email_address_does_not_survive(address: str) -> None:
    assert address not in redaction.scrub(f"user <{address}> wrote")


@pytest.mark.parametrize(
    "text",
    [
        "+14165550123", "+1 416 555 0123", "(416) 555-0123", "416-555-0123", "416.555.0123", "1-416-555-0123",
        "4165550123", "+31 20 555 0123",
    ],
)  # fmt: skip
def test_a_phone_number_does_not_survive(text: str) -> None:
    assert "555" not in redaction.scrub(f"called {text} twice")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://intake:hunter2secret@db/interlink",
        "Authorization: Bearer hunter2secret",
        "token eyJhbGciOiJFUzI1NiJ9.hunter2secret.c2lnbmF0dXJl",
    ],
)
def test_a_credential_does_not_survive(text: str) -> None:
    assert "hunter2secret" not in redaction.scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "0192a5b4-4165-7550-8123-416555012345",
        "2026-11-22T07:43:00.123456Z",
        "12:30:45",
        "intake 1.0.0",
        "kit.database:120",
        "/v1/referrals/{number}",
    ],
)
def test_ids_times_and_versions_stay_readable(text: str) -> None:
    assert redaction.redact("reason", text) == text


@pytest.mark.parametrize(
    "key", ["ip", "client_ip", "email", "user", "account", "value", "params", "api_token", "Password"]
)
def test_a_key_that_names_a_persons_things_never_shows_its_value(key: str) -> None:
    assert redaction.redact(key, "x") == redaction.REDACTED
    assert redaction.redact(key, 416) == redaction.REDACTED


def test_free_text_under_an_unknown_key_is_withheld() -> None:
    assert redaction.redact("note", "he lives next door") == redaction.WITHHELD
    assert redaction.redact("topic", "interlink.entries.v1") == "interlink.entries.v1"
    assert redaction.redact("reason", "the schema is behind this build") == "the schema is behind this build"


class Colour(Enum):
    RED = "red"


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.emails(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_anything_becomes_something_that_can_be_written(value: Any) -> None:
    assert json.dumps(redaction.redact("facts", value)) is not None


def test_nested_facts_are_redacted_too() -> None:
    facts = {"email": "a@example.com", "ids": [UUID(int=1)], "colour": Colour.RED, "other": object()}
    assert redaction.redact("facts", facts) == {
        "email": redaction.REDACTED, "ids": [str(UUID(int=1))], "colour": "red", "other": "[object]",
    }  # fmt: skip


def test_an_exception_shows_type_and_place_but_no_foreign_message() -> None:
    try:
        try:
            int("a@example.com")
        except ValueError as error:
            raise Transient("the keyring is away", retry_after=5) from error
    except Transient as error:
        shown = redaction.exception(error)
    assert shown[0]["message"] == "('unavailable', 'the keyring is away')"
    assert shown[1]["type"] == "builtins.ValueError"
    assert "message" not in shown[1]
    assert any("test_redaction.py" in place for place in shown[1]["at"])
    assert "example.com" not in json.dumps(shown)


def test_every_error_of_a_group_is_shown() -> None:
    group = ExceptionGroup("several", [OSError("away"), KeyError("x")])
    shown = redaction.exception(group)
    assert [one["type"] for one in shown[0]["errors"]] == ["builtins.OSError", "builtins.KeyError"]


def test_a_log_line_carries_request_and_trace_and_no_personal_data() -> None:
    line: dict[str, Any] = {}
    telemetry.configure_tracing("probe")
    with telemetry.bound_request("request-1"), telemetry.span("step") as span:
        context = span.get_span_context()
        event = {"event": "capture.refused", "pointer": "/suspects/0", "ip": "192.0.2.1", "exc_info": ValueError("x")}
        for processor in telemetry.PROCESSORS[:-1]:
            event = processor(None, "info", event)
        line = event
    assert line["request_id"] == "request-1"
    assert line["trace_id"] == f"{context.trace_id:032x}"
    assert line["pointer"] == "/suspects/0"
    assert line["ip"] == redaction.REDACTED
    assert line["exception"][0]["type"] == "builtins.ValueError"


def test_libraries_log_through_the_same_net(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        telemetry.configure_logging("probe")
        logging.getLogger("library").warning("connection from %s", "192.0.2.7")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    written = json.loads(capfdbinary.readouterr().out.splitlines()[-1])
    assert written["event"] == "connection from [redacted]"
    assert (written["service"], written["module"], written["level"]) == ("probe", "library", "warning")
