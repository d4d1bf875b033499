"""Hold the options of a command as one value, and repeat them in a retry command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

from bulkpause._text import quote
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.api.proxy import parse_proxy
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import Verify
from bulkpause.errors import SettingsError
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.ordering import DecimalMark, Order
from bulkpause.model import Limit, Priority, Status
from bulkpause.ratelimit.budget.place import (
    AUTO_SHARE,
    NO_SHARE,
    has_secret,
    is_url,
)
from bulkpause.report.log_status import OLD_S
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.settings import BURST, STEADY, Settings, endpoint_of


#: The statuses that `retry` may take: all but those of paused and invalid rows.
RETRIABLE = (
    Status.FAILED.value,
    Status.UNKNOWN.value,
    NOT_ATTEMPTED,
    Status.REJECTED.value,
    Status.NOT_PAUSABLE.value,
    Status.ALREADY_PAUSED.value,
)
#: The statuses that `retry` takes unless told otherwise.
RETRIED_BY_DEFAULT = RETRIABLE[:3]
#: The name of the simulator in logs. Its address differs each time.
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a command.

    `inputs` are paths, `-` for standard input, and ids. Without any, a log is retried.
    """

    inputs: tuple[str, ...]
    settings: Settings
    layout: Layout = field(default_factory=Layout)
    order: Order | None = None
    decimal_mark: DecimalMark | None = None
    log: Path | None = None
    token_file: Path | None = None
    guard_rails: GuardRails = field(default_factory=GuardRails)
    expect: int | None = None
    digest: str | None = None
    progress: str = "auto"
    log_level: str = "info"
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
        return not self.inputs


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


def retry_command(log: Path, options: Options) -> str:
    """Write the command that retries a log with the options of its run.

    It keeps the log, the API or the simulator, the proxy unless it has a password, the
    token file, the rate limits, whom it shares them with, the maximum in flight, the reason and the ids to read
    back; the statuses to retry beside the usual ones; and `--yes` if it was given.
    Other options are left out.
    """
    words = ["bulkpause", "retry", _as_argument(log)]
    if more := [name for name in options.retried if name not in RETRIED_BY_DEFAULT]:
        words += ["--status", ",".join((*RETRIED_BY_DEFAULT, *more))]
    return shlex.join([*words, *_kept_options(options)])


def resume_command(log: Path, options: Options, *, age_s: float | None = None) -> str:
    """Write the command that resumes a log with its inputs; INPUT if only it is known.

    It keeps what `retry_command` keeps, and what was said about the inputs. A log whose
    last line is `age_s` seconds old may need a longer `--resume-within`.
    """
    inputs = [_as_argument(word) for word in options.inputs or ("INPUT",)]
    words = ["bulkpause", "run", *inputs, *_input_options(options)]
    words += ["--log", _as_argument(log), "--resume"]
    if age_s is not None and age_s > OLD_S:
        # An hour more, so that the command is still good when it is typed.
        words += ["--resume-within", f"{ceil(age_s / 3600) + 1}h"]
    return shlex.join([*words, *_kept_options(options)])


def _kept_options(options: Options) -> list[str]:
    settings = options.settings
    words = ["--simulate"] if options.is_simulated else _api_options(settings)
    if options.token_file is not None:
        words += ["--token-file", str(options.token_file)]
    words += _limit_options(settings.limits)
    words += _share_options(settings, is_simulated=options.is_simulated)
    if settings.max_in_flight is not None:
        words += ["--max-in-flight", str(settings.max_in_flight)]
    if settings.reason is not None:
        words += ["--reason", settings.reason]
    if settings.retry_policy.verify is not Verify.REFUSED:
        words += ["--verify", settings.retry_policy.verify]
    return [*words, "--yes"] if options.is_confirmed else words


def _as_argument(path: Path | str) -> str:
    """Write a path so that it is not taken for an option. `-` is none."""
    text = str(path)
    return f"./{text}" if text.startswith("-") and text != "-" else text


def _input_options(options: Options) -> list[str]:
    layout = options.layout
    values = {
        "--column": layout.column,
        "--name-column": layout.name_column,
        "--format": layout.format,
        "--sheet": layout.sheet,
        "--hidden-rows": layout.hidden_rows,
        "--order-by": options.order,
        "--decimal-mark": options.decimal_mark,
    }
    switches = {
        "--multiline-cells": layout.has_multiline_cells,
        "--any-id": layout.takes_any_id,
        "--skip-invalid": options.skips_invalid,
    }
    words: list[str] = []
    for name, value in values.items():
        # One word, since a value may begin with a hyphen.
        words += [] if value is None else [f"{name}={value}"]
    return [*words, *(name for name, is_on in switches.items() if is_on)]


def _api_options(settings: Settings) -> list[str]:
    words: list[str] = []
    base_url = endpoint_of(settings).base_url
    if base_url != DEFAULT_BASE_URL:
        words += ["--base-url", base_url]
    # An address with a password is secret, and came from an environment variable.
    if settings.proxy is not None and parse_proxy(settings.proxy).authorization is None:
        words += ["--proxy", settings.proxy]
    return [*words, "--trust-env"] if settings.trust_env else words


def usual_share(*, is_simulated: bool) -> str:
    """Say where runs share their account unless told otherwise."""
    return NO_SHARE if is_simulated else AUTO_SHARE


def _share_options(settings: Settings, *, is_simulated: bool) -> list[str]:
    words: list[str] = []
    is_usual = settings.share == usual_share(is_simulated=is_simulated)
    # A URL with a password came from an environment variable.
    if not is_usual and not has_secret(settings.share):
        is_path = settings.share not in {NO_SHARE, AUTO_SHARE}
        is_path = is_path and not is_url(settings.share)
        share = _as_argument(Path(settings.share)) if is_path else settings.share
        words += ["--share", share]
    if settings.priority is not Priority.NORMAL:
        words += ["--priority", settings.priority.value]
    return words


def _limit_options(limits: Sequence[Limit]) -> list[str]:
    if set(limits) == {BURST, STEADY}:
        return []
    shortest_first = sorted(limits, key=lambda limit: limit.period_s)
    burst, steady = [*map(str, shortest_first), "none", "none"][:2]
    return ["--burst", burst, "--steady", steady]
