"""Every branch of the determination, from the event to the one current assignment."""

import pytest
from service.routing.conftest import ABROAD, BELL, SASKTEL, Routing, address, capture, items, phone, stated

from contracts import ids
from contracts.events.identifications import IdentificationRequested
from contracts.events.jurisdictions import AssignmentCreated, JurisdictionDetermined, JurisdictionUndetermined
from contracts.personal import AttributedCaptures
from kit.encryption import from_field
from routing.commands.reading import UnknownKey


async def only(routing: Routing, model):
    (told,) = await routing.harness.published(model)
    return told


async def test_a_canadian_network_alone_goes_to_the_centre_and_asks_for_identification(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(SASKTEL)]))

    determined = (await only(routing, JurisdictionDetermined)).event
    assert (determined.branch, determined.body, determined.country) == ("canada_unidentified", "centre", "CA")
    assert determined.province == "CA-SK"  # a hint
    assert await routing.holder(suspect) == "centre"
    requested = await only(routing, IdentificationRequested)
    sealed = from_field(requested.event.personal)
    context = f"{suspect}:{requested.event.investigation}".encode()
    asked = AttributedCaptures.model_validate_json(routing.key.decrypt(sealed, context))
    assert [(one.capture.ip, one.asn, one.country) for one in asked.captures] == [(SASKTEL, 803, "CA")]
    assert (requested.envelope.tenant, requested.envelope.testmode, requested.envelope.priority) == (
        "partner:bureau-nl", True, "P2",
    )  # fmt: skip


async def test_a_verified_civic_address_goes_to_its_municipal_service_through_the_ice_unit(routing: Routing) -> None:
    home = address(municipality="Guelph", province="CA-ON", country="CA", kind="home", verified=True)
    suspect = await routing.given_suspect(items(captures=[capture()], civic_addresses=[home]))

    assert (await routing.holders())[suspect] == ("ice-on", "police-guelph", "assigned")
    created = (await only(routing, AssignmentCreated)).event
    assert (created.holder, created.body, created.hop, created.copies) == ("ice-on", "police-guelph", 1, [])
    assert created.holder_tenant == "agency:ice-on"
    assert await routing.harness.published(IdentificationRequested) == []


async def test_a_postal_code_alone_goes_to_the_police_of_the_province(routing: Routing) -> None:
    home = address(postal_code="X0A 0H0", kind="home", verified=True)
    suspect = await routing.given_suspect(items(civic_addresses=[home]))
    assert (await routing.holders())[suspect][:2] == ("ice-nu", "rcmp-v")


async def test_a_phone_number_names_a_province_and_the_captures_are_still_asked_about(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()], identifiers=[phone("+14035550100")]))
    assert (await routing.holders())[suspect][:2] == ("ice-ab", "rcmp-k")
    assert len(await routing.harness.published(IdentificationRequested)) == 1


async def test_a_network_abroad_goes_to_that_countrys_bureau(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(ABROAD)]))
    assert (await routing.holders())[suspect][:2] == ("bureau-nl", "bureau-nl")
    assert (await only(routing, JurisdictionDetermined)).event.branch == "abroad"


async def test_a_canadian_who_travelled_goes_to_the_extraterritorial_branch(routing: Routing) -> None:
    told = items(captures=[capture(ABROAD)], citizenship="CA")
    suspect = await routing.given_suspect(told, offence_type="travel_exploitation")
    assert (await only(routing, JurisdictionDetermined)).event.branch == "extraterritorial"
    assert await routing.holder(suspect) == "rcmp-national"


async def test_a_victim_goes_to_police_with_child_protection_as_a_copy(routing: Routing) -> None:
    event = routing.victim(items(stated_location=stated(municipality="Montreal", country="CA")))
    await routing.told(event)
    created = (await only(routing, AssignmentCreated)).event
    assert (created.kind, created.holder, created.body, created.copies) == (
        "victim", "ice-qc", "police-montreal", ["cfs-qc"],
    )  # fmt: skip
    assert (await only(routing, JurisdictionDetermined)).event.branch == "victim"


async def test_an_intended_recipient_with_a_location_is_routed_as_a_victim(routing: Routing) -> None:
    told = items(stated_location=stated(province="Nova Scotia", country="CA"))
    await routing.told(routing.victim(told, role="intended_recipient"))
    created = (await only(routing, AssignmentCreated)).event
    assert (created.holder, created.body, created.copies) == ("ice-ns", "rcmp-h", ["cfs-ns"])


