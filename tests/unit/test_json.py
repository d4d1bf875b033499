"""JSON that is shown has no character that steers a terminal, and loses none."""

import orjson
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
