"""Write JSON that a terminal can show: nothing in it steers the terminal."""

import orjson

from bulkpause._text import replace_surrogates


def to_json(value: object) -> str:
    """Write a value as one line of JSON, with invisible characters escaped.

    What JSON does not know is written as text. A path may hold bytes that are not
    UTF-8, which JSON cannot carry: they are replaced.
    """
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:
        text = orjson.dumps(_encodable(value), default=str).decode()
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escaped(character)
        for character in text
    )


def parse_json(body: bytes) -> object:
    r"""Read JSON of a server, also with half a character in a text, as `\ud83d`.

    A server that cuts a text in the midst of an emoji writes that, which orjson
    refuses. The other half of the character is lost: it is replaced.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\u" not in body:
            raise
    # Few servers need it.
    import json  # noqa: PLC0415

    try:
        return _encodable(json.loads(body.decode(), parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def parse_doubtful_json(body: bytes) -> tuple[object, frozenset[str]]:
    """Read JSON of which it matters that it does not contradict itself.

    An object may name a key twice. With different values it has none: it is None.

    Returns:
        The value, and the names of such keys anywhere in it.

    Raises:
        ValueError: It is not JSON.
    """
    # orjson takes the last value, and does not tell. What is read so is little.
    import json  # noqa: PLC0415 (as above)

    doubled: set[str] = set()

    def as_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            contradicted = {name for name, one in pairs if one != fields[name]}
            doubled.update(contradicted)
            fields |= dict.fromkeys(contradicted)
        return fields

    decoder = json.JSONDecoder(object_pairs_hook=as_object, parse_constant=_refuse)
    try:
        value = decoder.decode(body.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value, frozenset(doubled)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _escaped(character: str) -> str:
    r"""Write a character as JSON does: `\u`, and two of them beyond U+FFFF."""
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


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