async def test_an_entry_without_evidence_is_undetermined_and_held_by_the_centre(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(), grade="X")
    undetermined = (await only(routing, JurisdictionUndetermined)).event
    assert undetermined.reason == "no_usable_evidence"
    assert (await routing.holders())[suspect] == ("centre", "centre", "assigned")


async def test_carrier_nat_and_private_captures_are_classed_and_never_attributed(routing: Routing) -> None:
    private = capture("100.64.0.9", ip_class="carrier_nat")
    suspect = await routing.given_suspect(items(captures=[private]))
    assert await routing.holder(suspect) == "centre"
    async with routing.coordinator() as client:
        story = (await client.get(f"/v1/suspects/{suspect}")).json()
    assert story["captures"][0]["ip_class"] == "carrier_nat"
    assert story["captures"][0]["network"] is None


async def test_two_countries_with_equal_claims_are_no_answer(routing: Routing) -> None:
    told = items(captures=[capture(BELL), capture(ABROAD, item="/captures/1")])
    await routing.given_suspect(told)
    assert (await only(routing, JurisdictionUndetermined)).event.reason == "conflicting_evidence"


async def test_an_erased_referral_leaves_an_entry_without_evidence(routing: Routing) -> None:
    event = routing.suspect(items(captures=[capture(ABROAD)]))
    await routing.harness.rows("UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now()")
    await routing.told(event)
    assert (await only(routing, JurisdictionUndetermined)).event.reason == "no_usable_evidence"
    assert await routing.holder(event.suspect) == "centre"


async def test_a_key_that_the_keyring_never_had_is_a_failure_and_no_lack_of_evidence(routing: Routing) -> None:
    event = routing.suspect(items(captures=[capture(ABROAD)]))
    strange = event.model_copy(update={"personal": event.personal.model_copy(update={"key": ids.new()})})
    with pytest.raises(UnknownKey):
        await routing.told(strange)
    assert await routing.holders() == {}
    await routing.told(event)
    assert await routing.holder(event.suspect) == "bureau-nl"


async def test_an_address_without_its_time_leads_nowhere(routing: Routing) -> None:
    bare = capture(ABROAD).model_copy(update={"at": None, "raw_time": None, "precision": "none", "grade": "X"})
    suspect = await routing.given_suspect(items(captures=[bare]), grade="X")
    assert (await only(routing, JurisdictionUndetermined)).event.reason == "no_usable_evidence"
    assert await routing.holder(suspect) == "centre"


async def test_a_file_of_many_has_one_investigation_and_one_assignment_each(routing: Routing) -> None:
    events = [routing.suspect(items(captures=[capture(ip)])) for ip in (BELL, SASKTEL, ABROAD) * 40]
    await routing.told(*events)
    holders = await routing.holders()
    assert set(holders) == {event.suspect for event in events}
    assert len(await routing.harness.rows("SELECT FROM routing.investigation")) == 1
    told = await routing.harness.published(AssignmentCreated)
    # Whose officers may act: liaison and notifications know it from here.
    assert {(one.event.holder, one.event.holder_tenant) for one in told} == {
        ("centre", "centre"), ("bureau-nl", "partner:bureau-nl"),
    }  # fmt: skip
    assert {one.event.investigation for one in told} == {
        row["id"] for row in await routing.harness.rows("SELECT id FROM routing.investigation")
    }


async def test_many_captures_are_asked_about_in_several_events(routing: Routing) -> None:
    many = [capture(BELL, item=f"/captures/{index}", port=1024 + index) for index in range(450)]
    await routing.given_suspect(items(captures=many))
    assert len(await routing.harness.published(IdentificationRequested)) == 3


async def test_captures_with_long_texts_are_asked_about_in_events_that_fit(routing: Routing) -> None:
    padding = " " * 480
    many = [
        capture(BELL, item=f"/captures/{index}", port=1024 + index, raw_ip=BELL + padding, event="\x01" * 512)
        for index in range(150)
    ]
    suspect = await routing.given_suspect(items(captures=many))
    assert await routing.holder(suspect) == "centre"
    assert len(await routing.harness.published(IdentificationRequested)) > 1
    rows = await routing.harness.rows("SELECT items FROM routing.identification_request")
    assert sum(row["items"].count("/captures/") for row in rows) == 150
