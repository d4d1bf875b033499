"""Exports in the style of ad platforms go from file to paused without the README.

Each is paused at once, or with the option that the refusal names.
"""

from pathlib import Path

import pytest

from tests.support.program import Program, Serve


pytestmark = pytest.mark.unmeasured

EXPORTS = Path(__file__).parents[1] / "inputs" / "exports"
IDS = ["1000248", "1000385", "1000522", "1000659", "1000796", "1000933"]
#: The options that the refusal must name before the export is paused.
REMEDIES: dict[str, tuple[str, ...]] = {
    "api_answer.json": (),
    "crm_notes.csv": (),
    "european_excel.csv": (),
    "excel_short_rows.csv": (),
    "filtered_workbook.xlsx": ("--hidden-rows", "skip"),
    "platform_utf16.tsv": (),
    "psql_output.txt": ("--skip-invalid",),
    "report_with_total.csv": ("--skip-invalid",),
    "slack_message.txt": (),
    "ticket.txt": (),
    "warehouse.jsonl": ("--column", "campaign.id"),
}


def test_every_export_is_tested() -> None:
    assert {path.name for path in EXPORTS.iterdir()} == set(REMEDIES)


@pytest.mark.parametrize("name", REMEDIES)
def test_export_is_paused_as_its_refusal_says(
    program: Program, serve: Serve, name: str
) -> None:
    simulator, remedy = serve(windows=()), REMEDIES[name]
    path = str(EXPORTS / name)
    if remedy:
        refused = program.pause(simulator, path)
        assert (refused.code, len(simulator.ledger)) == (3, 0)
        assert " ".join(remedy) in " ".join(refused.stderr.split())
    ended = program.pause(simulator, path, *remedy)
    paused = sorted(simulator.ledger.acted_ids())
    assert ended.code == (1 if "--skip-invalid" in remedy else 0)
    assert paused == sorted(
        str(r["id"]) for r in program.records() if r["status"] == "paused"
    )
    assert paused == IDS or name == "filtered_workbook.xlsx"


@pytest.mark.parametrize("name", ["european_excel.csv", "report_with_total.csv"])
def test_export_is_paused_in_order_of_cost(
    program: Program, serve: Serve, name: str
) -> None:
    simulator = serve(windows=())
    column = "Kosten" if name == "european_excel.csv" else "Cost"
    order = ("--order-by", f"{column}:desc", "--skip-invalid", "--max-in-flight", "1")
    program.pause(simulator, str(EXPORTS / name), *order)
    assert simulator.ledger.acted_ids() == IDS[::-1]


def test_text_of_european_excel_is_readable(program: Program) -> None:
    path = str(EXPORTS / "european_excel.csv")
    ended = program.call("plan", path, "--order-by", "Kosten:desc")
    for words in ("Sommerschlußverkauf", "Retargeting - Köln", "22,405.50 € in all"):
        assert words in ended.stdout
    text = (
        (EXPORTS / "european_excel.csv")
        .read_bytes()
        .replace(b"Kosten", b"Spend (\x80)")
    )
    (program.folder / "euro.csv").write_bytes(text)
    assert program.call("plan", "euro.csv", "--order-by", "Spend (€)").code == 0
