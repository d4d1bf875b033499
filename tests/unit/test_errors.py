"""Messages of errors are safe to print, whatever they quote."""

import pytest

from bulkpause.errors import BulkpauseError, LogError, SettingsError, error_of_stop
from bulkpause.model import StopReason
from bulkpause.vocabulary import StopCause


@pytest.mark.parametrize("kind", [BulkpauseError, SettingsError, LogError])
def test_message_cannot_steer_terminal(kind: type[BulkpauseError]) -> None:
    message = str(kind("log\x1b[2J\n\udcff\u202e.jsonl is damaged"))
    assert message == "log�[2J���.jsonl is damaged"


def test_ids_without_result_are_counted_if_any() -> None:
    stopped = StopReason(StopCause.TOKEN, "the API rejected the token")
    assert str(error_of_stop(stopped, 0)) == "the API rejected the token"
    assert str(error_of_stop(stopped, 1)).endswith("; 1 id without a result")
