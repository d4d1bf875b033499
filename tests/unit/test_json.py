"""JSON that is shown has no character that steers a terminal, and loses none."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._json import parse_doubtful_json, parse_json, to_json


TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(TEXTS, TEXTS | st.integers(-(2**53), 2**53) | st.none()))
def test_json_is_printable_and_loses_nothing(value: dict[str, object]) -> None:
    text = to_json(value)
    assert text.isprintable()
    assert orjson.loads(text) == value


def test_invisible_characters_are_escaped() -> None:
    assert to_json(["\x9b\u202e\U000e0001é"]) == '["\\u009b\\u202e\\udb40\\udc01é"]'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"log": "Küche", "ids": [1, None]}, '{"log":"Küche","ids":[1,null]}'),
        (
            {"log": "a\udcff", "more": ["\udce9", {"b": 1}]},
            '{"log":"aÿ","more":["é",{"b":1}]}',
        ),
        ({"path": Path("a")}, '{"path":"a"}'),
    ],
    ids=["text", "bytes", "other"],
)
def test_every_value_is_one_line(value: object, written: str) -> None:
    assert to_json(value) == written


_KEYS = st.sampled_from(["id", "status"])
_VALUES = st.recursive(
    st.none() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS | TEXTS, inner),
    max_leaves=10,
)


@given(_VALUES)
def test_json_without_doubled_keys_is_read_alike(value: object) -> None:
    body = orjson.dumps(value)
    assert parse_doubtful_json(body) == (parse_json(body), frozenset())


@given(st.lists(st.tuples(_KEYS, st.integers(0, 1))))
def test_key_with_two_values_has_none(pairs: list[tuple[str, int]]) -> None:
    body = ",".join(f'"{name}": {value}' for name, value in pairs)
    values = {name: {one for key, one in pairs if key == name} for name, _ in pairs}
    doubled = frozenset(name for name, each in values.items() if len(each) > 1)
    fields: object = {
        name: None if name in doubled else each.pop() for name, each in values.items()
    }
    assert parse_doubtful_json(f"{{{body}}}".encode()) == (fields, doubled)
