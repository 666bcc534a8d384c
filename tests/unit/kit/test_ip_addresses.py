"""Any text is classed, none is guessed at."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.personal import Capture
from kit.ip_addresses import IpClass, canonical, class_of, classify


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.8.8", IpClass.PUBLIC),
        ("9.255.255.255", IpClass.PUBLIC),
        ("10.0.0.0", IpClass.PRIVATE),
        ("10.255.255.255", IpClass.PRIVATE),
        ("11.0.0.0", IpClass.PUBLIC),
        ("172.15.255.255", IpClass.PUBLIC),
        ("172.16.0.1", IpClass.PRIVATE),
        ("172.32.0.0", IpClass.PUBLIC),
        ("192.168.1.1", IpClass.PRIVATE),
        ("100.63.255.255", IpClass.PUBLIC),
        ("100.64.0.0", IpClass.CARRIER_NAT),
        ("100.127.255.255", IpClass.CARRIER_NAT),
        ("100.128.0.0", IpClass.PUBLIC),
        ("192.0.0.1", IpClass.CARRIER_NAT),
        ("192.0.0.8", IpClass.RESERVED),
        ("0.0.0.0", IpClass.UNSPECIFIED),  # noqa: S104  an address under test, nothing is bound
        ("0.0.0.1", IpClass.RESERVED),
        ("127.0.0.1", IpClass.LOOPBACK),
        ("169.254.10.10", IpClass.LINK_LOCAL),
        ("192.0.2.1", IpClass.DOCUMENTATION),
        ("198.51.100.7", IpClass.DOCUMENTATION),
        ("203.0.113.7", IpClass.DOCUMENTATION),
        ("192.88.99.1", IpClass.RESERVED),
        ("198.19.0.1", IpClass.RESERVED),
        ("224.0.0.1", IpClass.MULTICAST),
        ("239.255.255.255", IpClass.MULTICAST),
        ("240.0.0.1", IpClass.RESERVED),
        ("255.255.255.255", IpClass.RESERVED),
        ("2607:fea8::1", IpClass.PUBLIC),
        ("::", IpClass.UNSPECIFIED),
        ("::1", IpClass.LOOPBACK),
        ("::2", IpClass.RESERVED),
        ("100::1", IpClass.RESERVED),
        ("2001:1::1", IpClass.RESERVED),
        ("2001:db8::1", IpClass.DOCUMENTATION),
        ("3fff::1", IpClass.DOCUMENTATION),
        ("3fff:fff:ffff::1", IpClass.DOCUMENTATION),
        ("3fff:1000::1", IpClass.PUBLIC),
        ("4000::1", IpClass.RESERVED),
        ("64:ff9b:1::808:808", IpClass.PRIVATE),
        ("fc00::1", IpClass.PRIVATE),
        ("fd12:3456::1", IpClass.PRIVATE),
        ("fe80::1", IpClass.LINK_LOCAL),
        ("fec0::1", IpClass.PRIVATE),
        ("ff02::1", IpClass.MULTICAST),
    ],
)
def test_an_address_is_of_the_class_iana_registered(text: str, expected: IpClass) -> None:
    assert classify(text).ip_class is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "010.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "0x7f.0.0.1",
        "2130706433",
        "8.8.8.8 ",
        " 8.8.8.8",
        "8.8.8.8:443",
        "8.8.8.8/32",
        "٨.8.8.8",
        "fe80::1%eth0",
        "[2607:fea8::1]",
        "2607:fea8::1::2",
        "2607:fea8::12345",
        "::ffff:010.0.0.1",
        "8.8.8.8\0",
        "\ud800",
        "example.com",
        "1" * 100_000,
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_invalid(text: str) -> None:
    address = classify(text)
    assert address.ip_class is IpClass.INVALID
    assert (address.raw, address.canonical, address.packed, address.family) == (text, None, None, None)


@pytest.mark.parametrize(
    ("text", "inner", "expected"),
    [
        ("::ffff:8.8.8.8", "8.8.8.8", IpClass.PUBLIC),
        ("::FFFF:0808:0808", "8.8.8.8", IpClass.PUBLIC),
        ("::ffff:100.64.1.2", "100.64.1.2", IpClass.CARRIER_NAT),
        ("::ffff:192.168.0.1", "192.168.0.1", IpClass.PRIVATE),
        ("64:ff9b::8.8.8.8", "8.8.8.8", IpClass.PUBLIC),
        ("2002:808:808::1", "8.8.8.8", IpClass.PUBLIC),
        ("2002:a00:1::1", "10.0.0.1", IpClass.PRIVATE),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45", IpClass.DOCUMENTATION),  # the example of RFC 4380
    ],
)
def test_a_carried_ipv4_address_is_taken_out_and_classed(text: str, inner: str, expected: IpClass) -> None:
    address = classify(text)
    assert (address.canonical, address.ip_class, address.family) == (inner, expected, 4)
    assert address.wrapped_in is not None
    assert classify(address.wrapped_in).canonical == inner


def test_an_ipv6_address_is_written_as_rfc_5952_wants_it() -> None:
    assert classify("2607:FEA8:0:0:1:0:0:1").canonical == "2607:fea8::1:0:0:1"
    assert classify("2607:fea8:0:1:1:1:1:1").canonical == "2607:fea8:0:1:1:1:1:1"


def test_every_class_is_known_to_the_contracts() -> None:
    known = Capture.model_json_schema()["properties"]["ip_class"]["x-known-values"]
    assert {each.value for each in IpClass} == set(known)


@given(st.text(max_size=60))
def test_any_text_is_classed_without_an_error(text: str) -> None:
    address = classify(text)
    assert address.raw == text
    assert (address.canonical is None) == (address.ip_class is IpClass.INVALID)


@given(st.ip_addresses())
def test_the_canonical_text_means_the_same_address(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    address = classify(str(ip))
    assert address.packed is not None
    assert address.canonical is not None
    assert address.canonical == canonical(address.packed)
    again = classify(address.canonical)
    assert (again.packed, again.ip_class) == (address.packed, address.ip_class)
    if address.wrapped_in is None:
        assert address.packed == ip.packed


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "64:ff9b::{}"]))
def test_a_carried_address_has_the_class_of_the_bare_one(ip: ipaddress.IPv4Address, around: str) -> None:
    assert classify(around.format(ip)).ip_class is classify(str(ip)).ip_class


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_never_public(ip: ipaddress.IPv4Address) -> None:
    if ip.is_private or ip.is_multicast or ip.is_reserved:
        assert class_of(socket.inet_pton(socket.AF_INET, str(ip))) is not IpClass.PUBLIC
