"""Decode the values of a JSON text one by one, without rounding numbers."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from bulkpause.inputs.number_shape import ProgramNumber


_BLANKS = re.compile(r"[ \t\r\n]+")


class JsonNumber(ProgramNumber):
    """A JSON number as it is written, before any rounding."""

    __slots__ = ()


class JsonInteger(JsonNumber):
    """A JSON number without a fraction and an exponent."""

    __slots__ = ()


class JsonConstant(str):
    """A word such as `NaN`, which programs write into JSON that does not have it."""

    __slots__ = ()


class ObjectWithRepeatedKey(dict[str, object]):
    """A JSON object in which a key occurs more than once."""

    repeated_key: str


class NotJsonError(ValueError):
    """A text is not JSON.

    Attributes:
        position: Where that shows, in characters from the start of the text.
    """

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class _Decoder:
    """Decodes values, and notices constants at any depth of them."""

    def __init__(self) -> None:
        self._constants: list[str] = []
        self._decode = json.JSONDecoder(
            object_pairs_hook=_object,
            parse_int=JsonInteger,
            parse_float=JsonNumber,
            parse_constant=self._constants.append,
        ).raw_decode

    def decode(self, text: str, position: int) -> tuple[object, int]:
        self._constants.clear()
        try:
            value, end = self._decode(text, position)
        except json.JSONDecodeError as error:
            # A string without an end reaches to the end of the text.
            is_cut = error.msg.startswith("Unterminated string")
            raise NotJsonError(len(text) if is_cut else error.pos) from error
        except RecursionError as error:
            raise NotJsonError(position) from error
        return (JsonConstant(self._constants[0]) if self._constants else value), end


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    ambiguous = ObjectWithRepeatedKey(fields)
    ambiguous.repeated_key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return ambiguous


class JsonText:
    """A JSON text, and a position up to which it was read.

    Numbers become `JsonNumber`. A value that holds a constant such as `NaN` becomes a
    `JsonConstant`.

    Every method raises `NotJsonError` where the text is not JSON.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = _Decoder()
        self.position = 0

    def peek(self) -> str:
        """Skip whitespace, and return the character that follows; empty at the end."""
        if (blanks := _BLANKS.match(self._text, self.position)) is not None:
            self.position = blanks.end()
        return self._text[self.position : self.position + 1]

    def take(self, character: str) -> None:
        """Read this character."""
        if self.peek() != character:
            raise NotJsonError(self.position)
        self.position += 1

    def value(self) -> object:
        """Read a value of any kind."""
        self.peek()
        value, self.position = self._decoder.decode(self._text, self.position)
        return value

    def elements(self) -> Iterator[object]:
        """Read an array, element by element."""
        self.take("[")
        if self.peek() != "]":
            yield self.value()
            while self.peek() == ",":
                self.take(",")
                yield self.value()
        self.take("]")

    def fields(self) -> Iterator[str]:
        """Read an object, key by key. The caller reads the value of each."""
        self.take("{")
        if self.peek() != "}":
            yield self._key()
            while self.peek() == ",":
                self.take(",")
                yield self._key()
        self.take("}")

    def _key(self) -> str:
        self.peek()
        start = self.position
        key = self.value()
        if not isinstance(key, str) or isinstance(key, JsonNumber | JsonConstant):
            raise NotJsonError(start)
        self.take(":")
        return key

    def end(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            raise NotJsonError(self.position)

    def line_of(self, position: int) -> int:
        """Return the number of the line of a position, from 1."""
        return self._text.count("\n", 0, position) + 1


def decode(text: str) -> object:
    """Decode a text that holds one value.

    Raises:
        NotJsonError: It does not.
    """
    value, end = _DECODER.decode(text, 0)
    if end != len(text):
        raise NotJsonError(end)
    return value


def is_json(text: str) -> bool:
    """Return whether a text holds one value."""
    try:
        decode(text)
    except NotJsonError:
        return False
    return True


_DECODER = _Decoder()
