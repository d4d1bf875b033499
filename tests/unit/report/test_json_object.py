"""JSON of values whose texts may hold bytes that are not UTF-8."""

from pathlib import Path

import pytest

from bulkpause.report.json_object import encode_json


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
    assert encode_json(value) == written.encode()
