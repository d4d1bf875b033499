"""Foreign words → words that are safe to show and to keep on one line."""

from unicodedata import category


#: Unicode's controls, formats (bidi marks too), surrogates, line and paragraph ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def sanitize(text: str) -> str:
    """Replace what could steer a terminal or end a line, and cannot be seen."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if category(one) in _UNSEEN else one for one in text
    )


def quote(text: str, *, most: int = 40) -> str:
    """Quote a text of unknown origin, cut short and safe to print."""
    return ascii(text) if len(text) <= most else f"{text[:most]!a}..."


def display_name(path: str) -> str:
    """Name an input in a message: its path, safe to print."""
    if path == "-":
        return "standard input"
    return path if path.isprintable() else ascii(path)


def format_duration(seconds: float) -> str:
    """Write a span of time as `7 s`, `3:07` or `1:03:07`. The shortest is `1 s`."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_count(count: int, noun: str) -> str:
    """Write a number of things, one or many."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
