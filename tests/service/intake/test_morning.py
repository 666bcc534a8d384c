"""The generator's morning goes through the door as it says it must."""

from typing import Any

from kit.testing.harness import Harness
from sandbox.generator.expectation import Expectation
from sandbox.generator.morning import morning


def check(receipt: Any, shown: Any, expected: Expectation) -> None:
    said = {(verdict["pointer"], verdict["code"]) for verdict in receipt["verdicts"]}
    for entry in expected.entries.values():
        for item in (*entry.rejected, *entry.warned):
            places = {pointer for pointer, code in said if code == item.code}
            assert places, entry.because
            assert item.pointer in places or not item.pointer, entry.because  # a report expects no place
        if entry.refused_for is not None:
            assert entry.refused_for in {code for _, code in said}
    assert receipt["counts"]["entries"] == {"accepted": expected.accepted, "rejected": expected.rejected}
    assert receipt["counts"]["items"]["rejected"] == len(expected.rejected_items)
    grades = {entry["reference"]: entry["grade"] for entry in shown["entries"]}
    for reference, entry in expected.entries.items():
        if entry.accepted and entry.grade is not None:
            assert grades[reference] == entry.grade, entry.because


async def test_every_flaw_of_the_morning_gets_its_verdict(intake: Harness, partner: Any, other: Any) -> None:
    made = morning(7, now=intake.clock.now())
    answer = await partner.post(made.file)
    assert answer.status_code == 201
    check(answer.json(), await partner.referral(answer.json()["number"]), made.native.expectation)
    for report in made.reports:
        answer = await other.post(report.body, report.media_type, Interlink_Reference=report.reference)
        assert answer.status_code == 201, answer.text
        check(answer.json(), await other.referral(answer.json()["number"]), report.expectation)
