"""The native JSON: a fault refuses what it is in, and nothing more."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.grading import Grade
from intake.domain.handling import Code, Tlp
from intake.domain.offences import OffenceType
from intake.domain.priority import Priority
from intake.domain.referral import Naming, Role, Submission
from intake.domain.verdicts import Count, Severity
from intake.formats.native import refuse_repeated_names
from kit.errors import Rejected
from sandbox.generator import native

IP = "24.48.0.1"
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200)).decode()


def file(*suspects: dict[str, Any], **more: Any) -> bytes:
    return native.native_file(suspects=list(suspects), **more)


def sound(reference: str = "S-001", **more: Any) -> dict[str, Any]:
    return native.suspect(reference, captures=[native.capture(IP)], **more)


def codes(submission: Submission) -> dict[str, str]:
    return {verdict.pointer: verdict.code for verdict in submission.verdicts}


def test_a_sound_file_is_read_without_a_word(read: Any) -> None:
    body = file(
        sound(
            identifiers=[native.identifier("email", "A.B@Example.COM", verified=True, verified_at="2026-11-01")],
            phones=[{"value": "+1 (416) 555-0101", "verified": True}, "613-555-0102"],
            devices=[{"type": "IMEI", "value": "AB-12"}],
            hashes=[{"algorithm": "sha256", "value": "AB" * 32}],
            civic_addresses=[native.civic_address("Guelph", province="Ontario", postal_code="n1h3a1")],
            stated_location={"municipality": "Montréal", "province": "Québec", "country": "ca"},
            citizenship="CA",
        ),
        victims=[native.victim(stated_location={"country": "NL"}) | {"role": "intended_recipient"}],
    )
    submission = read(body)
    assert submission.verdicts == ()
    assert submission.items == Count(accepted=7, rejected=0, warned=0)
    [suspect, child] = submission.entries
    assert (suspect.role, suspect.reference, suspect.naming) == (Role.SUSPECT, "S-001", Naming.GIVEN)
    assert suspect.captures[0].grade is Grade.A
    assert [one.normalised for one in suspect.identifiers] == [
        "A.B@example.com",
        "+14165550101",
        "+16135550102",
        "ab-12",
        "ab" * 32,
    ]
    assert (suspect.civic_addresses[0].province, suspect.civic_addresses[0].postal_code) == ("CA-ON", "N1H 3A1")
    assert suspect.stated_location is not None
    assert (suspect.stated_location.province, suspect.stated_location.country) == ("CA-QC", "CA")
    assert child.role is Role.INTENDED_RECIPIENT
    assert submission.handling.codes == {Code.H1}
    assert submission.handling.tlp is Tlp.AMBER
    assert submission.incident.offence is OffenceType.CSAEM
    assert (submission.urgency, submission.offence_basis, submission.synthetic) == (Priority.P3, "foreign", True)


@pytest.mark.parametrize(
    ("capture", "code"),
    [
        (native.capture("1.2.3"), "capture.not_an_address"),
        (native.capture("010.0.0.1"), "capture.not_an_address"),
        (native.capture("fe80::1%eth0"), "capture.not_an_address"),
        (native.capture("unknown"), "capture.not_an_address"),
        (native.capture(IP, time="03/04/2026 10:00"), "time.ambiguous_day_month"),
        (native.capture(IP, time="13/04/2026 10:00"), "time.not_iso"),
        (native.capture(IP, time="2026-02-30T10:00:00Z"), "time.unreadable"),
        ({"ip": IP, "colour": "red"}, "item.unknown_field"),
        ({"ip": 7}, "item.unreadable"),
        ({"ip": IP, "port": "443"}, "item.unreadable"),
        ("text", "item.unreadable"),
    ],
)
def test_a_bad_capture_rejects_only_itself(read: Any, capture: Any, code: str) -> None:
    submission = read(file(native.suspect(captures=[capture, native.capture(IP)]), sound("S-002")))
    assert codes(submission) == {"/suspects/0/captures/0": code}
    assert submission.verdicts[0].severity is Severity.ERROR
    assert submission.items == Count(accepted=2, rejected=1, warned=0)
    [first, _] = submission.entries
    assert [one.item for one in first.captures] == ["/suspects/0/captures/1"]


@pytest.mark.parametrize(
    ("capture", "code", "grade"),
    [
        (native.capture(IP, port=0), "capture.port_out_of_range", Grade.B),
        (native.capture(IP, port=70_000), "capture.port_out_of_range", Grade.B),
        (native.capture(IP, time="2026-11-03T21:14:05", zone=None), "time.zone_assumed", Grade.C),
        (native.capture(IP, time="2026-11-03T21:14:05", zone="Atlantis"), "time.unknown_zone", Grade.C),
        (native.capture(IP, time="2026-11-01T01:30:00", zone="America/Toronto"), "time.ambiguous_local", Grade.C),
        (native.capture(IP, time="2026-12-03T21:14:05Z"), "capture.time_in_the_future", Grade.C),
        (native.capture(IP, time=None), "capture.without_time", Grade.X),
        (native.capture("192.168.1.1"), "capture.not_routable", Grade.X),
        (native.capture("192.0.2.1"), "capture.not_routable", Grade.X),
        (native.capture("100.64.0.1"), "capture.carrier_nat", Grade.A),
    ],
)
def test_a_doubtful_capture_is_kept_with_a_warning_and_a_grade(
    read: Any, capture: Any, code: str, grade: Grade
) -> None:
    submission = read(file(native.suspect(captures=[capture])))
    assert codes(submission) == {"/suspects/0/captures/0": code}
    assert submission.verdicts[0].severity is Severity.WARNING
    assert submission.items == Count(accepted=1, rejected=0, warned=1)
    [entry] = submission.entries
    assert entry.captures[0].grade is grade
    assert (entry.captures[0].raw_ip, entry.captures[0].raw_time) == (capture["ip"], capture.get("time"))


def test_a_mapped_address_is_unwrapped_and_its_text_kept(read: Any) -> None:
    [entry] = read(file(native.suspect(captures=[native.capture(f"::ffff:{IP}")]))).entries
    assert (entry.captures[0].raw_ip, entry.captures[0].ip) == (f"::ffff:{IP}", IP)


@pytest.mark.parametrize(
    ("broken", "pointer", "code"),
    [
        (sound() | {"remark": "x"}, "/suspects/1/remark", "entry.unknown_field"),
        (sound() | {"role": "bystander"}, "/suspects/1/role", "entry.unreadable"),
        (sound() | {"captures": "none"}, "/suspects/1", "entry.unreadable"),
        (sound() | {"reference": "\n"}, "/suspects/1/reference", "entry.unreadable"),
        (sound("S-000"), "/suspects/1", "entry.duplicate_reference"),
        ("text", "/suspects/1", "entry.unreadable"),
        (None, "/suspects/1", "entry.unreadable"),
    ],
)
def test_an_unreadable_entry_rejects_only_itself(read: Any, broken: Any, pointer: str, code: str) -> None:
    submission = read(file(sound("S-000"), broken, sound("S-002")))
    assert codes(submission) == {pointer: code}
    assert [entry.reference for entry in submission.entries] == ["S-000", "S-002"]
    assert submission.rejected_entries == 1


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"version": "2"}, "/version"),
        ({"version": 0}, "/version"),
        ({"urgency": "P9"}, "/urgency"),
        ({"suspects": {}}, "/suspects"),
        ({"handling": {"codes": ["H7"]}}, "/handling/codes/0"),
        ({"handling": {"colour": "red"}}, "/handling/colour"),
        ({"reference": ""}, "/reference"),
    ],
)
def test_a_fault_at_the_top_refuses_the_file(read: Any, changed: Any, pointer: str) -> None:
    with pytest.raises(Rejected) as refused:
        read(orjson.dumps(orjson.loads(file(sound())) | changed))
    assert (refused.value.status, refused.value.code) == (422, "body.invalid")
    assert [problem.pointer for problem in refused.value.errors] == [pointer]


@pytest.mark.parametrize("body", [b"{", b'{"a":1,}', b"\xff{}", b'{"a": NaN}'])
def test_malformed_json_is_refused_with_its_place(read: Any, body: bytes) -> None:
    with pytest.raises(Rejected, match="line 1, column") as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (422, "body.malformed")


@pytest.mark.parametrize(("body", "code"), [(b"[]", "body.not_an_object"), (b" ", "body.empty")])
def test_a_body_that_is_no_referral_is_refused(read: Any, body: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read(body)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "part",
    [
        {"name": JPEG},
        {"identifiers": [native.identifier("username", JPEG)]},
        {"name": "data:image/png;base64,AAAA"},
        {JPEG: "as a field name"},
    ],
)
def test_media_inside_the_body_is_refused_wherever_it_stands(read: Any, part: Any) -> None:
    with pytest.raises(Rejected) as refused:
        read(file(sound() | part))
    assert (refused.value.status, refused.value.code) == (422, "media.embedded")
    assert refused.value.errors[0].pointer.startswith("/suspects/0")
    assert JPEG[:40] not in refused.value.errors[0].pointer


def test_a_declared_hash_may_look_like_anything(read: Any) -> None:
    body = file(sound(hashes=[{"algorithm": "photodna", "value": JPEG[:192]}]))
    assert read(body).items.rejected == 0
    body = file(sound(identifiers=[native.identifier("hash", JPEG[:192], service="photodna")]))
    assert read(body).items.rejected == 0


def test_references_are_derived_where_they_are_missing_and_said_so(read: Any) -> None:
    nameless = native.suspect(account={"service": "chat", "id": "u1"}) | {"reference": None}
    faceless = {"captures": [native.capture(IP)]}
    submission = read(file(nameless, faceless, nameless, sound("suspects/2")))
    assert [(entry.reference, entry.naming) for entry in submission.entries] == [
        ("chat/u1", Naming.ACCOUNT),
        ("suspects/2'", Naming.POSITION),
        ("suspects/3", Naming.POSITION),
        ("suspects/2", Naming.GIVEN),
    ]
    assert codes(submission) == {
        "/suspects/0": "entry.reference_from_account",
        "/suspects/1": "entry.reference_from_position",
        "/suspects/2": "entry.reference_from_position",
    }


def test_an_entry_with_nothing_usable_is_accepted_and_graded_x(read: Any) -> None:
    submission = read(file(native.suspect(account={"service": "chat"}, captures=[native.capture("10.0.0.1")])))
    assert codes(submission)["/suspects/0"] == "entry.no_usable_item"
    assert len(submission.entries) == 1


@pytest.mark.parametrize(
    ("item", "code", "accepted"),
    [
        ({"identifiers": [native.identifier("shoe_size", "43")]}, "item.unknown_kind", 0),
        ({"identifiers": [native.identifier("email", " ")]}, "item.empty", 0),
        ({"identifiers": [native.identifier("email", "nobody")]}, "item.no_normal_form", 1),
        ({"identifiers": [native.identifier("url", "no url")]}, "item.no_normal_form", 1),
        ({"identifiers": [native.identifier("email", "a@example.org", verified_at="1/2/26")]},
         "time.ambiguous_day_month", 1),
        ({"civic_addresses": [{"kind": "home"}]}, "item.empty", 0),
        ({"civic_addresses": [native.civic_address("Nowhere", country="A1")]}, "address.country_unreadable", 1),
    ],
)  # fmt: skip
def test_other_items_are_rejected_or_warned_by_themselves(read: Any, item: Any, code: str, accepted: int) -> None:
    submission = read(file(native.suspect(**item)))
    assert [verdict.code for verdict in submission.verdicts] == [code]
    assert submission.items.accepted == accepted


def test_what_the_file_leaves_open_is_said(read: Any) -> None:
    submission = read(
        file(
            sound(stated_location={"country": "ZZ"}, citizenship="XX", handling={"codes": ["H3"]}),
            incident={"type": "grooming", "occurred_at": "yesterday"},
            handling={"codes": ["H3"]},
            foreign_authority={"country": "Holland"},
        )
    )
    assert codes(submission) == {
        "/incident/type": "file.unknown_offence",
        "/incident/occurred_at": "time.not_iso",
        "/suspects/0/citizenship": "entry.location_unreadable",
        "/suspects/0": "entry.location_unreadable",
        "/suspects/0/handling": "handling.h3_without_text",
        "/handling": "handling.h3_without_text",
        "/foreign_authority/country": "file.country_unreadable",
    }
    assert submission.foreign_authority is None


def test_the_number_may_come_from_the_header_or_else_from_the_bytes(read: Any) -> None:
    plain = orjson.dumps({"suspects": [sound()]})
    assert len(read(plain).reference) == 64
    assert read(plain).version == 1
    assert (read(plain, reference=" R-7 ", version="3").reference, read(plain, version="3").version) == ("R-7", 3)
    for headers, code in [
        ({"reference": "other"}, "reference.differs"),
        ({"version": "9"}, "version.differs"),
        ({"version": "0"}, "version.unreadable"),
        ({"version": "١"}, "version.unreadable"),
        ({"urgency": "P7"}, "urgency.unreadable"),
    ]:
        with pytest.raises(Rejected) as refused:
            read(file(sound()), **headers)
        assert refused.value.code == code
    with pytest.raises(Rejected, match=r"reference\.unreadable"):
        read(plain, reference="a\x07b")


def test_the_header_raises_urgency_and_never_lowers_it(read: Any) -> None:
    assert read(file(sound()), urgency="p1").urgency is Priority.P1
    assert read(file(sound()), urgency="P4").urgency is Priority.P3


def test_two_spellings_of_one_file_have_one_content(read: Any) -> None:
    document = orjson.loads(file(sound()))
    spelt = orjson.dumps(dict(reversed(document.items())), option=orjson.OPT_INDENT_2)
    assert read(spelt).content == read(file(sound())).content
    assert read(file(sound("S-002"))).content != read(file(sound())).content


def test_a_receipt_lists_the_first_thousand_findings_and_counts_all(read: Any) -> None:
    submission = read(file(native.suspect(captures=[native.capture("x") for _ in range(1_200)])))
    assert submission.items.rejected == 1_200
    assert len(submission.verdicts) == 1_001
    assert submission.verdicts[-1].code == "file.verdicts_cut"


def test_json_is_utf_8(read: Any) -> None:
    with pytest.raises(Rejected) as refused:
        read(file(sound()), charset="utf-16")
    assert refused.value.status == 415
    assert read(file(sound()), charset="utf-8").entries


@pytest.mark.parametrize(
    "body",
    [
        b'{"suspects":[{"reference":"S-1"}],"suspects":[{"reference":"S-2"}]}',
        b'{"suspects":[{"reference":"S-1","captures":[{"ip":"24.48.0.1","ip":"24.48.0.2"}]}]}',
        b'{"suspects":[{"reference" :"S-1","name": "\\u003a", "name": "\\u003A"}]}',
    ],
)
def test_a_name_twice_in_one_object_refuses_the_file(read: Any, body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        read(body)
    assert (refused.value.code, refused.value.status) == ("body.repeated_name", 422)


class Members(list[tuple[str, Any]]):
    """An object as it is written: a name may stand in it twice."""

    def names_twice(self) -> bool:
        return len({name for name, _ in self}) != len(self)


NAMES = st.text(st.sampled_from('ab:"\\\\'), max_size=2)
VALUES = st.recursive(
    NAMES, lambda inner: st.lists(inner, max_size=2) | st.lists(st.tuples(NAMES, inner), max_size=3).map(Members)
)


def written(value: Any, escape: Callable[[str], str]) -> str:
    match value:
        case Members():
            return "{" + ",".join(f"{escape(name)} :{written(part, escape)}" for name, part in value) + "}"
        case list():
            return "[" + ", ".join(written(part, escape) for part in value) + "]"
        case _:
            return escape(value)


def names_twice(value: Any) -> bool:
    match value:
        case Members():
            return value.names_twice() or any(names_twice(part) for _, part in value)
        case list():
            return any(names_twice(part) for part in value)
        case _:
            return False


@given(VALUES, st.booleans())
def test_no_repeated_name_is_overlooked_and_no_other_body_is_refused(value: Any, escaped: bool) -> None:
    def escape(text: str) -> str:
        plain = orjson.dumps(text).decode()
        return plain.replace(":", "\\u003a") if escaped else plain

    body = written(value, escape).encode()
    try:
        refuse_repeated_names(body, orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS))
    except Rejected:
        assert names_twice(value)
    else:
        assert not names_twice(value)


def test_a_body_nested_deeper_than_any_referral_is_refused(read: Any) -> None:
    with pytest.raises(Rejected) as refused:
        read(b'{"suspects":[{"x":' + b"[" * 300 + b"]" * 300 + b"}]}")
    assert refused.value.code == "body.too_deep"
