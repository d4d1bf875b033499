"""Write JSON that a terminal can show: nothing in it steers the terminal."""

import orjson


def to_json(value: object) -> str:
    """Write a value as one line of JSON, with invisible characters escaped.

    What orjson does not know is written as text.
    """
    text = orjson.dumps(value, default=str).decode()
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    r"""Write a character as JSON does: `\u`, and two of them beyond U+FFFF."""
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
