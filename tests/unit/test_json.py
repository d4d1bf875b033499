"""JSON that is shown has no character that steers a terminal, and loses none."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._json import to_json


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
