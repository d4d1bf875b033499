"""What the command line asked for, as one value."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkpause.guard import GuardRails
from bulkpause.ids import name_of
from bulkpause.order import Order
from bulkpause.settings import Settings
from bulkpause.source import Layout


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
        return name_of(self.input or "-")
