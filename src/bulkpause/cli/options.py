"""What the command line asked for, as one value."""

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
from bulkpause.settings import BURST, STEADY, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked for. Without an input, a log is retried."""

    input: str | None
    settings: Settings
    layout: Layout = field(default_factory=Layout)
    order: Order | None = None
    log: Path | None = None
    token_file: Path | None = None
    guards: GuardRails = field(default_factory=GuardRails)
    expect: int | None = None
    digest: str | None = None
    progress: str = "auto"
    log_level: str = "info"
    is_resumed: bool = False
    is_confirmed: bool = False
    is_simulated: bool = False
    is_json: bool = False
    skips_invalid: bool = False

    @property
    def named(self) -> Settings:
        """The settings, with the name under which logs know the endpoint."""
        return replace(self.settings, name="simulator" if self.is_simulated else None)

    @property
    def host(self) -> str:
        return "the simulator" if self.is_simulated else self.settings.endpoint.host

    @property
    def input_name(self) -> str:
        """What messages call the input."""
        return display_name(self.input or "-")


def retry_command(
    log: Path,
    settings: Settings,
    *,
    is_simulated: bool = False,
    is_confirmed: bool = False,
    token_file: Path | None = None,
) -> str:
    """Give the command that goes on with what a log leaves open, as the run did."""
    words = ["bulkpause", "retry", str(log)]
    words += ["--simulate"] if is_simulated else _way_options(settings)
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


def _way_options(settings: Settings) -> list[str]:
    """Name the API, and the way to it."""
    words: list[str] = []
    if settings.endpoint.base_url != DEFAULT_BASE_URL:
        words += ["--base-url", settings.endpoint.base_url]
    # With a password it is no word to repeat, and came from a variable.
    if settings.proxy is not None and parse_proxy(settings.proxy).authorization is None:
        words += ["--proxy", settings.proxy]
    return [*words, "--trust-env"] if settings.trust_env else words


def _limit_options(limits: Sequence[Limit]) -> list[str]:
    if set(limits) == {BURST, STEADY}:
        return []
    shortest_first = sorted(limits, key=lambda limit: limit.period_s)
    burst, steady = [*map(str, shortest_first), "none", "none"][:2]
    return ["--burst", burst, "--steady", steady]
