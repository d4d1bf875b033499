"""The token is found in its places, and appears in no output."""

from pathlib import Path

import pytest

from bulkpause.simulator import Fault
from tests.support.program import TOKEN, Program, Serve


def token_file(path: Path, mode: int = 0o600) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{TOKEN}\n")
    path.chmod(mode)
    return str(path)


def test_token_file_precedes_environment(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables["OCAMBA_TOKEN"] = "another"
    path = token_file(program.folder / "token")
    ended = program.pause(simulator, program.ids(1), "--token-file", path)
    assert ended.code == 0
    assert "warning" not in ended.stderr


def test_token_is_read_from_systemd_credential(program: Program, serve: Serve) -> None:
    simulator = serve()
    token_file(program.folder / "credentials" / "ocamba-token")
    program.variables = {"CREDENTIALS_DIRECTORY": str(program.folder / "credentials")}
    assert program.pause(simulator, program.ids(1)).code == 0


def test_readable_token_file_warns(program: Program, serve: Serve) -> None:
    path = token_file(program.folder / "token", 0o644)
    ended = program.pause(serve(), program.ids(1), "--token-file", path)
    assert ended.code == 0
    warning = f"warning: other users can read {path}; protect it with chmod 600"
    assert warning in ended.stderr


@pytest.mark.parametrize("text", ["", "\n", "two words", "käse"], ids=ascii)
def test_invalid_token_is_not_sent(program: Program, serve: Serve, text: str) -> None:
    simulator = serve()
    program.variables["OCAMBA_TOKEN"] = text
    ended = program.pause(simulator, program.ids(1))
    assert ended.code == 4
    assert text.strip() == "" or text not in ended.stderr
    assert len(simulator.ledger) == 0


@pytest.mark.smoke
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="good"),
        pytest.param({"token": "another"}, id="refused"),
        pytest.param({"always": Fault.RESET_BEFORE}, id="reset"),
        pytest.param({"always": Fault.REDIRECT}, id="redirected"),
        pytest.param({"always": Fault.CUT}, id="cut"),
    ],
)
def test_token_is_absent_from_all_output(
    program: Program, serve: Serve, options: dict[str, object]
) -> None:
    ended = program.pause(serve(**options), program.ids(2), "--deadline", "2s")
    assert ended.summary.startswith("2 rows = ")
    files = [path for path in program.folder.iterdir() if path.name != "ids.txt"]
    assert program.log in files
    written = "".join(path.read_text("utf-8") for path in files)
    assert TOKEN not in ended.stdout + ended.stderr + written
