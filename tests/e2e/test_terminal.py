"""The confirmation prompt and Ctrl-C on a terminal."""

import pytest

from bulkpause.simulator import Fault
from tests.support.program import UNREAD, Program, Serve, until


def test_yes_pauses_campaigns(program: Program, serve: Serve) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", program.ids(3), *program.to(simulator))
    host = simulator.base_url.removeprefix("http://")
    terminal.wait_for(f"Pause 3 campaigns on {host}, in about 1 s? [y/N]: ")
    assert len(simulator.ledger) == 0
    terminal.type("y\n")
    assert terminal.end() == 0
    assert "3 rows = 3 paused" in terminal.seen
    assert len(simulator.ledger.paused_ids()) == 3


def test_declined_prompt_sends_nothing(program: Program, serve: Serve) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", program.ids(1), *program.to(simulator))
    terminal.wait_for("Pause 1 campaign on ")
    terminal.type("n\n")
    assert terminal.end() == 2
    assert terminal.seen.endswith("nothing was sent\n")
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.smoke
def test_enter_alone_means_no(program: Program, serve: Serve) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", program.ids(1), *program.to(simulator))
    terminal.wait_for("? [y/N]: ")
    terminal.type("\n")
    assert terminal.end() == 2
    assert len(simulator.ledger) == 0


def test_interrupt_at_prompt_sends_nothing(program: Program, serve: Serve) -> None:
    simulator = serve()
    terminal = program.on_a_terminal("run", program.ids(3), *program.to(simulator))
    terminal.wait_for("? [y/N]: ")
    terminal.interrupt()
    assert terminal.end() == 130
    assert terminal.seen.endswith("nothing was sent\n")
    assert len(simulator.ledger) == 0


def test_interrupt_during_run_stops_cleanly(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.SLOW,)})
    options = ["--yes", *program.to(simulator)]
    terminal = program.on_a_terminal("run", program.ids(2), *options)
    until(lambda: len(simulator.ledger) == 2)
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "2 rows = 2 paused" in terminal.seen


def test_prompt_names_simulator(program: Program) -> None:
    terminal = program.on_a_terminal("run", program.ids(2), "--simulate")
    terminal.wait_for("Pause 2 campaigns on the simulator, in about 1 s? [y/N]: ")
    terminal.type("y\n")
    assert terminal.end() == 0


def test_list_done_at_prompt_is_counted_anew(program: Program, serve: Serve) -> None:
    simulator = serve()
    options = [*program.to(simulator), "--resume"]
    terminal = program.on_a_terminal("run", program.ids(4), *options)
    terminal.wait_for("Pause 4 campaigns on ")
    assert program.call("run", "ids.txt", "--yes", *options).code == 0
    terminal.type("y\n")
    assert terminal.end() == 0
    assert "4 rows = 4 already_done" in terminal.seen
    assert len(simulator.ledger) == 4


def test_list_partly_done_at_prompt_is_counted_anew(
    program: Program, serve: Serve
) -> None:
    simulator = serve(scripts={"1002": (Fault.NOT_FOUND,)})
    options = [*program.to(simulator), "--resume"]
    terminal = program.on_a_terminal("run", program.ids(4), *options)
    terminal.wait_for("Pause 4 campaigns on ")
    first = program.file("first.txt", "1001\n1002\n")
    assert program.call("run", first, "--yes", *options, *UNREAD).code == 1
    terminal.type("y\n")
    assert terminal.end() == 1
    assert "4 rows = 2 paused + 2 already_done" in terminal.seen
    assert "1 may still be running: 1 rejected in an earlier run" in terminal.seen


def test_retry_done_at_prompt_is_counted_anew(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.UNAVAILABLE,)})
    program.pause(simulator, program.ids(3), "--max-attempts", "1", *UNREAD)
    options = ["log.jsonl", "--base-url", simulator.base_url]
    terminal = program.on_a_terminal("retry", *options)
    terminal.wait_for("Pause 1 campaign on ")
    assert program.call("retry", *options, "--yes").code == 0
    before = len(simulator.ledger)
    terminal.type("y\n")
    assert terminal.end() == 0
    assert "1 row = 1 already_done" in terminal.seen
    assert len(simulator.ledger) == before
