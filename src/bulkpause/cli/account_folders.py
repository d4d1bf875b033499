"""The accounts whose logs a folder of logs should hold, and does not."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.journal.account_names import NAMES_FILE, read_names
from bulkpause.opened_log import OpenedLog
from bulkpause.vocabulary import Action


#: At most this many accounts are named; the others are counted.
_NAMES_SHOWN = 5


@value
class AccountFolder:
    """What a folder says of the accounts that its runs had.

    Attributes:
        path: The folder.
        missing: The accounts whose log is not in it.
        is_whole: Whether it says of all runs which accounts they had.
        logs: Its logs that could be read.
        has_logs: Whether it has any, be they readable or not.
    """

    path: Path
    missing: tuple[str, ...]
    is_whole: bool
    logs: tuple[OpenedLog, ...]
    has_logs: bool

    def lines(self) -> Iterator[str]:
        """Say what may be missing, and what to do about it."""
        is_undo = self._is_undo
        open_words = "paused" if is_undo else "running"
        if self.missing:
            lacks = (
                "lacks the logs" if self.has_logs else "holds no log: it lacks those"
            )
            yield sanitize(
                f"{self.path} {lacks} of {self._names_text()}; all of their campaigns "
                f"may still be {open_words}"
            )
        if not self.is_whole:
            yield sanitize(
                f"{self.path / NAMES_FILE} is missing or damaged: which accounts its runs "
                f"had is not on record, and campaigns of others may still be {open_words}"
            )
        way = "undo its logs" if is_undo else "resume with its input"
        yield f"bring back what is missing, or {way}: {self._command()}"

    def _names_text(self) -> str:
        shown = ", ".join(self.missing[:_NAMES_SHOWN])
        hidden = len(self.missing) - _NAMES_SHOWN
        more = f" and {hidden} more" if hidden > 0 else ""
        accounts = format_count(len(self.missing), "account")
        return f"{accounts} of its runs: {shown}{more}"

    def _command(self) -> str:
        # Imported on use: it knows the options of all commands.
        from bulkpause.cli.next_steps import resume_of_folder  # noqa: PLC0415

        return resume_of_folder(self.path, self.logs, is_undo=self._is_undo)

    @property
    def _is_undo(self) -> bool:
        """Whether its logs are those of an undo; without any, by its usual name."""
        if not self.has_logs:
            from bulkpause.cli.options import UNDO_SUFFIX  # noqa: PLC0415 (as above)

            return self.path.suffix == UNDO_SUFFIX
        return {log.recovery.action for log in self.logs} == {Action.RESUME}

    def as_dict(self) -> dict[str, object]:
        """Give it in values that JSON can carry."""
        return {
            "folder": str(self.path),
            "missing": list(self.missing),
            "is_whole": self.is_whole,
            "next": self._command(),
        }


def doubtful_folders(
    folders: Iterable[Path], paths: Collection[Path], logs: Collection[OpenedLog]
) -> list[AccountFolder]:
    """Find the folders of logs of accounts that may lack some.

    Args:
        folders: The folders.
        paths: All logs that are there.
        logs: Those that could be read.
    """
    found = (_folder(folder, paths, logs) for folder in dict.fromkeys(folders))
    return [one for one in found if one.missing or not one.is_whole]


def without_logs(folder: Path) -> AccountFolder | None:
    """Say what a folder without a log lacks; None if it tells of no accounts."""
    found = _folder(folder, (), ())
    return found if found.missing else None


def lost_in(folders: Iterable[Path], names: Collection[str]) -> dict[str, str]:
    """Say of accounts and folders why what was paused in them is not certain.

    Args:
        folders: Folders of logs of accounts.
        names: The accounts that have a log in them.
    """
    found: dict[str, str] = {}
    for folder in folders:
        known = read_names(folder)
        for name in sorted(known.names.difference(names)):
            found[name] = f"its log is missing in {folder}"
        if not known.is_whole:
            found[str(folder)] = f"{NAMES_FILE} is missing in it or damaged"
    return found


def _folder(
    folder: Path, paths: Collection[Path], logs: Collection[OpenedLog]
) -> AccountFolder:
    names = read_names(folder)
    there = {path.stem for path in paths if path.parent == folder}
    own = tuple(log for log in logs if log.path.parent == folder)
    accounts = {log.recovery.account for log in own}
    has_accounts = bool(accounts - {None})
    return AccountFolder(
        path=folder,
        missing=tuple(sorted(names.names - there - accounts)),
        is_whole=names.is_whole or not (has_accounts or names.names),
        logs=own,
        has_logs=bool(there),
    )
