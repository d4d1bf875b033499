"""What a run says of its ids, held against the server's ledger, on virtual time.

Each test is a kind of situation in which a tool of this sort has said something false.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import pytest

from bulkpause import Pauser, Record, RetryPolicy, Settings, Verify
from bulkpause.journal.reader import read_recovery
from bulkpause.model import Reply, StopReason
from bulkpause.vocabulary import Action, StopCause, TransportError
from tests.support.fakes import (
    Answer,
    FakeServer,
    Storm,
    View,
    client_replaced_by,
    ids,
)
from tests.support.log_records import latest_by_id
from tests.support.records import until_stopped
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


SENDING = {"running", "scheduled"}
REFUSED = Answer(outcome=400)
LOST = Answer(outcome=TransportError.HANG_UP, acts=True)
#: The pause is applied, and its answer says something else.
ODD_STATUSES = (200, 201, 202, 205, 206, 301, 302, 303, 307, 404, 409, 422)
NOT_PROCESSED = (408, 425, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a run."""

    records: dict[str, Record]
    stopped: StopReason | None
    at: float

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(record.status.value for record in self.records.values()))


def pause(
    server: FakeServer,
    wanted: list[str],
    *,
    log: Path | None = None,
    policy: RetryPolicy | None = None,
    starts_at: float = 0.0,
    stops_after: int | None = None,
) -> Ended:
    async def run() -> Ended:
        records: dict[str, Record] = {}
        settings = Settings(limits=(), retry_policy=policy or RetryPolicy())
        async with Pauser(
            "token", settings, log=log, resume=True, now=wall_clock
        ) as pauser:
            async for record in until_stopped(pauser.pause(wanted)):
                records[record.id or ""] = record
                if len(records) == stops_after:
                    pauser.stop("SIGTERM")
        return Ended(records=records, stopped=pauser.stopped, at=server.now)

    with client_replaced_by(server):
        return run_on_virtual_time(run(), starts_at=starts_at)


def pauses(server: FakeServer) -> list[str]:
    return [call.id for call in server.calls if call.action is Action.PAUSE]


def acted(server: FakeServer) -> set[str]:
    return {call.id for call in server.calls if call.acted}


def assert_nothing_false(ended: Ended, server: FakeServer) -> None:
    """Check the invariant: nothing that runs is called stopped, and the reverse."""
    server.settle(inf)
    for id_, record in ended.records.items():
        if server.status(id_) in SENDING:
            assert not record.status.is_paused, record
            assert record.status != "not_pausable", record
        if id_ in acted(server):
            assert record.status in {"paused", "unknown"}, record


class TestRefusedWall:
    """Every pause is answered 400, and the campaigns run."""

    @pytest.mark.parametrize("word", ["running", "scheduled", "active", "RUNNING"])
    def test_refused_campaigns_that_run_are_rejected(self, word: str) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: REFUSED if action is Action.PAUSE else Answer(),
            views={"*": View(words={"running": word})},
        )
        ended = pause(server, ids(30))
        assert ended.counts == {"rejected": 30}
        assert {record.campaign_status for record in ended.records.values()} == {word}

    @pytest.mark.parametrize("word", ["pausing", "needs_decision", ""])
    def test_unknown_word_settles_nothing(self, word: str) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: REFUSED if action is Action.PAUSE else Answer(),
            views={"*": View(words={"running": word})},
        )
        assert pause(server, ids(3)).counts == {"rejected": 3}


class TestLateViews:
    """The pause is applied, its answer is lost, the repeat is answered 400."""

    @pytest.mark.parametrize("first", [LOST, Answer(outcome=500, acts=True)])
    @pytest.mark.parametrize("lag_s", [0.0, 1.5, 5.0, 10.0])
    def test_lagging_view_ends_as_paused(self, lag_s: float, first: Answer) -> None:
        server = FakeServer(
            fault_of=lambda action, _, nth: (
                first if action is Action.PAUSE and nth == 0 else Answer(acts=True)
            ),
            views={"*": View(lag_s=lag_s)},
        )
        ended = pause(server, ids(5))
        assert ended.counts == {"paused": 5}

    @pytest.mark.parametrize("word", ["pausing", "", "running", "PAUSED"])
    def test_lying_view_ends_as_unknown_or_paused(self, word: str) -> None:
        server = FakeServer(
            fault_of=lambda action, _, nth: (
                LOST if action is Action.PAUSE and nth == 0 else Answer(acts=True)
            ),
            views={"*": View(words={"paused": word})},
        )
        expected = "paused" if word == "PAUSED" else "unknown"
        assert pause(server, ids(5)).counts == {expected: 5}

    def test_killed_run_is_settled_although_view_lags(self, tmp_path: Path) -> None:
        # The first run ends right after its request was applied.
        log = tmp_path / "log.jsonl"
        lag = {"*": View(lag_s=8.0)}
        server = FakeServer(fault_of=lambda *_: LOST, views=lag)
        first = pause(
            server, ids(3), log=log, policy=RetryPolicy(max_attempts=1), stops_after=0
        )
        assert_nothing_false(first, server)
        server.fault_of = lambda *_: Answer(acts=True)
        second = pause(server, ids(3), log=log, starts_at=first.at)
        assert second.counts.keys() <= {"paused"}
        assert {record.status for record in latest_by_id(log).values()} == {"paused"}


