"""Messages of errors are safe to print, whatever they quote."""

import pytest

from bulkpause.errors import BulkpauseError, LogError, SettingsError


@pytest.mark.parametrize("kind", [BulkpauseError, SettingsError, LogError])
def test_message_cannot_steer_terminal(kind: type[BulkpauseError]) -> None:
    message = str(kind("log\x1b[2J\n\udcff\u202e.jsonl is damaged"))
    assert message == "log�[2J���.jsonl is damaged"
