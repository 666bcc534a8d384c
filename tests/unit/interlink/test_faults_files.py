"""What partners post under fire: sound and flawed entries, and later versions that change, withdraw and bring back."""

import json
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

from interlink.faults import files, sizes
from interlink.faults.files import Post, as_batch, as_file
from sandbox.generator import files as generator
from sandbox.generator.networks import announced

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@cache
def posted(count: int) -> list[list[Post]]:
    """The versions of so many files, as one client would post them."""
    random, addresses = Random(3), announced()
    return [
        files.posts("bureau-nl", f"NL-{number}", number, random, now=NOW, addresses=addresses)
        for number in range(count)
    ]


def suspects(post: Post) -> dict[str, Any]:
    return {one["reference"]: one for one in json.loads(post.body)["suspects"]}


def test_a_batch_has_everybody_of_its_file_a_line_each() -> None:
    (made,) = generator.files(11, 1, 3, now=NOW)
    document = json.loads(made.body)
    file, batch = as_file("bureau-nl", document), as_batch("bureau-nl", document)
    head, *lines = [json.loads(line) for line in batch.body.splitlines()]
    assert [line["suspect"] for line in lines if "suspect" in line] == document.pop("suspects")
    assert [line["victim"] for line in lines if "victim" in line] == document.pop("victims", [])
    assert head == document
    assert (file.reference, file.filed, batch.path) == (batch.reference, batch.filed, "/v1/referrals:batch")


def test_about_one_file_in_five_has_a_second_version_and_some_a_third() -> None:
    versions = [len(one) for one in posted(150)]
    assert 15 < sum(count > 1 for count in versions) < 50
    assert 4 < sum(count == 3 for count in versions) < 30
    assert sum(count > sizes.CHUNK for count in (len(one[0].filed.entries) for one in posted(150))) > 20


def test_versions_are_posted_in_their_order_each_under_a_key_of_its_own() -> None:
    for versions in posted(150):
        assert [one.version for one in versions] == list(range(1, len(versions) + 1))
        assert len({one.key for one in versions}) == len(versions)
        assert {one.path for one in versions[1:]} <= {"/v1/referrals"}, "a batch amends nothing"


def test_a_second_version_changes_one_suspect_and_leaves_one_entry_out() -> None:
    amended = [one for one in posted(150) if len(one) > 1 and one[0].path == "/v1/referrals"]
    for first, second, *_ in amended:
        before, after = suspects(first), suspects(second)
        assert sum(before[one] != after[one] for one in after) == 1
        assert len(first.filed.entries - second.filed.entries) == (len(first.filed.entries) > 1)
        assert second.filed.entries <= first.filed.entries


def test_a_third_version_names_everybody_again_and_takes_nothing_back() -> None:
    returned = [one for one in posted(150) if len(one) == 3]
    for first, second, third in returned:
        assert third.filed.entries == first.filed.entries
        assert all(suspects(third)[one] == told for one, told in suspects(second).items())


def test_an_entry_that_must_be_refused_is_none_that_must_be_accepted() -> None:
    refused = [one for versions in posted(150) for one in versions if b"internal_remark" in one.body]
    assert refused
    assert all("S-9999" not in one.filed.entries and one.filed.entries and one.filed.unread for one in refused)
