"""The zip archive of a workbook, opened and read within bounds."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from bulkpause.inputs.spreadsheet.refusals import damaged, too_large
from bulkpause.inputs.table import ReadError


#: The directory of an archive, at 50 to 100 bytes a part.
MOST_DIRECTORY_BYTES = 4 << 20
MOST_PARTS = 10_000
MOST_PART_BYTES = 512 << 20
#: A part that is compressed more than this, and has more bytes, is a zip bomb.
HIGHEST_RATIO = 250
RATIO_CHECKED_FROM_BYTES = 16 << 20
BLOCK_BYTES = 1 << 18

_ENCRYPTED = 1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PASSWORD = (
    "the workbook is protected by a password",
    "open it, remove the password and save it as .xlsx",
)


class Archive:
    """The parts of an archive by name, without regard to case.

    Raises:
        ReadError: It is damaged, has too many parts, or two parts of one name.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise too_large(f"more than {MOST_PARTS} parts")
        self._parts = {_normalize(part.filename): part for part in parts}
        if len(self._parts) != len(parts):
            # Programs would differ in which of the two they read.
            raise damaged()

    def __contains__(self, name: str) -> bool:
        return _normalize(name) in self._parts

    def blocks(self, name: str) -> Iterator[bytes]:
        """Read a part block by block.

        Raises:
            ReadError: It is missing, damaged, encrypted, too large, or a zip bomb.
        """
        part = self._parts.get(_normalize(name))
        if part is None or part.compress_type not in _METHODS:
            raise damaged()
        if part.flag_bits & _ENCRYPTED:
            raise password_protected()
        _check_size(part)
        with _as_damage(), self._archive.open(part) as data:
            while block := data.read(BLOCK_BYTES):
                yield block

    def size_bytes(self, name: str) -> int:
        """Return the most bytes that `blocks` gives; 0 if there is no such part."""
        part = self._parts.get(_normalize(name))
        return 0 if part is None else part.file_size

    def head(self, name: str) -> bytes:
        """Return the first block of a part. It is empty if there is no such part."""
        return next(self.blocks(name), b"") if name in self else b""


def password_protected() -> ReadError:
    """Make the error of a workbook that cannot be read without its password."""
    return ReadError(*_PASSWORD)


@contextmanager
def open_archive(file: BinaryIO) -> Iterator[Archive]:
    """Open the archive in a seekable file.

    Raises:
        ReadError: It is damaged, has too many parts, or two parts of one name.
    """
    with _as_damage():
        archive = zipfile.ZipFile(_BoundedReads(file))
    with archive:
        yield Archive(archive)


class _BoundedReads:
    """A file that is not read in larger pieces than a directory may have."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MOST_DIRECTORY_BYTES:
            # `zipfile` makes an object of each entry before it can be counted.
            raise too_large(f"more than {MOST_PARTS} parts")
        return self._file.read(size)


@contextmanager
def _as_damage() -> Iterator[None]:
    faults = (
        zipfile.BadZipFile,
        zlib.error,
        io.UnsupportedOperation,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
        OverflowError,
    )
    try:
        yield
    except faults as error:
        raise damaged() from error


def _check_size(part: zipfile.ZipInfo) -> None:
    # No more than this is read, whatever the data holds.
    size = part.file_size
    if size > MOST_PART_BYTES:
        raise too_large(f"a part of more than {MOST_PART_BYTES >> 20} MiB")
    if size > max(RATIO_CHECKED_FROM_BYTES, part.compress_size * HIGHEST_RATIO):
        raise ReadError(
            "the workbook is compressed too tightly for a list of ids",
            "export it as CSV (UTF-8)",
        )


def _normalize(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
