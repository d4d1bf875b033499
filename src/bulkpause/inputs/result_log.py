"""Recognize a log of bulkpause that was given as an input."""

from collections.abc import Mapping

from bulkpause._shell import join_command
from bulkpause.inputs.table import ReadError
from bulkpause.vocabulary import SIMULATOR


#: Keys that stand together only in a record of a result log.
_RECORD_KEYS = ("run_id", "attempts", "history")
#: The first keys of the lines of a write-ahead log.
_ENTRY_KEYS = frozenset({"run", "planned", "sent", "answered", "remembered"})


class ResultLogError(ReadError):
    """An input is a log of bulkpause. Its ids were sent already.

    Args:
        detail: What is wrong.
        remedy: What to do about it.
        endpoint: The endpoint that the log's line names, if it does.
    """

    def __init__(self, detail: str, remedy: str, *, endpoint: object) -> None:
        super().__init__(detail, remedy)
        self._endpoint = endpoint

    def with_command(self, log: str) -> ReadError:
        """Name the command that retries what is left of a log."""
        words = ["bulkpause", "retry", log]
        if self._endpoint == SIMULATOR:
            words += ["--simulate"]
        elif isinstance(self._endpoint, str):
            words += ["--base-url", self._endpoint]
        command = join_command(words)
        return ReadError(self.detail, f"retry what is left with: {command}")


def refuse_result_log(fields: Mapping[str, object]) -> None:
    """Refuse a line of a result log or of a write-ahead log.

    Raises:
        ResultLogError: It is one.
    """
    if all(key in fields for key in _RECORD_KEYS):
        raise ResultLogError(
            "this is a result log of bulkpause",
            "retry what is left of it with `bulkpause retry`",
            endpoint=fields.get("endpoint"),
        )
    if "crc32" in fields and next(iter(fields)) in _ENTRY_KEYS:
        raise ResultLogError(
            "this is the write-ahead log of a result log of bulkpause",
            "pass the log without .wal to `bulkpause retry`",
            endpoint=fields.get("base_url"),
        )
