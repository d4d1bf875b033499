"""Durations and names of campaigns in messages."""

import pytest

from bulkpause._text import display_name, format_duration, label, quote


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (7.4, "7 s"), (59.6, "1:00"), (187, "3:07"), (3787, "1:03:07")],
)
def test_duration_is_formatted(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_label_has_name_after_id() -> None:
    assert label("1001", "Summer  sale\n") == "1001 Summer sale"
    assert label("1001", None) == "1001"


def test_label_cuts_long_name() -> None:
    assert label("1001", "Summer sale", max_characters=8) == "1001 Summer…"


def test_label_is_inert() -> None:
    assert label("1001", "\x1b[2J\u202e") == "1001 \ufffd[2J\ufffd"


def test_quoted_text_shows_letters_only() -> None:
    assert quote("Größe\u202e\udcff") == r"'Größe\u202e\udcff'"
    assert display_name("Größe\x1b") == r"'Größe\x1b'"
