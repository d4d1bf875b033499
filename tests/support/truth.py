"""Random courses of a server, a log and its files, and the claims that they test.

A claim is a lie that harms if it is wrong: that a campaign is stopped, or that we have
not paused it. Some lies of a server no client can see through; `Weather` leaves these
out:

- a view that says "paused", or a status in which nothing is sent, of a campaign that
  runs, or such a status of one that we paused;
- 400, 401 or 429 for a pause that was applied, and a 204 for one that was not, unless
  every id is read back (`Verify.ALL`);
- a status that means "not applied", and views for longer than the 15 s of read-backs
  that agree with it: the campaign running, or not there;
- a wall: ten ids that get the same such status, and read-backs that are refused too.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import orjson
import pytest

from bulkpause import Record, Verify
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import run_of
from bulkpause.journal.platform import SYSTEM, System
from bulkpause.log_totals import totals_of_log
from bulkpause.report.text import open_lines
from bulkpause.vocabulary import Action, Status, TransportError
from tests.support.fakes import REGULAR, SENDING, Answer, Call, FakeServer, View
from tests.support.log_records import latest_by_id


LOG, WAL = "log", "log.wal"
#: Answers after which a client must take the pause for possibly applied.
STRONG = (200, 201, 202, 205, 206, 299, 500, 501, 502, 504, 520)
#: Answers that say that it was not applied.
WEAK = (301, 302, 303, 307, 403, 404, 405, 408, 409, 410, 422, 425, 451, 503)
LOST = (TransportError.HANG_UP, TransportError.RESET, TransportError.MALFORMED)
NOT_SENT = (TransportError.REFUSED, TransportError.DNS, TransportError.CONNECT_TIMEOUT)
#: As many ids in a row that get the same refusal have a common cause.
WALL = 10
#: A weak answer and the views must contradict each other within the read-backs.
SEEN_WITHIN_S = 14.0
#: Late pauses of answers that leave it open; weak ones are at most the first late.
LATE_S = (3.0, 12.0, 40.0)
LAGS_S = (0.0, 1.5, 6.0, 10.0, 40.0)
RETRY_AFTER_S = (None, 0.0, 1.0, -1.0, 7.0, 86_400.0)
STOPPED_WORDS = frozenset({"paused", "draft", "sent", "canceled", "cancelled"})
#: Statuses after which a client that reads nothing more believes the server.
SAYS_NOT_APPLIED = frozenset({Status.REJECTED, Status.FAILED})


def _applied_or_not(
    outcome: int | TransportError, takes_s: float | None
) -> list[Answer]:
    return [
        Answer(outcome=outcome, acts=acts, takes_s=takes_s) for acts in (True, False)
    ]


PAUSE_ANSWERS: tuple[Answer, ...] = (
    REGULAR,
    Answer(outcome=400),
    *(Answer(outcome=one, is_sent=False) for one in NOT_SENT),
    *(
        one
        for outcome in (*LOST, *STRONG, *WEAK)
        for one in _applied_or_not(outcome, None)
    ),
    *_applied_or_not(TransportError.READ_TIMEOUT, 30.0),
    *(Answer(outcome=one, late_s=s) for one in (502, 202, LOST[0]) for s in LATE_S),
    *(Answer(outcome=one, late_s=LATE_S[0]) for one in (404, 503, 307)),
    *(Answer(outcome=429, retry_after_s=s) for s in RETRY_AFTER_S),
    *(Answer(outcome=503, retry_after_s=s) for s in (1.0, 20.0, 86_400.0)),
    Answer(outcome=401),
    Answer(outcome=204),
)
READ_ANSWERS: tuple[Answer, ...] = (
    REGULAR,
    *(Answer(outcome=one) for one in (*LOST, 500, 502, 503, 403, 301, 408, 404, 410)),
    *(Answer(outcome=429, retry_after_s=s) for s in (None, 0.0, 1.0, -1.0)),
    Answer(outcome=503, retry_after_s=3.0),
    Answer(outcome=TransportError.REFUSED, is_sent=False),
    Answer(outcome=401),
)
#: How a campaign may be shown for ever.
VIEWS: tuple[View, ...] = (
    *(View(lag_s=lag_s) for lag_s in LAGS_S),
    View(words={"paused": "PAUSED", "running": "RUNNING", "draft": "Draft"}),
    View(words={"paused": "pausing"}),
    View(words={"paused": "", "running": ""}),
    View(words={"paused": "running"}),
    View(words={"paused": "running", "running": "active"}),
    View(words={"running": "needs_decision", "scheduled": "Active"}),
    View(words={"draft": "archived", "sent": "running", "paused": "Paused"}),
    View(lag_s=6.0, words={"running": "resuming"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """An answer that all requests with one action get for a time."""

    answer: Answer
    action: Action | None = None
    starts_s: float = 0.0
    lasts_s: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How the server behaves in one run.

    Attributes:
        pauses: The answers to the pauses of an id in order; regular after them.
        others: The answer to every pause of the other ids.
        reads: The answers to the read-backs of an id; `*` is for every other id.
        goes_on: Whether the last answer to an id is repeated for ever.
        spells: Answers to all for a time, from the begin of the run.
    """

    pauses: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    others: Answer = REGULAR
    reads: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    goes_on: bool = False
    spells: Sequence[Spell] = ()

    def answer(self, action: Action, id_: str, nth: int, at_s: float) -> Answer:
        for spell in self.spells:
            is_meant = spell.action in {None, action}
            if is_meant and spell.starts_s <= at_s < spell.starts_s + spell.lasts_s:
                return spell.answer
        if action is Action.PAUSE:
            answers: Sequence[Answer] = self.pauses.get(id_, (self.others,))
            goes_on = self.goes_on or id_ not in self.pauses
        else:
            answers = self.reads.get(id_) or self.reads.get("*", (REGULAR,))
            goes_on = self.goes_on
        if nth < len(answers):
            return answers[nth]
        return answers[-1] if goes_on else REGULAR


