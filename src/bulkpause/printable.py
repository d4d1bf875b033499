"""Foreign words → words that are safe to show and to keep on one line."""

from unicodedata import category


#: Unicode's controls, formats (bidi marks too), surrogates, line and paragraph ends.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def inert(text: str) -> str:
    """Replace what could steer a terminal or end a line, and can not be seen."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if category(one) in _UNSEEN else one for one in text
    )
