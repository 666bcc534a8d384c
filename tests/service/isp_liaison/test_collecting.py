"""Lines collect in one draft of each kind; the same data is one line; what cannot be asked is kept for a person."""

import asyncio

import asyncpg
import pytest
from service.isp_liaison.conftest import DEMAND, EAST, PRODUCTION, Liaison, capture, identified

from contracts import ids
from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationSent,
)
from isp_liaison.store import tables

ADDRESSES = [f"70.24.10.{number}" for number in range(1, 9)]


async def test_lines_of_many_suspects_collect_in_one_draft_of_each_instrument(liaison: Liaison) -> None:
    await liaison.told(*(liaison.requested(capture(ip)) for ip in ADDRESSES[:4]))
    await liaison.told(*(liaison.requested(capture(ip)) for ip in ADDRESSES[4:]))
    assert {(one["instrument"], one["line_count"]) for one in await liaison.queue()} == {(DEMAND, 8), (PRODUCTION, 8)}
    assert len(await liaison.published(IdentificationDrafted)) == 16


async def test_two_batches_at_once_find_one_draft(liaison: Liaison) -> None:
    batches = [[liaison.requested(capture(ip)) for ip in ADDRESSES] for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        for batch in batches:
            group.create_task(liaison.told(*batch))
    found = await liaison.queue()
    assert sorted((one["instrument"], one["line_count"]) for one in found) == [(DEMAND, 8), (PRODUCTION, 8)]
    tied = await liaison.harness.rows("SELECT count(*) AS n FROM isp_liaison.line_entry")
    assert tied[0]["n"] == 4 * 8 * 2


@pytest.mark.parametrize(
    ("table", "index", "where"),
    [("request", "request_draft", f"instrument = '{DEMAND}'"), ("line", "line_of_data", f"instrument = '{DEMAND}'")],
)
async def test_the_database_itself_holds_one_draft_and_one_line_of_the_same_data(
    liaison: Liaison, table: str, index: str, where: str
) -> None:
    await liaison.given()
    columns = [column.name for column in tables.metadata.tables[table].columns if column.name not in ("id", "number")]
    number = ", number" if table == "request" else ""
    given = ", 'IR-2026-999999'" if table == "request" else ""
    with pytest.raises(asyncpg.UniqueViolationError, match=index):
        await liaison.harness.rows(
            f"INSERT INTO isp_liaison.{table} (id, {', '.join(columns)}{number})"
            f" SELECT gen_random_uuid(), {', '.join(columns)}{given} FROM isp_liaison.{table} WHERE {where}"
        )


async def test_the_same_data_of_two_suspects_is_one_line_and_both_get_its_events(liaison: Liaison) -> None:
    first, second = await liaison.given(capture()), await liaison.given(capture())
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    assert {line["line"] for line in await liaison.lines(number)} == {line["line"]}
    assert set(line["entries"]) == {str(first), str(second)}
    await liaison.answered(number, identified(line["line"]))
    await liaison.confirmed()
    for suspect in (first, second):
        assert len(await liaison.published(IdentificationSent, suspect)) == 1
        (completed,) = await liaison.published(IdentificationCompleted, suspect)
        assert (completed.municipality, completed.open_lines) == ("Guelph", 0)


async def test_a_later_suspect_of_a_line_that_is_answered_is_told_at_once(liaison: Liaison) -> None:
    await liaison.given(capture())
    for instrument, answer in ((DEMAND, {"outcome": "preserved"}), (PRODUCTION, {})):
        number = await liaison.sent(instrument)
        (line,) = await liaison.lines(number)
        told = {"line": line["line"], **answer} if answer else identified(line["line"])
        await liaison.answered(number, told)
    await liaison.confirmed()

    late = await liaison.given(capture())
    assert len(await liaison.published(IdentificationSent, late)) == 2
    assert len(await liaison.published(IdentificationPreserved, late)) == 1
    (completed,) = await liaison.published(IdentificationCompleted, late)
    assert (completed.outcome, completed.postal_area) == ("subscriber_identified", "N1H")
    assert await liaison.queue(state="draft") == []


async def test_lines_of_victims_never_share_a_request_with_those_of_suspects(liaison: Liaison) -> None:
    event = liaison.requested(capture("70.24.10.2"), kind="victim")
    await liaison.told(liaison.requested(capture("70.24.10.1")), event)
    same = liaison.requested(capture("70.24.10.1"), kind="victim")
    await liaison.told(same)
    found = await liaison.queue(instrument=PRODUCTION)
    assert {(one["about"], one["line_count"]) for one in found} == {("suspects", 1), ("victims", 2)}
    rows = await liaison.harness.rows(
        "SELECT r.number FROM isp_liaison.request r JOIN isp_liaison.line l ON l.request = r.id"
        " JOIN isp_liaison.line_entry e ON e.line = l.id GROUP BY 1 HAVING count(DISTINCT e.kind) > 1"
    )
    assert rows == []


async def test_no_second_demand_for_the_same_data_in_the_same_investigation(liaison: Liaison) -> None:
    await liaison.given(capture())
    await liaison.sent(DEMAND)
    await liaison.given(capture(), priority="P0")  # another urgency would be another draft
    rows = await liaison.harness.rows("SELECT count(*) AS n FROM isp_liaison.line WHERE instrument = $1", DEMAND)
    assert rows[0]["n"] == 1
    await liaison.given(capture(), investigation=ids.new())
    assert [one["state"] for one in await liaison.queue(instrument=DEMAND, state="draft")] == ["draft"]


async def test_what_is_urgent_or_of_another_handling_has_a_draft_of_its_own(liaison: Liaison) -> None:
    for number, (priority, handling) in enumerate([("P0", "H1"), ("P1", "H1"), ("P2", "H1"), ("P3", "H2")]):
        await liaison.told(liaison.requested(capture(ADDRESSES[number])), priority=priority, handling=handling)
    found = await liaison.queue(instrument=PRODUCTION)
    assert sorted((one["urgency"], one["handling"], one["line_count"]) for one in found) == [
        ("routine", "H1", 1), ("routine", "H2", 1), ("urgent", "H1", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("priorities", [("P2", "P0"), ("P0", "P2")])
async def test_the_same_data_of_a_batch_is_urgent_where_it_is_for_one_of_them(
    liaison: Liaison, priorities: tuple[str, str]
) -> None:
    events = [liaison.harness.received(liaison.requested(capture()), liaison.origin(one)) for one in priorities]
    await liaison.harness.deliver(events)
    found = await liaison.queue()
    assert sorted((one["urgency"], one["instrument"], one["line_count"]) for one in found) == [
        ("urgent", DEMAND, 1), ("urgent", PRODUCTION, 1),
    ]  # fmt: skip


async def test_grade_c_is_preserved_and_not_produced_and_grade_x_is_not_asked_at_all(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1", grade="C"))
    await liaison.given(capture("70.24.10.2", grade="B", port=None))
    await liaison.given(capture("70.24.10.3", grade="X", at=None))
    found = {one["instrument"]: one["line_count"] for one in await liaison.queue()}
    assert found == {DEMAND: 2, PRODUCTION: 1}
    async with liaison.officer() as client:
        unplaced = (await client.get("/v1/requests:unplaced")).json()["items"]
    assert [(one["why"], one["grade"], one["item"]) for one in unplaced] == [("unusable", "X", "/captures/0")]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"asn": None}, "network_unknown"),
        ({"asn": 64500}, "provider_unknown"),
        ({"asn": 64500, "country": "NL"}, "abroad"),
        ({"at": None}, "time_missing"),
    ],
)
async def test_what_no_provider_can_be_asked_about_waits_for_a_person(
    liaison: Liaison, changed: dict[str, object], why: str
) -> None:
    suspect = liaison.requested(capture(**changed))
    await liaison.told(suspect)
    await liaison.told(suspect)  # again, under another event id
    async with liaison.officer() as client:
        (one,) = (await client.get("/v1/requests:unplaced")).json()["items"]
    assert (one["why"], one["entry"]) == (why, str(suspect.entry))
    assert await liaison.queue() == []