class Sky:
    """Applies weathers to a server, but for the lies that no client can see through.

    Attributes:
        weakly_paused: Ids for which a pause was applied whose answer denied it.
        believed: Ids whose pause got a 204 without effect.
        walled: Ids that were part of a wall, and for which a read-back failed too.
    """

    def __init__(self, server: FakeServer) -> None:
        self.weakly_paused: set[str] = set()
        self.believed: set[str] = set()
        self.walled: set[str] = set()
        self._server = server

    def set(self, weather: Weather, verify: Verify, starts_at: float) -> None:
        asked: dict[tuple[Action, str], int] = {}
        refused: dict[object, set[str]] = {}

        def fault_of(action: Action, id_: str, _nth: int) -> Answer:
            nth = asked.get((action, id_), 0)
            asked[action, id_] = nth + 1
            at_s = asyncio.get_running_loop().time() - starts_at
            answer = weather.answer(action, id_, nth, at_s)
            if action is Action.PAUSE:
                answer = self._honest_pause(answer, id_, verify)
                refused.setdefault(answer.outcome, set()).add(id_)
                return answer
            is_walled = any(
                id_ in ids and len(ids) >= WALL
                for status, ids in refused.items()
                if status in WEAK
            )
            if is_walled and answer.outcome != REGULAR.outcome:
                self.walled.add(id_)
            return self._honest_read(answer, id_)

        self._server.fault_of = fault_of

    def _honest_read(self, answer: Answer, id_: str) -> Answer:
        is_denial = answer.outcome in {400, 404, 410}
        return REGULAR if is_denial and id_ in self.weakly_paused else answer

    def _honest_pause(self, answer: Answer, id_: str, verify: Verify) -> Answer:
        outcome = answer.outcome
        if outcome == 204 and not answer.acts:
            if verify is not Verify.ALL:
                return REGULAR
            self.believed.add(id_)
        is_applied = answer.acts or answer.late_s is not None
        if outcome in WEAK and is_applied:
            if not self._shows_pause(id_, answer.late_s or 0.0):
                return Answer(outcome=outcome)
            self.weakly_paused.add(id_)
        return answer

    def _shows_pause(self, id_: str, late_s: float) -> bool:
        """Tell whether a pause is seen, or at least not denied, by the last read-back."""
        view = self._server.views.get(id_, View())
        is_in_time = late_s + view.lag_s <= SEEN_WITHIN_S
        return is_in_time and view.words.get("paused") not in {"running", "active"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The content of a file, and how much of it is certainly on the disk."""

    content: bytes
    synced: int

    def after_power_cut(self, share: float) -> bytes:
        tail = len(self.content) - self.synced
        return self.content[: self.synced + round(share * tail)]


class Files:
    """The files of a log, whose every use is a step at which something may happen.

    Attributes:
        steps: How many steps the current run has taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = 0
        self._at_step: int | None = None
        self._event: Callable[[], None] = lambda: None
        self._synced: dict[str, int] = {}

    @property
    def log(self) -> Path:
        return self.folder / LOG

    @property
    def write_ahead_log(self) -> Path:
        return self.folder / WAL

    @contextmanager
    def watched(self, at_step: int | None, event: Callable[[], None]) -> Iterator[None]:
        """Let an event happen at a step of a run. Real syncs are skipped."""
        files = self
        self.steps, self._at_step, self._event = 0, at_step, event

        class WatchedFile(AppendFile):
            def __init__(self, path: Path, system: System = SYSTEM) -> None:
                super().__init__(path, system)
                files._synced[path.name] = path.stat().st_size

            def append(self, line: bytes) -> None:
                files._step()
                super().append(line)
                files._step()

            def sync(self) -> None:
                files._step()
                super().sync()
                if self.path.exists():
                    files._synced[self.path.name] = self.path.stat().st_size

            def remove(self) -> None:
                files._step()
                super().remove()
                files._step()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bulkpause.journal.writer.AppendFile", WatchedFile)
            patch.setattr(SYSTEM, "sync_data", lambda _: None)
            patch.setattr(os, "fsync", lambda _: None)
            yield

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._at_step:
            self._event()

    def kept(self) -> dict[str, Kept]:
        return {
            path.name: Kept(
                content=(content := path.read_bytes()),
                synced=min(self._synced.get(path.name, 0), len(content)),
            )
            for path in self.folder.iterdir()
        }

    def replace(self, contents: Mapping[str, bytes]) -> None:
        for path in self.folder.iterdir():
            if path.name not in contents:
                path.unlink()
        for name, content in contents.items():
            (self.folder / name).write_bytes(content)

    def damage(self, kind: str, share: float) -> None:
        """Do what log rotation, a full disk or a person does to the files."""
        name, _, what = kind.rpartition(" ")
        path = self.log if name == "log" else self.write_ahead_log
        if not path.exists():
            return
        match what:
            case "moved":
                path.rename(self.folder / "log.1")
            case "rotated":
                path.rename(self.folder / "log.1")
                path.touch()
            case "removed":
                path.unlink()
            case "emptied":
                os.truncate(path, 0)
            case _:
                _cut_lines(path, share)

    def runs(self) -> set[str]:
        """Read, without the code under test, which runs the files still name."""
        records = {str(one.get("run_id")) for one in _objects(self.log)}
        headers = {
            str(one["run"]) for one in _objects(self.write_ahead_log) if "run" in one
        }
        return records | headers

    def names(self, call: Call) -> bool:
        """Tell whether whole lines of the files show that we made a request."""
        if any(
            one.get("request_id") == call.request_id
            for one in _objects(self.write_ahead_log)
        ):
            return True
        run = run_of(call.request_id)
        return any(
            one.get("id") == call.id and one.get("run_id") == run
            for one in _objects(self.log)
        )


DAMAGES = (
    "write-ahead log removed",
    "log cut",
    "write-ahead log cut",
    "log moved",
    "log rotated",
    "log removed",
    "log emptied",
    "write-ahead log emptied",
)


def _cut_lines(path: Path, share: float) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: round(share * len(lines))]))


