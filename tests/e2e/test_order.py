"""Requests are sent in the order of `--order-by`."""

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
4;;C
5;1.200,00 €;d
6;-3 €;e
"""
FEED = '{"id": 1, "spend": 9.5}\n{"id": 2, "spend": 1e3}\n{"id": 3}\n{"id": 4, "spend": 12}\n'


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("spend:desc", ["2", "5", "1", "6", "3", "4"]),
        ("spend", ["6", "1", "2", "5", "3", "4"]),
    ],
)
def test_ids_are_sent_in_csv_column_order(
    program: Program, serve: Serve, order: str, ids: list[str]
) -> None:
    simulator = serve()
    path = program.file("export.csv", EXPORT)
    ended = program.pause(simulator, path, "--order-by", order, *ONE_BY_ONE)
    assert ended.code == 0
    assert simulator.ledger.acted_ids() == ids


def test_ids_are_sent_in_json_key_order(program: Program, serve: Serve) -> None:
    simulator = serve()
    path = program.file("feed.jsonl", FEED)
    program.pause(simulator, path, "--order-by", "spend:desc", *ONE_BY_ONE)
    assert simulator.ledger.acted_ids() == ["2", "4", "1", "3"]


def test_incident_sample_starts_with_highest_spend(
    program: Program, serve: Serve
) -> None:
    simulator = serve(windows=())
    path = str(SAMPLES / "incident.csv")
    options = ["--order-by", "spend:desc", "--burst", "none", *ONE_BY_ONE]
    program.pause(simulator, path, *options)
    assert simulator.ledger.acted_ids()[:3] == ["1047938", "1090526", "1051192"]


def test_order_by_unknown_column_is_refused(program: Program, serve: Serve) -> None:
    simulator = serve()
    path = program.file("export.csv", EXPORT)
    ended = program.pause(simulator, path, "--order-by", "cost:desc")
    assert ended.code == 3
    assert "no column 'cost' among 'id', 'spend', 'name'" in ended.stderr
    assert len(simulator.ledger) == 0


def test_order_by_with_plain_list_is_refused(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(2), "--order-by", "spend")
    assert ended.code == 3
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("options", [(), ("--skip-invalid",)], ids=["", "skip-invalid"])
@pytest.mark.parametrize("spend", ["high", "1.2K", "5 USD", "1.5"])
def test_column_of_several_notations_sends_nothing(
    program: Program, serve: Serve, spend: str, options: tuple[str, ...]
) -> None:
    simulator = serve()
    path = program.file("export.csv", f"{EXPORT}7;{spend};f\n")
    ended = program.pause(simulator, path, "--order-by", "spend", *options)
    assert (ended.code, len(simulator.ledger)) == (3, 0)
    assert f"row 8: '{spend}'" in ended.stderr or f"row 8 '{spend}'" in ended.stderr


def test_named_decimal_mark_settles_open_column(program: Program, serve: Serve) -> None:
    simulator = serve()
    path = program.file("export.csv", 'id,spend\n1,"1,234"\n2,9\n')
    order = ("--order-by", "spend:desc", *ONE_BY_ONE)
    ended = program.pause(simulator, path, *order)
    assert (ended.code, "--decimal-mark comma" in ended.stderr) == (3, True)
    assert program.pause(simulator, path, *order, "--decimal-mark", "comma").code == 0
    assert simulator.ledger.acted_ids() == ["2", "1"]


def test_repeated_id_with_other_value_is_refused(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    path = program.file("days.csv", "id,spend\n1,5\n1,900\n2,100\n2,100\n")
    ended = program.pause(simulator, path, "--order-by", "spend:DESC")
    assert (ended.code, len(simulator.ledger)) == (3, 0)
    assert "row 3: '1' repeats an id with another value to sort by" in ended.stderr
    assert "1 of 4 rows cannot be used" in ended.stderr


def test_equal_values_of_other_notation_are_one(program: Program) -> None:
    paths = [
        program.file("a.csv", "id;spend\n1;1.200,50\n2;5\n2;5,0\n"),
        program.file("b.csv", "id,spend\n1,1200.5\n3,7\n"),
    ]
    ended = program.call("plan", *paths, "--order-by", "spend")
    assert (ended.code, "another value" in ended.stderr) == (0, False)


def test_inputs_of_two_currencies_are_refused(program: Program, serve: Serve) -> None:
    simulator = serve()
    paths = [
        program.file("a.csv", "id,spend\n1,5 EUR\n"),
        program.file("b.csv", "id,spend\n2,6 USD\n"),
    ]
    options = [*program.to(simulator), "--yes", "--order-by", "spend"]
    ended = program.call("run", *paths, *options)
    assert (ended.code, len(simulator.ledger)) == (3, 0)
    assert "values in different units" in ended.stderr


@pytest.mark.parametrize("value", ['{"amount": 900}', "[900]", "true", '"high"'])
def test_json_value_that_is_no_number_is_refused(
    program: Program, serve: Serve, value: str
) -> None:
    simulator = serve()
    path = program.file("feed.jsonl", f'{{"id": 1, "spend": {value}}}\n{FEED}')
    ended = program.pause(simulator, path, "--order-by", "spend")
    assert (ended.code, len(simulator.ledger)) == (3, 0)
    assert "is not a number to sort by" in ended.stderr
