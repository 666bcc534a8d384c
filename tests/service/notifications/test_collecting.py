"""What becomes a notice, whose it is, and when it stops collecting."""

import asyncio

import pytest
from service.notifications.conftest import Notifications
from sqlalchemy import text

from contracts import ids
from contracts.events.identifications import IdentificationDeadlineApproaching, IdentificationExpired
from contracts.events.jurisdictions import AssignmentAccepted, AssignmentDeclined
from kit.testing.eventually import eventually
from notifications.commands.freeze import freeze
from notifications.store import notices

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def is_waiting(notifications: Notifications) -> bool:
    """Whether some transaction waits for another one's lock."""
    return bool(await notifications.harness.rows(WAITING))


async def test_a_file_of_many_suspects_is_one_notice_per_agency(notifications: Notifications) -> None:
    await notifications.told(*(notifications.created("ice-on") for _ in range(60)), notifications.created("ice-qc"))
    await notifications.told(*(notifications.created("ice-on") for _ in range(60)))
    (of_ontario,), (of_quebec,) = await notifications.notices("ice-on"), await notifications.notices("ice-qc")
    assert (of_ontario["items"], of_quebec["items"]) == (120, 1)
    assert of_ontario["state"] == "collecting"


async def test_another_referral_is_another_notice(notifications: Notifications) -> None:
    await notifications.told(notifications.created(), notifications.created(referral=ids.new()))
    assert len(await notifications.notices()) == 2


async def test_batches_that_race_share_one_notice(notifications: Notifications) -> None:
    async with asyncio.TaskGroup() as group:
        for order in [("ice-on", "ice-qc"), ("ice-qc", "ice-on")] * 3:
            group.create_task(notifications.told(*map(notifications.created, order)))
    for slug in ("ice-on", "ice-qc"):
        (notice,) = await notifications.notices(slug)
        assert notice["items"] == 6


async def test_what_comes_while_a_notice_is_frozen_opens_the_next_one(notifications: Notifications) -> None:
    await notifications.told(notifications.created())
    (first,) = await notifications.notices()
    async with asyncio.TaskGroup() as group, notifications.harness.application.database.as_system() as tx:
        await freeze(tx, [first["id"]], "")
        group.create_task(notifications.told(notifications.created()))
        await eventually(lambda: is_waiting(notifications))
    assert [(one["state"], one["items"]) for one in await notifications.notices()] == [("collecting", 1), ("frozen", 1)]


async def test_notices_are_locked_in_one_order_to_collect_and_to_freeze(notifications: Notifications) -> None:
    """Otherwise a batch that adds to several of them and a freeze of the same ones would end each other."""
    holders = ("ice-on", "ice-qc", "Ice-on", "ice_on", "cfs-on", "centre", "bureau-nl")
    referrals = [ids.new() for _ in range(3)]
    for referral in reversed(referrals):
        for holder in holders:
            await notifications.told(notifications.created(holder, referral=referral))
    async with notifications.harness.application.database.as_system() as tx:
        rows = await tx.rows(text("SELECT id FROM notice ORDER BY id DESC"))
        locked = [one.terms for one in await notices.lock_all(tx, [row.id for row in rows])]
    assert len(locked) == len(holders) * len(referrals)
    assert locked == sorted(locked, key=lambda terms: (terms.recipient, terms.referral, terms.testmode))


async def test_a_notice_is_frozen_five_seconds_after_its_first_item(notifications: Notifications) -> None:
    await notifications.told(notifications.created())
    await notifications.later(seconds=4)
    await notifications.told(notifications.created())
    await notifications.later(milliseconds=900)
    (notice,) = await notifications.notices()
    assert notice["state"] == "collecting"
    await notifications.later(milliseconds=100)
    (notice,) = await notifications.notices()
    assert (notice["state"], notice["items"], notice["acknowledge_by"]) == ("frozen", 2, None)
    await notifications.told(notifications.created())
    assert [one["items"] for one in await notifications.notices()] == [1, 2]


@pytest.mark.parametrize("priority", ["P0", "P1"])
async def test_an_urgent_notice_is_frozen_at_once(notifications: Notifications, priority: str) -> None:
    await notifications.told(notifications.created(), priority=priority)
    await notifications.work()
    (notice,) = await notifications.notices()
    assert (notice["state"], notice["priority"]) == ("frozen", priority)
    assert notice["acknowledge_by"] is not None


async def test_an_urgent_item_that_joins_a_notice_freezes_it_at_once(notifications: Notifications) -> None:
    await notifications.told(notifications.created(), priority="P3")
    await notifications.work()
    await notifications.told(notifications.created(), priority="P0")
    await notifications.work()
    (notice,) = await notifications.notices()
    assert (notice["state"], notice["priority"], notice["items"]) == ("frozen", "P0", 2)


async def test_an_event_is_an_item_once_however_often_it_comes(notifications: Notifications) -> None:
    batch = await notifications.told(notifications.created())
    await notifications.harness.deliver(batch)
    await notifications.harness.rows("DELETE FROM notifications.inbox")  # a restored database, or a replay
    await notifications.harness.deliver(batch)
    assert len(await notifications.feed()) == 1
    (notice,) = await notifications.notices()
    assert notice["items"] == 1


async def test_a_copy_gets_a_notice_of_its_own(notifications: Notifications) -> None:
    await notifications.told(notifications.created("ice-on", copies=["cfs-on"]))
    for slug in ("ice-on", "cfs-on"):
        (notice,) = await notifications.notices(slug)
        assert (notice["agency"], notice["items"]) == (slug, 1)


