"""Say once, as a run begins, what is unusual: its proxy, its limits, other runs."""

import os
from collections.abc import Iterator
from dataclasses import asdict

from bulkpause._text import sanitize
from bulkpause.api.proxy import Proxy
from bulkpause.cli.options import Options, usual_share
from bulkpause.model import Sharing
from bulkpause.progress.event import Notice
from bulkpause.ratelimit.budget.place import NO_SHARE
from bulkpause.report.text import companions_text
from bulkpause.settings import BURST, STEADY, find_proxy


def start_notes(options: Options, proxy: Proxy | None) -> Iterator[str]:
    """Say what is unusual about a run that is about to begin."""
    if set(options.settings.limits) != {BURST, STEADY}:
        limits = " and ".join(map(str, options.settings.limits)) or "none"
        yield f"rate limits: {limits}, instead of the API's {BURST} and {STEADY}"
    usual = usual_share(is_simulated=options.is_simulated)
    if options.settings.share == NO_SHARE != usual:
        yield (
            "--share none: other runs on this account are not seen, and do not see "
            "this one; run no other until it has ended"
        )
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


def note_of_others(sharing: Sharing) -> Notice | None:
    """Say which other runs use the account as this one begins; None if none does."""
    if not sharing.companions:
        return None
    text = f"note: shares the account with {companions_text(sharing.companions)}"
    if sharing.goes_first is not None:
        text += f"; {sharing.goes_first} goes first"
    fields = {"companions": _companions(sharing)}
    return Notice("account.shared", fields, sanitize(text))


def fields_of_sharing(sharing: Sharing | None) -> dict[str, object]:
    """Say as fields of a JSON line how the account is shared as a run begins."""
    if sharing is None:
        return {"shared_in": None}
    return {
        "shared_in": sharing.place,
        "priority": sharing.priority,
        "companions": _companions(sharing),
    }


def _companions(sharing: Sharing) -> list[dict[str, object]]:
    return [asdict(one) for one in sharing.companions]
