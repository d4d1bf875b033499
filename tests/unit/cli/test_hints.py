"""What is said about what went wrong, with nothing secret in it."""

import re

import click
import pytest

from bulkpause.cli.hints import corrected, defect, with_token_file, with_yes


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
def test_a_defect_says_what_broke_and_where(wrap: bool) -> None:
    first, place, ask = defect(broken(wrap))
    assert first.startswith("this is a bug in bulkpause")
    assert re.match(r"ValueError at cli/test_hints\.py:\d+ in break_down;", place)
    assert re.search(r"; bulkpause \d+\.\d+\.\d+, Python 3\.\d+\.\d+, ", place)
    assert ask.startswith("please send the line above")
    assert ask.endswith("to whoever maintains this installation of bulkpause")


@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "in a group"])
def test_a_defect_tells_no_message_and_no_value(wrap: bool) -> None:
    assert SECRET not in " ".join(defect(broken(wrap)))


def test_a_defect_names_our_last_line_too() -> None:
    with pytest.raises(TypeError) as caught:
        with_yes([1])  # type: ignore[list-item]
    _, place, _ = defect(caught.value)
    assert re.search(r"cli/hints\.py:\d+ in _command", place)
    assert "shlex.py:" in place or "re/__init__.py:" in place


def test_a_defect_without_a_traceback_is_told() -> None:
    _, place, _ = defect(KeyError(SECRET))
    assert place.startswith("KeyError at an unknown place;")


def test_without_a_near_option_nothing_is_suggested() -> None:
    assert corrected(click.NoSuchOption("--zzz"), ["run", "--zzz"]) is None
    assert corrected(click.UsageError("Missing argument"), ["run"]) is None


def test_a_mistyped_option_at_the_end_is_put_right() -> None:
    error = click.NoSuchOption("--toke", possibilities=["--token-file"])
    assert corrected(error, ["run", "x", "--toke"]) == (
        "bulkpause run x --token-file FILE"
    )


def test_a_long_name_is_suggested_before_a_short_one() -> None:
    error = click.NoSuchOption("--hepl", possibilities=["-h", "--help"])
    assert corrected(error, ["--hepl"]) == "bulkpause --help"


def test_a_command_is_quoted_for_the_shell() -> None:
    assert with_yes(["run", "my file"]) == "bulkpause run 'my file' --yes"


@pytest.mark.parametrize(
    "arguments", [["--token-file", "x"], ["--token-file=x"]], ids=str
)
def test_a_command_that_names_a_token_file_is_left_alone(arguments: list[str]) -> None:
    assert with_token_file(arguments) is None


def test_advice_repeats_no_password_of_an_address() -> None:
    command = with_yes(["run", "--proxy=http://jane:s3/cr@et@proxy:3128", "ids.txt"])
    assert "--proxy=http://…@proxy:3128" in command
    assert "cr" not in command
