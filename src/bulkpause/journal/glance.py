"""Take the lines of settled ids into a state without decoding them.

Of most lines of a long log little is needed: which id, which run, when. Where the
checksum of a line fits and it has the fields that `codec.encode` writes, that is read
from the bytes of these. All other lines are left to `codec`, which also says what is
wrong.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

from bulkpause.journal.checksum import MARK_START, SEAL, SEAL_LENGTH
from bulkpause.journal.needs import Needs
from bulkpause.journal.record_file import Batch
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.settled import Origin
from bulkpause.vocabulary import RECORD_VERSION, Status


#: What stands before each key but the first. A text that holds it, as it may at its
#: end, makes more fields, as does a history.
BEFORE_KEY = b',"'
#: How many a line has: the fields of a record, and its checksum.
FIELD_COUNT = 29
#: The numbers of fields, as a line has them: see `model.Record`.
_REASON, _LATENCY, _STARTED, _FINISHED = 13, 20, 21, 22
ID_START = b'{"id":"'
_LATENCY_START = b'latency_ms":'
_STARTED_START, _FINISHED_START = b'started_at":"', b'finished_at":"'
_TIME_LENGTH = len('2026-07-01T08:00:00.000Z"')
_STARTED_LENGTH = len(_STARTED_START) + _TIME_LENGTH
_FINISHED_LENGTH = len(_FINISHED_START) + _TIME_LENGTH
_TIME_END = b'Z"'
_PAUSE = b'action":"pause"'
#: It is counted apart.
_REFUSED_FOR_RATE = b'http_status":429'
_SETTLED = {
    f'status":"{status}"'.encode(): status for status in Status if status.is_settled
}
#: The outcome of an id that its first attempt paused, by whether its campaign was not
#: read back, or was seen paused.
_READ_BACKS = {
    (
        b'status":"paused"',
        b'campaign_status":%s' % seen,
        *(b'attempts":1', b'history":[]', b'reads":%d' % reads),
    ): reads
    for reads, seen in enumerate((b"null", b'"paused"'))
}
#: Gives the fields that lines of one kind have in common.
_of_kind = itemgetter(2, 3, 4, 5, 10, 11, 12, 15, 23, 24, 25, 26, 27)


class _Kind(NamedTuple):
    """What many lines have in common.

    Attributes:
        origin: The number of their origin in brief.
        read_backs: How often the campaign of each was read back; None if more is to be
            said of them than that their first attempts paused them.
    """

    origin: int
    read_backs: int | None


class Glance:
    """Takes lines of a result log into a state.

    Args:
        recovery: The state.
        needs: What is needed of settled ids.
    """

    def __init__(self, recovery: Recovery, needs: Needs) -> None:
        self._recovery = recovery
        self._brief, self._ids = recovery.brief, recovery.brief.ids
        self._records = recovery.records
        self._whole = needs.whole
        self._tally = needs.tally
        # Without a time: one that is later than any.
        self._since = _FINISHED_START + (needs.since or "~").encode()
        self._first, self._last = _STARTED_START + b"~", b""
        self._latencies_ms = array("d")
        self._lines = self._read_backs = 0
        #: By the fields that lines have in common; None if they are left to `codec`.
        self._kinds: dict[tuple[bytes, ...], _Kind | None] = {}

    def left_of(self, batch: Batch) -> Iterator[tuple[int, bytes]]:
        """Take in lines, and give each that is left to `codec` before later ones."""
        rows = [line.split(BEFORE_KEY) for _, line in batch]
        if self._take_alike([line for _, line in batch], rows):
            return
        for numbered, fields in zip(batch, rows, strict=True):
            if not self._take(numbered[1], fields):
                yield numbered

    def _take_alike(
        self, lines: Sequence[bytes], rows: Sequence[Sequence[bytes]]
    ) -> bool:
        """Take in lines of new ids that have one kind, as `_take` would one by one.

        Returns:
            Whether they were taken: all of them, or none.
        """
        if set(map(len, rows)) != {FIELD_COUNT}:
            return False
        columns = list(zip(*rows, strict=True))
        if not (_are_alike(_of_kind(columns)) and _are_sealed(lines)):
            return False
        ids = _ids_of(columns[0])
        # A kind is made of lines with ids alone.
        kind = self._kind_of(rows[0]) if self._are_new(ids) else None
        if kind is None or not self._have_times(columns):
            return False
        if self._tally is not None and not self._count(kind, columns[_LATENCY]):
            return False
        self._first = min(self._first, *columns[_STARTED])
        self._last = max(self._last, *columns[_FINISHED])
        self._lines += len(lines)
        self._recovery.last = self._brief.origins[kind.origin]
        self._ids.update(dict.fromkeys(ids, kind.origin))
        return True

    def _are_new(self, ids: Sequence[str]) -> bool:
        """Tell whether there are ids, each once, and none was taken in before."""
        return (
            len(set(ids)) == len(ids) > 0
            and self._ids.keys().isdisjoint(ids)
            and self._records.keys().isdisjoint(ids)
        )

    def _have_times(self, columns: Sequence[Sequence[bytes]]) -> bool:
        """Tell whether lines have times as `codec` writes them, none of them recent."""
        started, finished = columns[_STARTED], columns[_FINISHED]
        return (
            set(map(len, started)) == {_STARTED_LENGTH}
            and set(map(len, finished)) == {_FINISHED_LENGTH}
            and max(finished) < self._since
            and all(map(bytes.endswith, started, repeat(_TIME_END)))
            and all(map(bytes.endswith, finished, repeat(_TIME_END)))
        )

    def _take(self, line: bytes, fields: Sequence[bytes]) -> bool:
        """Take in a line with its newline, or tell that it is left to `codec`."""
        if len(fields) != FIELD_COUNT or not fields[0].startswith(ID_START):
            return take_mark(line, self._recovery)
        if line[-SEAL_LENGTH:] != SEAL % crc32(line[:-SEAL_LENGTH]):
            return False
        kind = self._kind_of(fields)
        started, finished = fields[_STARTED], fields[_FINISHED]
        if (
            kind is None
            or len(started) != _STARTED_LENGTH
            or len(finished) != _FINISHED_LENGTH
            or finished >= self._since
            or not (started.endswith(_TIME_END) and finished.endswith(_TIME_END))
        ):
            return False
        if self._tally is not None and not self._count(kind, [fields[_LATENCY]]):
            return False
        # Calls of `min` and `max` would take as long as the search for the fields.
        if started < self._first:  # noqa: PLR1730
            self._first = started
        if finished > self._last:  # noqa: PLR1730
            self._last = finished
        self._add(fields[0][len(ID_START) : -1].decode(), kind.origin)
        return True

    def _kind_of(self, fields: Sequence[bytes]) -> _Kind | None:
        key = _of_kind(fields)
        try:
            return self._kinds[key]
        except KeyError:
            kind = self._kinds[key] = self._new_kind(fields[_REASON], *key)
            return kind

    def _new_kind(  # noqa: PLR0917 (as the fields of a line)
        self,
        reason: bytes,
        account: bytes,
        action: bytes,
        status: bytes,
        http_status: bytes,
        campaign_status: bytes,
        attempts: bytes,
        history: bytes,
        reads: bytes,
        *others: bytes,
    ) -> _Kind | None:
        origin = self._new_origin(reason, account, action, status, *others)
        outcome = (status, campaign_status, attempts, history, reads)
        is_refused = http_status == _REFUSED_FOR_RATE
        read_backs = None if is_refused else _READ_BACKS.get(outcome)
        return None if origin is None else _Kind(origin, read_backs)

    def _new_origin(
        self,
        reason: bytes,
        account: bytes,
        action: bytes,
        status_field: bytes,
        *others: bytes,
    ) -> int | None:
        status = _SETTLED.get(status_field)
        run, planned, digest, endpoint, version = others
        texts = {
            key: _text_in(field, key)
            for key, field in (
                *(("account", account), ("run_id", run)),
                *(("input_digest", digest), ("endpoint", endpoint)),
            )
        }
        is_usual = action == _PAUSE and version == b'v":%d' % RECORD_VERSION
        count = planned.removeprefix(b'planned":')
        if (
            status is None
            or status in self._whole
            or not is_usual
            or "" in texts.values()
        ):
            return None
        if not (texts["run_id"] and texts["endpoint"] and count.isdigit()):
            return None
        return self._brief.number_of(
            Origin(
                status=status,
                run_id=texts["run_id"],
                planned=int(count),
                endpoint=texts["endpoint"],
                account=texts["account"],
                input_digest=texts["input_digest"],
            ),
            _reason_in(reason),
        )

    def _count(self, kind: _Kind, latency_fields: Sequence[bytes]) -> bool:
        """Count ids that their first attempts paused, or leave all to `codec`."""
        latencies = [field[len(_LATENCY_START) :] for field in latency_fields]
        if kind.read_backs is None or b"null" in latencies:
            return False
        self._latencies_ms.extend(map(float, latencies))
        self._read_backs += kind.read_backs * len(latencies)
        return True

    def _add(self, id_: str, origin: int) -> None:
        self._lines += 1
        self._recovery.last = self._brief.origins[origin]
        if id_ in self._ids or id_ in self._records:
            self._recovery.supersede(id_)
        self._ids[id_] = origin

    def end(self) -> None:
        """Take in the number and the times of all lines that were taken."""
        self._recovery.lines += self._lines
        if not self._lines:
            return
        first = self._first[len(_STARTED_START) : -1].decode()
        last = self._last[len(_FINISHED_START) : -1].decode()
        self._recovery.add_times(first, last)
        if self._tally is not None:
            self._tally.add_paused_at_once(self._latencies_ms, self._read_backs)
            self._tally.add_times(first, last)


def _are_alike(columns: Iterable[Sequence[bytes]]) -> bool:
    """Tell whether each column has one value."""
    return all(column.count(column[0]) == len(column) for column in columns)


def _ids_of(fields: Sequence[bytes]) -> list[str]:
    """Give the ids of the first fields of lines; nothing if one has none."""
    if not all(map(bytes.startswith, fields, repeat(ID_START))):
        return []
    return [field[len(ID_START) : -1].decode() for field in fields]


def _are_sealed(lines: Sequence[bytes]) -> bool:
    """Tell whether the checksum of each line fits."""
    seals = [SEAL % crc32(line[:-SEAL_LENGTH]) for line in lines]
    return all(map(bytes.endswith, lines, seals))


def take_mark(line: bytes, recovery: Recovery) -> bool:
    """Take in a line that says that an undo was begun, or tell that it does not."""
    if not line.startswith(MARK_START):
        return False
    # Imported on use: few logs have such a line.
    from bulkpause.journal.codec import decode_mark  # noqa: PLC0415

    if (mark := decode_mark(line)) is None:
        return False
    recovery.lines += 1
    recovery.undos.append(mark.undone_by)
    return True


def _text_in(field: bytes, key: str) -> str | None:
    """Give the text of a field, None for null; nothing if it does not stand for itself."""
    text = field.decode("ascii", "replace").removeprefix(f'{key}":')
    if text == "null":
        return None
    shown = text[1:-1]
    is_plain = text == f'"{shown}"' and shown.isascii() and shown.isprintable()
    return shown if is_plain and "\\" not in shown else ""


def _reason_in(field: bytes) -> str | None:
    """Give the reason of a sealed line, in any letters."""
    if (plain := _text_in(field, "reason")) != "":
        return plain
    import orjson  # noqa: PLC0415 (on use: most reasons stand for themselves)

    reason: str | None = orjson.loads(field.removeprefix(b'reason":'))
    return reason