@pytest.mark.parametrize("status", [*ODD_STATUSES, *NOT_PROCESSED])
class TestOddAnswers:
    """Each pause gets an answer that the API does not document."""

    @pytest.mark.parametrize("lag_s", [0.0, 9.0])
    def test_applied_pause_is_read_back(self, status: int, lag_s: float) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: (
                Answer(outcome=status, acts=True)
                if action is Action.PAUSE
                else Answer(acts=True)
            ),
            views={"*": View(lag_s=lag_s)},
        )
        for campaigns in (ids(3), ids(30, first=2001)):
            ended = pause(server, campaigns)
            assert_nothing_false(ended, server)
            assert ended.counts == {"paused": len(campaigns)}

    def test_applied_pause_without_read_back_is_unknown(self, status: int) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: (
                Answer(outcome=status, acts=True)
                if action is Action.PAUSE
                else Answer(outcome=500)
            )
        )
        ended = pause(server, ids(3))
        assert ended.counts == {"unknown": 3}

    def test_campaign_that_runs_is_not_called_paused(self, status: int) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: (
                Answer(outcome=status) if action is Action.PAUSE else Answer()
            )
        )
        ended = pause(server, ids(3))
        assert_nothing_false(ended, server)
        expected = "unknown" if status < 300 else "rejected"
        assert ended.counts == {"failed" if status in NOT_PROCESSED else expected: 3}


class TestLateApplication:
    """The pause is applied after the last look."""

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(outcome=502, late_s=12.0),
            Answer(outcome=502, late_s=60.0),
            Answer(outcome=TransportError.READ_TIMEOUT, late_s=33.0, takes_s=30.0),
        ],
    )
    def test_campaign_applied_late_is_never_called_failed(self, answer: Answer) -> None:
        server = FakeServer(
            fault_of=lambda action, *_: answer if action is Action.PAUSE else Answer()
        )
        ended = pause(server, ids(3))
        assert_nothing_false(ended, server)
        assert ended.counts.keys() <= {"paused", "unknown"}

    @pytest.mark.parametrize(
        ("lag_s", "status"), [(0.0, "paused"), (12.0, "paused"), (600.0, "unknown")]
    )
    def test_accepted_pause_is_never_called_not_paused(
        self, lag_s: float, status: str
    ) -> None:
        server = FakeServer(views={"*": View(lag_s=lag_s)})
        ended = pause(server, ids(3), policy=RetryPolicy(verify=Verify.ALL))
        assert ended.counts == {status: 3}

    def test_accepted_pause_stays_paused_after_stop(self) -> None:
        server = FakeServer()
        ended = pause(
            server, ids(50), policy=RetryPolicy(verify=Verify.ALL), stops_after=1
        )
        assert ended.counts == {"paused": 50}
        unread = [r for r in ended.records.values() if r.campaign_status is None]
        assert len(unread) >= 20


class TestWalls:
    """One cause refuses every pause: the token, the address, a login page."""

    @pytest.mark.parametrize("read_back", [None, 302, 403, 404])
    @pytest.mark.parametrize("status", [301, 302, 403, 404, 409, 422])
    def test_common_refusal_stops_run_and_leaves_ids_to_retry(
        self, status: int, read_back: int | None, tmp_path: Path
    ) -> None:
        log = tmp_path / "log.jsonl"
        server = FakeServer(
            fault_of=lambda action, *_: Answer(
                outcome=status if action is Action.PAUSE else read_back
            )
        )
        ended = pause(server, ids(200), log=log)
        assert ended.counts.keys() == {"failed"}
        assert 10 <= len(pauses(server)) < 25
        assert ended.stopped is not None
        cause = StopCause.TOKEN if status == 403 else StopCause.REFUSAL
        assert ended.stopped.cause is cause
        assert f"HTTP {status}" in ended.stopped.detail
        assert len(read_recovery(log).unfinished) == 200

    def test_row_of_paused_campaigns_is_no_wall(self) -> None:
        server = FakeServer(
            statuses=dict.fromkeys(ids(40), "paused"),
            fault_of=lambda action, id_, _: (
                Answer(outcome=409)
                if action is Action.PAUSE and server.status(id_) == "paused"
                else Answer(acts=True)
            ),
        )
        ended = pause(server, ids(60))
        assert ended.counts == {"paused": 60}
        assert ended.stopped is None


