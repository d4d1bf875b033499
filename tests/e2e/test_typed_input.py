"""A list that is pasted on the terminal, and the question after it."""

import pytest

from tests.support.program import Program, Serve, script


PROMPT = "Paste the ids, one a line; end with Ctrl-D"
CTRL_D = "\x04"


@pytest.mark.smoke
@pytest.mark.parametrize("last", ["1002\n", "1002"], ids=["line", "unfinished line"])
def test_one_ctrl_d_ends_list(program: Program, serve: Serve, last: str) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", "-", *program.to(simulator))
    terminal.wait_for(PROMPT)
    terminal.type(f"1001\n{last}{CTRL_D}")
    terminal.wait_for("Pause 2 campaigns on ")
    assert "ids from    standard input\nfirst       1001, 1002\n" in terminal.seen
    assert len(simulator.ledger) == 0
    terminal.type("y\n")
    assert terminal.end() == 0
    assert simulator.ledger.paused_ids() == {"1001", "1002"}


def test_declined_question_after_list_sends_nothing(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", "-", *program.to(simulator))
    terminal.wait_for(PROMPT)
    terminal.type(f"1001\n{CTRL_D}")
    terminal.wait_for("[y/N]: ")
    terminal.type("n\n")
    assert terminal.end() == 2
    assert len(simulator.ledger) == 0


def test_interrupt_while_list_is_pasted_sends_nothing(program: Program) -> None:
    terminal = program.on_a_terminal("run", "-", "--simulate")
    terminal.wait_for(PROMPT)
    terminal.type("1001\n")
    terminal.interrupt()
    assert terminal.end() == 130
    assert terminal.seen.endswith("nothing was sent\n")


def test_plan_prompts_for_list_too(program: Program) -> None:
    terminal = program.on_a_terminal("plan", "-")
    terminal.wait_for(PROMPT)
    terminal.type(f"1001\n1002\n{CTRL_D}")
    assert terminal.end() == 0
    assert "2 rows: 2 to pause" in terminal.seen


def test_line_that_terminal_cuts_is_refused(program: Program) -> None:
    terminal = program.on_a_terminal("plan", "-")
    terminal.wait_for(PROMPT)
    terminal.type(f"{' 1001' * 1000}\n1002\n")
    assert terminal.end() == 3
    assert "bulkpause: line 1 is as long as a terminal takes" in terminal.seen


def test_question_after_pipe_is_asked_on_terminal(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    options = " ".join(program.to(simulator))
    terminal = program.shell_on_a_terminal(f"echo 1001 | {script()} run - {options}")
    terminal.wait_for("Pause 1 campaign on ")
    assert PROMPT not in terminal.seen
    terminal.type("y\n")
    assert terminal.end() == 0
    assert simulator.ledger.paused_ids() == {"1001"}


def test_pipe_in_background_is_refused_with_remedy(program: Program) -> None:
    terminal = program.shell_on_a_terminal(
        f"set -m; (echo 1001 | {script()} run - --simulate) & wait $!"
    )
    terminal.end()
    message = " ".join(terminal.seen.split())
    assert (
        "no terminal to ask on; add --yes: bulkpause run - --simulate --yes" in message
    )


def test_pipe_without_terminal_is_refused_with_remedy(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    ended = program.call("run", "-", *program.to(simulator), stdin=b"1001\n")
    assert (ended.code, ended.stdout) == (2, "")
    assert "no terminal to ask on; add --yes: bulkpause run - " in ended.stderr
    assert len(simulator.ledger) == 0
