"""Find the bearer token, validate it and keep it out of all output."""

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bulkpause.errors import TokenError


TOKEN_VARIABLE = "OCAMBA_TOKEN"  # noqa: S105 (a variable's name)
_CREDENTIAL = "ocamba-token"
_MAX_CHARACTERS = 8_000
#: A shorter text is not a secret, and occurs in other texts by chance.
_MIN_REDACTED_CHARACTERS = 8
_REMEDY = (
    f"set {TOKEN_VARIABLE}, or name a file with --token-file, or pass the systemd "
    f"credential {_CREDENTIAL}"
)


class Token:
    """A bearer token. Only `header`, `reveal` and `secrets` give it away.

    Whitespace around it is dropped. None, as a variable that is not set, is no token.

    Raises:
        TokenError: It is None, empty, too long, or not allowed in a header.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        text = "" if text is None else text.strip()
        if not text:
            raise TokenError(
                f"the token is empty; give its text, or set {TOKEN_VARIABLE} if that is "
                "where it is read from"
            )
        if len(text) > _MAX_CHARACTERS:
            raise TokenError(
                f"the token is longer than {_MAX_CHARACTERS:,} characters; give the "
                "token alone"
            )
        if not all("!" <= character <= "~" for character in text):
            raise TokenError(
                "the token contains a space or another invalid character; give the "
                "token alone, without the word Bearer"
            )
        self._text = text

    def header(self) -> str:
        """Give the value of the `Authorization` header."""
        return f"Bearer {self._text}"

    def reveal(self) -> str:
        """Give the token itself, which must reach no output."""
        return self._text

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts to remove from what a server says: it may echo the token."""
        is_secret = len(self._text) >= _MIN_REDACTED_CHARACTERS
        return (self._text,) if is_secret else ()

    def __repr__(self) -> str:
        return "Token(…)"


def find_token(
    path: Path | None, environ: Mapping[str, str]
) -> tuple[Token, str | None]:
    """Find the token in a file, the environment or the service's credentials.

    Returns:
        The token, and a warning if other users can read its file.

    Raises:
        TokenError: There is no token, it cannot be read, or it is not valid.
    """
    if path is None and (text := environ.get(TOKEN_VARIABLE)) is not None:
        return _token_in(text, f"the variable {TOKEN_VARIABLE}"), None
    if path is not None:
        return read_token(path, _name_of(path))
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        # The service manager controls who can read these; their modes mislead.
        path = Path(folder) / _CREDENTIAL
        return read_token(path, str(path))[0], None
    raise TokenError(f"there is no token; {_REMEDY}")


def _name_of(path: Path) -> str:
    """Name the file of `--token-file`, unless it may be a token, if both are confused.

    Tokens have digits or capitals, and no folder that exists.
    """
    text, is_in_folder = str(path), False
    with suppress(OSError):  # a token may be too long for a path
        is_in_folder = len(path.parts) > 1 and path.parent.is_dir()
    is_plain = text.isascii() and text.islower() and not any(map(str.isdigit, text))
    if is_in_folder or is_plain:
        return f"{text}, given with --token-file"
    return "the file given with --token-file"


def read_token(path: Path, name: str) -> tuple[Token, str | None]:
    """Read the token in a file, which messages call `name`.

    Returns:
        The token, and a warning if other users can read its file.

    Raises:
        TokenError: It cannot be read, or is not valid.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(2 * _MAX_CHARACTERS).decode("utf-8-sig", "replace")
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise TokenError(f"cannot read {name}: {reason}; {_REMEDY}") from None
    # On Windows, the bits of a mode say nothing about who can read a file.
    if sys.platform != "win32" and mode & (stat.S_IRGRP | stat.S_IROTH):
        warning = f"other users can read {path}; protect it with chmod 600"
        return _token_in(text, name), warning
    return _token_in(text, name), None


def _token_in(text: str, place: str) -> Token:
    if not text.strip():
        raise TokenError(f"the token is empty in {place}; {_REMEDY}")
    return Token(text)
