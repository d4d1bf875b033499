"""Take the lines of settled ids into a state without decoding them.

Of most lines of a long log little is needed: which id, which run, when. Where the
checksum of a line fits and it begins and ends as `codec.encode` writes it, that is read
from its bytes. All other lines are left to `codec`, which also says what is wrong.
"""

import re
from array import array
from zlib import crc32

from bulkpause.journal.checksum import CHECKSUM_KEY
from bulkpause.journal.needs import Needs
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.settled import Origin
from bulkpause.vocabulary import ID_PATTERN, RECORD_VERSION, Status


_ID = ID_PATTERN.encode()
_ANY_TEXT = rb'[^"\\]*(?:\\.[^"\\]*)*'
#: Text that stands for itself, as our own names do.
_TEXT = rb"[ !#-\[\]-~]*"
_TIME = rb".{23}Z"
_STATUSES = "|".join(status for status in Status if status.is_settled).encode()
#: A record up to its status.
_HEAD = re.compile(
    rb'\{"id":"(' + _ID + rb')","name":(?:null|"' + _ANY_TEXT + rb'"),'
    rb'"account":null,"action":"pause","status":"(' + _STATUSES + rb')",'
).match
#: The times before its run.
_TIMES = re.compile(
    rb'"started_at":"(' + _TIME + rb')","finished_at":"(' + _TIME + rb')"'
).fullmatch
_TIMES_LENGTH = len(
    '"started_at":"2026-07-01T08:00:00.000Z","finished_at":"2026-07-01T08:00:00.000Z"'
)
_RUN_KEY = b',"run_id":"'
_PAUSED = Status.PAUSED.encode()
#: A record from its run to its checksum.
_END = re.compile(
    _RUN_KEY + rb"(" + _TEXT + rb')","planned":(0|[1-9][0-9]{0,14}),'
    rb'"input_digest":(?:null|"([0-9a-f]{16})"),"endpoint":"('
    + _TEXT
    + rb')","v":'
    + b"%d" % RECORD_VERSION
).fullmatch
_CHECKSUM = CHECKSUM_KEY + b'%08x"}\n'
_CHECKSUM_LENGTH = len(_CHECKSUM % 0)
#: Between the campaign's status and the reason of an id that its first attempt
#: settled, whose campaign was not read back, or was seen paused.
_AT_ONCE = b',"attempts":1,"history":[],"reason":'
_UNREAD = b',"campaign_status":null' + _AT_ONCE
_SEEN_PAUSED = b',"campaign_status":"paused"' + _AT_ONCE
#: Those of an id that was read no more often than that.
_NO_READ, _ONE_READ = b',"reads":0,', b',"reads":1,'
_LATENCY_KEY = b',"latency_ms":'


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
        #: By status and end of line, the number of the origin in brief; None if such
        #: lines are left to `codec`.
        self._origins: dict[tuple[bytes, bytes], int | None] = {}

    def take(self, line: bytes) -> bool:
        """Take in a line with its newline, or tell that it is left to `codec`."""
        head = _HEAD(line)
        content = line[:-_CHECKSUM_LENGTH]
        if head is None or line[-_CHECKSUM_LENGTH:] != _CHECKSUM % crc32(content):
            return False
        id_, status = head.groups()
        run_at = content.rfind(_RUN_KEY)
        times = _TIMES(content, run_at - _TIMES_LENGTH, run_at)
        origin = self._origin_of(status, content[run_at:])
        if times is None or origin is None:
            return False
        started_at, finished_at = times.groups()
        if finished_at >= self._since or not (
            self._tally is None or self._count(status, content, times.start())
        ):
            return False
        # Calls of `min` and `max` would take as long as a pattern.
        if started_at < self._first_at:  # noqa: PLR1730
            self._first_at = started_at
        if finished_at > self._last_at:  # noqa: PLR1730
            self._last_at = finished_at
        self._add(id_.decode(), origin)
        return True

    def _origin_of(self, status: bytes, end: bytes) -> int | None:
        try:
            return self._origins[status, end]
        except KeyError:
            found = self._origins[status, end] = self._new_origin(status.decode(), end)
            return found

    def _new_origin(self, status_text: str, end: bytes) -> int | None:
        status, match = Status(status_text), _END(end)
        if status in self._whole or match is None:
            return None
        run, planned, digest, endpoint = match.groups()
        return self._brief.number_of(
            Origin(
                status=status,
                run_id=run.decode(),
                planned=int(planned),
                endpoint=endpoint.decode(),
                input_digest=None if digest is None else digest.decode(),
            )
        )

    def _count(self, status: bytes, content: bytes, times_at: int) -> bool:
        """Count an id that its first attempt paused, or leave it to `codec`."""
        is_unread = _UNREAD in content and _NO_READ in content
        is_seen = _SEEN_PAUSED in content and _ONE_READ in content
        if status != _PAUSED or not (is_unread or is_seen):
            return False
        latency_at = content.rfind(_LATENCY_KEY, 0, times_at) + len(_LATENCY_KEY)
        latency = content[latency_at : times_at - 1]
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
