"""A later version: what changed is computed, ids stay, and doubt goes to a person."""

import asyncio
from typing import Any

import pytest

from contracts.events.entries import (
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimReported,
    VictimWithdrawn,
)
from contracts.events.referrals import ReferralAmended
from contracts.personal import EntryItems
from kit.encryption import from_field
from kit.testing.harness import Harness
from sandbox.generator import native


def suspect(reference: str, ip: str, **more: Any) -> dict[str, Any]:
    return native.suspect(reference, captures=[native.capture(ip)], **more)


def a_file(version: int, *suspects: dict[str, Any], **more: Any) -> bytes:
    return native.native_file("NL-1", version=version, suspects=list(suspects), **more)


async def test_what_changed_between_versions_is_told_entry_by_entry(intake: Harness, partner: Any) -> None:
    first = await partner.post(
        a_file(1, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2"), victims=[native.victim("V-1")])
    )
    before = {entry["reference"]: entry["id"] for entry in (await partner.referral(first.json()["number"]))["entries"]}
    second = await partner.post(
        a_file(2, suspect("S-3", "24.48.0.3"), suspect("S-2", "24.48.0.9"), suspect("S-1", "24.48.0.1"))
    )
    assert second.status_code == 201
    assert (second.json()["number"], second.json()["version"]) == (first.json()["number"], 2)
    [told] = await intake.published(ReferralAmended)
    assert (told.event.reported, told.event.amended, told.event.withdrawn, told.event.unchanged) == (1, 1, 1, 1)
    [amended] = await intake.published(SuspectAmended)
    assert str(amended.event.suspect) == before["S-2"]
    assert (amended.event.version, amended.envelope.sequence) == (2, 2)
    keys = await intake.application.keyring.open([amended.event.personal.key])
    plain = keys[amended.event.personal.key].decrypt(
        from_field(amended.event.personal), f"{amended.event.suspect}:2:1".encode()
    )
    assert EntryItems.model_validate_json(plain).captures[0].ip == "24.48.0.9"
    [withdrawn] = await intake.published(VictimWithdrawn)
    assert (str(withdrawn.event.victim), withdrawn.event.reason) == (before["V-1"], "absent_from_amendment")
    assert len(await intake.published(SuspectReported)) == 3
    shown = await partner.referral(first.json()["number"])
    assert {entry["reference"]: (entry["state"], entry["id"]) for entry in shown["entries"]} == {
        "S-1": ("current", before["S-1"]),
        "S-2": ("current", before["S-2"]),
        "V-1": ("withdrawn", before["V-1"]),
        "S-3": ("current", str((await intake.published(SuspectReported))[2].event.suspect)),
    }
    assert shown["version"] == 2


async def test_every_version_keeps_its_own_receipt(partner: Any) -> None:
    versions = [a_file(number, suspect("S-1", f"24.48.0.{number}")) for number in (1, 2, 3)]
    first = [await partner.post(body) for body in versions]
    again = [await partner.post(body) for body in versions]
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert all(answer.headers["idempotent-replayed"] == "true" for answer in again)


async def test_an_account_under_another_reference_is_never_silently_withdrawn_and_added(
    intake: Harness, partner: Any
) -> None:
    account = {"service": "chat.example.com", "id": "u1"}
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1", account=account)))
    answer = await partner.post(a_file(2, suspect("S-9", "24.48.0.2", account=account)))
    assert [verdict["code"] for verdict in answer.json()["verdicts"]] == ["amendment.ambiguous"] * 2
    assert await intake.published(SuspectWithdrawn) == []
    assert len(await intake.published(SuspectReported)) == 2
    shown = await partner.referral(answer.json()["number"])
    assert [(entry["state"], entry["review"]) for entry in shown["entries"]] == [("current", True)] * 2


def unnamed(ip: str) -> dict[str, Any]:
    """A suspect of whom nothing is known but a connection."""
    return {"role": "suspect", "captures": [native.capture(ip)]}


async def test_an_entry_that_could_not_be_read_is_not_withdrawn(intake: Harness, partner: Any) -> None:
    """The version names it, though not in words that can be taken."""
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2")))
    answer = await partner.post(a_file(2, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2", nonsense=1)))
    assert answer.json()["counts"]["entries"] == {"accepted": 1, "rejected": 1}
    assert [verdict["code"] for verdict in answer.json()["verdicts"]] == [
        "entry.unknown_field",
        "amendment.ambiguous",
    ]
    assert await intake.published(SuspectWithdrawn) == []
    await partner.post(a_file(3, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.9")))
    assert len(await intake.published(SuspectAmended)) == 1
    assert len(await intake.published(SuspectReported)) == 2


async def test_of_entries_without_names_only_the_one_that_is_left_out_is_withdrawn(
    intake: Harness, partner: Any
) -> None:
    """Those behind it move up by one place."""
    first = await partner.post(a_file(1, *(unnamed(f"24.48.0.{number}") for number in (1, 2, 3))))
    before = [entry["id"] for entry in (await partner.referral(first.json()["number"]))["entries"]]
    await partner.post(a_file(2, unnamed("24.48.0.1"), unnamed("24.48.0.3")))
    [withdrawn] = await intake.published(SuspectWithdrawn)
    assert str(withdrawn.event.suspect) == before[1]
    assert len(await intake.published(SuspectReported)) == 3
    assert await intake.published(SuspectAmended) == []


async def test_the_same_words_under_another_reference_are_never_silently_withdrawn_and_added(
    intake: Harness, partner: Any
) -> None:
    await partner.post(a_file(1, {**unnamed("24.48.0.1"), "reference": "S-1"}))
    answer = await partner.post(a_file(2, {**unnamed("24.48.0.1"), "reference": "S-9"}))
    assert [verdict["code"] for verdict in answer.json()["verdicts"]] == ["amendment.ambiguous"] * 2
    assert await intake.published(SuspectWithdrawn) == []


async def test_a_doubt_that_no_person_has_settled_does_not_end_with_the_next_version(
    intake: Harness, partner: Any
) -> None:
    account = {"service": "chat.example.com", "id": "u1"}
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1", account=account)))
    await partner.post(a_file(2, suspect("S-9", "24.48.0.2", account=account)))
    answer = await partner.post(a_file(3, suspect("S-9", "24.48.0.3", account=account)))
    assert [verdict["code"] for verdict in answer.json()["verdicts"]] == ["amendment.ambiguous"]
    assert await intake.published(SuspectWithdrawn) == []


async def test_an_amendment_never_lowers_a_priority(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1"), urgency="P1"))
    await partner.post(a_file(2, suspect("S-1", "24.48.0.1"), urgency="P4"))
    [amended] = await intake.published(SuspectAmended)
    assert amended.envelope.priority == "P1"
    assert "harm.kept_from_earlier_version=P1" in amended.event.factors


async def test_a_victim_may_come_later(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1")))
    await partner.post(a_file(2, suspect("S-1", "24.48.0.1"), victims=[native.victim("V-1")]))
    assert len(await intake.published(VictimReported)) == 1
    assert await intake.published(SuspectAmended) == []


@pytest.mark.usefixtures("patient")
async def test_concurrent_amendments_leave_the_highest_version(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1")))
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(partner.post(a_file(number, suspect("S-1", f"24.48.0.{number}"))))
            for number in range(2, 7)
        ]
    statuses = [task.result().status_code for task in tasks]
    assert set(statuses) <= {201, 409}
    assert statuses[-1] == 201
    [row] = await intake.rows("SELECT version FROM intake.referral")
    assert row["version"] == 6
    told = await intake.published(SuspectAmended)
    assert [one.event.version for one in told] == sorted(one.event.version for one in told)
    assert [one.envelope.sequence for one in told] == list(range(2, 2 + statuses.count(201)))


async def test_an_amendment_of_an_erased_referral_is_a_conflict(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1")))
    await intake.rows("UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now()")
    answer = await partner.post(a_file(2, suspect("S-1", "24.48.0.2")))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:interlink:problem:referral.erased")


async def test_a_suspect_named_again_after_its_withdrawal_keeps_its_id(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2")))
    await partner.post(a_file(2, suspect("S-2", "24.48.0.2")))
    answer = await partner.post(a_file(3, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2")))
    [withdrawn] = await intake.published(SuspectWithdrawn)
    told = [one for one in await intake.published(SuspectReported) if one.event.suspect == withdrawn.event.suspect]
    assert [(one.event.version, one.envelope.sequence) for one in told] == [(1, 1), (3, 3)]
    shown = await partner.referral(answer.json()["number"])
    assert [(entry["reference"], entry["state"]) for entry in shown["entries"]] == [
        ("S-1", "current"),
        ("S-2", "current"),
    ]
    assert (await intake.published(ReferralAmended))[-1].event.reported == 1


async def test_stricter_handling_of_one_entry_is_told(intake: Harness, partner: Any) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1"), suspect("S-2", "24.48.0.2")))
    stricter = suspect("S-1", "24.48.0.1", handling={"codes": ["H2"], "tlp": "RED"})
    await partner.post(a_file(2, stricter, suspect("S-2", "24.48.0.2")))
    [amended] = await intake.published(SuspectAmended)
    assert amended.envelope.handling == "H1+H2;TLP:RED"


async def test_a_real_version_cannot_follow_a_synthetic_one_nor_the_other_way_round(
    intake: Harness, partner: Any
) -> None:
    await partner.post(a_file(1, suspect("S-1", "24.48.0.1")))
    await intake.rows("UPDATE intake.referral SET testmode = false")
    answer = await partner.post(a_file(2, suspect("S-1", "24.48.0.2")))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:referral.testmode_differs")
    assert await intake.published(SuspectAmended) == []


async def test_a_large_amendment_tells_every_entry_once(intake: Harness, partner: Any) -> None:
    first = await partner.post(a_file(1, *(suspect(f"S-{number}", "24.48.0.1") for number in range(3))))
    answer = await partner.post(a_file(2, *(suspect(f"T-{number}", "24.48.0.2") for number in range(1_100))))
    assert (first.status_code, answer.status_code) == (201, 201)
    told = await intake.published(SuspectReported)
    assert len({one.event.suspect for one in told}) == len(told) == 1_103
    assert len(await intake.published(SuspectWithdrawn)) == 3
