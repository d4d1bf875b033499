"""Columns come back from their packed form as they were, in little space."""

from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.report.page.packing import pack_columns, pack_numbers, pack_texts
from tests.support.packed_columns import unpacked


UUIDS = [str(UUID(int=Random(5).getrandbits(128))) for _ in range(3)]
texts = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


def texts_after(values: list[str | None]) -> tuple[list[Any], str]:
    """Pack texts, unpack them, and tell how they were packed."""
    packed = pack_columns(len(values), [({}, pack_texts(values))])
    assert not {"<", "\n", " "} & set(packed)
    (column,) = unpacked(packed)
    return column["values"], column["packing"]


@pytest.mark.parametrize(
    ("values", "packing"),
    [
        (["1000248", "7", None, "0", "281474976710654"], "numbers"),
        (["281474976710655"], "hex"),
        (["1", "01"], "lines"),
        (["1", "-1"], "lines"),
        (["1", "1_0"], "lines"),
        (["1", "\u0661"], "lines"),
        ([UUIDS[0], None, *UUIDS[1:]], "hex"),
        (["0a", "ff", "10"], "hex"),
        (["0af", "fff", "100"], "hex"),
        (["a-b", "c-d"], "hex"),
        (["a-b", "c-"], "lines"),
        (["a-b", "-cd"], "lines"),
        (["a-b", "AB-"], "lines"),
        (["ab", "abc", "a"], "lines"),
        (["ab", "aB"], "lines"),
        ([UUIDS[0], UUIDS[1].upper()], "lines"),
        (["Sale | DE", None, "Übergröße 🎉 </script>"], "lines"),
        ([None, None], "numbers"),
        ([], "numbers"),
    ],
)
def test_texts_come_back_however_they_are_packed(
    values: list[str | None], packing: str
) -> None:
    assert texts_after(values) == (values, packing)


def test_numbers_that_the_script_cannot_add_up_are_no_numbers() -> None:
    """It adds steps up in doubles, which hold whole numbers up to 2 ** 53."""
    growing = [str(10**6 + n * (2**53 - 10**6) // 3000) for n in range(3000)]
    assert texts_after([*growing]) == (growing, "numbers")
    too_large = [*growing, str(2**53)]
    values, packing = texts_after([*too_large])
    assert (values == too_large, packing) == (True, "lines")


@given(st.lists(st.none() | texts | st.sampled_from(UUIDS)))
def test_any_texts_come_back(values: list[str | None]) -> None:
    assert texts_after(values)[0] == [value or None for value in values]


@given(st.lists(st.none() | st.integers(0, 2**48 - 2)))
def test_any_numbers_come_back(values: list[int | None]) -> None:
    (column,) = unpacked(pack_columns(len(values), [({}, pack_numbers(values))]))
    assert column["values"] == values


def test_numbers_that_no_script_counts_become_texts() -> None:
    for values in ([5, -1], [2**48, None], [2**70, 1]):
        (column,) = unpacked(pack_columns(2, [({}, pack_numbers(values))]))
        assert column["values"] == [None if v is None else str(v) for v in values]


def test_distinct_uuids_take_little_more_than_their_bits() -> None:
    drawn = Random(5)
    ids = [str(UUID(int=drawn.getrandbits(128))) for _ in range(2000)]
    packed = pack_columns(len(ids), [({}, pack_texts(ids))])
    assert len(packed) < 21 * len(ids)


def test_digits_without_repeats_take_little_beside_names() -> None:
    drawn = Random(5)
    names = [f"Summer Sale | v{row % 89}" for row in range(20_000)]
    ids = [str(drawn.randrange(10**8)) for _ in names]
    packed = pack_columns(len(ids), [({}, pack_texts(one)) for one in (names, ids)])
    assert [column["values"] for column in unpacked(packed)] == [names, ids]
    assert len(packed) < 4.5 * len(ids)