async def test_a_bureau_abroad_and_the_centre_are_told_as_what_they_are(notifications: Notifications) -> None:
    await notifications.told(
        notifications.created("bureau-nl"),
        notifications.created("bureau-xx"),  # not in the directory yet
        notifications.created("centre"),
        notifications.created("ice-on", holder_tenant="agency:ice-on"),
    )
    rows = await notifications.harness.rows("SELECT tenant FROM notifications.notice ORDER BY tenant")
    told = ["agency:ice-on", "centre", "partner:bureau-nl", "partner:bureau-xx"]
    assert [row["tenant"] for row in rows] == told


async def test_the_holder_learns_of_a_completed_identification(notifications: Notifications) -> None:
    created = notifications.created("ice-on")
    await notifications.told(created)
    await notifications.told(notifications.completed(created.entry, province="CA-ON", municipality="Guelph"))
    assert await notifications.types("ice-on") == ["assignment.created", "identification.completed"]
    assert (await notifications.feed())[1]["data"]["municipality"] == "Guelph"


async def test_the_holder_learns_of_days_that_come_near_and_pass(notifications: Notifications) -> None:
    created = notifications.created("ice-on")
    await notifications.told(created)
    line = {
        "entry": created.entry, "kind": "suspect", "referral": notifications.referral,
        "investigation": notifications.referral, "request": ids.new(), "line": ids.new(), "provider": "north",
        "instrument": "preservation_demand", "deadline": "preservation_expiry", "on": "2026-12-01",
        "zone": "America/Toronto",
    }  # fmt: skip
    await notifications.told(IdentificationDeadlineApproaching(**line, days_left=3), IdentificationExpired(**line))
    assert await notifications.types() == [
        "assignment.created", "identification.deadline_approaching", "identification.expired",
    ]  # fmt: skip


async def test_after_a_move_the_former_holder_knows_and_the_new_one_hears(notifications: Notifications) -> None:
    before = notifications.created("centre", copies=["cfs-on"])
    after = notifications.created("ice-on", entry=before.entry)
    await notifications.told(before)
    await notifications.told(notifications.moved(before), after)
    await notifications.told(notifications.completed(before.entry))
    assert await notifications.types("centre") == ["assignment.created", "assignment.moved"]
    assert await notifications.types("cfs-on") == ["assignment.created", "assignment.moved"]
    assert await notifications.types("ice-on") == ["assignment.created", "identification.completed"]


async def test_a_withdrawal_is_told_to_who_held_it(notifications: Notifications) -> None:
    created = notifications.created("ice-on")
    await notifications.told(created)
    await notifications.told(notifications.withdrawn(created))
    await notifications.told(notifications.completed(created.entry))
    assert await notifications.types("ice-on") == ["assignment.created", "assignment.withdrawn"]
    assert await notifications.types("centre") == ["identification.completed"]  # nobody holds it: a person looks


async def test_what_is_overdue_is_told_to_the_holder_and_to_the_centre(notifications: Notifications) -> None:
    created = notifications.created("ice-on")
    await notifications.told(created)
    await notifications.told(notifications.overdue(created))
    assert await notifications.types("ice-on") == ["assignment.created", "assignment.overdue"]
    assert await notifications.types("centre") == ["assignment.overdue"]


async def test_whoever_accepts_or_declines_is_not_told_so(notifications: Notifications) -> None:
    first, second = notifications.created("ice-on"), notifications.created("ice-on")
    await notifications.told(first, second)
    of = {"kind": "suspect", "referral": first.referral, "investigation": first.referral, "holder": "ice-on"}
    now = notifications.clock.now()
    await notifications.told(
        AssignmentAccepted(**of, entry=first.entry, assignment=first.assignment, accepted_at=now),
        AssignmentDeclined(
            **of, entry=second.entry, assignment=second.assignment, reason="other", declined_at=now, successor=ids.new()
        ),
    )
    assert await notifications.types("ice-on") == ["assignment.created"] * 2
    rows = await notifications.harness.rows("SELECT state FROM notifications.holding ORDER BY state")
    assert [row["state"] for row in rows] == ["accepted", "ended"]


async def test_copies_learn_that_a_declined_assignment_is_over_and_who_declined_does_not(
    notifications: Notifications,
) -> None:
    """The successor's copies are others where it is in another province: nothing else would tell these."""
    created = notifications.created("ice-on", copies=["cfs-on", "ice-on"])
    await notifications.told(created)
    await notifications.told(
        AssignmentDeclined(
            kind="victim", referral=created.referral, investigation=created.referral, holder="ice-on",
            entry=created.entry, assignment=created.assignment, reason="wrong_jurisdiction",
            declined_at=notifications.clock.now(), successor=ids.new(),
        )
    )  # fmt: skip
    assert await notifications.types("cfs-on") == ["assignment.created", "assignment.declined"]
    assert await notifications.types("ice-on") == ["assignment.created"]


async def test_an_endpoint_may_ask_for_declined_assignments_alone(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint("cfs-on", types=["interlink.assignment.declined.v1"])
    assert endpoint["types"] == ["interlink.assignment.declined.v1"]


async def test_an_assignment_that_is_told_after_its_end_changes_nothing(notifications: Notifications) -> None:
    """As a dead letter that is replayed when its suspect has moved on."""
    created = notifications.created("ice-on")
    await notifications.told(notifications.moved(created))
    await notifications.told(created)
    await notifications.told(notifications.completed(created.entry))
    assert await notifications.types("ice-on") == ["assignment.moved"]
    assert await notifications.types("centre") == ["identification.completed"]
