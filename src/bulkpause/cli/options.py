"""Hold the options of a command as one value, and repeat them in a retry command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkpause._text import display_name
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.api.proxy import parse_proxy
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import Verify
from bulkpause.inputs.ordering import Order
from bulkpause.inputs.reader import Layout
from bulkpause.model import Limit
from bulkpause.settings import BURST, STEADY, Settings, endpoint_of


#: The name of the simulator in logs. Its address differs each time.
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a command. Without an input, a log is retried."""

    input: str | None
    settings: Settings
    layout: Layout = field(default_factory=Layout)
    order: Order | None = None
    log: Path | None = None
    token_file: Path | None = None
    guard_rails: GuardRails = field(default_factory=GuardRails)
    expect: int | None = None
    digest: str | None = None
    progress: str = "auto"
    log_level: str = "info"
    resume: bool = False
    is_confirmed: bool = False
    is_simulated: bool = False
    is_json: bool = False
    skips_invalid: bool = False

    @property
    def named_settings(self) -> Settings:
        """The settings with the name that logs give to the endpoint."""
        return replace(self.settings, name=SIMULATOR if self.is_simulated else None)

    @property
    def host(self) -> str:
        """The name of the API in messages."""
        return "the simulator" if self.is_simulated else endpoint_of(self.settings).host

    @property
    def input_name(self) -> str:
        """The name of the input in messages."""
        return display_name(self.input or "-")


def retry_command(
    log: Path,
    settings: Settings,
    *,
    is_simulated: bool = False,
    is_confirmed: bool = False,
    token_file: Path | None = None,
) -> str:
    """Write the command that retries a log with the options of its run.

    It keeps the log, the API or the simulator, the proxy unless it has a password, the
    token file, the rate limits, the maximum in flight, the reason and the ids to read
    back; and `--yes` if `is_confirmed`. Other options are left out.
    """
    words = ["bulkpause", "retry", str(log)]
    words += ["--simulate"] if is_simulated else _api_options(settings)
    if token_file is not None:
        words += ["--token-file", str(token_file)]
    words += _limit_options(settings.limits)
    if settings.max_in_flight is not None:
        words += ["--max-in-flight", str(settings.max_in_flight)]
    if settings.reason is not None:
        words += ["--reason", settings.reason]
    if settings.retry_policy.verify is not Verify.REFUSED:
        words += ["--verify", settings.retry_policy.verify]
    return shlex.join([*words, "--yes"] if is_confirmed else words)


def _api_options(settings: Settings) -> list[str]:
    words: list[str] = []
    base_url = endpoint_of(settings).base_url
    if base_url != DEFAULT_BASE_URL:
        words += ["--base-url", base_url]
    # An address with a password is secret, and came from an environment variable.
    if settings.proxy is not None and parse_proxy(settings.proxy).authorization is None:
        words += ["--proxy", settings.proxy]
    return [*words, "--trust-env"] if settings.trust_env else words


def _limit_options(limits: Sequence[Limit]) -> list[str]:
    if set(limits) == {BURST, STEADY}:
        return []
    shortest_first = sorted(limits, key=lambda limit: limit.period_s)
    burst, steady = [*map(str, shortest_first), "none", "none"][:2]
    return ["--burst", burst, "--steady", steady]
