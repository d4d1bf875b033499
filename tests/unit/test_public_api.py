"""The public API is complete: every type in a public signature can be imported."""

import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

import bulkpause


def types_in(hint: object) -> Iterator[type]:
    """Walk the types that a type hint is made of."""
    if isinstance(hint, type):
        yield hint
    for argument in get_args(hint):
        if isinstance(argument, list):
            for parameter in argument:
                yield from types_in(parameter)
        else:
            yield from types_in(argument)


def functions_of(cls: type) -> Iterator[Any]:
    """List a class's constructor and its public methods and properties."""
    for name, member in vars(cls).items():
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, property):
            yield member.fget
        elif inspect.isfunction(member):
            yield member
        elif isinstance(member, classmethod | staticmethod):
            yield member.__func__


def hints_of(exported: object) -> Iterator[object]:
    """List the type hints in the public signature of a class or function.

    A module may import a type for type checkers alone. Then it must be exported.
    """
    names = {name: getattr(bulkpause, name) for name in bulkpause.__all__}
    if not isinstance(exported, type):
        yield from get_type_hints(exported, localns=names).values()
        return
    attributes = get_type_hints(exported, localns=names)
    yield from (hint for name, hint in attributes.items() if name[0] != "_")
    for function in functions_of(exported):
        yield from get_type_hints(function, localns=names).values()
    yield from exported.__bases__


def is_ours(found: type) -> bool:
    return found.__module__.partition(".")[0] == "bulkpause"


@pytest.mark.parametrize("name", bulkpause.__all__)
def test_types_in_public_signatures_are_exported(name: str) -> None:
    hints = hints_of(getattr(bulkpause, name))
    found = {one for hint in hints for one in types_in(hint) if is_ours(one)}
    exported = {getattr(bulkpause, exported) for exported in bulkpause.__all__}
    assert found <= exported


def test_public_attributes_of_pauser_are_exported_types() -> None:
    exported = {getattr(bulkpause, name) for name in bulkpause.__all__}
    pauser = bulkpause.Pauser("token", run_id="run")
    public = {name: value for name, value in vars(pauser).items() if name[0] != "_"}
    ours = {type(value) for value in public.values() if is_ours(type(value))}
    assert sorted(public) == ["account", "run_id", "settings"]
    assert ours <= exported


def test_public_members_of_pauser_are_frozen() -> None:
    members = {name for name in vars(bulkpause.Pauser) if name[0] != "_"}
    assert members == {
        "already_done",
        "pause",
        "share_warning",
        "sharing",
        "snapshot",
        "stop",
        "stopped",
        "summary",
        "undated",
        "undo",
        "unrecorded",
        "warnings",
    }


def test_public_names_are_frozen() -> None:
    assert bulkpause.__all__ == [
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


def test_public_names_are_sorted_and_resolve() -> None:
    assert bulkpause.__all__ == sorted(set(bulkpause.__all__))
    for name in bulkpause.__all__:
        assert getattr(bulkpause, name).__name__ == name


def test_every_public_error_is_exported() -> None:
    errors = {error.__name__ for error in bulkpause.BulkpauseError.__subclasses__()}
    assert errors < set(bulkpause.__all__)


def test_unknown_public_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Engine'"):
        _ = bulkpause.Engine  # type: ignore[attr-defined]  # as for programs


def test_values_in_the_public_api_are_frozen_dataclasses() -> None:
    exported: list[Any] = [getattr(bulkpause, name) for name in bulkpause.__all__]
    values: list[Any] = [cls for cls in exported if is_dataclass(cls)]
    assert len(values) >= 10
    # Made for each row or request, and frozen to type checkers alone: see `_value`.
    for cls in {*values} - {bulkpause.Item, bulkpause.Earlier, bulkpause.Record}:
        one, name = object.__new__(cls), fields(cls)[0].name
        setattr(one, name, "first")
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, "second")
        with pytest.raises(FrozenInstanceError):
            delattr(one, name)
        assert getattr(one, name) == "first"


def printed_by(program: str) -> str:
    """Run a program in a new process, and give its output."""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_package_imports_no_other_module() -> None:
    program = """
import sys
before = {*sys.modules}
import bulkpause
print(sorted({*sys.modules} - before))
"""
    assert printed_by(program) == "['bulkpause']"


def test_star_import_gives_public_names() -> None:
    program = """
from bulkpause import *
import bulkpause
print(sorted(bulkpause.__all__) == sorted(set(bulkpause.__all__) & set(globals())))
"""
    assert printed_by(program) == "True"


def test_names_are_listed_before_their_import() -> None:
    program = """
import bulkpause
print(set(bulkpause.__all__) <= set(dir(bulkpause)), "Pauser" in vars(bulkpause))
"""
    assert printed_by(program) == "True False"


def test_public_values_survive_pickling() -> None:
    item = bulkpause.Item(id="1", row=1, name="Summer")
    assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301 (our own bytes)
    assert pickle.loads(pickle.dumps(bulkpause.Pauser)) is bulkpause.Pauser  # noqa: S301


def test_package_runs_as_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bulkpause", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "bulkpause, version " in ended.stdout
