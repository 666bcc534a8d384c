"""A file in, a receipt out, its entries told; nothing is stored of what is refused."""

import base64
import gzip
from typing import Any

import pytest

from contracts.events.entries import SuspectReported, VictimReported
from contracts.events.referrals import ReferralReceived
from contracts.personal import EntryItems
from kit.encryption import from_field
from kit.testing.harness import Harness
from sandbox.generator import native
from sandbox.generator.cybertipline import IpCapture, Reported, ReportText, cybertipline_report

IP = "24.48.0.1"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200)
TABLES = ("referral", "referral_version", "payload", "entry", "entry_part", "idempotency", "outbox", "job")


def a_file(**more: Any) -> bytes:
    suspects = [native.suspect(captures=[native.capture(IP), native.capture("1.2.3")])]
    return native.native_file(**({"suspects": suspects, "victims": [native.victim()]} | more))


async def stored(intake: Harness) -> dict[str, int]:
    return {table: (await intake.rows(f"SELECT count(*) AS n FROM intake.{table}"))[0]["n"] for table in TABLES}


async def test_a_file_gets_its_receipt_at_once(intake: Harness, partner: Any) -> None:
    answer = await partner.post(a_file())
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/referrals/IL-2026-000001"
    assert "idempotent-replayed" not in answer.headers
    receipt = answer.json()
    assert list(receipt) == [
        "number", "partner", "reference", "version", "received_at", "sha256", "status", "counts", "verdicts",
    ]  # fmt: skip
    assert (receipt["number"], receipt["partner"], receipt["reference"]) == (
        "IL-2026-000001",
        "bureau-nl",
        "NL-TEST-0001",
    )
    assert (receipt["received_at"], receipt["status"]) == ("2026-11-22T12:00:00.000000Z", "accepted_in_part")
    assert receipt["counts"] == {
        "entries": {"accepted": 2, "rejected": 0},
        "items": {"accepted": 1, "warned": 0, "rejected": 1},
    }
    assert [(verdict["level"], verdict["pointer"], verdict["code"]) for verdict in receipt["verdicts"]] == [
        ("item", "/suspects/0/captures/1", "capture.not_an_address"),
        ("entry", "/victims/0", "entry.no_usable_item"),
    ]


async def test_what_was_accepted_is_told_with_its_personal_data_sealed(intake: Harness, partner: Any) -> None:
    await partner.post(a_file())
    [received] = await intake.published(ReferralReceived)
    [suspect] = await intake.published(SuspectReported)
    [victim] = await intake.published(VictimReported)
    assert (received.event.suspects, received.event.victims, received.event.format) == (1, 1, "native")
    assert received.envelope.priority == "P2"
    told = suspect.event
    assert (told.number, told.version, told.part, told.parts) == ("IL-2026-000001", 1, 1, 1)
    assert (told.role, told.grade, told.offence_type, told.offence_basis) == ("suspect", "A", "csaem", "foreign")
    assert told.foreign_authority is not None
    assert told.foreign_authority.country == "NL"
    assert "harm.stated_by_partner=P3" in told.factors
    envelope = suspect.envelope
    assert (envelope.tenant, envelope.testmode, envelope.handling) == ("partner:bureau-nl", True, "H1;TLP:AMBER")
    assert envelope.correlationid == str(told.referral)
    assert (envelope.sequence, envelope.subject) == (1, str(told.suspect))
    assert (victim.event.role, victim.event.grade, victim.envelope.priority) == ("victim", "X", "P2")
    keys = await intake.application.keyring.open([told.personal.key])
    context = f"{told.suspect}:1:1".encode()
    items = EntryItems.model_validate_json(keys[told.personal.key].decrypt(from_field(told.personal), context))
    assert (items.reference, items.captures[0].ip, items.captures[0].grade) == ("S-001", IP, "A")


async def test_an_entry_that_is_large_is_told_in_parts(intake: Harness, partner: Any) -> None:
    captures = [native.capture(IP, port=number) for number in range(1, 452)]
    await partner.post(a_file(suspects=[native.suspect(captures=captures)]))
    parts = await intake.published(SuspectReported)
    assert [(one.event.part, one.event.parts, one.envelope.sequence) for one in parts] == [
        (1, 3, 1),
        (2, 3, 2),
        (3, 3, 3),
    ]
    keys = await intake.application.keyring.open([parts[0].event.personal.key])
    seen: list[int | None] = []
    for one in parts:
        context = f"{one.event.suspect}:1:{one.event.part}".encode()
        plain = keys[one.event.personal.key].decrypt(from_field(one.event.personal), context)
        seen += [capture.port for capture in EntryItems.model_validate_json(plain).captures]
    assert seen == list(range(1, 452))


async def test_a_report_in_xml_is_a_referral_too(intake: Harness, partner: Any) -> None:
    reported = Reported(account="u1", captures=[IpCapture(ip=IP, port=443)])
    body = cybertipline_report(ReportText(reported=reported))
    answer = await partner.post(body, "text/xml; charset=utf-8", Interlink_Reference="CT-1", Interlink_Urgency="P1")
    assert answer.status_code == 201
    assert answer.json()["reference"] == "CT-1"
    [suspect] = await intake.published(SuspectReported)
    assert suspect.envelope.priority == "P1"


