"""Pages by key, cursors that cannot be changed, and entity tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.kit.http.door import Door

from kit.errors import Rejected
from kit.http.pages import Cursors

KEY = b"k" * 32


async def test_a_list_is_walked_to_its_end(opened: Door) -> None:
    seen: list[int] = []
    params: dict[str, str | int] = {"limit": 3}
    while True:
        document = (await opened.client.get("/v1/numbers", params=params)).json()
        seen += document["items"]
        if document["next"] is None:
            break
        params["cursor"] = document["next"]
    assert seen == list(range(7))


async def test_a_page_holds_fifty_rows_unless_asked_otherwise(opened: Door) -> None:
    assert (await opened.client.get("/v1/numbers")).json() == {"items": list(range(7)), "next": None}
    for limit in (0, 201, "many"):
        assert (await opened.client.get("/v1/numbers", params={"limit": limit})).status_code == 422


async def test_a_cursor_of_another_list_is_refused(opened: Door) -> None:
    foreign = (await opened.client.get("/v1/letters")).json()["next"]
    answer = await opened.client.get("/v1/numbers", params={"cursor": foreign})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:cursor-unknown")


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA" * 20, "====", "x" * 1025])
async def test_a_made_up_cursor_is_refused(opened: Door, cursor: str) -> None:
    assert (await opened.client.get("/v1/numbers", params={"cursor": cursor})).status_code == 422


@given(st.lists(st.text() | st.integers(min_value=-(2**53), max_value=2**53) | st.none()))
def test_sort_keys_come_back_as_they_were(keys: list[object]) -> None:
    cursors = Cursors(KEY)
    assert cursors.open("list", cursors.seal("list", keys)) == keys


@given(st.data())
def test_a_changed_character_is_noticed(data: st.DataObject) -> None:
    cursors = Cursors(KEY)
    cursor = cursors.seal("list", ["2026-11-22T12:00:00Z", "0192"])
    # Not the last character: base64 leaves some of its bits unused.
    position = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda character: character != cursor[position]))
    with pytest.raises(Rejected):
        cursors.open("list", cursor[:position] + other + cursor[position + 1 :])


def test_another_key_does_not_open_the_cursor() -> None:
    with pytest.raises(Rejected):
        Cursors(b"j" * 32).open("list", Cursors(KEY).seal("list", [1]))


async def test_a_known_state_is_not_sent_again(opened: Door) -> None:
    tag = (await opened.client.get("/v1/state")).headers["etag"]
    for asked in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        answer = await opened.client.get("/v1/state", headers={"If-None-Match": asked})
        assert (answer.status_code, answer.headers["etag"], answer.content) == (304, tag, b"")
    opened.probe.version = 2
    assert (await opened.client.get("/v1/state", headers={"If-None-Match": tag})).status_code == 200


async def test_a_decision_on_an_older_state_is_refused(opened: Door) -> None:
    assert (await opened.client.put("/v1/state", headers={"If-Match": '"older"'})).status_code == 412
    assert (await opened.client.put("/v1/state", headers={"If-Match": "*"})).status_code == 204
    assert (await opened.client.put("/v1/state")).status_code == 204
