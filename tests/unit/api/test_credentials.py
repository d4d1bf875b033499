import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.credentials import Token, find_token
from bulkpause.errors import TokenError
from tests.support.posix import is_root


def write(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def credentials(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    write(folder / "ocamba-token", text, mode)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def test_header_contains_token() -> None:
    assert Token("abc.DEF-123").header() == "Bearer abc.DEF-123"


@pytest.mark.parametrize("text", [" abc", "abc\n", "abc\r\n", "\t\n abc \v\f\xa0"])
def test_token_drops_surrounding_white_space(text: str) -> None:
    assert Token(text).reveal() == "abc"


def test_short_token_is_no_secret() -> None:
    assert Token("a").secrets == ()
    assert Token("s3cret-token").secrets == ("s3cret-token",)


@pytest.mark.parametrize("text", ["", " ", "\n\r\t"])
def test_empty_token_raises_token_error(text: str) -> None:
    with pytest.raises(TokenError, match="the token is empty"):
        Token(text)


INVALID_TOKENS = [
    "s3cret s3cret",
    "Bearer s3cret",
    "s3cret\ts3cret",
    "s3cret\ns3cret",
    "s3cret\r\nX-Header: 1",
    "s3cret\x00",
    "s3cret\x1b[0m",
    "s3cret\x7f",
    "s3cret\x85x",
    "s3cret\N{LATIN SMALL LETTER E WITH ACUTE}",
    "s3cret\N{ZERO WIDTH SPACE}",
    "s3cret\ud800",
    "s3cret" * 2000,
]


@pytest.mark.parametrize("text", INVALID_TOKENS)
def test_invalid_token_raises_without_echoing_it(text: str) -> None:
    with pytest.raises(TokenError) as raised:
        Token(text)

    assert "s3cret" not in repr(raised.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_visible_ascii_token_is_accepted_unchanged(text: str) -> None:
    assert Token(text).header() == f"Bearer {text}"


@pytest.mark.parametrize(
    "text_form", [repr, str, "{}".format, lambda token: f"{[token]!r}"]
)
def test_token_text_form_hides_token(text_form: object) -> None:
    assert callable(text_form)
    assert "s3cret" not in text_form(Token("s3cret"))


def test_token_is_read_from_file(tmp_path: Path) -> None:
    token, warning = find_token(write(tmp_path / "token", "abc\n"), {})

    assert (token.reveal(), warning) == ("abc", None)


def test_byte_order_mark_in_token_file_is_skipped(tmp_path: Path) -> None:
    token, _ = find_token(write(tmp_path / "token", b"\xef\xbb\xbfabc\r\n"), {})

    assert token.reveal() == "abc"


def test_token_is_read_from_environment() -> None:
    token, warning = find_token(None, {"OCAMBA_TOKEN": " abc\n"})

    assert (token.reveal(), warning) == ("abc", None)


def test_token_is_read_from_service_credential(tmp_path: Path) -> None:
    token, _ = find_token(None, credentials(tmp_path, "abc\n"))

    assert token.reveal() == "abc"


def test_token_file_precedes_environment(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "variable", **credentials(tmp_path, "credential")}

    token, _ = find_token(write(tmp_path / "token", "file"), environ)

    assert token.reveal() == "file"


def test_token_variable_precedes_service_credential(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "variable", **credentials(tmp_path, "credential")}

    assert find_token(None, environ)[0].reveal() == "variable"


def test_variable_that_is_not_set_is_no_token() -> None:
    with pytest.raises(TokenError, match="set OCAMBA_TOKEN"):
        Token(os.environ.get("OCAMBA_TOKEN_THAT_NOBODY_SETS"))


def test_empty_token_variable_raises_token_error(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "", **credentials(tmp_path, "credential")}

    with pytest.raises(TokenError, match="the token is empty"):
        find_token(None, environ)


@pytest.mark.parametrize("environ", [{}, {"CREDENTIALS_DIRECTORY": ""}])
def test_missing_token_error_lists_all_sources(
    environ: dict[str, str],
) -> None:
    with pytest.raises(TokenError, match=r"OCAMBA_TOKEN.*--token-file.*ocamba-token"):
        find_token(None, environ)


@pytest.mark.posix_only
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666])
def test_token_file_readable_by_others_gives_warning(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "token", "s3cret", mode)

    token, warning = find_token(path, {})

    assert warning == f"other users can read {path}; protect it with chmod 600"
    assert token.reveal() == "s3cret"


def test_mode_says_nothing_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    token, warning = find_token(write(tmp_path / "token", "s3cret", 0o666), {})
    assert (token.reveal(), warning) == ("s3cret", None)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_private_token_file_gives_no_warning(tmp_path: Path, mode: int) -> None:
    assert find_token(write(tmp_path / "token", "abc", mode), {})[1] is None


def test_service_credential_mode_is_not_checked(
    tmp_path: Path,
) -> None:
    assert find_token(None, credentials(tmp_path, "abc", 0o440))[1] is None


@pytest.mark.posix_only
def test_token_pipe_gives_no_warning() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc\n")
    os.close(writing)
    try:
        token, warning = find_token(Path(f"/dev/fd/{reading}"), {})
    finally:
        os.close(reading)

    assert (token.reveal(), warning) == ("abc", None)


def test_missing_token_file_error_gives_the_reason(tmp_path: Path) -> None:
    reason = "token, given with --token-file: No such file or directory"
    with pytest.raises(TokenError, match=reason):
        find_token(tmp_path / "token", {"OCAMBA_TOKEN": "variable"})


@pytest.mark.parametrize("token", ["s3cret", "AbCdEf", "s3/cret", f"{'x' * 300}/Y"])
def test_token_given_as_file_name_is_not_echoed(token: str) -> None:
    with pytest.raises(TokenError) as raised:
        find_token(Path(token), {})

    assert token not in str(raised.value)


def test_missing_service_credential_error_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"ocamba-token: No such file or directory"):
        find_token(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_directory_as_token_file_raises_token_error(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="Is a directory"):
        find_token(tmp_path, {})


@pytest.mark.posix_only
@pytest.mark.skipif(is_root(), reason="root can read every file")
def test_unreadable_token_file_error_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="Permission denied"):
        find_token(write(tmp_path / "token", "abc", 0o000), {})


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"s3cret\nsecond\n", b"s3cret\xff", b"s3cret" * 10_000]
)
def test_invalid_token_file_raises_without_echoing_it(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(TokenError) as raised:
        find_token(write(tmp_path / "token", content), {})

    assert "s3cret" not in repr(raised.value)


def test_utf_16_token_file_raises_without_echoing_it(tmp_path: Path) -> None:
    path = write(tmp_path / "token", "s3cret".encode("utf-16"))

    with pytest.raises(TokenError) as raised:
        find_token(path, {})

    assert "s3cret" not in repr(raised.value)
