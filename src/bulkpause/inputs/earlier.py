"""What the rows of an input say that their campaigns were: for an undo."""

from collections.abc import Iterable, Sequence

from bulkpause._text import replace_surrogates
from bulkpause.model import Earlier
from bulkpause.vocabulary import Status


#: Results of ours, as in the file of an export.
_OUR_OWN = frozenset({*Status, "not_attempted"}) - {Status.PAUSED}


class EarlierStates:
    """Makes one value for all campaigns that were the same: most of them were."""

    def __init__(self) -> None:
        self._known = _Known()

    def of(
        self,
        words: Sequence[str | None],
        times: Sequence[str | None] | None = None,
    ) -> Iterable[Earlier | None]:
        """Give what campaigns were.

        Args:
            words: The word in the status column of each.
            times: The scheduled time of each; None if no row has one.
        """
        if times is None:
            values = {word: self._known[word, None] for word in set(words)}
            return map(values.__getitem__, words)
        return map(self._known.__getitem__, zip(words, times, strict=True))


class _Known(dict[tuple[str | None, str | None], Earlier | None]):
    """The values by status and time."""

    def __missing__(self, key: tuple[str | None, str | None]) -> Earlier | None:
        word, time = (text and replace_surrogates(text) for text in key)
        status = None if word in _OUR_OWN else word or None
        found = None
        if status or time:
            found = Earlier(status=status, scheduled_time=time or None)
        self[key] = found
        return found
