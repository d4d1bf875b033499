"""Write a file for a result whole or not at all."""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause.cli.output import OutputError
from bulkpause.errors import SettingsError


#: How file systems without hard links refuse one.
_NO_LINKS = frozenset(
    {
        errno.EPERM,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
        errno.EMLINK,
    }
)


def check_new_file(path: Path, option: str, *, may_exist: bool) -> None:
    """Check that a file can be written, before there is anything to write.

    Raises:
        SettingsError: It exists and must not, or its folder cannot be used.
    """
    folder = path.parent
    if not folder.is_dir():
        command = join_command(["mkdir", "-p", str(folder)])
        raise SettingsError(
            f"{option} {path}: the folder {folder} does not exist; create it with: "
            f"{command}"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            f"{option} {path}: there is no permission to write to the folder {folder}; "
            "name a file in another one"
        )
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise SettingsError(f"{option} {path} is not a regular file; name another one")
    if path.exists() and not may_exist:
        raise _exists(path, option)


def write_new_file(
    path: Path, pieces: Iterable[str], option: str, *, may_exist: bool
) -> None:
    """Write a file as UTF-8, which only its owner can read. It appears when it is whole.

    Raises:
        SettingsError: It exists and must not.
        OutputError: It cannot be written; there is none then, or the earlier one.
    """
    # Slow to import, and few commands write such a file.
    from tempfile import mkstemp  # noqa: PLC0415

    try:
        descriptor, name = mkstemp(
            prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent
        )
    except OSError as error:
        raise _unwritable(path, option, error) from error
    part = Path(name)
    try:
        _fill(descriptor, pieces)
        _place(part, path, may_exist=may_exist)
    except FileExistsError as error:
        raise _exists(path, option) from error
    except OSError as error:
        raise _unwritable(path, option, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _fill(descriptor: int, pieces: Iterable[str]) -> None:
    with open(descriptor, "wb") as file:
        file.writelines(piece.encode(errors="replace") for piece in pieces)
        file.flush()
        os.fsync(file.fileno())


def _place(part: Path, path: Path, *, may_exist: bool) -> None:
    """Give a file its name in one step.

    Raises:
        FileExistsError: There is one of that name, and must not be.
    """
    if may_exist:
        part.replace(path)
    elif os.name == "nt":
        part.rename(path)  # which replaces nothing there
    else:
        _link(part, path)


def _link(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            raise FileExistsError from error
        part.rename(path)


def _exists(path: Path, option: str) -> SettingsError:
    return SettingsError(
        f"{option} {path} exists; name another file, or replace it with --overwrite"
    )


def _unwritable(path: Path, option: str, error: OSError) -> OutputError:
    return OutputError(
        f"{option} {path} could not be written: {error.strerror}; repeat the command "
        "with another place for it"
    )
