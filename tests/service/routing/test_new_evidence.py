"""What later events change: amendments, parts, withdrawals and providers' answers."""

from dataclasses import replace

from service.routing.conftest import ABROAD, SASKTEL, Routing, address, capture, items

from contracts import ids
from contracts.events.entries import SuspectAmended
from contracts.events.identifications import (
    IdentificationCancelled,
    IdentificationCompleted,
    IdentificationRequested,
)
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentMoved,
    JurisdictionDetermined,
)

GUELPH = {"country": "CA", "province": "CA-ON", "municipality": "Guelph"}


async def test_new_evidence_moves_an_unaccepted_assignment(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    first = await routing.current(suspect)

    await routing.answered(suspect, **GUELPH)

    assert (await routing.holders())[suspect] == ("ice-on", "police-guelph", "assigned")
    (moved,) = await routing.harness.published(AssignmentMoved)
    assert (moved.event.assignment, moved.event.reason) == (first, "new_evidence")
    created = await routing.harness.published(AssignmentCreated)
    assert moved.event.successor == created[-1].event.assignment
    assert created[-1].event.hop == 1
    told = [one for one in await routing.published(suspect) if one != "identification.requested"]
    assert told == [
        "jurisdiction.determined", "assignment.created",
        "jurisdiction.determined", "assignment.moved", "assignment.created",
    ]  # fmt: skip


async def test_an_accepted_assignment_gets_a_transfer_proposal_instead(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    async with routing.coordinator() as client:
        assert (await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")).status_code == 200

    await routing.answered(suspect, **GUELPH)
    await routing.answered(suspect, **{**GUELPH, "municipality": "Kingston"})

    assert (await routing.holders())[suspect] == ("centre", "centre", "accepted")
    async with routing.coordinator() as client:
        story = (await client.get(f"/v1/suspects/{suspect}")).json()
    assert [(one["holder"], one["state"]) for one in story["transfer_proposals"]] == [
        ("ice-on", "open"),
        ("ice-on", "superseded"),
    ]


async def test_evidence_for_the_same_body_changes_no_assignment(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    await routing.answered(suspect, **GUELPH)
    held = await routing.current(suspect)

    await routing.answered(suspect, **GUELPH)

    assert await routing.current(suspect) == held
    determined = await routing.harness.published(JurisdictionDetermined)
    assert [one.event.version for one in determined] == [1, 2, 3]
    assert len(await routing.harness.published(AssignmentMoved)) == 1


async def test_an_answer_without_a_subscriber_is_kept_and_changes_nothing(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    await routing.answered(suspect, "retention_expired")
    assert await routing.holder(suspect) == "centre"
    assert len(await routing.harness.published(JurisdictionDetermined)) == 1
    assert len(await routing.harness.rows("SELECT FROM routing.answer")) == 1


async def test_an_answer_about_an_unknown_entry_says_nothing(routing: Routing) -> None:
    await routing.answered(ids.new(), **GUELPH)
    assert await routing.harness.rows("SELECT FROM routing.answer") == []


async def test_of_two_answers_about_one_line_the_later_counts(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    await routing.answered(suspect, **GUELPH)
    before = await routing.harness.rows("SELECT line, request FROM routing.answer")
    await routing.harness.rows("UPDATE routing.answer SET completed_at = completed_at - interval '1 hour' RETURNING 1")
    event = (await routing.harness.published(JurisdictionDetermined))[0]
    await routing.told(
        IdentificationCompleted(
            entry=suspect, kind="suspect", referral=event.event.referral, request=before[0]["request"],
            line=before[0]["line"], outcome="subscriber_identified", completed_at=routing.clock.now(),
            country="CA", province="CA-BC", municipality="Surrey",
        )
    )  # fmt: skip
    assert (await routing.holders())[suspect][:2] == ("ice-bc", "police-surrey")


async def test_an_amendment_replaces_the_evidence_and_cancels_a_moot_request(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    home = address(municipality="Calgary", province="AB", country="CA", kind="home", verified=True)
    amended = items(captures=[capture()], civic_addresses=[home])

    await routing.told(routing.suspect(amended, suspect, version=2, model=SuspectAmended))

    assert (await routing.holders())[suspect][:2] == ("ice-ab", "police-calgary")
    (cancelled,) = await routing.harness.published(IdentificationCancelled)
    assert cancelled.event.reason == "civic_address_known"
    assert len(await routing.harness.rows("SELECT FROM routing.entry_part WHERE entry = $1", suspect)) == 1


async def test_an_amendment_asks_only_about_captures_that_are_new(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    moved_down = [capture(SASKTEL), capture(item="/captures/1")]
    amended = routing.suspect(items(captures=moved_down), suspect, version=2, model=SuspectAmended)
    await routing.told(amended)
    rows = await routing.harness.rows("SELECT items FROM routing.identification_request ORDER BY id")
    assert [row["items"] for row in rows] == ['["/captures/0"]', '["/captures/0"]']
    assert len(await routing.harness.published(IdentificationRequested)) == 2


async def test_a_raised_priority_brings_the_due_time_nearer(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    amended = routing.suspect(items(captures=[capture()]), suspect, version=2, model=SuspectAmended)
    await routing.told(amended, priority="P0")
    (row,) = await routing.harness.rows("SELECT priority, due_at FROM routing.assignment WHERE entry = $1", suspect)
    assert row["priority"] == "P0"
    assert (row["due_at"] - routing.clock.now()).total_seconds() == 15 * 60


async def test_an_older_version_is_ignored(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(ABROAD)]), version=3)
    older = routing.suspect(items(captures=[capture()]), suspect, version=2, model=SuspectAmended)
    await routing.told(older)
    assert await routing.holder(suspect) == "bureau-nl"
    assert len(await routing.harness.published(JurisdictionDetermined)) == 1


async def test_a_state_in_parts_is_complete_when_every_part_is_in(routing: Routing) -> None:
    suspect = ids.new()
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    first = routing.suspect(items(captures=[capture()]), suspect, part=1, parts=2)
    second = routing.suspect(items(civic_addresses=[home]), suspect, part=2, parts=2)

    await routing.told(second)
    assert await routing.holders() == {}
    await routing.told(first)

    assert (await routing.holders())[suspect][:2] == ("ice-on", "police-guelph")


async def test_parts_in_one_batch_and_parts_of_an_amendment_are_complete_too(routing: Routing) -> None:
    suspect = ids.new()
    both = [routing.suspect(items(captures=[capture()]), suspect, part=part, parts=2) for part in (1, 2)]
    await routing.told(*both)
    assert await routing.holder(suspect) == "centre"

    abroad = items(captures=[capture(ABROAD)])
    for part in (2, 1):
        again = routing.suspect(abroad, suspect, version=2, part=part, parts=2, model=SuspectAmended)
        await routing.told(again)
    assert await routing.holder(suspect) == "bureau-nl"
    rows = await routing.harness.rows("SELECT version FROM routing.entry_part WHERE entry = $1", suspect)
    assert [row["version"] for row in rows] == [2, 2]


async def test_two_versions_in_one_batch_leave_the_newer(routing: Routing) -> None:
    suspect = ids.new()
    older = routing.suspect(items(captures=[capture()]), suspect, version=1)
    newer = routing.suspect(items(captures=[capture(ABROAD)]), suspect, version=2)
    await routing.told(newer, older)
    assert await routing.holder(suspect) == "bureau-nl"


async def test_a_withdrawn_entry_has_no_current_assignment(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    await routing.withdrawn(suspect)
    assert await routing.holders() == {}
    assert sorted(await routing.published(suspect))[:2] == ["assignment.created", "assignment.withdrawn"]
    (cancelled,) = await routing.harness.published(IdentificationCancelled)
    assert cancelled.event.reason == "withdrawn"

    await routing.withdrawn(suspect)
    await routing.withdrawn(ids.new())
    await routing.answered(suspect, **GUELPH)
    assert await routing.holders() == {}


async def test_an_entry_named_again_after_its_withdrawal_gets_a_holder_again(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    await routing.withdrawn(suspect)
    again = routing.suspect(items(captures=[capture(ABROAD)]), suspect, version=3, model=SuspectAmended)
    await routing.told(again)
    assert await routing.holder(suspect) == "bureau-nl"


async def test_what_was_withdrawn_before_it_was_reported_gets_no_holder(routing: Routing) -> None:
    event = routing.suspect(items(captures=[capture()]))
    await routing.withdrawn(event.suspect, version=2)
    await routing.told(event)
    assert await routing.holders() == {}
    again = routing.suspect(items(captures=[capture(ABROAD)]), event.suspect, version=3)
    await routing.told(again)
    assert await routing.holder(event.suspect) == "bureau-nl"


async def test_a_part_that_comes_after_the_withdrawal_opens_nothing(routing: Routing) -> None:
    suspect = ids.new()
    first, second = (
        routing.suspect(items(captures=[capture(item=f"/captures/{part}")]), suspect, part=part, parts=2)
        for part in (1, 2)
    )
    await routing.told(first)
    await routing.withdrawn(suspect, version=2)
    await routing.told(second)
    assert await routing.holders() == {}


async def test_a_proposal_ends_where_newer_evidence_takes_it_back(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    async with routing.coordinator() as client:
        await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")
    for version, ip in ((2, ABROAD), (3, SASKTEL)):
        await routing.told(routing.suspect(items(captures=[capture(ip)]), suspect, version=version))
    rows = await routing.harness.rows("SELECT holder, state FROM routing.transfer_proposal")
    assert [(row["holder"], row["state"]) for row in rows] == [("bureau-nl", "superseded")]


async def test_stricter_handling_holds_for_the_assignment_too(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(ABROAD)]))
    stricter = replace(routing.origin(), handling="H1+H2;TLP:RED")
    amended = routing.suspect(items(captures=[capture(ABROAD)]), suspect, version=2, model=SuspectAmended)
    await routing.harness.when(amended, origin=stricter)
    async with routing.partner() as client:
        assert (await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")).status_code == 200
    (accepted,) = await routing.harness.published(AssignmentAccepted)
    assert accepted.envelope.handling == "H1+H2;TLP:RED"
