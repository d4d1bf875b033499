"""Pause Ocamba Hood campaigns in bulk, inside the API's rate limits.

Example:
    ::

        async with Pauser(token, log="pauses.jsonl") as pauser:
            async for record in pauser.pause(["1000248", "1000249"]):
                print(record.id, record.status, record.trace_id)

The names below are imported when they are first used. Nothing is imported before, so
that the command line can handle signals from its first instant.
"""

#: As in `typing`, which would be an import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from bulkpause.accounts import (
        Account,
        AccountsError,
        AccountTokensError,
        read_accounts,
    )
    from bulkpause.api.credentials import Token
    from bulkpause.engine.guard_rails import GuardRails, Tolerance
    from bulkpause.engine.policy import RetryPolicy, Verify
    from bulkpause.engine.resume import ResumeBody, ResumeRules
    from bulkpause.errors import (
        BulkpauseError,
        GuardRailError,
        InputError,
        LogError,
        LogHeldError,
        SettingsError,
        StoppedError,
        TokenError,
    )
    from bulkpause.fleet import Fleet
    from bulkpause.inputs.campaign_list import CampaignList, read_input
    from bulkpause.inputs.layout import Format, HiddenRows, Layout
    from bulkpause.inputs.table import HiddenCount
    from bulkpause.model import (
        Companion,
        Earlier,
        InvalidRow,
        Item,
        Limit,
        Record,
        Sharing,
        StopReason,
        Waiting,
    )
    from bulkpause.pauser import Pauser
    from bulkpause.plan import Plan
    from bulkpause.report.summary import Summary
    from bulkpause.result_log import ResultLog, read_log
    from bulkpause.run_snapshot import RunSnapshot
    from bulkpause.settings import Settings
    from bulkpause.vocabulary import Action, Priority, Status, StopCause


__all__ = [
    "Account",
    "AccountTokensError",
    "AccountsError",
    "Action",
    "BulkpauseError",
    "CampaignList",
    "Companion",
    "Earlier",
    "Fleet",
    "Format",
    "GuardRailError",
    "GuardRails",
    "HiddenCount",
    "HiddenRows",
    "InputError",
    "InvalidRow",
    "Item",
    "Layout",
    "Limit",
    "LogError",
    "LogHeldError",
    "Pauser",
    "Plan",
    "Priority",
    "Record",
    "ResultLog",
    "ResumeBody",
    "ResumeRules",
    "RetryPolicy",
    "RunSnapshot",
    "Settings",
    "SettingsError",
    "Sharing",
    "Status",
    "StopCause",
    "StopReason",
    "StoppedError",
    "Summary",
    "Token",
    "TokenError",
    "Tolerance",
    "Verify",
    "Waiting",
    "read_accounts",
    "read_input",
    "read_log",
]

_NAMES_BY_MODULE = {
    "accounts": ("Account", "AccountTokensError", "AccountsError", "read_accounts"),
    "api.credentials": ("Token",),
    "engine.guard_rails": ("GuardRails", "Tolerance"),
    "engine.policy": ("RetryPolicy", "Verify"),
    "engine.resume": ("ResumeBody", "ResumeRules"),
    "errors": (
        "BulkpauseError",
        "GuardRailError",
        "InputError",
        "LogError",
        "LogHeldError",
        "SettingsError",
        "StoppedError",
        "TokenError",
    ),
    "fleet": ("Fleet",),
    "inputs.campaign_list": ("CampaignList", "read_input"),
    "inputs.layout": ("Format", "HiddenRows", "Layout"),
    "inputs.table": ("HiddenCount",),
    "model": (
        "Companion",
        "Earlier",
        "InvalidRow",
        "Item",
        "Limit",
        "Record",
        "Sharing",
        "StopReason",
        "Waiting",
    ),
    "pauser": ("Pauser",),
    "plan": ("Plan",),
    "report.summary": ("Summary",),
    "result_log": ("ResultLog", "read_log"),
    "run_snapshot": ("RunSnapshot",),
    "settings": ("Settings",),
    "vocabulary": ("Action", "Priority", "Status", "StopCause"),
}
_MODULES = {
    name: module for module, names in _NAMES_BY_MODULE.items() for name in names
}


# A type checker that saw it would take every name for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 (see above)

        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
