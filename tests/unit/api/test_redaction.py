"""Secrets are hidden in every encoding in which they may be echoed."""

import html
import json
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.redaction import Redactor


SECRET = 's3cr/et+T=ok&en"1\\<x>~'
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "URL": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: quote(text, safe="").lower(),
    "URL throughout": lambda text: "".join(f"%{ord(c):02x}" for c in text),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON throughout": lambda text: "".join(f"\\u{ord(c):04X}" for c in text),
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "HTML": html.escape,
    "HTML in decimal": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "HTML in hexadecimal": lambda text: "".join(f"&#X{ord(c):x};" for c in text),
    "JSON of a URL": lambda text: json.dumps(quote(text, safe=""))[1:-1],
    "URL of JSON": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "Base64": lambda text: b64encode(text.encode()).decode(),
    "Base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "Base64 without padding": lambda text: b64encode(text.encode()).decode().strip("="),
    "Base64 in a URL": lambda text: quote(b64encode(text.encode()), safe=""),
}


def redact(text: str, *secrets: str) -> str:
    return Redactor(secrets or (SECRET,)).redact(text)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_encoded_secret_is_hidden(encode: Callable[[str], str]) -> None:
    assert redact(f"no ({encode(SECRET)})!") == "no (…)!"


@pytest.mark.parametrize(
    "before", ["Bearer ", "user:", "x", "xy", "\N{GREEK SMALL LETTER PI}:"]
)
@pytest.mark.parametrize(
    "encode", [b64encode, urlsafe_b64encode], ids=["std", "urlsafe"]
)
def test_secret_behind_others_in_base64_is_hidden(
    before: str, encode: Callable[[bytes], bytes]
) -> None:
    for after in ("", "\n", "; charset"):
        encoded = encode(f"{before}{SECRET}{after}".encode()).decode()
        assert redact(f"got {encoded}.") == "got …."


@given(st.text(VISIBLE, min_size=8, max_size=40), st.data())
def test_any_mix_of_escapes_is_hidden(secret: str, data: st.DataObject) -> None:
    escapes: tuple[Callable[[int], str], ...] = (
        chr,
        "%{:02x}".format,
        "%{:02X}".format,
        "\\u{:04x}".format,
        "\\u{:04X}".format,
        "&#{};".format,
        "&#x{:x};".format,
    )
    echoed = "".join(data.draw(st.sampled_from(escapes))(ord(c)) for c in secret)
    assert secret not in redact(f"<{echoed}>", secret)
    assert redact(f"<{echoed}>", secret).startswith("<")
    if not set(secret) & set("%&\\"):
        assert redact(f"<{echoed}>", secret) == "<…>"


@given(
    st.binary(max_size=8),
    st.text(VISIBLE, min_size=8, max_size=40),
    st.binary(max_size=8),
)
def test_any_place_in_base64_is_hidden(
    before: bytes, secret: str, after: bytes
) -> None:
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(before + secret.encode() + after).decode()
        assert redact(f"<{encoded}>", secret) == "<…>"


@given(st.text(max_size=60))
def test_text_without_secret_is_unchanged(text: str) -> None:
    assert redact(text) == text


def test_text_around_secrets_is_kept() -> None:
    text = f"100 %, a&amp;b, {SECRET}, \\u0041, then jane"
    assert redact(text, SECRET, "jane") == "100 %, a&amp;b, …, \\u0041, then …"


def test_redactor_without_secrets_changes_nothing() -> None:
    assert Redactor(["", ""]).redact("a text") == "a text"
    assert SECRET not in repr(Redactor([SECRET]))


def test_long_hostile_text_is_redacted_in_linear_time() -> None:
    # Quadratic, each of these would take minutes.
    secret = string.ascii_letters
    core = b64encode(secret.encode()).decode()[:64]
    for piece in (core, "%41", "&#65;", "&", "\\", "%25"):
        redact(piece * (400_000 // len(piece)), secret)