async def test_a_report_that_names_nobody_is_accepted_with_a_warning(intake: Harness, partner: Any) -> None:
    answer = await partner.post(cybertipline_report(ReportText(reported=None)), "application/xml")
    assert answer.status_code == 201
    assert [verdict["code"] for verdict in answer.json()["verdicts"]] == ["file.names_nobody"]
    assert len(await intake.published(ReferralReceived)) == 1


async def test_a_file_none_of_whose_entries_could_be_read_is_refused(intake: Harness, partner: Any) -> None:
    answer = await partner.post(a_file(suspects=[{"colour": "red"}], victims=[]))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:interlink:problem:referral.no_entry_accepted"
    assert answer.json()["errors"][0]["pointer"] == "/suspects/0/colour"
    assert not any((await stored(intake)).values())


BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><report>&b;</report>'
BAD_BODIES = {
    "malformed JSON": (b'{"suspects": [', "application/json", 422, "body.malformed"),
    "malformed XML": (b"<report>", "application/xml", 422, "body.malformed"),
    "document type": (BOMB, "text/xml", 422, "xml.doctype"),
    "unknown media type": (b"a,b", "text/csv", 415, "media.unknown_type"),
    "no media type": (b"{}", "", 415, "media.unknown_type"),
    "image by its type": (b"{}", "image/jpeg", 415, "media.type"),
    "archive by its type": (b"{}", "application/zip", 415, "media.type"),
    "image by its bytes": (JPEG, "application/json", 415, "media.magic"),
    "archive by its bytes": (gzip.compress(b"{}"), "application/xml", 415, "media.magic"),
    "image in base64": (a_file(suspects=[native.suspect(name=base64.b64encode(JPEG).decode())]), "application/json",
                        422, "media.embedded"),
    "unknown field at the top": (a_file(colour="red"), "application/json", 422, "body.invalid"),
    "too large": (b" " * (16 * 1024 * 1024 + 1), "application/json", 413, "body-too-large"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_bad_body_is_refused_naming_the_rule_and_nothing_is_stored(
    intake: Harness, partner: Any, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = await partner.post(body, kind, Idempotency_Key="k")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:interlink:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert not any((await stored(intake)).values())


@pytest.mark.parametrize(
    ("changed", "scopes", "status"),
    [
        (None, (), 401),
        ({"aud": "elsewhere"}, ("referrals:write",), 401),
        ({"exp": 1}, ("referrals:write",), 401),
        ({"iss": "https://other.example.org"}, ("referrals:write",), 401),
        ({}, ("referrals:read",), 403),
    ],
)
async def test_nobody_hands_in_a_file_without_the_right_token(
    intake: Harness, changed: dict[str, Any] | None, scopes: tuple[str, ...], status: int
) -> None:
    headers: dict[str, str] = {}
    if changed is not None:
        token = intake.issuer.token("partner:bureau-nl", scopes, **changed)
        headers["Authorization"] = f"Bearer {token}"
    async with intake.with_headers(**headers) as client:
        answer = await client.post("/v1/referrals", content=a_file(), headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert not any((await stored(intake)).values())


async def test_a_client_that_is_no_registered_partner_hands_in_nothing(intake: Harness) -> None:
    async with intake.client("agency:ice-on", "referrals:write") as client:
        answer = await client.post("/v1/referrals", content=a_file(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:interlink:problem:partner.unknown")


async def test_the_events_of_a_large_file_follow_in_chunks(intake: Harness, partner: Any) -> None:
    suspects = [native.suspect(f"S-{number}", captures=[native.capture(IP)]) for number in range(5)]
    number = (await partner.post(a_file(suspects=suspects, victims=[]))).json()["number"]
    assert (await partner.referral(number))["status"] == "receiving"
    assert await intake.published(SuspectReported) == []
    amendment = await partner.post(a_file(suspects=suspects, victims=[], version=2))
    assert (amendment.status_code, amendment.json()["type"]) == (409, "urn:interlink:problem:referral.receiving")
    for told in (2, 4, 5):
        await intake.work()
        assert len(await intake.published(SuspectReported)) == told
    shown = await partner.referral(number)
    assert shown["status"] == "accepted"
    events = await intake.published(SuspectReported)
    assert [str(one.event.suspect) for one in events] == [entry["id"] for entry in shown["entries"]]
    assert {one.envelope.tenant for one in events} == {"partner:bureau-nl"}


async def test_the_strictest_item_decides_how_far_its_entry_travels(intake: Harness, partner: Any) -> None:
    strict = native.capture(IP, handling={"codes": ["H2"], "tlp": "RED"})
    suspects = [native.suspect("S-1", captures=[strict]), native.suspect("S-2", captures=[native.capture(IP)])]
    await partner.post(a_file(suspects=suspects, victims=[]))
    told = await intake.published(SuspectReported)
    assert [one.envelope.handling for one in told] == ["H1+H2;TLP:RED", "H1;TLP:AMBER"]


async def test_odd_characters_are_evidence_and_break_nothing(intake: Harness, partner: Any) -> None:
    odd = "\x00\x1f\u202e\U0001f600é"
    suspects = [native.suspect(name=odd, identifiers=[native.identifier("username", odd)])]
    answer = await partner.post(a_file(suspects=suspects, victims=[]))
    assert answer.status_code == 201
    authority = {"country": "NL", "agency": odd}
    refused = await partner.post(a_file(reference="R-2", foreign_authority=authority))
    assert refused.json()["errors"][0]["pointer"] == "/foreign_authority/agency"
    keyed = await partner.post(a_file(reference="R-3"), Idempotency_Key="two words")
    assert keyed.status_code == 422
