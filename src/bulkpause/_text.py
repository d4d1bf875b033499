"""Make foreign text safe to print, and format counts, durations and moments.

Ids, file names and server messages may contain terminal escape sequences or line
ends. They must not reach a terminal or a line of a log unchanged.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache


#: Unicode's controls, formats (bidi marks too), surrogates, line and paragraph ends.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SURROGATE = "[\ud800-\udfff]"


def sanitize(text: str) -> str:
    """Replace each invisible character that could steer a terminal or end a line."""
    if text.isprintable():
        return text
    from unicodedata import category  # noqa: PLC0415 (on use: few texts need it)

    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if category(character) in _INVISIBLE_CATEGORIES
        else character
        for character in text
    )


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which cannot be written as UTF-8.

    Those that stand for bytes which are not UTF-8 are read as Windows-1252, in which
    Excel writes CSV in Western Europe and America.
    """
    return re.sub(_SURROGATE, _character_for, text)


def _character_for(surrogate: re.Match[str]) -> str:
    byte = ord(surrogate[0]) - 0xDC00
    is_byte = 0x80 <= byte <= 0xFF
    encoded = bytes([byte]) if is_byte else b"\x81"  # no character of Windows-1252
    return encoded.decode("windows-1252", errors="replace")


def on_one_line(text: str) -> str:
    """Make foreign text safe to print in one line, with single spaces."""
    if text.isprintable() and "  " not in text:  # as most texts are
        return text.strip()
    return sanitize(" ".join(text.split()))


def label(id_: str | None, name: str | None, *, max_characters: int = 40) -> str:
    """Name a campaign by its id and its name, which is cut to this many characters."""
    shown = shorten(on_one_line(name or ""), max_characters)
    return sanitize(f"{id_} {shown}".rstrip())


def shorten(text: str, max_characters: int) -> str:
    """Cut a text to this many characters, the last of which is then `…`."""
    if len(text) <= max_characters:
        return text
    return f"{text[: max_characters - 1].rstrip()}…"


def quote(text: str, *, max_characters: int = 40) -> str:
    """Return `text` as a quoted literal, cut after `max_characters` to `...`.

    Invisible characters are escaped, letters are not.
    """
    if len(text) <= max_characters:
        return repr(text)
    return f"{text[:max_characters]!r}..."


def display_name(path: str) -> str:
    """Return the name of an input for messages: its path, escaped where needed."""
    if path == "-":
        return "standard input"
    return path if path.isprintable() else repr(path)


def format_duration(seconds: float) -> str:
    """Format a duration as `7 s`, `3:07` or `1:03:07`; at least `1 s`."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_count(count: int, noun: str) -> str:
    """Format a count and its noun, in the plural unless the count is 1."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_decimal(number: float) -> str:
    """Write a number with up to 9 decimals, and never with an exponent."""
    text = f"{number:.9f}"
    return text.rstrip("0").rstrip(".")


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the millisecond."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    second = _second(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
    return f"{second}.{utc.microsecond // 1000:03}Z"


def later(at: str, milliseconds: float) -> str:
    """Write the moment that comes so many milliseconds after another one."""
    moment = datetime.fromisoformat(at) + timedelta(milliseconds=milliseconds)
    return timestamp(moment)


@lru_cache(maxsize=4)
def _second(*parts: int) -> str:
    """Write a second of UTC. Thousands of moments of a run may share one."""
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*parts)