def _objects(path: Path) -> list[dict[str, object]]:
    lines = path.read_bytes().splitlines() if path.exists() else []
    objects = []
    for line in lines:
        try:
            objects.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue  # torn
    return objects


@dataclass(frozen=True, slots=True)
class Claims:
    """What a log says: the records, and whether nothing may still be running."""

    records: Mapping[str, Record]
    lines: Sequence[str]

    @classmethod
    def of(cls, log: Path) -> "Claims":
        _, totals = totals_of_log(log)
        return cls(latest_by_id(log), list(open_lines(totals)))

    @property
    def is_all_clear(self) -> bool:
        return len(self.lines) == 1 and self.lines[0].startswith("0 may still be")


def false_all_clears(
    claims: Claims, server: FakeServer, planned: set[str], sky: Sky
) -> list[str]:
    """Describe the claims that a campaign is stopped which are wrong."""
    said = {
        id_: str(record.status)
        for id_, record in claims.records.items()
        if record.status.is_paused or record.status is Status.NOT_PAUSABLE
    }
    if claims.is_all_clear:
        said |= dict.fromkeys(planned - said.keys(), "said to be stopped")
    return [
        f"{id_} is {status}, and the server runs it"
        for id_, status in sorted(said.items())
        if server.status(id_) in SENDING and not _is_believed(claims, id_, sky)
    ]


def _is_believed(claims: Claims, id_: str, sky: Sky) -> bool:
    """Tell whether a 204 without effect was never checked, which the summary says."""
    record = claims.records.get(id_)
    is_unread = record is not None and record.campaign_status is None
    return is_unread and id_ in sky.believed


def denials(
    claims: Claims, server: FakeServer, weakly_read: set[str | None], sky: Sky
) -> list[str]:
    """Describe the claims that we did not pause a campaign which are wrong.

    Args:
        claims: What the log says.
        server: The server, whose ledger decides.
        weakly_read: Runs that read nothing back whose answer denied the pause.
        sky: Knows the ids of such answers.
    """
    ours = {call.id for call in server.calls if call.acted}
    ours |= {id_ for id_ in server.still_late if server.status(id_) in SENDING}
    return [
        f"{id_} is {record.status}, and we paused it"
        for id_, record in sorted(claims.records.items())
        if id_ in ours
        and record.status not in {Status.PAUSED, Status.UNKNOWN}
        and not (
            record.status in SAYS_NOT_APPLIED
            and id_ in sky.weakly_paused
            and (record.run_id in weakly_read or id_ in sky.walled)
        )
    ]
