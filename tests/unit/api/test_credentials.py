import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.credentials import Token, find_token
from bulkpause.errors import TokenError


def write(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def credentials(folder: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    write(folder / "ocamba-token", text, mode)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def text_of(token: Token) -> str:
    return token.header().removeprefix("Bearer ")


def test_a_token_stands_in_the_header() -> None:
    assert Token("abc.DEF-123").header() == "Bearer abc.DEF-123"


@pytest.mark.parametrize("text", [" abc", "abc\n", "abc\r\n", "\t\n abc \v\f\xa0"])
def test_white_space_around_a_token_is_dropped(text: str) -> None:
    assert text_of(Token(text)) == "abc"


def test_a_token_is_taken_out_of_a_text() -> None:
    token = Token("s3cret/canary")

    assert token.hidden_in("a s3cret/canary b s3cret%2Fcanary c") == "a … b … c"


def test_what_is_too_short_for_a_secret_is_left_in_a_text() -> None:
    assert Token("a").hidden_in("a campaign") == "a campaign"


@pytest.mark.parametrize("text", ["", " ", "\n\r\t"])
def test_an_empty_token_is_refused(text: str) -> None:
    with pytest.raises(TokenError, match="the token is empty"):
        Token(text)


UNUSABLE = [
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


@pytest.mark.parametrize("text", UNUSABLE)
def test_what_cannot_stand_in_a_header_is_refused_unechoed(text: str) -> None:
    with pytest.raises(TokenError) as raised:
        Token(text)

    assert "s3cret" not in repr(raised.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_text_of_visible_ascii_is_taken_as_it_stands(text: str) -> None:
    assert Token(text).header() == f"Bearer {text}"


@pytest.mark.parametrize(
    "shown", [repr, str, "{}".format, lambda token: f"{[token]!r}"]
)
def test_a_token_does_not_show_itself(shown: object) -> None:
    assert callable(shown)
    assert "s3cret" not in shown(Token("s3cret"))


def test_a_token_is_read_from_a_file(tmp_path: Path) -> None:
    token, warning = find_token(write(tmp_path / "token", "abc\n"), {})

    assert (text_of(token), warning) == ("abc", None)


def test_a_byte_order_mark_is_not_part_of_the_token(tmp_path: Path) -> None:
    token, _ = find_token(write(tmp_path / "token", b"\xef\xbb\xbfabc\r\n"), {})

    assert text_of(token) == "abc"


def test_a_token_is_read_from_the_environment() -> None:
    token, warning = find_token(None, {"OCAMBA_TOKEN": " abc\n"})

    assert (text_of(token), warning) == ("abc", None)


def test_a_token_is_read_from_the_credentials_of_the_service(tmp_path: Path) -> None:
    token, _ = find_token(None, credentials(tmp_path, "abc\n"))

    assert text_of(token) == "abc"


def test_a_file_goes_before_the_environment(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "variable", **credentials(tmp_path, "credential")}

    token, _ = find_token(write(tmp_path / "token", "file"), environ)

    assert text_of(token) == "file"


def test_the_variable_goes_before_the_credentials(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "variable", **credentials(tmp_path, "credential")}

    assert text_of(find_token(None, environ)[0]) == "variable"


def test_an_empty_variable_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    environ = {"OCAMBA_TOKEN": "", **credentials(tmp_path, "credential")}

    with pytest.raises(TokenError, match="the token is empty"):
        find_token(None, environ)


@pytest.mark.parametrize("environ", [{}, {"CREDENTIALS_DIRECTORY": ""}])
def test_without_a_token_the_ways_to_give_one_are_named(
    environ: dict[str, str],
) -> None:
    with pytest.raises(TokenError, match=r"OCAMBA_TOKEN.*--token-file.*ocamba-token"):
        find_token(None, environ)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666])
def test_a_file_that_others_can_read_is_reported(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "token", "s3cret", mode)

    token, warning = find_token(path, {})

    assert warning == f"others can read {path}: chmod 600 it"
    assert text_of(token) == "s3cret"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_file_that_its_owner_alone_can_read_is_not_reported(
    tmp_path: Path, mode: int
) -> None:
    assert find_token(write(tmp_path / "token", "abc", mode), {})[1] is None


def test_the_modes_of_a_service_credential_are_its_managers_business(
    tmp_path: Path,
) -> None:
    assert find_token(None, credentials(tmp_path, "abc", 0o440))[1] is None


def test_a_pipe_is_read_without_a_warning() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc\n")
    os.close(writing)
    try:
        token, warning = find_token(Path(f"/dev/fd/{reading}"), {})
    finally:
        os.close(reading)

    assert (text_of(token), warning) == ("abc", None)


def test_a_missing_file_is_told_of_with_the_reason(tmp_path: Path) -> None:
    reason = "the file that --token-file names: No such file or directory"
    with pytest.raises(TokenError, match=reason):
        find_token(tmp_path / "token", {"OCAMBA_TOKEN": "variable"})


def test_a_token_in_place_of_its_file_is_not_echoed() -> None:
    with pytest.raises(TokenError) as raised:
        find_token(Path("s3cret"), {})

    assert "s3cret" not in str(raised.value)


def test_a_missing_credential_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"ocamba-token: No such file or directory"):
        find_token(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_a_directory_is_no_token_file(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="Is a directory"):
        find_token(tmp_path, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="Permission denied"):
        find_token(write(tmp_path / "token", "abc", 0o000), {})


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"s3cret\nsecond\n", b"s3cret\xff", b"s3cret" * 10_000]
)
def test_a_file_without_a_usable_token_is_refused_unechoed(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(TokenError) as raised:
        find_token(write(tmp_path / "token", content), {})

    assert "s3cret" not in repr(raised.value)


def test_a_file_in_two_byte_characters_is_refused_unechoed(tmp_path: Path) -> None:
    path = write(tmp_path / "token", "s3cret".encode("utf-16"))

    with pytest.raises(TokenError) as raised:
        find_token(path, {})

    assert "s3cret" not in repr(raised.value)
