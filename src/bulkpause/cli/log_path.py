"""Check that the path of a result log can be one, before anything reads or writes it."""

import os
import re
import stat
from pathlib import Path

from bulkpause.errors import InputError, SettingsError
from bulkpause.journal.reader import WAL_SUFFIX, exists


#: What to do where a log exists, in the words of the command line.
EXISTING_REMEDY = "resume it with --resume, or name another with --log"
EXISTING_UNDO_REMEDY = (
    "carry on in it with --resume, also with other ids of --only, or name another with "
    "--log"
)
#: A log has one of these keys in every line.
_KEYS = (b'"run_id"', b'"crc32"')
#: The first keys of the lines of a write-ahead log.
_FIRST_WAL_KEYS = (
    *(b'{"run"', b'{"planned"', b'{"sent"', b'{"answered"', b'{"remembered"'),
)
#: A line of a log is shorter, whatever the API says in it.
_SNIFFED_BYTES = 1 << 16
#: The first line of a list of campaigns in JSON lines.
_FIRST_OF_LIST = (
    rb'\{(?:"account":"[^"]*",)?"id":"[^"]*","name":.*,"status":.*,"labels":\[.*\],"scheduled_time":.*,'
    rb'"create_time":'
)
_JSON_START = rb'\{|\[\s*["{\[\d]'
#: What a list of ids may be named.
_LISTS = frozenset(
    {"", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".ods", ".gz"}
)
_SPECIAL_FILES = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def check_readable_log(log: Path) -> None:
    """Check that a log to read exists and is one of bulkpause, or may be a damaged one.

    Raises:
        SettingsError: It is something else; the message says what, and what to type.
        InputError: It does not exist.
    """
    status = _status(log)
    _check_kind(log, status)
    if status is None and log.is_symlink():
        raise SettingsError(f"{log} is a link to nothing; name the log itself")
    if not exists(log):
        raise InputError(
            f"{log} does not exist; check its name: a run prints it as `log:` at its end"
        )
    if status is not None:
        _check_content(log)


def check_writable_log(log: Path, *, is_resumed: bool) -> None:
    """Check that a log can be begun at a path, or resumed if it exists.

    Raises:
        SettingsError: It cannot; the message says why, and what to do.
    """
    status = _status(log)
    _check_kind(log, status)
    if log.is_symlink():
        raise SettingsError(
            f"{log} is a symbolic link, through which no log is written; name the file "
            f"itself with --log; nothing was sent"
        )
    if status is not None and is_resumed:
        _check_content(log)
    if (problem := _problem_of(log.parent)) is not None:
        raise SettingsError(f"--log {log}: {problem}; nothing was sent")


def check_log_folder(folder: Path) -> None:
    """Check that a folder can hold the logs of several accounts. A run makes it.

    Raises:
        SettingsError: It cannot; the message says why, and what to do.
    """
    if folder.is_dir():
        return
    if folder.suffix == ".jsonl":
        raise SettingsError(
            f"--log {folder} is the name of a log; with --accounts, name a folder, such "
            f"as {folder.with_suffix('')}; nothing was sent"
        )
    if os.path.lexists(folder):
        raise SettingsError(
            f"{folder} is not a folder; with --accounts, name a folder for the logs of "
            "the accounts; nothing was sent"
        )
    if (problem := _problem_of(folder.parent)) is not None:
        raise SettingsError(f"--log {folder}: {problem}; nothing was sent")


def _problem_of(folder: Path) -> str | None:
    """Say why no log can be begun in a folder, and what to do."""
    if not os.path.lexists(folder):
        command = _command("mkdir", "-p", str(folder))
        return f"the folder {folder} does not exist; create it with: {command}"
    if not folder.is_dir():
        return f"{folder} is not a folder; name a log in one"
    if not os.access(folder, os.W_OK | os.X_OK):
        return (
            f"there is no permission to write to the folder {folder}; name a log in "
            "another one"
        )
    return None


