"""Rebuild the files that a crashed run leaves, from a trace of its writes and syncs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.platform import SYSTEM, System


@dataclass(frozen=True, slots=True)
class Opened:
    """A file was opened, or its torn last line was cut, with this content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """A line was written and not yet synced."""

    name: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Synced:
    """Everything written to a file so far is on the disk."""

    name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A file was deleted."""

    name: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The server paused or resumed a campaign."""

    id: str


Step = Opened | Appended | Synced | Removed | Changed


@dataclass(slots=True)
class Trace:
    """The steps of a run, in order: on its files and at the server."""

    steps: list[Step] = field(default_factory=list)

    def add_changed(self, id_: str) -> None:
        self.steps.append(Changed(id_))


@dataclass(slots=True)
class FileAtCrash:
    """A file at the moment of a crash.

    Attributes:
        content: Everything that was written.
        synced: How many bytes of it are certainly on the disk.
        is_removed: Whether the file was deleted.
    """

    content: bytes = b""
    synced: int = 0
    is_removed: bool = False

    @property
    def tail(self) -> bytes:
        """The bytes that were written and not synced."""
        return self.content[self.synced :]

    def cut(self, tail_bytes: int) -> bytes:
        """Give the content with only this many bytes of its tail."""
        return self.content[: self.synced + tail_bytes]


@dataclass(frozen=True, slots=True)
class Crash:
    """The state at a crash: the files, and the campaigns changed at the server."""

    files: dict[str, FileAtCrash]
    changed: frozenset[str]


def crash_after(trace: Trace, steps: int) -> Crash:
    """Give the state after this many steps of a trace."""
    files: dict[str, FileAtCrash] = {}
    changed = []
    for step in trace.steps[:steps]:
        match step:
            case Opened(name, content):
                files[name] = FileAtCrash(content, len(content))
            case Appended(name, line):
                files[name].content += line
            case Synced(name):
                files[name].synced = len(files[name].content)
            case Removed(name):
                files[name].is_removed = True
            case Changed(id_):
                changed.append(id_)
    return Crash(files, frozenset(changed))


def replace_files(folder: Path, files: dict[str, bytes]) -> None:
    """Make a folder contain exactly these files."""
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


@contextmanager
def traced(trace: Trace) -> Iterator[None]:
    """Record in a trace each step that a `Journal` takes on its files.

    Real syncs are skipped to save time.
    """

    class TracedFile(AppendFile):
        def __init__(self, path: Path, system: System = SYSTEM) -> None:
            super().__init__(path, system)
            trace.steps.append(Opened(path.name, path.read_bytes()))

        def cut_tail(self, size: int) -> None:
            super().cut_tail(size)
            trace.steps.append(Opened(self.path.name, self.path.read_bytes()))

        def append(self, line: bytes) -> None:
            super().append(line)
            trace.steps.append(Appended(self.path.name, line))

        def sync(self) -> None:
            super().sync()
            trace.steps.append(Synced(self.path.name))

        def remove(self) -> None:
            super().remove()
            trace.steps.append(Removed(self.path.name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bulkpause.journal.writer.AppendFile", TracedFile)
        patch.setattr(SYSTEM, "sync_data", lambda _: None)
        patch.setattr(os, "fsync", lambda _: None)
        yield