async def test_each_provider_has_requests_of_its_own_and_real_rows_never_meet_test_rows(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), capture("24.48.0.1", asn=EAST, item="/captures/1"))
    await liaison.told(liaison.requested(capture("70.24.10.9")), testmode=False)
    found = {(one["provider"], one["testmode"]) for one in await liaison.queue(instrument=PRODUCTION)}
    assert found == {("provider-north", True), ("provider-east", True), ("bell", False)}


async def test_what_is_cancelled_before_submission_leaves_its_draft(liaison: Liaison) -> None:
    gone, stays = await liaison.given(capture("70.24.10.1")), await liaison.given(capture("70.24.10.2"))
    shared = await liaison.given(capture("70.24.10.2"))
    await liaison.cancelled(gone, shared)
    (draft,) = await liaison.queue(instrument=PRODUCTION)
    (line,) = await liaison.lines(draft["number"])
    assert (draft["line_count"], line["entries"]) == (1, [str(stays)])
    await liaison.cancelled(stays)
    assert await liaison.queue() == []
    assert [one["state"] for one in await liaison.queue(state="withdrawn", instrument=PRODUCTION)] == ["withdrawn"]

    await liaison.given(capture("70.24.10.2"), entry=stays)
    (anew,) = await liaison.queue(instrument=PRODUCTION)
    assert anew["number"] != draft["number"]


