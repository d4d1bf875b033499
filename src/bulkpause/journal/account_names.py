"""The names of the accounts of a folder of logs, so that no lost log goes unnoticed.

They stand in a file beside the logs, which only grows: a line for each run that had
accounts that were not in it yet.
"""

import errno
import os
from collections.abc import Collection
from pathlib import Path

from bulkpause._value import value
from bulkpause.errors import LogError
from bulkpause.journal.checksum import CHECKSUM_KEY, sealed
from bulkpause.journal.platform import SYSTEM, System


#: The file, in the folder of the logs.
NAMES_FILE = "accounts.names"


@value(kw_only=False)
class AccountNames:
    """The accounts that the runs of a folder had.

    Attributes:
        names: Their names.
        is_whole: Whether these are all: the file is there, and no line is damaged.
    """

    names: frozenset[str] = frozenset()
    is_whole: bool = False


def read_names(folder: Path) -> AccountNames:
    """Read the names of the accounts of a folder, as far as they can be read."""
    try:
        lines = (folder / NAMES_FILE).read_bytes().splitlines(keepends=True)
    except OSError:
        return AccountNames()
    found = [_names_in(line) for line in lines if line != b"\n"]
    return AccountNames(
        frozenset().union(*(names for names in found if names is not None)),
        is_whole=None not in found,
    )


def _names_in(line: bytes) -> frozenset[str] | None:
    """Give the names of a line; None if it is damaged."""
    import orjson  # noqa: PLC0415 (on use: most logs are of one account)

    if sealed(line.rpartition(CHECKSUM_KEY)[0]) != line:
        return None
    return frozenset(orjson.loads(line)["accounts"])


def add_names(folder: Path, names: Collection[str], system: System = SYSTEM) -> None:
    """Add the names of accounts that are not on record, durably.

    Args:
        folder: The folder of their logs.
        names: The names.
        system: The calls of the operating system.

    Raises:
        LogError: They cannot be written.
    """
    known = read_names(folder)
    if known.is_whole and known.names.issuperset(names):
        return
    import orjson  # noqa: PLC0415 (see above)

    line = sealed(orjson.dumps({"accounts": sorted(names)})[:-1])
    try:
        _append(folder / NAMES_FILE, line, system)
        system.sync_directory(folder)
    except OSError as error:
        raise LogError(
            f"{folder / NAMES_FILE} cannot be written: {error.strerror}; without it, a "
            "lost log would go unnoticed"
        ) from error


def _append(path: Path, line: bytes, system: System) -> None:
    """Append a line, in one write: another run may append one at the same time."""
    try:
        file = system.open(path, is_new=True)
    except FileExistsError:
        file = system.open(path, is_new=False)
    try:
        # A line before it may be torn.
        whole = b"\n" + line
        if os.write(file, whole) < len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        system.sync_data(file)
    finally:
        os.close(file)
