"""A column of texts, kept as one text where they can be made from it again."""

from collections.abc import Sequence
from itertools import repeat
from typing import cast


#: Stands between the texts. Files of text have none.
_BETWEEN = "\0"


class TextColumn:
    """Texts of rows that follow one another.

    Args:
        texts: The texts, at least one; None where a row has none.
        kind: What plain texts stand for: a kind of text that keeps nothing beside the
            text. None if each is what it is.

    Attributes:
        kind: What all texts are; None if they are kept as they are.
        has_any: Whether any row has one.
    """

    __slots__ = ("_has_blanks", "_text", "_texts", "has_any", "kind")

    def __init__(
        self, texts: Sequence[str | None], kind: type[str] | None = None
    ) -> None:
        kinds = set(map(type, texts))
        self._has_blanks = type(None) in kinds
        kinds.discard(type(None))
        self.has_any = bool(kinds)
        found = cast(type[str], kinds.pop()) if kinds else str
        self._texts: Sequence[str | None] = texts
        self._text: str | None = None
        if not kinds and _is_text_alone(found):
            self._text = self._joined(texts)
        self.kind = None
        if self._text is not None:
            self._texts, self.kind = (), kind or found
        elif kind is not None:
            self._texts = [text if text is None else kind(text) for text in texts]

    def _joined(self, texts: Sequence[str | None]) -> str | None:
        """Join the texts, if they can be told apart then."""
        if not self._has_blanks:
            text = _BETWEEN.join(cast(Sequence[str], texts))
        elif "" in texts:
            return None
        else:
            text = _BETWEEN.join(text or "" for text in texts)
        return text if text.count(_BETWEEN) == len(texts) - 1 else None

    def texts(self) -> Sequence[str | None]:
        """Return the texts as what they are."""
        texts = self.plain_texts()
        if self.kind is None or self.kind is str:
            return texts
        return [text if text is None else self.kind(text) for text in texts]

    def plain_texts(self) -> Sequence[str | None]:
        """Return the texts, as plain ones if all are of one kind."""
        if self._text is None:
            return self._texts
        texts = self._text.split(_BETWEEN)
        return [text or None for text in texts] if self._has_blanks else texts

    def stripped(self, blanks: str) -> Sequence[str]:
        """Return plain texts without blanks around them, empty where a row has none."""
        texts = self.plain_texts()
        if self._has_blanks:
            texts = [text or "" for text in texts]
        found = cast(Sequence[str], texts)
        return (
            found
            if self._has_no_blank()
            else list(map(str.strip, found, repeat(blanks)))
        )

    def _has_no_blank(self) -> bool:
        text = self._text
        # To Python, all blanks of ASCII are blanks.
        return text is not None and text.isascii() and text.split(None, 1) == [text]

    def holds(self, part: str) -> bool:
        """Return whether any of the texts has a part."""
        if self._text is not None:
            return part in self._text
        return any(part in text for text in self._texts if text is not None)


def _is_text_alone(kind: type[str]) -> bool:
    """Return whether values of a kind of text keep nothing beside the text."""
    return kind is str or vars(kind).get("__slots__") == ()
