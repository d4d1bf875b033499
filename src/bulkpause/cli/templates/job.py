"""The job that a template is for: a run with its options, and when it is due."""

from collections.abc import Iterable
from dataclasses import replace
from math import ceil
from pathlib import Path, PurePosixPath

from bulkpause._text import quote, sanitize
from bulkpause._value import value
from bulkpause.cli.options import Options, run_words
from bulkpause.cli.templates.exit_policy import ExitPolicy
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.place import AUTO_SHARE, NO_SHARE, is_url


#: Seconds to write and sum up after `--grace`, and for the second signal.
_SPARE_S = 30
_STANDARD_INPUT = "-"


@value
class Job:
    """A run that a scheduler starts every day.

    Attributes:
        options: The options of the run, which was never confirmed and has no log.
        name: Names the unit, the logs and the like.
        hour: When it is due.
        minute: When it is due.
        exit_policy: What follows each exit code.
        program: The program of the machine that the template is made on.
        image: The name of the container's image.
        version: The version that pip installs.
        shards: Into how many parts an indexed job divides its ids.
    """

    options: Options
    name: str
    hour: int
    minute: int
    exit_policy: ExitPolicy
    program: str
    image: str
    version: str
    shards: int

    @property
    def log_suffix(self) -> str:
        """What the name of a log ends in; that of a folder of logs in nothing."""
        return ".jsonl" if self.options.accounts is None else ""

    @property
    def cron_schedule(self) -> str:
        """When it is due, as the five fields of cron."""
        return f"{self.minute} {self.hour} * * *"

    @property
    def stop_s(self) -> int:
        """Seconds from a first signal to the time at which it may be killed."""
        return ceil(self.options.grace_s) + _SPARE_S

    @property
    def requirement(self) -> str:
        """What pip installs, with the extras that the options need."""
        is_needed = {
            "metrics": self.options.metrics is not None,
            "valkey": is_url(self.options.settings.share),
            "xlsx": any(map(_is_spreadsheet, self.options.inputs)),
        }
        extras = ",".join(name for name, is_on in is_needed.items() if is_on)
        return f"bulkpause{extras and f'[{extras}]'}=={self.version}"

    def words(
        self, *, program: str = "bulkpause", token_file: str | None = None
    ) -> list[str]:
        """Write the words of the command, but for those about its log.

        Args:
            program: The name or the path of the program.
            token_file: Where the token is; None if the environment holds it.

        Raises:
            SettingsError: A word has a control character.
        """
        options = replace(
            self.options,
            token_file=None
            if token_file is None or self.options.accounts is not None
            else Path(token_file),
            is_confirmed=True,
        )
        words = [program, "run", *run_words(options)]
        for word in words:
            if sanitize(word) != word:
                raise SettingsError(
                    f"{quote(word)} has a character that a template cannot hold; leave "
                    "it out"
                )
        return words


def check_options(options: Options) -> None:
    """Check that a scheduler can start a run with these options.

    Raises:
        SettingsError: It needs what no scheduler has, or the template would say it twice.
    """
    if _STANDARD_INPUT in options.inputs:
        raise SettingsError("a scheduled job has no standard input; name a file")
    if options.log is not None:
        raise SettingsError("a template names the log of each run; leave --log out")


def with_absolute_paths(options: Options) -> Options:
    """Name all files by their absolute paths on this machine."""
    token_file, metrics = options.token_file, options.metrics
    accounts = options.accounts
    return replace(
        options,
        inputs=tuple(
            str(Path(word).absolute()) if is_path(word) else word
            for word in options.inputs
        ),
        accounts=None if accounts is None else accounts.absolute(),
        metrics=None if metrics is None else metrics.absolute(),
        settings=replace(options.settings, share=_absolute_share(options)),
        token_file=None if token_file is None else token_file.absolute(),
    )


def _absolute_share(options: Options) -> str:
    share = options.settings.share
    return str(Path(share).absolute()) if shares_file(options) else share


def shares_file(options: Options) -> bool:
    """Tell whether runs share their account over a file that was named."""
    share = options.settings.share
    return share not in {NO_SHARE, AUTO_SHARE} and not is_url(share)


def with_inputs_below(options: Options, folder: str, state: str) -> Options:
    """Name the files among the inputs by where a container has them.

    Metrics of no absolute path go where the container may write.

    Raises:
        SettingsError: Two of them have one name there.
    """
    metrics = options.metrics
    _refuse_same_names(options.inputs, folder)
    return replace(
        options,
        metrics=None if metrics is None else Path(_below(str(metrics), state)),
        inputs=tuple(
            _below(word, folder) if is_path(word) else word for word in options.inputs
        ),
    )


def _refuse_same_names(inputs: Iterable[str], folder: str) -> None:
    first: dict[str, str] = {}
    for word in filter(is_path, inputs):
        below = _below(word, folder)
        if below in first:
            raise SettingsError(
                f"{quote(first[below])} and {quote(word)} are both {below} in the "
                "container; rename one of them"
            )
        first[below] = word


def paths_not_below(options: Options, folder: str) -> list[str]:
    """Give the absolute paths among the inputs that are not in a container's folder."""
    paths = (PurePosixPath(word) for word in filter(is_path, options.inputs))
    return [
        str(path)
        for path in paths
        if path.is_absolute() and not path.is_relative_to(folder)
    ]


def _below(word: str, folder: str) -> str:
    path = PurePosixPath(word)
    return word if path.is_absolute() else str(PurePosixPath(folder) / path.name)


def is_path(word: str) -> bool:
    """Tell whether an INPUT is a path, and not an id."""
    return any(mark in word for mark in "./\\") or Path(word).exists()


def _is_spreadsheet(word: str) -> bool:
    return word.lower().endswith((".xlsx", ".ods"))
