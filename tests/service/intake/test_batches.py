"""A file that comes line by line: staged in steps where nobody sees it, then a referral at once, or nothing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from contracts.events.entries import SuspectReported, VictimReported
from contracts.events.referrals import ReferralReceived
from intake.formats import batch
from kit.encryption import Sealed
from kit.testing.eventually import eventually
from kit.testing.harness import Harness
from sandbox.generator import native

PATH = "/v1/referrals:batch"
KIND = "application/x-ndjson"
IP = "24.48.0.1"
TAKE = text("SELECT pg_advisory_xact_lock(hashtextextended('intake.key partner:bureau-nl k', 0))")
STAGED = """
    SELECT (SELECT count(*) FROM intake.upload) AS uploads, (SELECT count(*) FROM intake.upload_reference) AS names,
           (SELECT count(*) FROM intake.entry) AS entries, (SELECT count(*) FROM intake.payload) AS pieces,
           (SELECT count(*) FROM intake.referral) AS referrals
"""


def head(reference: str | None = "NL-1", **more: Any) -> dict[str, Any]:
    document = native.native_document(reference or "", suspects=[], victims=[], **more)
    if reference is None:
        del document["reference"]
    return {name: value for name, value in document.items() if name not in ("suspects", "victims")}


def suspects(count: int, first: int = 1) -> list[dict[str, Any]]:
    numbers = range(first, first + count)
    return [{"suspect": native.suspect(f"S-{number}", captures=[native.capture(IP)])} for number in numbers]


def lines(*documents: Any) -> bytes:
    return b"".join(orjson.dumps(document) + b"\n" for document in documents)


def a_file(count: int = 5, reference: str | None = "NL-1", **more: Any) -> bytes:
    return lines(head(reference, **more), *suspects(count))


async def post(partner: Any, body: bytes, kind: str = KIND, **headers: str) -> httpx.Response:
    """In pieces that end anywhere."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 700):
            yield body[at : at + 700]

    return await partner.client.post(PATH, content=pieces(), headers={"Content-Type": kind, **named})


async def staged(intake: Harness) -> Mapping[str, int]:
    [row] = await intake.rows(STAGED)
    return dict(row)


async def nothing_is_left(intake: Harness) -> bool:
    await intake.work()
    return not any((await staged(intake)).values())


@pytest.fixture
def options() -> dict[str, Any]:
    """Steps of two lines."""
    return {"stage_chunk": 2, "forget_chunk": 2}


async def test_a_batch_becomes_a_referral_and_its_entries_are_told_in_chunks(intake: Harness, partner: Any) -> None:
    victims = [{"victim": native.victim(f"V-{number}")} for number in range(2)]
    body = lines(head(), *suspects(5), *victims)
    answer = await post(partner, body, Idempotency_Key="k")
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["counts"]["entries"] == {"accepted": 7, "rejected": 0}
    assert receipt["sha256"] == hashlib.sha256(body).hexdigest()
    assert receipt["status"] == "accepted"
    assert (await partner.referral(receipt["number"]))["status"] == "receiving"
    [received] = await intake.published(ReferralReceived)
    assert (received.event.suspects, received.event.victims) == (5, 2)
    assert await intake.published(SuspectReported) == []

    async def told() -> bool:
        await intake.work()
        return (await partner.referral(receipt["number"]))["status"] == "accepted"

    await eventually(told)
    reported = await intake.published(SuspectReported)
    shown = await partner.referral(receipt["number"])
    assert [entry["reference"] for entry in shown["entries"]] == [f"S-{n}" for n in range(1, 6)] + ["V-0", "V-1"]
    assert {str(one.event.suspect) for one in reported} == {entry["id"] for entry in shown["entries"][:5]}
    assert len(await intake.published(VictimReported)) == 2

    async def cleared() -> bool:
        await intake.work()
        left = await staged(intake)
        return (left["uploads"], left["names"], left["entries"]) == (0, 0, 7)

    await eventually(cleared)


