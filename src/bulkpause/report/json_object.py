"""Write values as JSON, whatever their texts hold."""

import orjson

from bulkpause._text import replace_surrogates


def encode_json(value: object) -> bytes:
    """Write a value as one line of JSON, without a line end.

    A path may hold bytes that are not UTF-8, which JSON cannot carry: they are replaced.
    Values that JSON does not know are written as text.
    """
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return orjson.dumps(_encodable(value), default=str)


def _encodable(value: object) -> object:
    match value:
        case dict():
            return {_encodable(name): _encodable(one) for name, one in value.items()}
        case list() | tuple():
            return [_encodable(one) for one in value]
        case str():
            return replace_surrogates(value)
        case _:
            return value
