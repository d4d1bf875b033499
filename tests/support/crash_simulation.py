"""What a run leaves behind when it dies: rebuilt from its writes and syncs, in order."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bulkpause.journal.append_file import AppendFile


@dataclass(frozen=True, slots=True)
class Opened:
    """A file was opened; this stood in it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """A line was written, and not synced yet."""

    name: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Synced:
    """All that was written to a file is on the disk."""

    name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A file was deleted."""

    name: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The server paused a campaign."""

    id: str


Step = Opened | Appended | Synced | Removed | Acted


@dataclass(slots=True)
class Trace:
    """All that happened to the files of a run and at the server, in order."""

    steps: list[Step] = field(default_factory=list)

    def acted(self, id_: str) -> None:
        self.steps.append(Acted(id_))


@dataclass(slots=True)
class Kept:
    """One file at the instant of a crash: what the disk has, and what it may have."""

    content: bytes = b""
    synced: int = 0
    is_removed: bool = False

    @property
    def tail(self) -> bytes:
        """What was written and not synced."""
        return self.content[self.synced :]

    def cut(self, tail_bytes: int) -> bytes:
        """Give the file with so much of its tail."""
        return self.content[: self.synced + tail_bytes]


@dataclass(frozen=True, slots=True)
class Crash:
    """The instant after so many steps."""

    files: dict[str, Kept]
    paused: frozenset[str]


def crash_after(trace: Trace, steps: int) -> Crash:
    """Say what stood in the files, and at the server, after so many steps."""
    files: dict[str, Kept] = {}
    paused = []
    for step in trace.steps[:steps]:
        match step:
            case Opened(name, content):
                files[name] = Kept(content, len(content))
            case Appended(name, line):
                files[name].content += line
            case Synced(name):
                files[name].synced = len(files[name].content)
            case Removed(name):
                files[name].is_removed = True
            case Acted(id_):
                paused.append(id_)
    return Crash(files, frozenset(paused))


def lay_out(folder: Path, files: dict[str, bytes]) -> None:
    """Make a folder hold these files and nothing else."""
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


@contextmanager
def traced(trace: Trace) -> Iterator[None]:
    """Take note of everything that a `Journal` does to its files.

    They are not really synced, which would only take time here.
    """

    class TracedFile(AppendFile):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            trace.steps.append(Opened(path.name, path.read_bytes()))

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
        patch.setattr(os, "fdatasync", lambda _: None)
        patch.setattr(os, "fsync", lambda _: None)
        yield
