"""The server sees campaigns in the order that was asked for."""

from pathlib import Path

import pytest

from tests.support.program import Program, Serve


pytestmark = pytest.mark.unmeasured

SAMPLES = Path(__file__).parents[2] / "sample_inputs"
ONE_BY_ONE = ("--max-in-flight", "1")
EXPORT = """id;spend;name
1;999,50 €;b
2;1.200,00 €;
3;;a
4;n/a;C
5;1.200,00 €;d
6;-3 €;e
"""
FEED = '{"id": 1, "spend": 9.5}\n{"id": 2, "spend": 1e3}\n{"id": 3}\n{"id": 4, "spend": 12}\n'


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("spend:desc", ["2", "5", "1", "6", "4", "3"]),
        ("spend", ["6", "1", "2", "5", "4", "3"]),
        ("name", ["3", "1", "4", "5", "6", "2"]),
        ("name:desc", ["6", "5", "4", "1", "3", "2"]),
    ],
)
def test_the_server_sees_the_order_of_a_column(
    program: Program, serve: Serve, order: str, ids: list[str]
) -> None:
    simulator = serve()
    source = program.file("export.csv", EXPORT)
    ended = program.pause(simulator, source, "--order-by", order, *ONE_BY_ONE)
    assert ended.code == 0
    assert simulator.ledger.acted_ids() == ids


def test_the_server_sees_the_order_of_a_key(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("feed.jsonl", FEED)
    program.pause(simulator, source, "--order-by", "spend:desc", *ONE_BY_ONE)
    assert simulator.ledger.acted_ids() == ["2", "4", "1", "3"]


def test_the_incident_begins_with_what_costs_most(
    program: Program, serve: Serve
) -> None:
    simulator = serve(windows=())
    source = str(SAMPLES / "incident.csv")
    options = ["--order-by", "spend:desc", "--burst", "none", *ONE_BY_ONE]
    program.pause(simulator, source, *options)
    assert simulator.ledger.acted_ids()[:3] == ["1047938", "1090526", "1051192"]


def test_a_column_that_there_is_not_is_refused(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("export.csv", EXPORT)
    ended = program.pause(simulator, source, "--order-by", "cost:desc")
    assert ended.code == 3
    assert "no column 'cost' among 'id', 'spend', 'name'" in ended.stderr
    assert len(simulator.ledger) == 0


def test_a_plain_list_has_nothing_to_order_by(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(2), "--order-by", "spend")
    assert ended.code == 3
    assert len(simulator.ledger) == 0
