"""Rows that need no check are kept in little more memory than their texts take."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.plan import make_plan


ROWS = 20_000
#: An item, its id, its name and the number of its row are four objects: 240 bytes.
MOST_BYTES_PER_ROW = 60
LINES = {
    "campaigns.csv": ("campaign_id,name\n", "{id},Campaign {id}\n"),
    "campaigns.jsonl": ("", '{{"campaign_id": {id}, "name": "Campaign {id}"}}\n'),
    "campaigns.txt": ("", "{id}\n"),
}


@contextmanager
def traced_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", LINES)
def test_plain_rows_take_little_memory(name: str, tmp_path: Path) -> None:
    head, line = LINES[name]
    path = tmp_path / name
    text = head + "".join(line.format(id=1_000_000 + row) for row in range(ROWS))
    path.write_text(text, encoding="utf-8")
    with traced_memory():
        plan = make_plan(load_input(str(path), Layout()).table.rows)
        kept, _ = tracemalloc.get_traced_memory()
    assert len(plan.items) == ROWS
    assert kept < MOST_BYTES_PER_ROW * ROWS