class TestStorms:
    """429 and 503 with every form of `Retry-After`."""

    @pytest.mark.parametrize("retry_after_s", [0.0, 1.0, -1.0, None, 86_400.0])
    @pytest.mark.parametrize("only_one", [False, True])
    def test_endless_429_ends_run(
        self, only_one: bool, retry_after_s: float | None
    ) -> None:
        limited = Answer(outcome=429, retry_after_s=retry_after_s)
        server = FakeServer(
            fault_of=lambda _, id_, __: (
                limited if id_ == "1001" or not only_one else Answer(acts=True)
            )
        )
        ended = pause(server, ids(2), policy=RetryPolicy(give_up_after_s=120.0))
        assert ended.stopped is not None
        assert ended.stopped.cause is StopCause.OUTAGE
        assert ended.at < 130
        assert ended.records["1001"].status == "failed"

    @pytest.mark.parametrize("retry_after_s", [0.0, 1.0, None])
    @pytest.mark.parametrize("status", [429, 503])
    def test_first_request_follows_storm_within_seconds(
        self, status: int, retry_after_s: float | None
    ) -> None:
        answer = Answer(outcome=status, retry_after_s=retry_after_s)
        server = FakeServer(storms=[Storm(answer=answer, ends_at=35.0)])
        ended = pause(server, ids(50))
        after = [call.at for call in server.calls if call.at >= 35.0]
        assert min(after) < 35.0 + 5.5
        assert acted(server) == set(ids(50))
        assert set(ended.counts) == {"paused"}

    @pytest.mark.parametrize("status", [429, 503])
    def test_nothing_is_sent_before_retry_after_is_over(self, status: int) -> None:
        answer = Answer(outcome=status, retry_after_s=20.0)
        server = FakeServer(storms=[Storm(answer=answer, ends_at=1.0)])
        ended = pause(server, ids(15))
        times = sorted(call.at for call in server.calls)
        assert [at for at in times if 0.1 < at < 20.0] == []
        assert ended.counts == {"paused": 15}


class TestOutages:
    """The fault may be the server's, or that of some ids."""

    def test_half_of_ids_failing_does_not_stop_the_others(self) -> None:
        server = FakeServer(
            fault_of=lambda action, id_, _: (
                Answer(outcome=500)
                if action is Action.PAUSE and int(id_) % 2
                else Answer(acts=True)
            )
        )
        ended = pause(server, ids(100))
        assert ended.stopped is None
        assert ended.counts == {"paused": 50, "unknown": 50}
        read_back = {c.id for c in server.calls if c.action is Action.READ}
        assert read_back >= {id_ for id_ in ids(100) if int(id_) % 2}

    def test_ids_are_read_back_before_run_gives_up(self) -> None:
        server = FakeServer(
            storms=[Storm(answer=Answer(outcome=500, acts=True), action=Action.PAUSE)]
        )
        ended = pause(server, ids(300))
        assert ended.stopped is not None
        assert ended.stopped.cause is StopCause.OUTAGE
        assert ended.counts.keys() == {"paused"}
        assert set(ended.records) == acted(server)

    def test_untrusted_certificate_ends_run_at_once(self) -> None:
        class Untrusted(FakeServer):
            async def send(
                self,
                action: Action,
                id_: str,
                request_id: str,
                body: Mapping[str, object] | None = None,
            ) -> Reply:
                reply = await super().send(action, id_, request_id, body)
                return replace(reply, is_untrusted=True, message="self-signed")

        server = Untrusted(
            storms=[Storm(answer=Answer(outcome=TransportError.TLS, is_sent=False))]
        )
        ended = pause(server, ids(100))
        assert ended.stopped is not None
        assert "self-signed" in ended.stopped.detail
        assert server.now < 1
        assert ended.counts.keys() == {"failed"}
