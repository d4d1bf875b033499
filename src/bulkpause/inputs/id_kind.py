"""Tell what the ids of a column have in common: alphabet, prefix and length."""

import re
from collections import Counter
from collections.abc import Iterable

from bulkpause.ids import why_invalid


#: An alphabet is one of the column if at least one in this many ids has it.
_RAREST_ALPHABET = 10
_letters_before_digits = re.compile(r"[^0-9]*").match


class IdKind:
    """Compares texts with the ids of a column.

    Args:
        ids: The ids to compare with. Those that are not valid do not count.

    Attributes:
        count: The number of valid ids.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        valid = [id_ for id_ in ids if why_invalid(id_) is None]
        self.count = len(valid)
        self._ranks = Counter(map(digit_rank, valid))
        self._all_lengths = Counter(map(len, valid))
        self._number_lengths = Counter(len(id_) for id_ in valid if id_.isdecimal())
        prefixes = Counter(_prefix(id_) for id_ in valid if digit_rank(id_) == 1)
        prefix, count = max(prefixes.items(), key=lambda item: item[1], default=("", 0))
        self._prefix = prefix if count * 3 >= self._ranks[1] * 2 else ""
        self._prefixed = count if self._prefix else 0

    def includes(self, text: str) -> bool:
        """Return whether a text is like the ids. Without any, nothing is unlike them."""
        if not self.count:
            return True
        if why_invalid(text) is not None:
            return False
        if text.isdecimal() and self._number_lengths:
            return self._number_lengths[len(text)] > 0
        # Ids of hexadecimal digits may lack letters.
        if not self._prefix and list(self._all_lengths) == [len(text)]:
            return True
        rank = digit_rank(text)
        has_prefix = rank != 1 or text.startswith(self._prefix)
        return has_prefix and self._is_usual(rank) and self._has_near_length(text)

    def count_like(self, text: str) -> int:
        """Return how many of the ids a text is like."""
        if text.isdecimal():
            return self._number_lengths[len(text)]
        rank = digit_rank(text)
        if rank == 1 and self._prefix:
            has_prefix = text.startswith(self._prefix)
            return self._prefixed if has_prefix else self._ranks[1] - self._prefixed
        return self._ranks[rank]

    def has_usual_length(self, digits: int) -> bool:
        """Return whether at least half of the ids are numbers of so many digits."""
        return self._number_lengths[digits] * 2 >= self.count

    def is_short(self, text: str) -> bool:
        """Return whether a text is shorter than at least half of the ids, all alike."""
        ((length, count),) = self._all_lengths.most_common(1) or [(0, 0)]
        return len(text) < length and count * 2 >= self.count

    def resembles(self, text: str) -> bool:
        """Return whether a text has digits and is like the ids, of which there are some."""
        return self.count > 0 and digit_rank(text) > 0 and self.includes(text)

    def _is_usual(self, rank: int) -> bool:
        # The row in question may be one of those that were counted.
        fewest = 1 if self.count < 3 else 2
        return self._ranks[rank] >= max(fewest, self.count / _RAREST_ALPHABET)

    def _has_near_length(self, text: str) -> bool:
        return min(self._all_lengths) - 1 <= len(text) <= max(self._all_lengths) + 1


def digit_rank(text: str) -> int:
    """Rank an id by its alphabet: 0 without digits, 1 with some, 2 with digits only."""
    return text.isdecimal() + any(map(str.isdecimal, text))


def _prefix(id_: str) -> str:
    """Return the letters before the first digit, up to the last separator if any."""
    match = _letters_before_digits(id_)
    letters = match[0] if match else ""
    end = max(letters.rfind("_"), letters.rfind("-")) + 1
    return letters[:end] or letters