async def test_an_entry_of_a_batch_is_stored_as_that_of_a_file(intake: Harness, partner: Any) -> None:
    await partner.post(native.native_file("NL-1", suspects=[one["suspect"] for one in suspects(3)]))
    await post(partner, a_file(3, "NL-2"))
    rows = await intake.rows(
        "SELECT r.reference, e.position, e.kind, e.role, e.naming, e.reference_key, e.digest, e.fingerprints, e.grade, "
        "e.priority, e.factors, e.handling, e.parts, e.version, e.review, e.state "
        "FROM intake.entry e JOIN intake.referral r ON r.id = e.referral_id ORDER BY r.reference, e.position"
    )
    first, second = [[tuple(row)[1:] for row in rows if row["reference"] == name] for name in ("NL-1", "NL-2")]
    assert len(first) == 3
    assert first == second


async def test_what_is_staged_is_seen_by_nobody_until_it_is_accepted(intake: Harness, partner: Any) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield a_file(4)
        arrived.set()
        await go_on.wait()
        yield lines(*suspects(1, first=5))

    async with asyncio.TaskGroup() as group:
        posting = group.create_task(partner.client.post(PATH, content=pieces(), headers={"Content-Type": KIND}))
        await arrived.wait()

        async def some_are_staged() -> bool:
            return (await staged(intake))["entries"] >= 3

        await eventually(some_are_staged)
        assert (await partner.client.get("/v1/referrals")).json()["items"] == []
        async with intake.client("centre", "referrals:read", roles=["coordinator"]) as centre:
            assert (await centre.get("/v1/referrals")).json()["items"] == []
        assert await intake.published() == []
        go_on.set()
    assert posting.result().json()["counts"]["entries"]["accepted"] == 5
    assert len((await partner.client.get("/v1/referrals")).json()["items"]) == 1


