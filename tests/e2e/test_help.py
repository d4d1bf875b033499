"""Help pages, and hints in usage errors."""

import re
import shlex

import click
import orjson
import pytest

from bulkpause.cli.app import cli
from bulkpause.cli.exit_codes import ExitCode
from tests.support.program import Program


pytestmark = pytest.mark.unmeasured

COMMANDS = (
    *("run", "plan", "retry", "undo", "status", "export", "report"),
    *("list", "check", "simulate", "template"),
)
PAGES = [(), *((command,) for command in COMMANDS)]
SECRET = "s3cret-of-mine"


def command_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def page(program: Program, *command: str) -> str:
    ended = program.call(*command, "--help")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.stdout


@pytest.mark.parametrize("command", PAGES, ids=str)
def test_help_page_fits_80_columns(program: Program, command: tuple[str, ...]) -> None:
    assert max(map(len, page(program, *command).splitlines())) <= 80


@pytest.mark.parametrize("command", PAGES, ids=str)
def test_help_page_has_valid_examples(
    program: Program, command: tuple[str, ...]
) -> None:
    shown = re.findall(r"^ +bulkpause (\w.*)$", page(program, *command), re.MULTILINE)
    assert shown
    for example in shown:
        words = shlex.split(example.partition(">")[0])
        # Raises if a command or an option does not exist; runs nothing.
        command_of(words[0]).make_context(words[0], words[1:])


@pytest.mark.parametrize("command", PAGES, ids=str)
def test_help_page_shows_no_formatting_marks(
    program: Program, command: tuple[str, ...]
) -> None:
    assert not {"\b", "\\b"} & set(page(program, *command).split())


def test_main_help_page_lists_every_command(program: Program) -> None:
    assert set(COMMANDS) == set(cli.list_commands(click.Context(cli)))
    assert all(
        re.search(rf"^  {command} ", page(program), re.MULTILINE)
        for command in COMMANDS
    )


@pytest.mark.parametrize(
    "command", [(), ("run",), ("retry",), ("undo",), ("status",)], ids=str
)
def test_help_page_explains_exit_codes(
    program: Program, command: tuple[str, ...]
) -> None:
    explained = page(program, *command).partition("Exit codes:")[2]
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", explained)


def test_main_help_page_explains_completion(program: Program) -> None:
    shown = page(program)
    for shell in ("bash", "zsh", "fish"):
        assert f"_BULKPAUSE_COMPLETE={shell}_source bulkpause" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_environment_variable_is_named_after_option(command: str) -> None:
    for parameter in command_of(command).params:
        if isinstance(parameter, click.Option):
            # click makes the variable of it: BULKPAUSE_VERB_NAME.
            name = parameter.opts[0].removeprefix("--").replace("-", "_")
            assert parameter.name == name


def test_environment_variable_sets_option(program: Program) -> None:
    program.variables |= {
        "BULKPAUSE_PLAN_ORDER_BY": "spend:desc",
        "BULKPAUSE_PLAN_JSON": "1",
    }
    source = program.file("ids.csv", "id,spend\n1001,5\n1002,7\n")
    found = orjson.loads(program.call("plan", source).stdout)
    assert (found["first"], found["order_by"]) == (["1002", "1001"], "spend:desc")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["run", "x.csv", "--ordr-by", "spend:desc", "--yes"], "'--order-by'"),
        (["run", "x.csv", "--canry=3"], "'--canary'"),
        (["rum", "x.csv"], "'run'"),
        (["statsu", "x.jsonl"], "'status'"),
        (["export", "x", "--statuss", "failed"], "'--status'"),
    ],
    ids=str,
)
def test_usage_error_suggests_nearest_name(
    program: Program, typed: list[str], meant: str
) -> None:
    ended = program.call(*typed)
    assert (ended.code, ended.stdout) == (2, "")
    assert meant in ended.stderr.partition("Did you mean")[2]


@pytest.mark.parametrize("typed", [["--token", SECRET], [f"--token={SECRET}"]], ids=str)
def test_usage_error_hides_typed_token(program: Program, typed: list[str]) -> None:
    ended = program.call("run", "x.csv", *typed, "--yes")
    assert ended.code == 2
    assert "'--token-file'" in ended.stderr.partition("Did you mean")[2]
    assert SECRET not in ended.stderr


def test_missing_token_error_suggests_token_file(
    program: Program,
) -> None:
    program.variables.clear()
    ended = program.call("run", program.ids(1), "--yes")
    assert ended.code == 4
    assert "there is no token; set OCAMBA_TOKEN" in ended.stderr
    assert ended.stderr.endswith("try: bulkpause run ids.txt --yes --token-file FILE\n")


def test_missing_token_file_error_suggests_nothing(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--token-file", "none")
    assert ended.code == 4
    assert "try: " not in ended.stderr


def test_missing_terminal_error_suggests_yes(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--reason", "It is over")
    assert ended.code == 2
    assert (
        "add --yes: bulkpause run ids.txt --reason 'It is over' --yes" in ended.stderr
    )


def test_resume_without_log_is_usage_error(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--resume")
    assert ended.code == 2
    assert "--resume needs the log" in ended.stderr
