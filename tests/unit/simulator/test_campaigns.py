from datetime import UTC, datetime
from typing import Any

import pytest

from bulkpause.simulator import Behaviour, Campaign, Fault, Lists, Storm, make_campaigns
from bulkpause.simulator.account import Account
from bulkpause.simulator.resume import parse_resume
from tests.unit.simulator.test_account import (
    call,
    content,
    decided,
    response_of,
    status,
)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AHEAD, PAST = "2026-01-01 18:00:00", "2026-01-01 06:00:00"
NOW = b'{"run_immediately":1}'
RESUME = "/v1/hood/campaigns/7/resume"
CHECK = "/v2/ocamba/personal-api-keys/validate"


def account_of(**options: Any) -> Account:
    return Account(Behaviour(**options), wall_clock=lambda: NOON)


def at(time: str) -> bytes:
    return f'{{"scheduled_time":"{time}"}}'.encode()


def resume(body: bytes = b"") -> Any:
    return call(raw_path=RESUME, body=body)


def paused(scheduled_time: str | None = None) -> Campaign:
    return Campaign(id="7", status="paused", scheduled_time=scheduled_time)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "none"),
        (b"{}", "none"),
        (NOW, "now"),
        (b'{"run_immediately":true}', "now"),
        (at(AHEAD), "time"),
        (b'{"run_immediately":0,"scheduled_time":"2026-01-01 18:00:00"}', "time"),
        (b'{"run_immediately":1,"scheduled_time":"2026-01-01 18:00:00"}', "both"),
    ],
)
def test_kind_of_resume_body(body: bytes, kind: str) -> None:
    parsed = parse_resume(body)

    assert parsed is not None
    assert parsed.kind == kind


@pytest.mark.parametrize(
    "body", [b"x", b"[]", at("tomorrow"), b'{"run_immediately":"yes"}']
)
def test_invalid_resume_body_changes_nothing(body: bytes) -> None:
    account = account_of(campaigns=(paused(),))

    outcome = decided(account, resume(body))

    assert (status(outcome), account.status("7")) == (400, "paused")


@pytest.mark.parametrize(
    ("before", "body", "after"),
    [
        (paused(), b"", "running"),
        (paused(AHEAD), b"", "scheduled"),
        (paused(PAST), b"", "running"),
        (paused(AHEAD), NOW, "running"),
        (paused(), at(AHEAD), "scheduled"),
        (paused(AHEAD), at(PAST), "running"),
    ],
)
def test_resumed_campaign_runs_or_waits(
    before: Campaign, body: bytes, after: str
) -> None:
    account = account_of(campaigns=(before,))

    outcome = decided(account, resume(body))

    assert (status(outcome), outcome.acted) == (204, True)
    assert account.status("7") == after


@pytest.mark.parametrize("before", ["running", "scheduled"])
def test_resume_without_body_restores_earlier_status(before: str) -> None:
    account = account_of(statuses={"7": before})

    decided(account, call(), resume())

    assert account.status("7") == before


def test_resume_sets_scheduled_and_update_time() -> None:
    account = account_of(campaigns=(paused(),))

    read = call("GET", "/v1/hood/campaigns/7")
    [item] = content(decided(account, resume(at(AHEAD)), read))["items"]

    assert (item["scheduled_time"], item["update_time"]) == (
        AHEAD,
        "2026-01-01 12:00:00",
    )


@pytest.mark.parametrize("before", ["draft", "sent", "canceled", "unknown"])
def test_only_paused_campaign_is_resumed(before: str) -> None:
    account = account_of(statuses={"7": before})

    outcome = decided(account, resume())

    assert (status(outcome), outcome.acted, account.status("7")) == (400, False, before)


@pytest.mark.parametrize(("repeat", "expected"), [("400", 400), ("204", 204)])
def test_repeated_resume_gets_configured_status(repeat: str, expected: int) -> None:
    account = account_of(statuses={"7": "running"}, repeat=repeat)

    outcome = decided(account, resume())

    assert (status(outcome), outcome.acted) == (expected, False)