def _status(log: Path) -> os.stat_result | None:
    """Get the status of a log; None if it does not exist.

    Raises:
        SettingsError: The path cannot be one.
    """
    try:
        return log.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a valid path"
        raise SettingsError(
            f"the log {_short(log)} cannot be used: {reason}; name another one"
        ) from error


def _check_kind(log: Path, status: os.stat_result | None) -> None:
    kind = None if status is None else stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        raise SettingsError(
            f"{log} is a folder, not a result log; name a file, such as "
            f"{log / 'pauses.jsonl'}, or add --accounts if it holds the logs of several "
            "accounts"
        )
    if kind in _SPECIAL_FILES:
        raise SettingsError(
            f"{log} is {_SPECIAL_FILES[kind]}, not a regular file; name another log"
        )
    if log.suffix == WAL_SUFFIX:
        raise _is_write_ahead_log(log)


def _is_write_ahead_log(log: Path) -> SettingsError:
    return SettingsError(
        f"{log} is the write-ahead log of a result log; name the result log: "
        f"{_command(str(log.with_suffix('')))}"
    )


def _check_content(log: Path) -> None:
    try:
        with log.open("rb") as file:
            head = file.read(_SNIFFED_BYTES)
    except OSError:
        return  # the reader says why
    if head.startswith(_FIRST_WAL_KEYS) and _KEYS[1] in head:
        raise _is_write_ahead_log(log)
    if head and not _may_be_log(head):
        run = _command("bulkpause", "run", str(log))
        may_be_list = log.suffix.lower() in _LISTS
        raise SettingsError(
            f"{log} is {_kind_of(head, log)}, not a result log of bulkpause; name the "
            "log that its run printed"
            + (f", or pause this list with: {run}" if may_be_list else "")
        )


def _command(*words: str) -> str:
    """Write a command, or a word of one, so that the shell takes it."""
    # Imported on use: most paths are those of logs.
    from bulkpause._shell import join_command  # noqa: PLC0415

    return join_command(words)


def is_campaign_list(path: Path) -> bool:
    """Tell whether a file is what `list` writes, which no damage makes of a log."""
    try:
        with path.open("rb") as file:
            head = file.read(_SNIFFED_BYTES)
    except OSError:
        return False
    line, _, _ = head.partition(b"\n")
    return re.match(_FIRST_OF_LIST, line) is not None and not _may_be_log(head)


def _may_be_log(head: bytes) -> bool:
    """Tell whether a file begins as a log does, be it torn or damaged."""
    is_torn = head.startswith(b"{") and b"\n" not in head and not _is_json(head)
    lines = [line for line in head.split(b"\n") if line]
    # One line may be damaged. A text may hold a record as an example.
    are_objects = sum(line.startswith(b"{") for line in lines) * 2 >= len(lines) - 1
    has_keys = are_objects and any(key in head for key in _KEYS)
    # A crash of the machine may leave zeros.
    return has_keys or is_torn or head.startswith(b"\0")


def _is_json(text: bytes) -> bool:
    import orjson  # noqa: PLC0415 (on use: most logs need it not)

    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _kind_of(head: bytes, log: Path) -> str:
    # Imported on use: few files are none of ours.
    from bulkpause.inputs.files import UNSUPPORTED_SIGNATURES  # noqa: PLC0415

    if head.startswith(b"PK") and log.suffix.lower() in {".xlsx", ".ods", ".xlsm"}:
        return "a spreadsheet"
    if head.startswith(b"\x1f\x8b"):
        return "compressed"
    for signature, (kind, _) in UNSUPPORTED_SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if re.match(_JSON_START, head):
        return "a JSON file"
    return "a table" if log.suffix.lower() in {".csv", ".tsv"} else "a text file"


def _short(log: Path) -> str:
    text = str(log)
    return text if len(text) <= 100 else f"{text[:100]}…"
