"""The types of parameters, and the parsers of their texts."""

import re
from abc import abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import click
from click.core import ParameterSource

from bulkpause._shell import install_command
from bulkpause._text import quote
from bulkpause.api.proxy import parse_proxy
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.place import check_share, has_secret


def is_typed(param: click.Parameter | None, ctx: click.Context | None) -> bool:
    """Tell whether the value of a parameter was typed on the command line."""
    if param is None or ctx is None:
        return False
    return ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE


class _Place(click.ParamType[str]):
    """An address that may hold a password. That must not be typed."""

    _advice: ClassVar[str]

    @abstractmethod
    def _has_secret(self, text: str) -> bool: ...

    @abstractmethod
    def _check(self, text: str) -> None: ...

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        if self._has_secret(value) and is_typed(param, ctx):
            self.fail(
                "other users of this machine can see a password on the command line; "
                + self._advice,
                param,
                ctx,
            )
        try:
            self._check(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class ProxyUrl(_Place):
    """The address of a proxy."""

    name = "url"
    _advice = "set OCAMBA_PROXY to the address of the proxy"

    def _has_secret(self, text: str) -> bool:
        return "@" in text

    def _check(self, text: str) -> None:
        parse_proxy(text)


class SharePlace(_Place):
    """Where the budget of an account is shared."""

    name = "place"
    _advice = "set BULKPAUSE_SHARE to the URL of the server"

    def _has_secret(self, text: str) -> bool:
        return has_secret(text)

    def _check(self, text: str) -> None:
        check_share(text)


def parse_name(text: str) -> str:
    """Read the name of a column or a sheet, or a reason.

    Raises:
        SettingsError: It is blank.
    """
    if not text.strip():
        raise SettingsError("it is empty; write a text, or leave the option out")
    return text


def parse_digest(text: str) -> str:
    """Read the digest of a plan.

    Raises:
        SettingsError: It is none.
    """
    if not re.fullmatch("[0-9a-f]{16}", text):
        raise SettingsError(
            f"{quote(text)} is not a digest, which has 16 hexadecimal digits; copy it "
            "from the end of `bulkpause plan`"
        )
    return text


def parse_metrics_path(text: str) -> Path:
    """Read the file of `--metrics`.

    Raises:
        SettingsError: The extra is missing, or no exporter would collect the file.
    """
    if find_spec("prometheus_client") is None:
        raise SettingsError(
            "metrics need an extra that is not installed; run "
            f"{install_command('metrics')}"
        )
    path = Path(text)
    if path.suffix != ".prom":
        raise SettingsError(
            f"the node exporter does not read {quote(text)}; name a file that ends in "
            ".prom"
        )
    return path
