import pytest

from bulkpause.inputs.dialect import detect_dialect


@pytest.mark.parametrize(
    "lines",
    [
        ["id, name\n", '1, "a,b"\n'],
        ["id, name\n", '1, "a"\n'],
        ["id,name\n", ' "1",a\n'],
        ["id, name\n", '1,  "a ""b"""\n'],
        ["Report\n", "id, name\n", '1, "a\n', 'b"\n'],
    ],
)
def test_blanks_before_quoted_cells_are_skipped(lines: list[str]) -> None:
    dialect = detect_dialect(lines, ",")
    assert dialect.skips_blanks
    assert max(map(len, dialect.parse(lines))) == 2


@pytest.mark.parametrize(
    "lines",
    [
        ["id, name\n", "1, a\n"],
        ["id,name\n", '1,"a, ""b"""\n'],
        ["id,name\n", '1, "Big" sale\n'],
        ["id,name\n", '1, 5" pipe\n'],
        ["id,name\n", '1, "a\n'],
    ],
)
def test_other_blanks_are_kept(lines: list[str]) -> None:
    assert not detect_dialect(lines, ",").skips_blanks
