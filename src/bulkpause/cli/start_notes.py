"""Say once, before a run, what is unusual about it: its proxy and its limits."""

import os
from collections.abc import Iterator

from bulkpause.api.proxy import Proxy
from bulkpause.cli.options import Options
from bulkpause.settings import BURST, STEADY, find_proxy


def start_notes(options: Options, proxy: Proxy | None) -> Iterator[str]:
    """Say what is unusual about a run that is about to begin."""
    if set(options.settings.limits) != {BURST, STEADY}:
        limits = " and ".join(map(str, options.settings.limits)) or "none"
        yield f"rate limits: {limits}, instead of the API's {BURST} and {STEADY}"
    if proxy is not None:
        source = " of the environment" if options.settings.proxy is None else ""
        yield f"requests go through the proxy{source} {proxy.url}"
    if options.settings.trust_env and (keys := os.environ.get("SSLKEYLOGFILE")):
        yield f"TLS keys are written to {keys!a}: with them, the token can be read"


def fields_of_start(options: Options) -> dict[str, object]:
    """Give the same facts as fields of a JSON line."""
    proxy = None if options.is_simulated else find_proxy(options.settings)
    return {
        "simulated": options.is_simulated,
        "proxy": None if proxy is None else proxy.url,
        "trust_env": options.settings.trust_env,
    }
