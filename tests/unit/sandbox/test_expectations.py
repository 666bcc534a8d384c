"""What the generator expects of a morning is what intake's door says of it, entry by entry and item by item."""

from datetime import UTC, datetime, timedelta
from email.message import Message
from random import Random

import pytest

from intake.domain.grading import best
from intake.domain.referral import Submission
from intake.domain.verdicts import Level, Severity
from intake.formats import door
from intake.formats.posted import Posted
from sandbox.generator.expectation import Expectation, ItemVerdict
from sandbox.generator.morning import Morning, morning
from sandbox.generator.reports import Report

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Everywhere:
    """A public address per network."""

    def address(self, asn: int, country: str, random: Random) -> str:
        return f"24.{asn % 251}.{ord(country[0])}.{random.randrange(1, 255)}"


@pytest.fixture(scope="module", params=[7, 8, 9])
def made(request: pytest.FixtureRequest) -> Morning:
    return morning(request.param, now=NOW, addresses=Everywhere())


def submitted(body: bytes, kind: str, reference: str | None = None) -> Submission:
    header = Message()
    header["Content-Type"] = kind
    return door.read(
        Posted(
            body=body,
            media_type=header.get_content_type(),
            charset=header.get_content_charset(),
            received_at=NOW + timedelta(seconds=1),
            reference=reference,
        )
    )


def of_items(submission: Submission, severity: Severity) -> set[ItemVerdict]:
    return {
        ItemVerdict(verdict.pointer, verdict.code)
        for verdict in submission.verdicts
        if verdict.level is Level.ITEM and verdict.severity is severity
    }


def grades(submission: Submission) -> dict[str, str]:
    return {entry.reference: str(best(capture.grade for capture in entry.captures)) for entry in submission.entries}


def expected_grades(expectation: Expectation) -> dict[str, str]:
    return {
        entry.reference: entry.grade
        for entry in expectation.entries.values()
        if entry.accepted and entry.grade is not None
    }


def test_the_door_accepts_and_refuses_the_entries_that_it_should(made: Morning) -> None:
    submission = submitted(made.file, "application/json")
    expected = made.native.expectation
    accepted = {reference for reference, entry in expected.entries.items() if entry.accepted}
    assert {entry.reference for entry in submission.entries} == accepted
    refused = [verdict.code for verdict in submission.verdicts if verdict.level is Level.ENTRY]
    assert sorted(refused) == ["entry.no_usable_item", "entry.unknown_field"]
    assert (submission.reference, submission.synthetic) == (made.reference, True)


def test_the_door_says_of_each_item_what_is_expected(made: Morning) -> None:
    submission = submitted(made.file, "application/json")
    entries = made.native.expectation.entries.values()
    assert of_items(submission, Severity.ERROR) == {item for entry in entries for item in entry.rejected}
    assert of_items(submission, Severity.WARNING) == {item for entry in entries for item in entry.warned}


def test_the_door_grades_each_entry_as_expected(made: Morning) -> None:
    found = grades(submitted(made.file, "application/json"))
    expected = expected_grades(made.native.expectation)
    assert {reference: found[reference] for reference in expected} == expected


def test_nothing_is_said_of_a_file_as_a_whole(made: Morning) -> None:
    told = submitted(made.file, "application/json").verdicts
    assert [verdict.code for verdict in told if verdict.level is Level.FILE] == []


def test_the_door_reads_every_report_as_expected(made: Morning) -> None:
    for report in made.reports:
        check(report)


def check(report: Report) -> None:
    submission = submitted(report.body, report.media_type, report.reference)
    assert {entry.reference for entry in submission.entries} == set(report.expectation.entries)
    wanted = {item.code for entry in report.expectation.entries.values() for item in entry.warned}
    told = {verdict.code for verdict in submission.verdicts}
    assert told - {"entry.reference_from_account"} == wanted
    assert expected_grades(report.expectation).items() <= grades(submission).items()
