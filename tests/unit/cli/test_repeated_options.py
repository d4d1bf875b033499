"""No value of an option is dropped without a word."""

import click
import pytest

from bulkpause.cli.app import cli


def context() -> click.Context:
    return click.Context(cli, **cli.context_settings)


def command_of(name: str) -> click.Command:
    command = cli.get_command(context(), name)
    assert command is not None
    return command


def options_of(name: str) -> list[click.Option]:
    return [one for one in command_of(name).params if isinstance(one, click.Option)]


def made(name: str, *words: str) -> click.Context:
    return command_of(name).make_context(name, list(words), parent=context())


SINGLE = [
    (name, spelling)
    for name in cli.list_commands(context())
    for option in options_of(name)
    for spelling in option.opts
    if not (option.is_flag or option.multiple)
]


@pytest.mark.parametrize(("name", "option"), SINGLE)
def test_second_value_of_option_is_refused(name: str, option: str) -> None:
    with pytest.raises(click.UsageError, match="is given 2 times, and only the last"):
        made(name, "word", option, "1", option, "2")


def test_two_spellings_of_option_are_one() -> None:
    with pytest.raises(click.UsageError, match="--output is given 2 times"):
        made("list", "--all", "--output", "a.csv", "-o", "b.csv")


@pytest.mark.parametrize("name", ["list", "retry", "export"])
def test_statuses_are_joined_by_commas(name: str) -> None:
    words = ("--status", "failed", "--status", "unknown")
    with pytest.raises(click.UsageError, match="commas between the values"):
        made(name, "log", *words)


def test_what_may_be_repeated_is_kept_whole() -> None:
    words = ("--in", "a", "b", "--in", "c", "--label", "x", "--label", "y")
    given = made("list", *words, "--filter-here", "--filter-here").params
    assert [str(log) for log in (*given["in"], *given["more_logs"])] == ["a", "c", "b"]
    assert given["label"] == ("x", "y")


def test_values_behind_dashes_are_no_options() -> None:
    words = ("systemd", "--", "a.csv", "--reason", "x", "--name", "y")
    assert made("template", "--name", "z", *words).params["name"] == "z"