async def test_what_was_submitted_goes_on_when_it_is_cancelled_and_that_is_noted(liaison: Liaison) -> None:
    suspect = await liaison.given(capture())
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.cancelled(suspect)
    assert (await liaison.shown(number))["desired_status"] == "cancelled"
    assert (await liaison.answered(number, identified(line["line"]))).status_code == 200
    await liaison.confirmed()
    assert await liaison.published(IdentificationCompleted) == []


async def test_what_was_cancelled_and_is_wanted_again_is_the_same_line(liaison: Liaison) -> None:
    suspect = await liaison.given(capture())
    number = await liaison.sent()
    await liaison.cancelled(suspect)
    await liaison.given(capture(), entry=suspect)
    shown = await liaison.shown(number)
    assert (shown["desired_status"], shown["lines"][0]["entries"]) == ("sent", [str(suspect)])
    assert len(await liaison.published(IdentificationSent, suspect)) == 2


async def test_an_erased_referral_is_asked_about_no_more(liaison: Liaison) -> None:
    event = liaison.requested(capture())
    await liaison.erase()
    await liaison.told(event)
    assert await liaison.queue() == []


async def test_what_perishes_first_comes_first_and_pages_are_stable(liaison: Liaison) -> None:
    for day, asn in ((12, 577), (10, 5769), (11, 577)):
        at = capture().capture.at.replace(day=day)
        await liaison.given(capture(f"70.24.{day}.1", asn=asn, at=at), investigation=ids.new())
    found = await liaison.queue(instrument=PRODUCTION)
    order = [(one["provider"], one["perishes_at"][:10]) for one in found]
    assert order == [
        ("provider-east", "2026-12-10"), ("provider-north", "2027-05-10"), ("provider-north", "2027-05-11"),
    ]  # fmt: skip
    async with liaison.officer() as client:
        seen: list[str] = []
        cursor = None
        while True:
            asked = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
            page = (await client.get("/v1/requests", params=asked)).json()
            seen += [one["number"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(("days", "first"), [((12, 11), 11), ((11, 12), 11), ((12, 10, 11), 10)])
async def test_a_draft_says_when_the_first_of_all_its_lines_perishes(
    liaison: Liaison, days: tuple[int, ...], first: int
) -> None:
    for day in days:
        at = capture().capture.at.replace(day=day)
        await liaison.given(capture(f"70.24.{day}.1", asn=EAST, at=at))
    (draft,) = await liaison.queue(instrument=PRODUCTION)
    assert draft["perishes_at"] == f"2026-12-{first}T12:00:00Z"


async def test_what_is_preserved_perishes_when_the_law_says(liaison: Liaison) -> None:
    await liaison.given(capture(asn=EAST))
    before = (await liaison.queue(instrument=PRODUCTION))[0]["perishes_at"]
    number = await liaison.sent(DEMAND)
    (line,) = await liaison.lines(number)
    await liaison.answered(number, {"line": line["line"], "outcome": "preserved"}, by="east", zone="America/Halifax")
    (production,) = await liaison.queue(instrument=PRODUCTION)
    assert (before, production["perishes_at"]) == ("2026-12-10T12:00:00Z", "2026-12-15T05:00:00Z")
