"""Texts that would change the path, the host or a header if they were sent as ids."""

import random
import string
from collections.abc import Iterator


HOSTILE_IDS = (
    ".",
    "..",
    "../1000248",
    "../cancel",
    "../../../v1/hood/campaigns/1000248/cancel",
    "./1000248",
    "1000248/cancel",
    "1000248/cancel#",
    "1000248/cancel?x=",
    "1000248/",
    "/1000248",
    "//evil.example/1000248",
    "https://evil.example/1000248",
    "1000248\\cancel",
    "1000248?x",
    "1000248#f",
    "1000248%2f",
    "1000248%2Fcancel",
    "%2e%2e",
    "%252e%252e%252f",
    "%00",
    "1000248;v=1",
    "1000248:80",
    "1000248@evil.example",
    "1000248&x=1",
    "1000248=1",
    "1000248+1",
    "1000248, 1000249",
    "1000248~",
    "1000248!",
    "$(reboot)",
    "`reboot`",
    "{id}",
    "[1000248]",
    "<1000248>",
    "*",
    "a b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "1000248\r1000249",
    "1000248 HTTP/1.1\r\nHost: evil.example\r\n\r\nPOST /",
    "a\0b",
    "a\x1b[2Jb",
    "a\x7fb",
    "a\x85b",
    "-1000248",
    "--yes",
    "_a",
    "--",
    "x" * 65,
    "9" * 65,
    "x" * 70_000,
    "\N{FULLWIDTH DIGIT ONE}000248",
    "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}\N{FULLWIDTH SOLIDUS}cancel",
    "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT ZERO}",
    "1\N{CYRILLIC CAPITAL LETTER O}00248",
    "1000248\N{DIVISION SLASH}cancel",
    "²",
    "é",
    "e\N{COMBINING ACUTE ACCENT}",
    "1_000_248é",
    "1 000 248",
    "1\u202f000\u202f248",
    "1000\u2028248",
    '"1000248"',
    '="../1000248"',
    "'../cancel",
    "1000\u200b248",
    "10\ufeff00248",
    "=1000248",
    "@SUM(A1)",
    "#REF!",
    "#N/A",
    "########",
    "#1000248",
    "(1000248)",
    "1000248;1000249",
    "\udcff1000248",
    "\ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}1000248",
)

_LETTERS = string.ascii_letters + string.digits
_INNER = _LETTERS + "-_"
_FRAGMENTS = (
    *(character for character in string.printable if character not in _INNER),
    *("..", "/..", "../", "/cancel", "%2f", "%2e", "%00", "\r\n", "://", "é", "\u0661"),
    *("\0", "\x1b", "\x7f", "\x85", "\xa0", "\u200b", "\u2028", "\ufeff", "\udcff"),
)


def generated(count: int, *, seed: int) -> Iterator[str]:
    """Generate texts, about half of them valid ids and many others nearly valid."""
    source = random.Random(seed)
    for _ in range(count):
        text = _plain(source)
        kind = source.random()
        if kind < 0.4:
            at = source.randrange(len(text) + 1)
            text = text[:at] + source.choice(_FRAGMENTS) + text[at:]
        elif kind < 0.5:
            points = (source.randrange(0x11_0000) for _ in range(source.randrange(9)))
            text = "".join(map(chr, points))
        yield text


def _plain(source: random.Random) -> str:
    if source.random() < 0.3:
        return str(source.randrange(10 ** source.randint(1, 12)))
    inner = source.choices(_INNER, k=source.choice((0, 1, 7, 35, 62, 63, 64)))
    return source.choice(_LETTERS) + "".join(inner)
