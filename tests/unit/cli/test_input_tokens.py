"""An input that holds a token is refused, and the token is not shown."""

from pathlib import Path

import pytest

from bulkpause.api.credentials import Token
from bulkpause.cli.input_tokens import without_tokens
from bulkpause.inputs.layout import Format, Layout
from bulkpause.inputs.reader import load_input


PLAIN = "eyJhbGciOiJIUzI1NiJ9abcdefghij0123456789"
DOTTED = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


def texts_of(path: Path, layout: Layout, token: str) -> str:
    (one,) = without_tokens([load_input(str(path), layout)], [Token(token)])
    return f"{one.table.error} {one.table.rows} {one.table.id_column}"


@pytest.mark.parametrize("token", [PLAIN, DOTTED])
@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("{}", None),
        ("1000248\n{}\n", None),
        ("id,name\n1000248,{}\n", None),
        ("id\n{}\n", None),
        ("{}\n", Format.CSV),
        ("{}\n", Format.LINES),
    ],
)
def test_token_in_input_is_refused_and_hidden(
    tmp_path: Path, text: str, token: str, format_: Format | None
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text.format(token))
    shown = texts_of(path, Layout(format=format_), token)
    assert "holds the token, which would be shown, recorded and sent" in shown
    assert "eyJhbGciOiJIUzI1NiJ9" not in shown


def test_other_inputs_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("1000248\neyJhbGciOiJIUzI1Ni\n")
    assert "1000248" in texts_of(path, Layout(), PLAIN)
    # A token so short is no secret, and occurs in ids by chance.
    assert "1000248" in texts_of(path, Layout(), "1000")
