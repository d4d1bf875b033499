"""Hold the options of a command as one value, and repeat them in a retry command."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from math import ceil
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause._text import format_decimal, quote
from bulkpause._value import value
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.api.proxy import parse_proxy
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.resume import SCHEDULED, ResumeBody, ResumeRules
from bulkpause.errors import SettingsError
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.ordering import DecimalMark, Order
from bulkpause.model import Limit
from bulkpause.operation import Operation, operation_of
from bulkpause.ratelimit.budget.place import (
    AUTO_SHARE,
    NO_SHARE,
    has_secret,
    is_url,
)
from bulkpause.report.log_status import OLD_S
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.settings import BURST, STEADY, Settings, endpoint_of
from bulkpause.shard import Shard
from bulkpause.vocabulary import SIMULATOR, Action, Priority, Status


#: The variable that `--base-url` is read from.
BASE_URL_VARIABLE = "OCAMBA_BASE_URL"
#: How long requests in flight may take after a first signal, in seconds.
USUAL_GRACE_S = 10.0
#: The statuses that `retry` may take: all but those of rows that are done or invalid.
RETRIABLE = (
    Status.FAILED.value,
    Status.UNKNOWN.value,
    NOT_ATTEMPTED,
    Status.REJECTED.value,
    Status.NOT_PAUSABLE.value,
    Status.ALREADY_PAUSED.value,
    Status.NOT_RESUMABLE.value,
    Status.ALREADY_RUNNING.value,
)
#: What the name of an undo's log or folder has after that of what it takes back.
UNDO_SUFFIX = ".undo"
#: What campaigns may have been before their pause.
EARLIER_STATUSES = ("running", SCHEDULED)
#: The statuses that `retry` takes unless told otherwise.
RETRIED_BY_DEFAULT = RETRIABLE[:3]


@value
class Options:
    """The options of a command.

    `account` is the name of the account whose part of a run these are the options of.
    `inputs` are paths, `-` for standard input, and ids; `undone` are the logs of an undo,
    or folders of them, and `only` inputs with the ids that it resumes, all without any.
    With `takes_unknown`, it takes ids too that are unknown in them.
    Without inputs and logs of an undo, a log is retried.
    """

    inputs: tuple[str, ...]
    settings: Settings
    action: Action = Action.PAUSE
    undone: tuple[Path, ...] = ()
    only: tuple[str, ...] = ()
    earlier_status: str | None = None
    takes_unknown: bool = False
    resume_rules: ResumeRules = field(default_factory=ResumeRules)
    remembers: bool = False
    layout: Layout = field(default_factory=Layout)
    order: Order | None = None
    decimal_mark: DecimalMark | None = None
    log: Path | None = None
    token_file: Path | None = None
    accounts: Path | None = None
    account: str | None = None
    shard: Shard | None = None
    guard_rails: GuardRails = field(default_factory=GuardRails)
    grace_s: float = USUAL_GRACE_S
    expect: int | None = None
    digest: str | None = None
    progress: str = "auto"
    log_level: str = "info"
    metrics: Path | None = None
    resume: bool = False
    resume_within_s: float | None = None
    retried: tuple[str, ...] = RETRIED_BY_DEFAULT
    is_confirmed: bool = False
    is_simulated: bool = False
    is_json: bool = False
    skips_invalid: bool = False

    @property
    def reopened(self) -> frozenset[Status]:
        """The statuses that are final, and retried all the same."""
        named = (status for status in Status if status.is_settled)
        return frozenset(status for status in named if status in self.retried)

    @property
    def named_settings(self) -> Settings:
        """The settings with the name that logs give to the endpoint."""
        return replace(self.settings, name=SIMULATOR if self.is_simulated else None)

    @property
    def host(self) -> str:
        """The name of the API in messages."""
        return "the simulator" if self.is_simulated else endpoint_of(self.settings).host

    @property
    def is_retry(self) -> bool:
        """Whether the ids come from the log."""
        return not (self.inputs or self.undone)

    @property
    def operation(self) -> Operation:
        """What is done to each campaign."""
        return operation_of(self.action)

    @property
    def requests_per_id(self) -> int:
        """The requests that an id needs if none of them fails."""
        reads_first = self.operation.reads_first or self.remembers
        reads_last = self.settings.retry_policy.verify is Verify.ALL
        return 1 + reads_first + reads_last


def parse_retried(text: str) -> tuple[str, ...]:
    """Read the statuses of `retry --status`, separated by commas.

    Raises:
        SettingsError: One of them cannot be retried, or is none.
    """
    statuses = tuple(part.strip() for part in text.split(","))
    if wrong := [status for status in statuses if status not in RETRIABLE]:
        raise SettingsError(
            f"{quote(wrong[0])} cannot be retried; choose from {', '.join(RETRIABLE)}"
        )
    return statuses


def default_undo_log(log: Path, *, is_of_accounts: bool = False) -> Path:
    """Name the log of an undo, beside the log or the folder that it takes back.

    Args:
        log: The log, or a folder of logs.
        is_of_accounts: Whether it is a folder with a log for each account.
    """
    if is_of_accounts or log.is_dir():
        folder = log if log.is_dir() else log.parent
        named = folder if folder.name not in {"", ".."} else folder.resolve()
        return named.with_name(
            f"{named.name}{UNDO_SUFFIX}{'' if is_of_accounts else '.jsonl'}"
        )
    return log.with_name(f"{log.stem}{UNDO_SUFFIX}{log.suffix}")


def retry_command(log: Path, options: Options) -> str:
    """Write the command that retries a log with the options of its run.

    It keeps every option of the run but those about its input, `--expect` and `--plan`
    among them: a retry has other ids. A proxy with a password is left out, and so is a
    server to share over, since it is secret and in an environment variable.
    """
    words = ["bulkpause", "retry", _as_argument(_log_or_folder(log, options))]
    if more := [name for name in options.retried if name not in RETRIED_BY_DEFAULT]:
        words += ["--status", ",".join((*RETRIED_BY_DEFAULT, *more))]
    return join_command([*words, *_kept_options(options)])


def settle_command(log: Path, options: Options) -> str:
    """Write the command that settles the unknown ids of a log of pauses, and no others.

    Args:
        log: The log.
        options: The options of its undo.
    """
    options = replace(
        options, resume_rules=ResumeRules(), guard_rails=GuardRails(), metrics=None
    )
    log = _log_or_folder(log, options)
    words = ["bulkpause", "retry", _as_argument(log), "--status", Status.UNKNOWN.value]
    return join_command([*words, *_kept_options(options)])


def run_command(inputs: Sequence[str], count: int, options: Options) -> str:
    """Write the command that pauses inputs of so many ids.

    It keeps the options about the API of the command that listed them, and not those
    about its output.
    """
    options = replace(options, progress="auto", log_level="info", is_json=False)
    words = ["bulkpause", "run", *map(_as_argument, inputs), "--expect", str(count)]
    return join_command([*words, *_kept_options(options)])


def status_command(log: Path) -> str:
    """Write the command that shows what a log says."""
    return join_command(["bulkpause", "status", _as_argument(log)])


def list_command(log: Path, options: Options) -> str:
    """Write the command that reads the campaigns of a log, whoever paused them."""
    log = _log_or_folder(log, options)
    words = ["bulkpause", "list", "--in", _as_argument(log)]
    return join_command([*words, *_read_options(options)])


def check_command(options: Options) -> str:
    """Write the command that says whether a run with these options would work."""
    return join_command(["bulkpause", "check", *_read_options(options)])


def _read_options(options: Options) -> list[str]:
    """Write the options that a command needs that only reads."""
    settings = options.settings
    values = {
        "--token-file": options.token_file,
        "--accounts": options.accounts,
        "--share": _share_text(settings, is_simulated=options.is_simulated),
    }
    limits = _limit_options(settings.limits)
    return [*_api_options(settings), *limits, *_words_of(values)]


def resume_command(log: Path, options: Options, *, age_s: float | None = None) -> str:
    """Write the command that resumes a log with its inputs; INPUT if only it is known.

    It keeps every option of the run that has no password. A log whose last line is
    `age_s` seconds old may need a longer `--resume-within`.
    """
    if options.undone:
        words = ["bulkpause", "undo", *map(_as_argument, options.undone)]
        for word in options.only:
            words += ["--only", _as_argument(word)]
        words += _layout_options(options)
        canary = options.guard_rails.canary
        values = {
            "--as": options.earlier_status,
            "--expect": options.expect,
            # Without it, an undo has one.
            "--canary": None if canary else canary,
        }
        switches = {"--resume-unknown": options.takes_unknown}
        words += [*_words_of(values), *_names_of(switches)]
    else:
        words = ["bulkpause", "run", *_input_words(options)]
    words += ["--log", _as_argument(_log_or_folder(log, options)), "--resume"]
    words += [*_within_words(options, age_s), *_kept_options(options)]
    return join_command(words)


def _log_or_folder(log: Path, options: Options) -> Path:
    """Give what a command names for a log: that of one of several accounts, by its folder."""
    is_of_several = options.accounts is not None and options.account is not None
    return log.parent if is_of_several else log


def run_words(options: Options) -> list[str]:
    """Write the inputs and options of a run, but for those about its log."""
    return [
        *_input_words(options),
        *_within_words(options, None),
        *_kept_options(options),
    ]


def _input_words(options: Options) -> list[str]:
    inputs = (_as_argument(word) for word in options.inputs or ("INPUT",))
    return [*inputs, *_input_options(options)]


def _within_words(options: Options, age_s: float | None) -> list[str]:
    within = _resume_within(options.resume_within_s, age_s)
    return [] if within is None else ["--resume-within", within]


def _resume_within(given_s: float | None, age_s: float | None) -> str | None:
    if age_s is not None and age_s > (given_s or OLD_S):
        # An hour more, so that the command is still good when it is typed.
        return f"{ceil(age_s / 3600) + 1}h"
    return None if given_s in {None, OLD_S} else _seconds_text(given_s or OLD_S)


def _seconds_text(seconds: float) -> str:
    """Write a duration as options take it."""
    return f"{format_decimal(max(seconds, 1e-9))}s"


def _kept_options(options: Options) -> list[str]:
    """Write the options that are not about the input and not the usual ones."""
    settings, policy, rails = (
        options.settings,
        options.settings.retry_policy,
        options.guard_rails,
    )
    usual = RetryPolicy()
    words = ["--simulate"] if options.is_simulated else _api_options(settings)
    words += _limit_options(settings.limits)
    values = {
        "--token-file": options.token_file,
        "--accounts": options.accounts,
        "--shard": None if options.accounts is None else options.shard,
        "--reason": settings.reason,
        "--share": _share_text(settings, is_simulated=options.is_simulated),
        "--priority": _unless(settings.priority, Priority.NORMAL),
        "--max-in-flight": settings.max_in_flight,
        "--timeout": _seconds_unless(settings.timeout_s, Settings().timeout_s),
        "--max-attempts": _unless(policy.max_attempts, usual.max_attempts),
        "--give-up-after": _seconds_unless(
            policy.give_up_after_s, usual.give_up_after_s
        ),
        "--verify": _unless(policy.verify, usual.verify),
        "--deadline": _seconds_unless(rails.deadline_s, None),
        "--canary": _unless(rails.canary, 0),
        "--resume-body": _unless(options.resume_rules.body, ResumeBody.AUTO),
        "--max-failures": rails.max_failures,
        "--grace": _seconds_unless(options.grace_s, USUAL_GRACE_S),
        "--progress": _unless(options.progress, "auto"),
        "--log-level": _unless(options.log_level, "info"),
        "--metrics": options.metrics,
    }
    switches = {
        "--remember": options.remembers,
        "--start-overdue": options.resume_rules.starts_overdue,
        "--resume-changed": options.resume_rules.resumes_changed,
        "--json": options.is_json,
        "--yes": options.is_confirmed,
    }
    return [*words, *_words_of(values), *_names_of(switches)]


def _unless(value: object, usual: object) -> object | None:
    return None if value == usual else value


def _seconds_unless(seconds: float | None, usual: float | None) -> str | None:
    return None if seconds is None or seconds == usual else _seconds_text(seconds)


def _words_of(values: Mapping[str, object | None]) -> list[str]:
    words: list[str] = []
    for name, given in values.items():
        if given is not None:
            # One word where a value may be taken for an option.
            text = str(given)
            words += [f"{name}={text}"] if text.startswith("-") else [name, text]
    return words


def _names_of(switches: Mapping[str, bool]) -> list[str]:
    return [name for name, is_on in switches.items() if is_on]


def _as_argument(path: Path | str) -> str:
    """Write a path so that it is not taken for an option, or for standard input.

    The word `-` is that, and as a path a file of that name.
    """
    text = str(path)
    return f"./{text}" if text.startswith("-") and path != "-" else text


def _input_options(options: Options) -> list[str]:
    values = {
        # One of accounts is an option of a retry too.
        "--shard": options.shard if options.accounts is None else None,
        "--order-by": options.order,
        "--decimal-mark": options.decimal_mark,
        "--expect": options.expect,
        "--plan": options.digest,
    }
    return [*_layout_options(options), *_words_of(values)]


def _layout_options(options: Options) -> list[str]:
    layout = options.layout
    values = {
        "--column": layout.column,
        "--name-column": layout.name_column,
        "--account-column": layout.account_column,
        "--format": layout.format,
        "--sheet": layout.sheet,
        "--hidden-rows": layout.hidden_rows,
    }
    switches = {
        "--multiline-cells": layout.has_multiline_cells,
        "--any-id": layout.takes_any_id,
        "--skip-invalid": options.skips_invalid,
    }
    return [*_words_of(values), *_names_of(switches)]


def _api_options(settings: Settings) -> list[str]:
    words: list[str] = []
    base_url = endpoint_of(settings).base_url
    # A variable that names another is not for a command that needs this one.
    if base_url != DEFAULT_BASE_URL or os.environ.get(BASE_URL_VARIABLE):
        words += ["--base-url", base_url]
    if settings.proxy is not None and not has_secret_proxy(settings):
        words += ["--proxy", settings.proxy]
    return [*words, "--trust-env"] if settings.trust_env else words


def has_secret_proxy(settings: Settings) -> bool:
    """Tell whether the proxy has a password, which no command may contain."""
    proxy = settings.proxy
    return proxy is not None and parse_proxy(proxy).authorization is not None


def usual_share(*, is_simulated: bool) -> str:
    """Say where runs share their account unless told otherwise."""
    return NO_SHARE if is_simulated else AUTO_SHARE


def _share_text(settings: Settings, *, is_simulated: bool) -> str | None:
    share = settings.share
    # A URL with a password came from an environment variable.
    if share == usual_share(is_simulated=is_simulated) or has_secret(share):
        return None
    is_path = share not in {NO_SHARE, AUTO_SHARE} and not is_url(share)
    return _as_argument(share) if is_path else share


def _limit_options(limits: Sequence[Limit]) -> list[str]:
    if set(limits) == {BURST, STEADY}:
        return []
    shortest_first = sorted(limits, key=lambda limit: limit.period_s)
    burst, steady = [*map(_limit_text, shortest_first), "none", "none"][:2]
    return ["--burst", burst, "--steady", steady]


def _limit_text(limit: Limit) -> str:
    return f"{limit.requests}/{_seconds_text(limit.period_s)}"
