"""Format durations for messages."""

import pytest

from bulkpause._text import format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (7.4, "7 s"), (59.6, "1:00"), (187, "3:07"), (3787, "1:03:07")],
)
def test_duration_is_formatted(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
