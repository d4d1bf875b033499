"""The bearer token: where it is found, what it may look like, how it stays unseen."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from bulkpause.errors import TokenError


_VARIABLE = "OCAMBA_TOKEN"
_CREDENTIAL = "ocamba-token"
_LONGEST = 8_000
#: What is shorter is no secret, and stands in many a text by chance.
_SHORTEST_HIDDEN = 8
_WHERE = (
    f"set {_VARIABLE}, or name a file with --token-file, or pass the systemd "
    f"credential {_CREDENTIAL}"
)


class Token:
    """A bearer token that shows itself only in `header`.

    White space at its ends is dropped.

    Raises:
        TokenError: It is empty, or holds what cannot stand in a header.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text:
            raise TokenError(f"the token is empty; {_WHERE}")
        if len(text) > _LONGEST:
            raise TokenError(f"the token is longer than {_LONGEST} characters")
        if not all("!" <= character <= "~" for character in text):
            raise TokenError(
                "the token holds a space or a character that no token has; give the "
                "token alone, without the word Bearer"
            )
        self._text = text

    def header(self) -> str:
        """Give the value of the `Authorization` header."""
        return f"Bearer {self._text}"

    def hidden_in(self, text: str) -> str:
        """Take the token out of a text, as a server may send it back."""
        if len(self._text) < _SHORTEST_HIDDEN:
            return text
        for form in (self._text, quote(self._text, safe="")):
            text = text.replace(form, "…")
        return text

    def __repr__(self) -> str:
        return "Token(…)"


def find_token(
    path: Path | None, environ: Mapping[str, str]
) -> tuple[Token, str | None]:
    """Find the token in a file, the environment or the service's credentials.

    Returns:
        The token, and a warning where others can read its file.

    Raises:
        TokenError: There is none, or it cannot be read or used.
    """
    if path is None and (text := environ.get(_VARIABLE)) is not None:
        return Token(text), None
    if path is not None:
        # Not its name: that is the token, where somebody gave the one for the other.
        return _from_file(path, "the file that --token-file names")
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        # The service manager sees to it who can read these; their modes mislead.
        path = Path(folder) / _CREDENTIAL
        return _from_file(path, str(path))[0], None
    raise TokenError(f"there is no token; {_WHERE}")


def _from_file(path: Path, name: str) -> tuple[Token, str | None]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(2 * _LONGEST).decode("utf-8-sig", "replace")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise TokenError(f"{name}: {reason}; {_WHERE}") from None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return Token(text), f"others can read {path}: chmod 600 it"
    return Token(text), None
