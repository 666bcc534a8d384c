"""A partner sees how far its own entries are, and nobody else's."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import ids
from contracts.events.identifications import IdentificationCompleted, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.model import Encrypted
from kit.outbox import Origin
from kit.testing.harness import Harness
from sandbox.generator import native


@pytest.fixture
async def posted(partner: Any) -> Any:
    suspects = [native.suspect(f"S-{number}", captures=[native.capture("24.48.0.1")]) for number in range(2)]
    answer = await partner.post(native.native_file(suspects=suspects))
    return await partner.referral(answer.json()["number"])


class About:
    """Events of other services about one entry."""

    def __init__(self, intake: Harness, posted: Any, index: int = 0) -> None:
        self.now = intake.clock.now()
        self.entry = UUID(posted["entries"][index]["id"])
        self.common: dict[str, Any] = {
            "entry": self.entry,
            "kind": "suspect",
            "referral": UUID(posted["id"]),
            "investigation": ids.new(),
        }

    def determined(self) -> JurisdictionDetermined:
        return JurisdictionDetermined(
            **self.common, determination=ids.new(), version=1, branch="canada", body="police-calgary",
            rule="service_address", confidence="high", country="CA", province="CA-AB", directory="1",
            determined_at=self.now,
        )  # fmt: skip

    def undetermined(self) -> JurisdictionUndetermined:
        return JurisdictionUndetermined(
            **self.common, determination=ids.new(), version=1, reason="no_usable_evidence", directory="1",
            determined_at=self.now,
        )  # fmt: skip

    def created(self, assignment: UUID, holder: str = "ice-ab") -> AssignmentCreated:
        return AssignmentCreated(
            **self.common, assignment=assignment, holder=holder, determination=ids.new(), body=holder, hop=1,
            assigned_at=self.now, due_at=self.now + timedelta(days=5),
        )  # fmt: skip

    def accepted(self, assignment: UUID) -> AssignmentAccepted:
        return AssignmentAccepted(**self.common, assignment=assignment, holder="ice-ab", accepted_at=self.now)

    def declined(self, assignment: UUID, successor: UUID) -> AssignmentDeclined:
        return AssignmentDeclined(
            **self.common, assignment=assignment, holder="ice-ab", reason="duplicate", declined_at=self.now,
            successor=successor,
        )  # fmt: skip

    def moved(self, assignment: UUID, successor: UUID) -> AssignmentMoved:
        return AssignmentMoved(
            **self.common, assignment=assignment, holder="ice-ab", reason="new_evidence", moved_at=self.now,
            successor=successor,
        )  # fmt: skip

    def withdrawn(self, assignment: UUID) -> AssignmentWithdrawn:
        return AssignmentWithdrawn(**self.common, assignment=assignment, holder="ice-ab", withdrawn_at=self.now)

    def requested(self) -> IdentificationRequested:
        return IdentificationRequested(
            **self.common, offence_type="csaem", offence_basis="foreign", requested_at=self.now,
            personal=Encrypted(key=ids.new(), nonce="", data=""),
        )  # fmt: skip

    def completed(self, outcome: str = "subscriber_identified", open_lines: int = 0) -> IdentificationCompleted:
        return IdentificationCompleted(
            entry=self.entry, kind="suspect", referral=self.common["referral"], request=ids.new(), line=ids.new(),
            outcome=outcome, completed_at=self.now, country="CA", open_lines=open_lines,
        )  # fmt: skip


async def test_an_entry_begins_without_progress(posted: Any) -> None:
    for entry in posted["entries"]:
        assert (entry["jurisdiction"], entry["assignment"], entry["identification"]) == (None, None, None)


async def test_progress_follows_the_other_services(intake: Harness, partner: Any, posted: Any) -> None:
    one, two = About(intake, posted), About(intake, posted, 1)
    first = ids.new()
    await intake.when(one.determined(), one.created(first), two.undetermined(), one.requested())
    await intake.when(one.accepted(first), one.completed())
    shown = (await partner.referral(posted["number"]))["entries"]
    assert shown[0]["jurisdiction"] == {
        "state": "determined",
        "branch": "canada",
        "country": "CA",
        "province": "CA-AB",
    }
    assert shown[0]["assignment"] == {"state": "accepted", "holder": "ice-ab", "since": "2026-11-22T12:00:00Z"}
    assert (shown[0]["identification"]["state"], shown[0]["identification"]["outcome"]) == (
        "identified",
        "subscriber_identified",
    )
    assert (shown[1]["jurisdiction"]["state"], shown[1]["assignment"]) == ("undetermined", None)


async def test_a_successor_counts_in_whatever_order_it_is_told(intake: Harness, partner: Any, posted: Any) -> None:
    one = About(intake, posted)
    first, second, third = ids.new(), ids.new(), ids.new()
    await intake.when(one.created(first), one.created(second, "opp"), one.declined(first, second))
    shown = (await partner.referral(posted["number"]))["entries"][0]
    assert (shown["assignment"]["state"], shown["assignment"]["holder"]) == ("assigned", "opp")
    await intake.when(one.moved(second, third))
    assert (await partner.referral(posted["number"]))["entries"][0]["assignment"]["state"] == "moved"
    await intake.when(one.created(third, "sq"))
    assert (await partner.referral(posted["number"]))["entries"][0]["assignment"]["holder"] == "sq"
    await intake.when(one.withdrawn(third))
    assert (await partner.referral(posted["number"]))["entries"][0]["assignment"]["state"] == "withdrawn"


async def test_a_late_event_changes_nothing(intake: Harness, partner: Any, posted: Any) -> None:
    one = About(intake, posted)
    assignment = ids.new()
    late = [intake.received(event, Origin()) for event in (one.created(assignment), one.undetermined())]
    await intake.when(one.accepted(assignment), one.determined())
    await intake.deliver(late)
    shown = (await partner.referral(posted["number"]))["entries"][0]
    assert (shown["assignment"]["state"], shown["jurisdiction"]["state"]) == ("accepted", "determined")


async def test_what_is_late_and_what_is_new_in_one_batch_do_not_hinder_each_other(
    intake: Harness, partner: Any, posted: Any
) -> None:
    one, two = About(intake, posted), About(intake, posted, 1)
    assignment = ids.new()
    late = [intake.received(event, Origin()) for event in (one.undetermined(), two.created(assignment))]
    await intake.when(one.determined(), two.accepted(assignment))
    new = [intake.received(event, Origin()) for event in (one.created(assignment), two.determined(), one.requested())]
    await intake.deliver([*late, *new])
    first, second = (await partner.referral(posted["number"]))["entries"]
    assert (first["jurisdiction"]["state"], first["assignment"]["state"]) == ("determined", "assigned")
    assert first["identification"]["state"] == "identifying"
    assert (second["jurisdiction"]["state"], second["assignment"]["state"]) == ("determined", "accepted")


async def identification(partner: Any, posted: Any) -> tuple[str, str | None]:
    shown = (await partner.referral(posted["number"]))["entries"][0]["identification"]
    return shown["state"], shown["outcome"]


async def test_identification_goes_on_until_no_line_waits_any_more(intake: Harness, partner: Any, posted: Any) -> None:
    one = About(intake, posted)
    await intake.when(one.requested())
    assert await identification(partner, posted) == ("identifying", None)
    await intake.when(one.completed("redirect", open_lines=2), one.completed("no_record", open_lines=1))
    assert await identification(partner, posted) == ("identifying", "no_record")
    await intake.when(one.completed("retention_expired", open_lines=0))
    assert await identification(partner, posted) == ("not_identified", "retention_expired")


async def test_a_later_line_without_a_record_takes_no_identification_back(
    intake: Harness, partner: Any, posted: Any
) -> None:
    one = About(intake, posted)
    await intake.when(one.requested(), one.completed(open_lines=1), one.completed("no_record"))
    await intake.when(one.completed("refused"))
    assert await identification(partner, posted) == ("identified", "subscriber_identified")


async def test_an_identification_counts_after_another_line_had_no_record(
    intake: Harness, partner: Any, posted: Any
) -> None:
    one = About(intake, posted)
    early = intake.received(one.completed(open_lines=1), Origin())
    await intake.when(one.completed("no_record"))
    await intake.deliver([early])
    assert await identification(partner, posted) == ("identified", "subscriber_identified")


async def test_an_event_about_an_unknown_entry_is_no_failure(intake: Harness, posted: Any) -> None:
    stranger = About(intake, {"entries": [{"id": str(ids.new())}], "id": posted["id"]})
    await intake.when(stranger.determined(), stranger.created(ids.new()), stranger.requested(), stranger.completed())


async def test_anothers_number_reads_like_one_that_does_not_exist(partner: Any, other: Any, posted: Any) -> None:
    theirs = await other.client.get(f"/v1/referrals/{posted['number']}")
    nowhere = await other.client.get("/v1/referrals/IL-2026-999999")
    assert theirs.status_code == nowhere.status_code == 404
    assert {**theirs.json(), "request_id": None} == {**nowhere.json(), "request_id": None}
    assert theirs.json()["request_id"] != nowhere.json()["request_id"]


async def test_entries_come_in_pages(partner: Any, posted: Any) -> None:
    first = await partner.referral(posted["number"], limit=1)
    assert ([entry["reference"] for entry in first["entries"]], first["next"]) == (["S-0"], 1)
    rest = await partner.referral(posted["number"], limit=1, after=first["next"])
    assert ([entry["reference"] for entry in rest["entries"]], rest["next"]) == (["S-1"], None)


async def test_the_list_has_own_referrals_newest_first(partner: Any, other: Any) -> None:
    for number in range(5):
        await partner.post(native.native_file(f"R-{number}", suspects=[native.suspect()]))
    await other.post(native.native_file("OTHER", suspects=[native.suspect()]))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await partner.client.get("/v1/referrals", params={"limit": 2, **cursor})).json()
        seen += [item["reference"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ["R-4", "R-3", "R-2", "R-1", "R-0"]
    assert (await partner.client.get("/v1/referrals", params={"cursor": "x"})).status_code == 422


async def test_a_coordinator_sees_every_partners_referrals_and_it_is_recorded(
    intake: Harness, other: Any, posted: Any
) -> None:
    await other.post(native.native_file("OTHER", suspects=[native.suspect()]))
    async with intake.client("centre", "referrals:read", roles=["coordinator"]) as client:
        assert (await client.get(f"/v1/referrals/{posted['number']}")).status_code == 400
        listed = (await client.get("/v1/referrals")).json()["items"]
        shown = await client.get(f"/v1/referrals/{posted['number']}", headers={"Interlink-Purpose": "triage"})
    assert [item["partner"] for item in listed] == ["clearinghouse", "bureau-nl"]
    assert shown.status_code == 200
    [entry] = await intake.rows("SELECT purpose FROM intake.audit_entry WHERE action = 'referral.read'")
    assert entry["purpose"] == "triage"


async def test_an_erased_referral_shows_no_references(intake: Harness, partner: Any, posted: Any) -> None:
    intake.clock.advance(timedelta(minutes=2))
    await intake.rows("UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now()")
    shown = await partner.referral(posted["number"])
    assert [entry["reference"] for entry in shown["entries"]] == [None, None]


@pytest.mark.parametrize("number", ["%00", "IL-2026", "..", "IL-2026-000001%00", "x" * 300])
async def test_what_is_no_number_is_not_found(partner: Any, number: str) -> None:
    assert (await partner.client.get(f"/v1/referrals/{number}")).status_code == 404


async def test_a_page_beyond_the_end_is_empty_and_beyond_sense_is_refused(partner: Any, posted: Any) -> None:
    assert (await partner.referral(posted["number"], after=2**31 - 1))["entries"] == []
    beyond = await partner.client.get(f"/v1/referrals/{posted['number']}", params={"after": 2**31})
    assert beyond.status_code == 422
