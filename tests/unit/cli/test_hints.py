"""Hints and crash reports hold nothing secret."""

import re
from collections.abc import Iterator

import pytest

from bulkpause.cli.hints import bug_report, with_token_file, with_yes
from bulkpause.plan import digest


SECRET = "s3cret-of-mine"


def break_down() -> None:
    held = SECRET
    raise ValueError(held)


def broken(wrap: bool = False) -> BaseException:
    try:
        break_down()
    except ValueError as error:
        return ExceptionGroup(SECRET, [error]) if wrap else error
    raise AssertionError


@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "in a group"])
def test_crash_report_names_error_and_place(wrap: bool) -> None:
    first, place, ask = bug_report(broken(wrap))
    assert first.startswith("this is a bug in bulkpause")
    assert re.match(r"ValueError at cli/test_hints\.py:\d+ in break_down;", place)
    assert re.search(r"; bulkpause \d+\.\d+\.\d+, Python 3\.\d+\.\d+, ", place)
    assert ask.startswith("please send the line above")
    assert ask.endswith(
        "what you did, to whoever maintains this installation of bulkpause"
    )


@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "in a group"])
def test_crash_report_hides_message_and_values(wrap: bool) -> None:
    assert SECRET not in " ".join(bug_report(broken(wrap)))


def test_crash_report_names_last_bulkpause_line() -> None:
    def ids() -> Iterator[str]:
        yield "1001"
        raise KeyError(SECRET)

    with pytest.raises(KeyError) as caught:
        digest(ids())
    _, place, _ = bug_report(caught.value)
    assert re.search(
        r"bulkpause/plan\.py:\d+ in _lines_of, cli/test_hints\.py:\d+", place
    )


def test_crash_report_works_without_traceback() -> None:
    _, place, _ = bug_report(KeyError(SECRET))
    assert place.startswith("KeyError at an unknown place;")


def test_suggested_command_is_quoted_for_shell() -> None:
    assert with_yes(["run", "my file"]) == "bulkpause run 'my file' --yes"


@pytest.mark.parametrize(
    "arguments", [["--token-file", "x"], ["--token-file=x"]], ids=str
)
def test_command_with_token_file_gets_no_hint(arguments: list[str]) -> None:
    assert with_token_file(arguments) is None


def test_suggested_command_hides_password_of_proxy() -> None:
    command = with_yes(["run", "--proxy=http://jane:s3/cr@et@proxy:3128", "ids.txt"])
    assert "--proxy=http://…@proxy:3128" in command
    assert "cr" not in command


def test_suggested_option_stands_before_double_dash() -> None:
    assert with_yes(["run", "--", "-x.csv"]) == "bulkpause run --yes -- -x.csv"
    command = with_token_file(["run", "--", "-x.csv"])
    assert command == "bulkpause run --token-file FILE -- -x.csv"
