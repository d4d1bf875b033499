"""Several inputs, ids as words, empty lists, and problems of all inputs at once."""

import orjson
import pytest

from tests.support.program import Program, Serve


def test_several_files_are_one_list(program: Program, serve: Serve) -> None:
    simulator = serve()
    first = program.file("a.csv", "id\n1001\n1002\n")
    second = program.file("b.txt", "1002\n1003\n")
    ended = program.call("run", first, second, "--yes", *program.to(simulator))
    assert (ended.code, ended.summary) == (0, "4 rows = 3 paused + 1 duplicate")
    assert simulator.ledger.paused_ids() == {"1001", "1002", "1003"}


@pytest.mark.smoke
def test_ids_are_taken_as_words(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.call("run", "1001", "c-2", "--yes", *program.to(simulator))
    assert (ended.code, ended.summary) == (0, "2 rows = 2 paused")
    assert simulator.ledger.paused_ids() == {"1001", "c-2"}


def test_file_and_standard_input_and_ids_are_mixed(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    source = program.file("a.csv", "id\n1001\n")
    options = ("--yes", *program.to(simulator))
    ended = program.call("run", "1003", source, "-", *options, stdin=b"1002\n")
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")
    assert simulator.ledger.paused_ids() == {"1001", "1002", "1003"}


def test_file_whose_name_begins_with_hyphen_is_read(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    program.file("-ids.txt", "1001\n")
    ended = program.call("run", *program.to(simulator), "--", "-ids.txt")
    assert ended.code == 2
    command = ended.stderr.strip().rpartition("add --yes: bulkpause ")[2]
    assert command.endswith(" --yes -- -ids.txt")
    assert program.call(*command.split()).code == 0
    assert simulator.ledger.paused_ids() == {"1001"}


def test_problems_of_all_inputs_come_out_at_once(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    files = [
        program.file("a.csv", "id\n1001\n1E5\n1E6\n"),
        program.file("b.csv", "id\n1002\n"),
        program.file("c.txt", ""),
        "missing.csv",
    ]
    options = ("--yes", "--skip-invalid", *program.to(simulator))
    ended = program.call("run", *files, *options)
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr.splitlines() == [
        "a.csv: 2 of 3 rows cannot be used",
        "  2 rows: each is a reformatted number, not an id",
        "    row 3 '1E5', row 4 '1E6'",
        "    set the id column to Text, re-enter the ids and export again",
        "c.txt: the input is empty; add the ids to pause",
        "missing.csv: No such file or directory; check the path",
        "bulkpause: nothing was sent",
    ]
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_record_of_invalid_row_names_its_input(program: Program, serve: Serve) -> None:
    files = [program.file(name, "id\n1001\n1E5\n") for name in ("a.csv", "b.csv")]
    options = ("--yes", "--skip-invalid", *program.to(serve()))
    program.call("run", *files, *options)
    errors = {r["error"].partition(":")[0] for r in program.records() if r["error"]}
    assert errors == {"a.csv", "b.csv"}


@pytest.mark.parametrize("command", ["run", "plan"])
def test_refusal_is_json_for_programs(program: Program, command: str) -> None:
    options = ("--yes", "--simulate") if command == "run" else ()
    missing = ("a.csv", "missing.csv")
    program.file("a.csv", "id\n1001\n1E5\n")
    ended = program.call(command, *missing, "--json", *options)
    error = orjson.loads(ended.stdout)["error"]
    assert (ended.code, error["code"]) == (3, 3)
    assert error["message"] == (
        "a.csv: 1 of 2 rows cannot be used; missing.csv: No such file or directory; "
        "check the path; nothing was sent"
    )
    assert [(row["input"], row["row"], row["value"]) for row in error["rows"]] == [
        ("a.csv", 3, "1E5"),
        ("missing.csv", None, None),
    ]


@pytest.mark.smoke
@pytest.mark.parametrize("command", ["run", "plan"])
def test_list_without_rows_is_no_error(
    program: Program, serve: Serve, command: str
) -> None:
    simulator = serve()
    source = program.file("feed.csv", "id,name\n")
    options = ("--yes", *program.to(simulator)) if command == "run" else ()
    ended = program.call(command, source, *options)
    assert (ended.code, ended.summary) == (0, "0 rows: no ids to pause")
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_expect_refuses_list_without_rows(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("feed.csv", "id,name\n")
    ended = program.pause(simulator, source, "--expect", "3")
    assert (ended.code, ended.stdout) == (8, "")
    assert "--expect 3: there are 0 ids to pause" in ended.stderr


def test_messages_are_wrapped_to_width_of_terminal(program: Program) -> None:
    source = program.file("a.csv", "id\n" + "1E5\n" * 20)
    terminal = program.on_a_terminal("plan", source)
    terminal.end()
    shown = terminal.seen.splitlines()[:6]
    assert 80 < max(map(len, shown)) <= 100


def test_plan_and_question_tell_where_ids_come_from(
    program: Program, serve: Serve
) -> None:
    text = "Campaign ID,Campaign,Status\n1001,Summer sale,running\n1002,,paused\n"
    source = program.file("export.csv", text)
    ended = program.call("plan", source, "--column", "Campaign ID")
    described = [
        "ids from    column 'Campaign ID' of export.csv",
        "names from  column 'Campaign'",
        "by status   1 running, 1 paused",
        "first       1001  Summer sale",
        "            1002",
    ]
    assert ended.stdout.splitlines()[1:6] == described
    terminal = program.on_a_terminal("run", source, *program.to(serve()))
    terminal.wait_for("Pause 2 campaigns on ")
    assert "\n".join(described) in terminal.seen
