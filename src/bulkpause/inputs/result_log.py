"""Recognize a log of bulkpause that was given as an input."""

from collections.abc import Mapping

from bulkpause.inputs.table import ReadError


#: Keys that stand together only in a record of a result log.
_RECORD_KEYS = ("run_id", "attempts", "history")
#: The first keys of the lines of a write-ahead log.
_ENTRY_KEYS = frozenset({"run", "planned", "sent", "answered"})


class ResultLogError(ReadError):
    """An input is a log of bulkpause. Its ids were sent already."""

    def with_command(self, command: str) -> "ResultLogError":
        """Name the command that pauses what is left of the log."""
        return ResultLogError(self.detail, f"pause what is left with: {command}")


def refuse_result_log(fields: Mapping[str, object]) -> None:
    """Refuse a line of a result log or of a write-ahead log.

    Raises:
        ResultLogError: It is one.
    """
    if all(key in fields for key in _RECORD_KEYS):
        raise ResultLogError(
            "this is a result log of bulkpause",
            "pause what is left of it with `bulkpause retry`",
        )
    if "crc32" in fields and next(iter(fields)) in _ENTRY_KEYS:
        raise ResultLogError(
            "this is the write-ahead log of a result log of bulkpause",
            "pass the log without .wal to `bulkpause retry`",
        )
