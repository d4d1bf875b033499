"""Pages to act on, and answers to what was mistyped."""

import re
import shlex

import click
import orjson
import pytest

from bulkpause.cli.app import cli
from bulkpause.cli.exit_codes import ExitCode
from tests.support.program import Program


pytestmark = pytest.mark.unmeasured

VERBS = ("run", "plan", "retry", "status", "export", "simulate")
PAGES = [(), *((verb,) for verb in VERBS)]
SECRET = "s3cret-of-mine"


def verb_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def page(program: Program, *verb: str) -> str:
    ended = program.call(*verb, "--help")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.stdout


@pytest.mark.parametrize("verb", PAGES, ids=str)
def test_every_page_fits_80_columns(program: Program, verb: tuple[str, ...]) -> None:
    assert max(map(len, page(program, *verb).splitlines())) <= 80


@pytest.mark.parametrize("verb", PAGES, ids=str)
def test_every_page_has_examples_that_can_be_typed(
    program: Program, verb: tuple[str, ...]
) -> None:
    shown = re.findall(r"^ +bulkpause (\w.*)$", page(program, *verb), re.MULTILINE)
    assert shown
    for example in shown:
        words = shlex.split(example.partition(">")[0])
        # Raises where a verb or an option does not exist; runs nothing.
        verb_of(words[0]).make_context(words[0], words[1:])


@pytest.mark.parametrize("verb", PAGES, ids=str)
def test_no_page_shows_what_was_meant_for_the_formatter(
    program: Program, verb: tuple[str, ...]
) -> None:
    assert "\\b" not in page(program, *verb)


def test_every_verb_is_on_the_cover(program: Program) -> None:
    assert set(VERBS) == set(cli.list_commands(click.Context(cli)))
    assert all(re.search(rf"^  {verb} ", page(program), re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize("verb", [(), ("run",), ("retry",), ("status",)], ids=str)
def test_the_exit_codes_are_explained(program: Program, verb: tuple[str, ...]) -> None:
    explained = page(program, *verb).partition("Exit codes:")[2]
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", explained)


def test_completion_is_explained_on_the_cover(program: Program) -> None:
    shown = page(program)
    for shell in ("bash", "zsh", "fish"):
        assert f"_BULKPAUSE_COMPLETE={shell}_source bulkpause" in shown


@pytest.mark.parametrize("verb", VERBS)
def test_the_variable_of_an_option_is_named_like_it(verb: str) -> None:
    for parameter in verb_of(verb).params:
        if isinstance(parameter, click.Option):
            # click makes the variable of it: BULKPAUSE_VERB_NAME.
            name = parameter.opts[0].removeprefix("--").replace("-", "_")
            assert parameter.name == name


def test_an_option_can_be_set_as_a_variable(program: Program) -> None:
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
        (
            ["run", "my file.csv", "--ordr-by", "spend:desc", "--yes"],
            "bulkpause run 'my file.csv' --order-by spend:desc --yes",
        ),
        (["run", "x.csv", "--canry=3"], "bulkpause run x.csv --canary=3"),
        (["rum", "x.csv"], "bulkpause run x.csv"),
        (["statsu", "x.jsonl"], "bulkpause status x.jsonl"),
        (["export", "x", "--statuss", "failed"], "bulkpause export x --status failed"),
    ],
    ids=str,
)
def test_what_was_mistyped_is_answered_with_what_was_meant(
    program: Program, typed: list[str], meant: str
) -> None:
    ended = program.call(*typed)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"\ntry: {meant}\n")


@pytest.mark.parametrize("typed", [["--token", SECRET], [f"--token={SECRET}"]], ids=str)
def test_a_token_on_the_command_line_is_not_repeated(
    program: Program, typed: list[str]
) -> None:
    ended = program.call("run", "x.csv", *typed, "--yes")
    assert ended.code == 2
    assert ended.stderr.endswith("try: bulkpause run x.csv --token-file FILE --yes\n")
    assert SECRET not in ended.stderr


def test_a_missing_token_is_answered_with_the_command_that_has_one(
    program: Program,
) -> None:
    program.variables.clear()
    ended = program.call("run", program.ids(1), "--yes")
    assert ended.code == 4
    assert "there is no token; set OCAMBA_TOKEN" in ended.stderr
    assert ended.stderr.endswith("try: bulkpause run ids.txt --yes --token-file FILE\n")


def test_a_token_file_that_is_missing_is_not_asked_for_again(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--token-file", "none")
    assert ended.code == 4
    assert "try: " not in ended.stderr


def test_a_question_that_nobody_can_answer_names_the_command(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--reason", "It is over")
    assert ended.code == 2
    assert (
        "add --yes: bulkpause run ids.txt --reason 'It is over' --yes" in ended.stderr
    )


def test_a_log_to_go_on_with_must_be_named(program: Program) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--resume")
    assert ended.code == 2
    assert "--resume needs --log" in ended.stderr