async def test_the_raw_body_is_kept_in_sealed_pieces_and_comes_back_whole(intake: Harness, partner: Any) -> None:
    odd = [{"suspect": native.suspect(f"S-{n}", captures=[native.capture(event="y" * 400)] * 400)} for n in range(4)]
    body = lines(head(), *odd).replace(b"\n", b"\r\n").removesuffix(b"\r\n") + b"\n\n  \nnot json at all"
    answer = await post(partner, body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["counts"]["entries"] == {"accepted": 4, "rejected": 1}
    chunks = await intake.rows("SELECT referral_id, chunk, nonce, data FROM intake.payload ORDER BY chunk")
    assert len(chunks) == 1 + len(body) // (256 * 1024) > 2
    [row] = await intake.rows("SELECT r.key_id, v.size FROM intake.referral r JOIN intake.referral_version v ON true")
    key = (await intake.application.keyring.open([row["key_id"]]))[row["key_id"]]
    plain = b"".join(
        key.decrypt(Sealed(one["nonce"], one["data"]), f"{one['referral_id']}:1:payload:{one['chunk']}".encode())
        for one in chunks
    )
    assert plain == body
    assert row["size"] == len(body)


async def test_the_same_key_and_body_get_the_same_bytes_and_nothing_is_staged(intake: Harness, partner: Any) -> None:
    first = await post(partner, a_file(), Idempotency_Key="k")
    before = await staged(intake)
    again = await post(partner, a_file(), Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert await staged(intake) == before
    other = await post(partner, a_file(6), Idempotency_Key="k")
    assert (other.status_code, other.json()["type"]) == (422, "urn:interlink:problem:idempotency.other_content")


async def test_a_reference_and_version_stand_for_their_content_however_it_is_spelt(
    intake: Harness, partner: Any
) -> None:
    first = await post(partner, a_file())
    spelt = b"\n".join(
        orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) + b" " for line in a_file().splitlines()
    )
    again = await post(partner, spelt, Idempotency_Key="later")
    assert (again.status_code, again.content) == (201, first.content)
    assert (await post(partner, spelt, Idempotency_Key="later")).content == first.content
    other = await post(partner, a_file(4))
    assert (other.status_code, other.json()["type"]) == (422, "urn:interlink:problem:reference.other_content")
    assert len(await intake.published(ReferralReceived)) == 1


async def test_a_batch_without_a_reference_is_called_by_its_hash(partner: Any) -> None:
    body = a_file(1, None)
    assert (await post(partner, body)).json()["reference"] == hashlib.sha256(body).hexdigest()
    assert (await post(partner, body, Interlink_Reference="H-1")).json()["reference"] == "H-1"


async def test_a_later_version_is_refused_and_leaves_the_known_one_alone(intake: Harness, partner: Any) -> None:
    await post(partner, a_file())
    before = await staged(intake)
    later = await post(partner, a_file(4, version=2))
    assert (later.status_code, later.json()["type"]) == (422, "urn:interlink:problem:batch.amends")
    assert await staged(intake) == before


@pytest.mark.usefixtures("patient")
async def test_concurrent_batches_of_one_key_have_one_effect(intake: Harness, partner: Any) -> None:
    async with asyncio.TaskGroup() as group:
        posts = [group.create_task(post(partner, a_file(9), Idempotency_Key="k")) for _ in range(6)]
    answers = [one.result() for one in posts]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 5

    async def the_others_are_forgotten() -> bool:
        await intake.work()
        left = await staged(intake)
        return (left["uploads"], left["entries"], left["referrals"]) == (0, 9, 1)

    await eventually(the_others_are_forgotten)


async def test_who_waits_two_seconds_for_another_request_of_its_key_is_told_so(intake: Harness, partner: Any) -> None:
    async with intake.process.database.as_system() as tx:
        await tx.execute(TAKE)
        answer = await post(partner, a_file(), Idempotency_Key="k")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:interlink:problem:request.in_progress")
    assert (await post(partner, a_file(), Idempotency_Key="k")).status_code == 201


async def test_a_cut_body_leaves_nothing_and_is_posted_again_with_its_key(intake: Harness, partner: Any) -> None:
    await cut(intake, a_file(7)[:-10], Idempotency_Key="k")
    assert (await staged(intake))["referrals"] == 0
    assert (await staged(intake))["entries"] >= 3
    await eventually(lambda: nothing_is_left(intake))
    again = await post(partner, a_file(7), Idempotency_Key="k")
    assert again.json()["counts"]["entries"]["accepted"] == 7


async def cut(intake: Harness, body: bytes, **headers: str) -> None:
    """Send a body whose sender leaves before its end, as the server tells the application."""
    token = intake.issuer.token("partner:bureau-nl", ["referrals:write"], ["partner"])
    told = {"authorization": f"Bearer {token}", "content-type": KIND, **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": PATH,
        "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "server": ("service", 80), "client": ("198.51.100.7", 40112),
        "headers": [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in told.items()],
    }  # fmt: skip
    came = [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return came.pop(0) if came else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    await intake.app(scope, receive, send)


async def test_what_a_dead_process_left_is_given_up_and_takes_nothing_any_more(intake: Harness, partner: Any) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield a_file(4)
        arrived.set()
        await go_on.wait()
        yield lines(*suspects(3, first=5))

    async with asyncio.TaskGroup() as group:
        posting = group.create_task(partner.client.post(PATH, content=pieces(), headers={"Content-Type": KIND}))
        await arrived.wait()
        intake.clock.advance(timedelta(hours=2))
        await intake.process.worker.plant()
        await eventually(lambda: nothing_is_left(intake))
        go_on.set()
    assert posting.result().status_code == 503
    assert not any((await staged(intake)).values())


async def test_a_bad_line_rejects_its_entry_alone_and_says_where(partner: Any) -> None:
    good, other = [orjson.dumps(one) for one in suspects(2)]
    body = b"\n".join(
        [
            orjson.dumps(head()),
            good,
            b"{",
            b'{"suspect": {}, "victim": {}}',
            b'["suspect"]',
            b'{"suspect": {"reference": "a", "reference": "b"}}',
            b'{"suspect": {"reference": "x", "age": 3}}',
            good,
            b'{"victim": {"reference": "S-1", "captures": [{"ip": "nonsense"}, {"ip": 7}]}}',
            b"",
            b'{"suspect": {"account": {"service": "x", "id": "1"}}}',
            b'{"suspect": {"phones": ["+1 416 555 0177"]}}',
            other,
        ]
    )
    answer = await post(partner, body)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    said = {(one["pointer"], one["code"]) for one in receipt["verdicts"]}
    assert said >= {
        ("/2", "entry.not_json"),
        ("/3", "entry.of_no_kind"),
        ("/4", "entry.of_no_kind"),
        ("/5", "entry.repeated_name"),
        ("/6/suspect/age", "entry.unknown_field"),
        ("/7/suspect", "entry.duplicate_reference"),
        ("/8/victim/captures/0", "capture.not_an_address"),
        ("/8/victim/captures/1", "item.unreadable"),
        ("/8/victim", "entry.no_usable_item"),
        ("/10/suspect", "entry.reference_from_account"),
        ("/11/suspect", "entry.reference_from_position"),
    }
    assert receipt["counts"] == {
        "entries": {"accepted": 5, "rejected": 6},
        "items": {"accepted": 3, "warned": 0, "rejected": 2},
    }
    assert receipt["status"] == "accepted_in_part"
    shown = await partner.referral(receipt["number"])
    assert [entry["reference"] for entry in shown["entries"]] == ["S-1", "S-1", "x/1", "suspects/5", "S-2"]


async def test_a_name_that_was_made_up_gives_way_to_one_that_is_given(partner: Any) -> None:
    account = {"service": "x", "id": "1"}
    unnamed, named = {"suspect": {"account": account}}, {"suspect": {"reference": "x/1", "account": account}}
    second = {"suspect": {"phones": ["+1 416 555 0177"]}}
    taken = {"suspect": {"reference": "suspects/4", "phones": ["+1 416 555 0178"]}}
    answer = await post(partner, lines(head(), unnamed, named, taken, second, unnamed, named))
    shown = await partner.referral(answer.json()["number"])
    references = [entry["reference"] for entry in shown["entries"]]
    assert references == ["x/1", "x/1", "suspects/4", "suspects/4'", "suspects/5"]
    assert answer.json()["counts"]["entries"] == {"accepted": 5, "rejected": 1}


async def test_more_findings_than_a_receipt_lists_are_counted_all_the_same(partner: Any) -> None:
    bare = [{"suspect": {"reference": f"S-{n}", "captures": [{"ip": "nonsense"}] * 100}} for n in range(12)]
    answer = await post(partner, lines(head(), *bare, {"suspect": 3}))
    receipt = answer.json()
    assert receipt["counts"] == {
        "entries": {"accepted": 12, "rejected": 1},
        "items": {"accepted": 0, "warned": 0, "rejected": 1_200},
    }
    assert len(receipt["verdicts"]) == 1_001
    assert receipt["verdicts"][-1]["code"] == "file.verdicts_cut"
    assert receipt["status"] == "accepted_in_part"


async def test_urgency_of_header_and_head_raise_every_entry(intake: Harness, partner: Any) -> None:
    await post(partner, a_file(3), Interlink_Urgency="P1")
    [row] = await intake.rows("SELECT array_agg(DISTINCT priority) AS found FROM intake.entry")
    assert row["found"] == ["P1"]
    [received] = await intake.published(ReferralReceived)
    assert received.envelope.priority == "P1"


MEDIA = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
GOOD = a_file(4)


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", KIND, 422, "body.empty"),
        (b"\n \n", KIND, 422, "body.empty"),
        (lines(*suspects(3)), KIND, 422, "body.invalid"),
        (b"[]\n" + GOOD, KIND, 422, "body.not_an_object"),
        (b"{\n" + GOOD, KIND, 422, "body.malformed"),
        (lines(head(color="red"), *suspects(1)), KIND, 422, "body.invalid"),
        (lines(head(), {"suspect": 1}, {"x": 1}), KIND, 422, "referral.no_entry_accepted"),
        (GOOD + lines({"suspect": {"name": MEDIA}}), KIND, 422, "media.embedded"),
        (GOOD + b'{"suspect": "' + MEDIA.encode() + b"\n", KIND, 422, "media.embedded"),
        (GOOD + lines({"suspect": {"name": "x" * batch.LONGEST_LINE}}), KIND, 422, "body.line_too_long"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), KIND, 415, "media.magic"),
        (GOOD, "application/json", 415, "media.unknown_type"),
        (GOOD, "image/png", 415, "media.unknown_type"),
        (GOOD, "", 415, "media.unknown_type"),
        (GOOD, f"{KIND}; charset=utf-16", 415, "body.charset"),
    ],
)
async def test_a_bad_batch_is_refused_naming_the_rule_and_nothing_is_kept(
    intake: Harness, partner: Any, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = await post(partner, body, kind)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:interlink:problem:{code}")
    assert "S-1" not in answer.text
    await eventually(lambda: nothing_is_left(intake))


async def test_a_batch_larger_than_is_taken_is_refused_at_once(partner: Any) -> None:
    headers = {"Content-Type": KIND, "Content-Length": str(batch.LARGEST_BODY + 1)}
    answer = await partner.client.post(PATH, content=b"", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:interlink:problem:body-too-large")
