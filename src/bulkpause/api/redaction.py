"""Remove secrets from foreign texts, in whatever encoding they are echoed.

A server or a proxy may repeat the token or a password as it got it, or escaped for a
URL, for JSON or for HTML, wholly or in part, or inside a Base64 text such as that of
`Basic user:password`.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from itertools import accumulate


#: Stands for a secret.
MASK = "…"

#: An escape of one character in a URL, in JSON and its relatives, or in HTML.
_ESCAPE = r"""%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\["'/\\]|&#?[0-9a-z]{1,31};"""
#: Escapes may be escaped again: a proxy, a server and a log may do so in turn.
_MOST_LAYERS = 4
_BASE64_CHARACTER = re.compile("[A-Za-z0-9+/_-]")
#: A shorter piece of Base64 occurs in other texts by chance.
_FEWEST_BASE64_CHARACTERS = 4
_STANDARD_BASE64 = str.maketrans("-_", "+/")


@cache
def _escape() -> re.Pattern[str]:
    """Compile the pattern, which takes long, for the first text that is redacted."""
    return re.compile(_ESCAPE, re.IGNORECASE)


#: The first character of a span, and the one after its last.
_Span = tuple[int, int]


class Redactor:
    """Replaces secrets in texts by `…`.

    Args:
        secrets: As they are before any encoding. An empty one is left out.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]

    @cached_property
    def _plain(self) -> list[re.Pattern[str]]:
        # On use: most runs get no text to redact, and a fleet has a token for each.
        # Without regard to case: hexadecimal digits and host names lose theirs.
        return [
            re.compile(re.escape(secret), re.IGNORECASE) for secret in self._secrets
        ]

    @cached_property
    def _base64(self) -> list[str]:
        return [core for secret in self._secrets for core in _base64_cores(secret)]

    def redact(self, text: str) -> str:
        """Replace each secret, however it is escaped."""
        spans: list[_Span] = []
        for layer, ends in _layers(text):
            for start, end in self._find(layer):
                spans.append((ends[start], ends[end]))
        return _without(text, spans)

    def _find(self, text: str) -> Iterator[_Span]:
        for pattern in self._plain:
            yield from (found.span() for found in pattern.finditer(text))
        standard = text.translate(_STANDARD_BASE64)
        for core in self._base64:
            end = 0
            while (start := standard.find(core, end)) >= 0:
                start, end = _whole_base64(text, start, start + len(core))
                yield start, end


def _layers(text: str) -> Iterator[tuple[str, list[int]]]:
    """Give a text, then with its escapes resolved, once and again.

    Each comes with the place in the first text at which each of its characters
    begins, and at last the place where the text ends.
    """
    places = list(range(len(text) + 1))
    for _ in range(_MOST_LAYERS):
        yield text, places
        if not _escape().search(text):
            return
        parts = list(_parts(text))
        starts = [0, *accumulate(len(source) for source, _ in parts)]
        places = [
            places[start]
            for start, (_, resolved) in zip(starts, parts, strict=False)
            for _ in resolved
        ] + [places[-1]]
        text = "".join(resolved for _, resolved in parts)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Split a text into characters and escapes, each with what it stands for."""
    end = 0
    for found in _escape().finditer(text):
        if (resolved := _resolved(found[0])) != found[0]:
            yield from _unchanged(text[end : found.start()])
            yield found[0], resolved
            end = found.end()
    yield from _unchanged(text[end:])


def _unchanged(text: str) -> Iterator[tuple[str, str]]:
    return zip(text, text, strict=True)


def _resolved(escape: str) -> str:
    if escape.startswith("&"):
        from html import unescape  # noqa: PLC0415 (few answers hold such text)

        return unescape(escape)
    digits = escape.lstrip("%\\uxUX")
    if len(escape) > 2:
        return chr(int(digits, 16))
    return escape[1]


def _base64_cores(secret: str) -> Iterator[str]:
    """Give the part of each Base64 form of a secret that nothing around it changes.

    What stands before a secret moves it by 0, 1 or 2 bytes in the groups of three that
    Base64 encodes; a character with bits of a neighbour is left out.
    """
    data = secret.encode(errors="replace")
    for moved in range(3):
        encoded = b64encode(bytes(moved) + data).decode()
        first = -(-moved * 8 // 6)
        last = (moved + len(data)) * 8 // 6
        core = encoded[first:last]
        if len(core) >= _FEWEST_BASE64_CHARACTERS:
            yield core


def _whole_base64(text: str, start: int, end: int) -> _Span:
    """Extend a span to the Base64 text that it is part of: its edges tell bits too."""
    while start > 0 and _BASE64_CHARACTER.match(text, start - 1):
        start -= 1
    while end < len(text) and _BASE64_CHARACTER.match(text, end):
        end += 1
    while end < len(text) and text[end] == "=":
        end += 1
    return start, end


def _without(text: str, spans: Iterable[_Span]) -> str:
    """Replace spans, which may overlap, each by one mask."""
    parts: list[str] = []
    shown_from = 0
    for start, end in sorted(spans):
        if start >= shown_from:
            parts += [text[shown_from:start], MASK]
        shown_from = max(shown_from, end)
    return "".join([*parts, text[shown_from:]])
