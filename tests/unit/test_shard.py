"""Shards divide names the same way everywhere, each name in one of them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.errors import SettingsError
from bulkpause.shard import Shard, parse_shard


@given(st.text(), st.integers(1, 50))
def test_each_name_is_in_one_shard(name: str, count: int) -> None:
    shards = [Shard(number, count) for number in range(1, count + 1)]
    assert sum(shard.takes(name) for shard in shards) == 1


def test_shards_are_about_equal() -> None:
    names = [f"account-{number}" for number in range(4_000)]
    sizes = Counter(k for k in range(1, 5) for n in names if Shard(k, 4).takes(n))
    assert all(900 < size < 1_100 for size in sizes.values())


def test_shard_of_a_name_never_changes() -> None:
    taken = [name for name in ("acme", "globex", "zoo") if Shard(2, 4).takes(name)]
    assert taken == ["globex"]


def test_pod_of_an_indexed_job_finds_its_shard() -> None:
    assert parse_shard("auto/8", {"JOB_COMPLETION_INDEX": "0"}) == Shard(1, 8)
    assert parse_shard("2/8", {}) == Shard(2, 8)


@pytest.mark.parametrize(
    "text", ["", "0/4", "5/4", "1", "a/b", "1/0", "-1/4", "auto/4", "1/99999"]
)
def test_shard_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_shard(text, {"JOB_COMPLETION_INDEX": ""})
