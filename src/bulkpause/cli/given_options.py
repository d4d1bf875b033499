"""Make one value of the options that a command was given."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

import click

from bulkpause.cli.options import Options, usual_share
from bulkpause.cli.parameter_types import is_typed
from bulkpause.cli.path_arguments import refuse_folder_of_one_log
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.resume import ResumeBody, ResumeRules
from bulkpause.inputs.layout import Format, HiddenRows, Layout
from bulkpause.settings import Settings
from bulkpause.vocabulary import Priority


#: Fields whose option has another name. All others are named alike.
_OPTION_OF = {
    "deadline_s": "deadline",
    "give_up_after_s": "give_up_after",
    "grace_s": "grace",
    "timeout_s": "timeout",
    "order": "order_by",
    "resume_within_s": "resume_within",
    "retried": "status",
    "digest": "plan",
    "is_confirmed": "yes",
    "is_simulated": "simulate",
    "is_json": "json",
    "skips_invalid": "skip_invalid",
    "undone": "logs",
    "earlier_status": "as",
    "takes_unknown": "resume_unknown",
    "remembers": "remember",
    "starts_overdue": "start_overdue",
    "resumes_changed": "resume_changed",
    "has_multiline_cells": "multiline_cells",
    "takes_any_id": "any_id",
}


def options_of(given: Mapping[str, Any]) -> Options:
    """Make options of the parameters of a command; a missing one has its default.

    Raises:
        UsageError: Two of them contradict each other.
    """
    _refuse_two_apis(given)
    refuse_folder_of_one_log(given.get("log"), given.get("accounts"))
    return Options(
        settings=_settings(given),
        layout=_layout(given),
        guard_rails=GuardRails(**_fields_of(GuardRails, given)),
        resume_rules=_resume_rules(given),
        **_fields_of(Options, given),
    )


def _refuse_two_apis(given: Mapping[str, Any]) -> None:
    context = click.get_current_context(silent=True)
    if context is None or not given["simulate"]:
        return
    for param in context.command.params:
        if param.name in {"base_url", "proxy"} and is_typed(param, context):
            raise click.UsageError(
                "--simulate pauses campaigns of the built-in simulator, and "
                f"{param.opts[0]} is for the API; leave one of them out"
            )


def _settings(given: Mapping[str, Any]) -> Settings:
    limits = (given["steady"], given["burst"])
    retry_policy = _fields_of(RetryPolicy, given)
    if "verify" in given:
        retry_policy["verify"] = Verify(given["verify"])
    return Settings(
        limits=tuple(limit for limit in limits if limit is not None),
        retry_policy=RetryPolicy(**retry_policy),
        **_fields_of(Settings, given) | _sharing(given),
    )


def _resume_rules(given: Mapping[str, Any]) -> ResumeRules:
    rules = _fields_of(ResumeRules, given)
    if "resume_body" in given:
        rules["body"] = ResumeBody(given["resume_body"])
    return ResumeRules(**rules)


def _sharing(given: Mapping[str, Any]) -> dict[str, Any]:
    if "share" not in given:
        return {}
    usual = usual_share(is_simulated=given["simulate"])
    return {
        "share": usual if given["share"] is None else given["share"],
        "priority": Priority(given["priority"]),
    }


def _layout(given: Mapping[str, Any]) -> Layout:
    layout = _fields_of(Layout, given)
    kinds: Mapping[str, type[StrEnum]] = {"format": Format, "hidden_rows": HiddenRows}
    for name, kind in kinds.items():
        if layout.get(name) is not None:
            layout[name] = kind(layout[name])
    return Layout(**layout)


def _fields_of(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the parameters that are fields of a dataclass."""
    options = {
        field.name: _OPTION_OF.get(field.name, field.name) for field in fields(kind)
    }
    return {field: given[name] for field, name in options.items() if name in given}
