"""Take the lines of settled ids into a state without decoding them.

Of most lines of a long log little is needed: which id, which run, when. Where the
checksum of a line fits and it has the fields that `codec.encode` writes, that is read
from the bytes of these. All other lines are left to `codec`, which also says what is
wrong.
"""

from array import array
from collections.abc import Sequence
from zlib import crc32

from bulkpause.journal.checksum import CHECKSUM_KEY, MARK_START
from bulkpause.journal.needs import Needs
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.settled import Origin
from bulkpause.vocabulary import RECORD_VERSION, Status


_CHECKSUM = CHECKSUM_KEY + b'%08x"}\n'
_CHECKSUM_LENGTH = len(_CHECKSUM % 0)
#: What stands before each key but the first. A text that holds it, as it may at its
#: end, makes more fields, as does a history.
_BEFORE_KEY = b',"'
_FIELDS = 29
#: The numbers of fields, as a line has them: see `model.Record`.
_ACCOUNT, _ACTION, _STATUS, _READS, _LATENCY, _STARTED, _FINISHED = (
    *(2, 3, 4),
    *(15, 20, 21, 22),
)
_OUTCOME = slice(10, 13)
_ORIGIN = slice(23, 28)
_ID_START = b'{"id":"'
_PAUSE = b'action":"pause"'
_LATENCY_START = b'latency_ms":'
_STARTED_START, _FINISHED_START = b'started_at":"', b'finished_at":"'
_TIME_LENGTH = len("2026-07-01T08:00:00.000Z")
_SETTLED = {
    f'status":"{status}"'.encode(): status for status in Status if status.is_settled
}
_PAUSED = b'status":"paused"'
#: The outcome and the reads of an id that its first attempt settled, whose campaign was
#: not read back, or was seen paused.
_AT_ONCE = [b'attempts":1', b'history":[]']
_UNREAD = [b'campaign_status":null', *_AT_ONCE], b'reads":0'
_SEEN_PAUSED = [b'campaign_status":"paused"', *_AT_ONCE], b'reads":1'


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
        self._since = (needs.since or "~").encode()
        self._first_at, self._last_at = b"~", b""
        self._latencies_ms = array("d")
        self._read_backs = 0
        #: By the fields that make it, the number of the origin in brief; None if such
        #: lines are left to `codec`.
        self._origins: dict[tuple[bytes, ...], int | None] = {}

    def take(self, line: bytes) -> bool:
        """Take in a line with its newline, or tell that it is left to `codec`."""
        fields = line.split(_BEFORE_KEY)
        if len(fields) != _FIELDS or not fields[0].startswith(_ID_START):
            return self.take_mark(line)
        if line[-_CHECKSUM_LENGTH:] != _CHECKSUM % crc32(line[:-_CHECKSUM_LENGTH]):
            return False
        started_at = _time_in(fields[_STARTED], _STARTED_START)
        finished_at = _time_in(fields[_FINISHED], _FINISHED_START)
        if not started_at or not finished_at or finished_at >= self._since:
            return False
        origin = self._origin_of(fields)
        if origin is None or not (self._tally is None or self._count(fields)):
            return False
        # Calls of `min` and `max` would take as long as the search for the fields.
        if started_at < self._first_at:  # noqa: PLR1730
            self._first_at = started_at
        if finished_at > self._last_at:  # noqa: PLR1730
            self._last_at = finished_at
        self._add(fields[0][len(_ID_START) : -1].decode(), origin)
        return True

    def take_mark(self, line: bytes) -> bool:
        """Take in a line that says that an undo was begun, or tell that it does not."""
        if not line.startswith(MARK_START):
            return False
        # Imported on use: few logs have such a line.
        from bulkpause.journal.codec import decode_mark  # noqa: PLC0415

        if (mark := decode_mark(line)) is None:
            return False
        self._recovery.lines += 1
        self._recovery.undos.append(mark.undone_by)
        return True

    def _origin_of(self, fields: Sequence[bytes]) -> int | None:
        key = (fields[_ACCOUNT], fields[_ACTION], fields[_STATUS], *fields[_ORIGIN])
        try:
            return self._origins[key]
        except KeyError:
            found = self._origins[key] = self._new_origin(*key)
            return found

    def _new_origin(
        self, account: bytes, action: bytes, status_field: bytes, *others: bytes
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
            )
        )

    def _count(self, fields: Sequence[bytes]) -> bool:
        """Count an id that its first attempt paused, or leave it to `codec`."""
        outcome = fields[_OUTCOME], fields[_READS]
        is_unread = outcome == _UNREAD
        if fields[_STATUS] != _PAUSED or not (is_unread or outcome == _SEEN_PAUSED):
            return False
        latency = fields[_LATENCY].removeprefix(_LATENCY_START)
        if latency == b"null":
            return False
        self._latencies_ms.append(float(latency))
        self._read_backs += not is_unread
        return True

    def _add(self, id_: str, origin: int) -> None:
        recovery = self._recovery
        recovery.lines += 1
        recovery.last = self._brief.origins[origin]
        if id_ in self._ids or id_ in self._records:
            recovery.supersede(id_)
        self._ids[id_] = origin

    def end(self) -> None:
        """Take in the times of all lines that were taken."""
        if not self._last_at:
            return
        first, last = self._first_at.decode(), self._last_at.decode()
        self._recovery.add_times(first, last)
        if self._tally is not None:
            self._tally.add_paused_at_once(self._latencies_ms, self._read_backs)
            self._tally.add_times(first, last)


def _time_in(field: bytes, start: bytes) -> bytes:
    """Give the time of a field that is written as all of ours are; else nothing."""
    is_usual = len(field) == len(start) + _TIME_LENGTH + 1 and field.startswith(start)
    return field[len(start) : -1] if is_usual and field.endswith(b'Z"') else b""


def _text_in(field: bytes, key: str) -> str | None:
    """Give the text of a field, None for null; nothing if it does not stand for itself."""
    text = field.decode("ascii", "replace").removeprefix(f'{key}":')
    if text == "null":
        return None
    shown = text[1:-1]
    is_plain = text == f'"{shown}"' and shown.isascii() and shown.isprintable()
    return shown if is_plain and "\\" not in shown else ""