@pytest.mark.parametrize(
    ("allowed", "expected"), [({"now"}, 400), ({"none"}, 204), ({"both"}, 400)]
)
def test_resume_bodies_are_as_configured(allowed: set[str], expected: int) -> None:
    account = account_of(campaigns=(paused(),), resume_bodies=frozenset(allowed))

    assert status(decided(account, resume())) == expected


def test_resume_meets_its_faults() -> None:
    account = account_of(campaigns=(paused(),), resume_scripts={"7": (Fault.LOST,)})

    outcome = decided(account, resume())

    assert (outcome.response, outcome.acted) == (None, True)
    assert account.status("7") == "running"


def test_late_resume_acts_when_told() -> None:
    account = account_of(campaigns=(paused(),), always=Fault.INTERNAL_ERROR_LATE)

    outcome = decided(account, resume())

    assert (outcome.is_late, account.status("7")) == (True, "paused")
    assert account.act_late(resume(), now=12.0)
    assert account.status("7") == "running"


def test_list_holds_changed_and_named_campaigns() -> None:
    account = account_of(
        campaigns=make_campaigns(2), statuses={"8": "draft", "9": "unknown"}
    )

    body = content(decided(account, call(), call("GET", "/v1/hood/campaigns")))

    shown = {item["id"]: item["status"] for item in body["items"]}
    assert shown == {
        "1000001": "running",
        "1000002": "running",
        "8": "draft",
        "7": "paused",
    }
    assert body["total"] == 4


def test_invalid_list_request_gets_400() -> None:
    outcome = decided(account_of(), call("GET", "/v1/hood/campaigns?page=x"))

    assert status(outcome) == 400
    assert "page" in content(outcome)["message"]


def test_lists_meet_their_script_in_turn() -> None:
    lists = Lists(script=(Fault.INTERNAL_ERROR, None, Fault.FORBIDDEN))
    account = account_of(lists=lists)

    read = call("GET", "/v1/hood/campaigns")
    statuses = [status(decided(account, read)) for _ in range(4)]

    assert statuses == [500, 200, 403, 200]


def test_storm_can_meet_lists_only() -> None:
    account = account_of(storms=(Storm(fault=Fault.UNAVAILABLE, action="list"),))

    assert status(decided(account, call("GET", "/v1/hood/campaigns"))) == 503
    assert status(decided(account, call())) == 204


def test_accepted_token_is_checked_with_204() -> None:
    outcome = decided(account_of(), call(raw_path=CHECK, body=b""))

    assert (status(outcome), outcome.acted) == (204, False)


def test_rejected_token_gets_documented_401() -> None:
    body = content(decided(account_of(), call(raw_path=CHECK, bearer="bad")))

    assert body == {
        "code": 401,
        "title": "Unauthorized.",
        "message": "Unauthorized.",
        "trace_id": "{}",
    }


@pytest.mark.parametrize(("counts", "remaining"), [(True, "148"), (False, "149")])
def test_token_checks_count_as_configured(counts: bool, remaining: str) -> None:
    account = account_of(counts_checks=counts)

    response = response_of(decided(account, call(raw_path=CHECK), call()))

    assert response.headers["X-RateLimit-Remaining"] == remaining


def test_token_check_meets_its_script() -> None:
    account = account_of(check_script=(Fault.UNAVAILABLE,))

    assert status(decided(account, call(raw_path=CHECK))) == 503


@pytest.mark.parametrize("campaign_id", ["7", "8", "9"])
def test_list_and_view_agree_on_company(campaign_id: str) -> None:
    behaviour = Behaviour(campaigns=(Campaign(id="7"),), statuses={"8": "draft"})
    account = Account(behaviour, company_id="acme")
    account.put(Campaign(id="9"))
    view = content(decided(account, call("GET", f"/v1/hood/campaigns/{campaign_id}")))
    listed = content(decided(account, call("GET", "/v1/hood/campaigns")))
    shown = {one["id"]: one["company_id"] for one in listed["items"]}
    assert [one["company_id"] for one in view["items"]] == ["acme"]
    assert shown[campaign_id] == "acme"
