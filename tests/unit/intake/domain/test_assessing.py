"""What of a submission bears on one entry."""

from datetime import UTC, datetime
from typing import Any

from intake.domain.assessing import facts, grade, handling, urgent_of_itself
from intake.domain.grading import Grade
from intake.domain.handling import Code, Handling, Tlp, as_text
from intake.domain.offences import OffenceType
from intake.domain.priority import Priority, Signal
from intake.domain.receipt import Status, number, receipt
from intake.domain.referral import (
    Account,
    Capture,
    Entry,
    Incident,
    Kind,
    Naming,
    Role,
    StatedLocation,
    Submission,
)
from intake.domain.verdicts import Count, Level, Severity, Verdict

AT = datetime(2026, 11, 3, 21, 14, 5, tzinfo=UTC)


def capture(**changed: Any) -> Capture:
    fields: dict[str, Any] = {
        "item": "/suspects/0/captures/0",
        "raw_ip": "24.48.0.1",
        "ip": "24.48.0.1",
        "ip_class": "public",
        "port": 443,
        "raw_time": "2026-11-03T21:14:05Z",
        "at": AT,
        "precision": "second",
        "zone": "Z",
        "zone_assumed": False,
        "tzdata": "2026f",
        "grade": Grade.A,
        "event": None,
        "possible_proxy": False,
    }
    return Capture(**(fields | changed))


def entry(role: Role = Role.SUSPECT, **changed: Any) -> Entry:
    return Entry(role=role, reference="S-1", naming=Naming.GIVEN, pointer="/suspects/0", **changed)


def submission(**changed: Any) -> Submission:
    fields: dict[str, Any] = {
        "format": "native",
        "reference": "R",
        "version": 1,
        "incident": Incident(raw_type="csaem", offence=OffenceType.CSAEM, raw_time=None, at=None, platform=None),
        "urgency": None,
        "handling": Handling(),
        "foreign_authority": None,
        "offence_basis": "canadian",
        "viral": False,
        "synthetic": True,
        "cross_references": (),
        "entries": (),
        "verdicts": (),
        "rejected_entries": 0,
        "items": Count(accepted=0, rejected=0),
        "content": b"",
    }
    return Submission(**(fields | changed))


def test_the_newest_capture_that_can_be_answered_counts() -> None:
    given = entry(captures=(capture(), capture(grade=Grade.X, at=None)))
    assert facts(submission(), given).newest == AT
    assert facts(submission(), entry()).newest is None
    assert grade(given) is Grade.A


def test_a_child_who_can_be_found_presses_more() -> None:
    place = StatedLocation(municipality=None, province="CA-ON", country="CA")
    assert facts(submission(), entry(Role.VICTIM)).signals == {Signal.CHILD_REPORTED}
    found = facts(submission(), entry(Role.INTENDED_RECIPIENT, stated_location=place)).signals
    assert found == {Signal.CHILD_REPORTED, Signal.CHILD_REACHABLE}
    assert facts(submission(), entry(stated_location=place)).signals == frozenset()


def test_an_entry_travels_as_its_strictest_item_allows() -> None:
    strict = Handling(codes=frozenset({Code.H2}), tlp=Tlp.RED)
    default = Handling(codes=frozenset({Code.H1}), tlp=Tlp.GREEN)
    given = entry(captures=(capture(handling=strict), capture()))
    assert as_text(handling(submission(), given, default)) == "H1+H2;TLP:RED"
    assert as_text(handling(submission(), None, default)) == "H1;TLP:GREEN"
    assert as_text(handling(submission(), None, Handling())) == "H0;TLP:AMBER"


def test_roles_fall_into_two_branches() -> None:
    assert entry().kind is Kind.SUSPECT
    assert entry(Role.INTENDED_RECIPIENT).kind is Kind.VICTIM
    assert Role.VICTIM.kind is Kind.VICTIM


def test_an_entry_is_usable_if_anything_can_lead_to_a_person() -> None:
    assert entry(captures=(capture(),)).usable
    assert not entry(captures=(capture(grade=Grade.X),)).usable
    assert list(entry(captures=(capture(),)).items) == ["/suspects/0/captures/0"]


def test_a_report_may_name_nobody() -> None:
    assert submission().names_nobody
    assert not submission(rejected_entries=1).names_nobody
    assert not submission(entries=(entry(),)).names_nobody


def test_a_receipt_says_whether_everything_was_accepted() -> None:
    error = Verdict(level=Level.ITEM, pointer="/x", code="item.unreadable", severity=Severity.ERROR, message="m")
    whole = receipt(submission(), number=number(2026, 123), partner="p", received_at=AT, sha256="00")
    part = receipt(
        submission(verdicts=(error,)), number=number(2026, 1_234_567), partner="p", received_at=AT, sha256="00"
    )
    assert (whole.number, whole.status) == ("IL-2026-000123", Status.ACCEPTED)
    assert (part.number, part.status) == ("IL-2026-1234567", Status.ACCEPTED_IN_PART)


def test_a_file_presses_by_what_it_says_itself_not_by_what_was_said_beside_it() -> None:
    said_beside = submission(urgency=Priority.P0, entries=(entry(),))
    assert not urgent_of_itself(said_beside, AT)
    assert not urgent_of_itself(submission(urgency=Priority.P0, stated=Priority.P2), AT)
    assert urgent_of_itself(submission(urgency=Priority.P0, stated=Priority.P1), AT)
    escalated = entry(signals=frozenset({Signal.ESCALATED}))
    assert urgent_of_itself(submission(entries=(entry(), escalated)), AT)


def test_entries_that_were_stored_as_they_came_count_as_accepted() -> None:
    streamed = submission(streamed=3)
    assert streamed.accepted_entries == 3
    assert not streamed.names_nobody
    assert receipt(streamed, number="n", partner="p", received_at=AT, sha256="00").entries.accepted == 3


def test_a_receipt_whose_list_was_cut_before_the_first_error_says_in_part_all_the_same() -> None:
    rejected = submission(rejected_entries=1), submission(items=Count(accepted=1, rejected=1))
    given = [receipt(one, number="n", partner="p", received_at=AT, sha256="00") for one in rejected]
    assert [one.status for one in given] == [Status.ACCEPTED_IN_PART] * 2


def test_an_account_names_an_entry_if_it_is_told_in_full() -> None:
    assert entry().account_name is None
    assert entry(account=Account(service=None, id="1")).account_name is None
    assert entry(account=Account(service="x", id=None)).account_name is None
    assert entry(account=Account(service="x", id="1")).account_name == "x/1"
