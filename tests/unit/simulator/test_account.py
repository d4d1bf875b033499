import uuid
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Behaviour, Fault, Storm, Window
from bulkpause.simulator.account import Account, Outcome
from bulkpause.simulator.call import Call, is_token_accepted, is_valid_body, route
from bulkpause.simulator.faults import Delivery
from bulkpause.simulator.responses import Response


PAUSE = "/v1/hood/campaigns/7/pause"
READ = "/v1/hood/campaigns/7"
MINUTE = Window(limit=3, period_s=60.0)


def call(
    method: str = "POST",
    raw_path: str = PAUSE,
    body: bytes = b'{"reason":"stop"}',
    bearer: str = "good",
    *,
    admitted: bool = True,
) -> Call:
    return Call.of(
        method,
        raw_path,
        {"Authorization": f"Bearer {bearer}"},
        body,
        token="good",
        connection=1,
        admitted=admitted,
    )


def account_of(**options: Any) -> Account:
    return Account(Behaviour(**options))


def decided(account: Account, *calls: Call, now: float = 0.0) -> Outcome:
    decisions = [account.decide(each, now) for each in calls]
    return decisions[-1]


def response_of(outcome: Outcome) -> Response:
    assert outcome.response is not None
    return outcome.response


def status(outcome: Outcome) -> int:
    return response_of(outcome).status


def content(outcome: Outcome) -> Any:
    return orjson.loads(response_of(outcome).body)


@pytest.mark.parametrize(
    ("method", "raw_path", "expected"),
    [
        ("POST", "/v1/hood/campaigns/7/pause", ("pause", "7")),
        ("POST", "/v1/hood/campaigns/7/cancel", ("cancel", "7")),
        ("POST", "/v1/hood/campaigns/7/resume", ("resume", "7")),
        ("GET", "/v1/hood/campaigns/7", ("view", "7")),
        ("GET", "/v1/hood/campaigns/7?fields=status", ("view", "7")),
        ("GET", "/v1/hood/campaigns/7/pause", (None, "7")),
        ("POST", "/v1/hood/campaigns/7", (None, "7")),
        ("PATCH", "/v1/hood/campaigns/7", (None, "7")),
        ("POST", "/v1/hood/campaigns/../pause", ("pause", "..")),
        ("POST", "/v1/hood/campaigns/a%2Fb/pause", ("pause", "a%2Fb")),
        ("POST", "/v1/hood/campaigns/7/pause/", (None, None)),
        ("POST", "/v1/hood/campaigns//pause", (None, None)),
        ("POST", "/v1/hood/campaigns/7/8/pause", (None, None)),
        ("GET", "/v1/hood/campaigns", ("list", None)),
        ("GET", "/v1/hood/campaigns?page=2,50", ("list", None)),
        ("POST", "/v1/hood/campaigns", (None, None)),
        ("POST", "/v2/ocamba/personal-api-keys/validate", ("check", None)),
        ("GET", "/v2/ocamba/personal-api-keys/validate", (None, None)),
        ("POST", "/v1/hood/pause", (None, None)),
        ("POST", "/x/v1/hood/campaigns/7/pause", (None, None)),
    ],
)
def test_path_is_routed_without_normalization(
    method: str, raw_path: str, expected: tuple[str | None, str | None]
) -> None:
    assert route(method, raw_path) == expected


@pytest.mark.parametrize(
    ("authorization", "token", "is_accepted"),
    [
        ("Bearer good", "good", True),
        ("bearer good", "good", True),
        ("Bearer good", None, True),
        ("Bearer bad", "good", False),
        ("Bearer goods", "good", False),
        ("Bearer ", None, False),
        ("Bearer", None, False),
        ("", None, False),
        ("Basic good", "good", False),
        ("good", "good", False),
    ],
)
def test_only_bearer_token_is_accepted(
    authorization: str, token: str | None, is_accepted: bool
) -> None:
    assert is_token_accepted(authorization, token) is is_accepted


@pytest.mark.parametrize("body", [b"{}", b'{"reason":"x"}', b'{"other":1}'])
def test_object_with_or_without_reason_is_valid(body: bytes) -> None:
    assert is_valid_body(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[]", b'"reason"', b"null", b'{"reason":1}', b'{"reason":null}'],
)
def test_other_bodies_are_invalid(body: bytes) -> None:
    assert not is_valid_body(body)


def test_invalid_utf_8_is_escaped() -> None:
    assert call(raw_path="/\udcff").raw_path == r"/\udcff"


@pytest.mark.parametrize("before", ["running", "scheduled"])
def test_running_or_scheduled_campaign_is_paused(before: str) -> None:
    account = account_of(statuses={"7": before})

    outcome = decided(account, call())

    assert (status(outcome), outcome.acted) == (204, True)
    assert account.status("7") == "paused"


@pytest.mark.parametrize("before", ["draft", "sent", "canceled", "unknown", "active"])
def test_campaign_in_other_status_gets_400(before: str) -> None:
    account = account_of(statuses={"7": before})

    outcome = decided(account, call())

    assert (status(outcome), outcome.acted) == (400, False)
    assert account.status("7") == before


@pytest.mark.parametrize(
    ("repeat", "expected"), [("400", 400), ("409", 409), ("204", 204)]
)
def test_repeated_pause_gets_configured_status(repeat: str, expected: int) -> None:
    outcome = decided(account_of(repeat=repeat), call(), call())

    assert (status(outcome), outcome.acted) == (expected, False)


def test_error_message_does_not_reveal_campaign_status() -> None:
    account = account_of(
        default_status="sent", statuses={"8": "paused", "9": "unknown"}
    )
    paths = [PAUSE, PAUSE.replace("7", "8"), PAUSE.replace("7", "9")]

    bodies = [content(decided(account, call(raw_path=path))) for path in paths]

    assert {body["message"] for body in bodies} == {"The request is not valid."}


def test_unlisted_campaign_has_default_status() -> None:
    assert account_of(default_status="draft").status("8") == "draft"


def test_invalid_body_pauses_nothing() -> None:
    account = account_of()

    outcome = decided(account, call(body=b""))

    assert content(outcome)["message"] == "The request body is not valid."
    assert account.status("7") == "running"


def test_read_back_lists_one_campaign() -> None:
    outcome = decided(account_of(), call(), call("GET", READ))

    body = content(outcome)
    [item] = body["items"]
    shown = [item[name] for name in ("id", "name", "status")]
    assert (body["total"], shown) == (1, ["7", "Campaign 7", "paused"])


def test_read_back_of_unknown_campaign_is_empty() -> None:
    outcome = decided(account_of(default_status="unknown"), call("GET", READ))

    assert (status(outcome), content(outcome)) == (200, {"total": 0, "items": []})


def test_cancel_changes_nothing() -> None:
    account = account_of()

    outcome = decided(account, call(raw_path="/v1/hood/campaigns/7/cancel"))

    assert (status(outcome), outcome.acted) == (204, False)
    assert account.status("7") == "running"


@pytest.mark.parametrize(
    ("method", "raw_path"), [("GET", "/"), ("DELETE", READ), ("PUT", PAUSE)]
)
def test_other_routes_get_404(method: str, raw_path: str) -> None:
    assert status(decided(account_of(), call(method, raw_path))) == 404


def test_wrong_token_pauses_nothing() -> None:
    account = account_of()

    outcome = decided(account, call(bearer="bad"))

    assert (status(outcome), outcome.counted) == (401, True)
    assert account.status("7") == "running"


def test_error_has_documented_body() -> None:
    body = content(decided(account_of(default_status="sent"), call()))

    assert uuid.UUID(body.pop("trace_id")).version == 4
    assert body == {
        "code": 400,
        "title": "Bad request.",
        "message": "The request is not valid.",
    }


def test_internal_error_has_no_message() -> None:
    body = content(decided(account_of(always=Fault.INTERNAL_ERROR), call()))

    assert sorted(body) == ["code", "title", "trace_id"]


def test_each_error_has_its_own_trace_id() -> None:
    account = account_of(default_status="sent")

    first, second = decided(account, call()), decided(account, call())

    assert content(first)["trace_id"] != content(second)["trace_id"]


@pytest.mark.parametrize(
    ("trace", "in_body", "in_header"),
    [
        ("body", True, False),
        ("header", False, True),
        ("both", True, True),
        ("none", False, False),
    ],
)
def test_trace_id_is_placed_as_configured(
    trace: str, in_body: bool, in_header: bool
) -> None:
    account = account_of(default_status="sent", trace=trace, trace_header="X-Id")

    response = response_of(decided(account, call()))

    trace_id = response.trace_id
    assert (trace_id is not None) is (in_body or in_header)
    assert orjson.loads(response.body).get("trace_id") == (
        trace_id if in_body else None
    )
    assert response.headers.get("X-Id") == (trace_id if in_header else None)


def test_response_has_rate_limit_headers() -> None:
    response = response_of(decided(account_of(windows=(MINUTE,)), call(), now=12.5))

    assert response.headers["X-RateLimit-Limit"] == "3"
    assert response.headers["X-RateLimit-Remaining"] == "2"
    assert response.headers["X-RateLimit-Reset"] == "48"


@pytest.mark.parametrize(
    ("rounding", "reset"), [("up", "48"), ("down", "47"), ("nearest", "48")]
)
def test_reset_is_rounded_as_configured(rounding: str, reset: str) -> None:
    account = account_of(windows=(MINUTE,), reset_rounding=rounding)

    response = response_of(decided(account, call(), now=12.5))

    assert response.headers["X-RateLimit-Reset"] == reset


@pytest.mark.parametrize(
    ("rate_headers", "limit"), [("longest", "150"), ("shortest", "10"), ("none", None)]
)
def test_headers_describe_configured_window(
    rate_headers: str, limit: str | None
) -> None:
    response = response_of(decided(account_of(rate_headers=rate_headers), call()))

    assert response.headers.get("X-RateLimit-Limit") == limit


def test_default_allows_10_per_second() -> None:
    account = account_of()

    statuses = [status(decided(account, call(), now=100.0)) for _ in range(11)]

    assert statuses.index(429) == 10


def test_default_allows_150_per_minute() -> None:
    account = account_of()

    statuses = [status(decided(account, call(), now=0.2 * each)) for each in range(151)]

    assert statuses.index(429) == 150


def test_429_has_retry_after_only() -> None:
    response = response_of(
        decided(account_of(windows=(MINUTE,)), *[call()] * 4, now=12.5)
    )

    assert sorted(response.headers) == ["Content-Type", "Retry-After"]
    assert response.headers["Retry-After"] == "48"


def test_429_has_documented_error_body() -> None:
    body = content(decided(account_of(windows=(MINUTE,)), *[call()] * 4))

    assert (body["code"], sorted(body)) == (
        429,
        ["code", "message", "title", "trace_id"],
    )


def test_rate_limited_request_pauses_nothing() -> None:
    account = account_of(windows=(MINUTE,))
    decided(account, *[call("GET", READ)] * 3)

    outcome = decided(account, call())

    assert (outcome.limited, outcome.acted, account.status("7")) == (
        True,
        False,
        "running",
    )


@pytest.mark.parametrize(
    "earlier", [call("GET", READ), call("GET", "/"), call(bearer="bad"), call(body=b"")]
)
def test_unsuccessful_requests_are_counted(earlier: Call) -> None:
    account = account_of(windows=(MINUTE,))

    assert status(decided(account, earlier, earlier, earlier, call())) == 429


@pytest.mark.parametrize(
    ("count_rate_limited", "remaining"), [(False, "8"), (True, "5")]
)
def test_rate_limited_requests_are_counted_only_if_configured(
    count_rate_limited: bool, remaining: str
) -> None:
    windows = (Window(limit=1, period_s=1.0), Window(limit=10, period_s=60.0))
    account = account_of(windows=windows, count_rate_limited=count_rate_limited)
    limited = [account.decide(call(), now=0.0) for _ in range(4)][1:]

    response = response_of(decided(account, call(), now=1.0))

    assert [each.counted for each in limited] == [count_rate_limited] * 3
    assert response.headers["X-RateLimit-Remaining"] == remaining


def test_parallel_limit_gives_retry_after_minus_one() -> None:
    response = response_of(decided(account_of(), call(admitted=False)))

    assert (response.status, response.headers["Retry-After"]) == (429, "-1")
    assert "X-RateLimit-Limit" not in response.headers


def test_request_over_parallel_limit_is_not_counted() -> None:
    account = account_of(windows=(MINUTE,), count_rate_limited=True)

    limited = decided(account, *[call(admitted=False)] * 9)
    outcome = decided(account, call())

    assert (limited.counted, limited.limited) == (False, True)
    assert response_of(outcome).headers["X-RateLimit-Remaining"] == "2"


def test_requests_of_other_clients_use_up_limit() -> None:
    account = account_of(windows=(MINUTE,))
    for _ in range(3):
        account.spend(now=0.0)

    assert status(decided(account, call(), now=1.0)) == 429


@pytest.mark.parametrize(
    ("fault", "expected", "acted"),
    [
        (Fault.INTERNAL_ERROR, 500, False),
        (Fault.INTERNAL_ERROR_AFTER, 500, True),
        (Fault.BAD_GATEWAY, 502, False),
        (Fault.BAD_GATEWAY_AFTER, 502, True),
        (Fault.UNAVAILABLE, 503, False),
        (Fault.GATEWAY_TIMEOUT, 504, False),
        (Fault.GATEWAY_TIMEOUT_AFTER, 504, True),
        (Fault.RESET_BEFORE, None, False),
        (Fault.RESET_AFTER, None, True),
        (Fault.LOST, None, True),
        (Fault.HANG, None, False),
        (Fault.HANG_AFTER, None, True),
        (Fault.SLOW, 204, True),
        (Fault.CUT, 400, False),
        (Fault.CUT_AFTER, 500, True),
        (Fault.NOT_JSON, 500, False),
        (Fault.UNAUTHORIZED, 401, False),
        (Fault.FORBIDDEN, 403, False),
        (Fault.NOT_FOUND, 404, False),
        (Fault.CONFLICT, 409, False),
        (Fault.UNPROCESSABLE, 422, False),
        (Fault.REDIRECT, 302, False),
        (Fault.OK_200, 200, False),
        (Fault.RATE_LIMITED, 429, False),
    ],
)
def test_fault_has_documented_effect(
    fault: Fault, expected: int | None, acted: bool
) -> None:
    account = account_of(scripts={"7": (fault,)})

    outcome = decided(account, call())

    assert (outcome.response and outcome.response.status) == expected
    assert (outcome.fault, outcome.acted) == (fault, acted)
    assert account.status("7") == ("paused" if acted else "running")


@pytest.mark.parametrize(
    ("fault", "delivery"),
    [
        (Fault.INTERNAL_ERROR, Delivery.WHOLE),
        (Fault.RESET_BEFORE, Delivery.RESET),
        (Fault.RESET_AFTER, Delivery.RESET),
        (Fault.LOST, Delivery.HANG_UP),
        (Fault.HANG, Delivery.NEVER),
        (Fault.HANG_AFTER, Delivery.NEVER),
        (Fault.SLOW, Delivery.SLOW),
        (Fault.CUT, Delivery.CUT),
        (Fault.CUT_AFTER, Delivery.CUT),
    ],
)
def test_fault_has_documented_delivery(fault: Fault, delivery: Delivery) -> None:
    assert decided(account_of(always=fault), call()).delivery is delivery


@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR_AFTER, Fault.LOST])
def test_fault_after_acting_keeps_unpausable_status(fault: Fault) -> None:
    account = account_of(default_status="sent", always=fault)

    assert not decided(account, call()).acted


@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR, Fault.SLOW, Fault.CUT])
def test_faulty_response_has_rate_limit_headers(fault: Fault) -> None:
    response = response_of(decided(account_of(always=fault), call()))

    assert response.headers["X-RateLimit-Remaining"] == "149"


def test_gateway_error_is_html() -> None:
    response = response_of(decided(account_of(always=Fault.BAD_GATEWAY), call()))

    assert response.headers["Content-Type"].startswith("text/html")
    assert response.body.startswith(b"<html>")


def test_malformed_body_is_labelled_as_json() -> None:
    response = response_of(decided(account_of(always=Fault.NOT_JSON), call()))

    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(response.body)


@pytest.mark.parametrize("retry_after", [None, 30, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_503_has_configured_retry_after(retry_after: int | str | None) -> None:
    account = account_of(always=Fault.UNAVAILABLE, unavailable_retry_after=retry_after)

    retry_after_header = response_of(decided(account, call())).headers.get(
        "Retry-After"
    )

    assert retry_after_header == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize("retry_after", [None, 0, -1, "soon"])
def test_scripted_429_has_configured_retry_after(retry_after: int | str | None) -> None:
    account = account_of(
        always=Fault.RATE_LIMITED, rate_limited_retry_after=retry_after
    )

    outcome = decided(account, call())

    retry_after_header = response_of(outcome).headers.get("Retry-After")
    assert retry_after_header == (None if retry_after is None else str(retry_after))
    assert (outcome.limited, outcome.counted) == (True, False)
    assert "X-RateLimit-Limit" not in response_of(outcome).headers


def test_redirect_leads_to_404_on_same_server() -> None:
    response = response_of(decided(account_of(always=Fault.REDIRECT), call()))

    location = response.headers["Location"]
    assert location.startswith("/")
    assert status(decided(account_of(), call("GET", location))) == 404


def test_pauses_and_read_backs_have_separate_scripts() -> None:
    account = account_of(
        scripts={"7": (Fault.INTERNAL_ERROR,)},
        read_back_scripts={"7": (Fault.NOT_FOUND,)},
    )

    assert status(decided(account, call("GET", READ))) == 404
    assert status(decided(account, call())) == 500


def test_pauses_and_read_backs_have_separate_fault_rates() -> None:
    account = account_of(
        fault_rates={Fault.INTERNAL_ERROR: 1.0},
        read_back_fault_rates={Fault.FORBIDDEN: 1.0},
    )

    assert status(decided(account, call("GET", READ))) == 403
    assert status(decided(account, call())) == 500


@pytest.mark.parametrize(
    "earlier", [call(bearer="bad"), call(admitted=False), call("GET", READ)]
)
def test_rejected_request_does_not_advance_script(earlier: Call) -> None:
    account = account_of(scripts={"7": (Fault.FORBIDDEN,)})

    assert status(decided(account, earlier, call())) == 403


def test_rate_limited_request_does_not_advance_script() -> None:
    account = account_of(scripts={"7": (Fault.FORBIDDEN,)}, windows=(MINUTE,))
    decided(account, *[call("GET", READ)] * 3, call())

    assert status(decided(account, call(), now=60.0)) == 403


def test_fault_for_every_request_precedes_other_checks() -> None:
    account = account_of(always=Fault.UNAVAILABLE, scripts={"7": (None,)})

    calls = [call(), call("GET", READ), call("GET", "/"), call(bearer="bad")]

    assert {status(decided(account, each)) for each in calls} == {503}


def test_fault_for_every_request_does_not_advance_script() -> None:
    account = account_of(always=Fault.UNAVAILABLE, scripts={"7": (Fault.FORBIDDEN,)})
    decided(account, call())

    account.always = None

    assert status(decided(account, call())) == 403


def test_rate_limits_apply_during_outage() -> None:
    account = account_of(always=Fault.UNAVAILABLE, windows=(MINUTE,))

    assert status(decided(account, *[call()] * 4)) == 429


def test_fault_after_acting_ignores_wrong_token() -> None:
    account = account_of(always=Fault.LOST)

    assert not decided(account, call(bearer="bad")).acted


ODD = [fault for fault in Fault if fault[0].isdigit() and fault.endswith("-after")]


@pytest.mark.parametrize("fault", ODD)
def test_status_after_acting_differs_only_in_acting(fault: Fault) -> None:
    before = Fault(fault.removesuffix("-after"))
    account, other = account_of(always=fault), account_of(always=before)

    outcomes = decided(account, call()), decided(other, call())

    assert [status(outcome) for outcome in outcomes] == [int(before)] * 2
    assert [outcome.acted for outcome in outcomes] == [True, False]
    assert (account.status("7"), other.status("7")) == ("paused", "running")


@pytest.mark.parametrize("fault", [Fault.MOVED, Fault.SEE_OTHER, Fault.REDIRECT])
def test_every_redirect_names_location(fault: Fault) -> None:
    response = response_of(decided(account_of(always=fault), call()))

    assert response.headers["Location"].startswith("/")


def test_late_fault_acts_when_told() -> None:
    account = account_of(always=Fault.BAD_GATEWAY_LATE)

    outcome = decided(account, call())

    assert (status(outcome), outcome.acted, outcome.is_late) == (502, False, True)
    assert account.status("7") == "running"
    assert account.act_late(call(), now=12.0)
    assert account.status("7") == "paused"
    assert not account.act_late(call(), now=13.0)


@pytest.mark.parametrize(
    "ineffective",
    [call("GET", READ), call(bearer="bad"), call(body=b"no JSON"), call("GET", "/")],
)
def test_request_that_cannot_pause_is_not_late(ineffective: Call) -> None:
    account = account_of(always=Fault.HANG_LATE)

    assert not decided(account, ineffective).is_late


@pytest.mark.parametrize(
    ("now", "shown"), [(0.0, "scheduled"), (3.9, "scheduled"), (4.0, "paused")]
)
def test_read_back_lags_behind_pause(now: float, shown: str) -> None:
    account = account_of(default_status="scheduled", read_lag_s=4.0)
    decided(account, call())

    items = content(decided(account, call("GET", READ), now=now))["items"]

    assert [item["status"] for item in items] == [shown]
    assert account.status("7") == "paused"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ({"paused": "PAUSED"}, ["running", "PAUSED"]),
        ({"paused": "", "running": "Active"}, ["Active", ""]),
        ({"paused": "running"}, ["running", "running"]),
    ],
)
def test_view_words_replace_shown_status(
    words: dict[str, str], shown: list[str]
) -> None:
    account = account_of(view_words=words)

    before = content(decided(account, call("GET", READ)))
    after = content(decided(account, call(), call("GET", READ)))

    assert [view["items"][0]["status"] for view in (before, after)] == shown
    assert account.status("7") == "paused"


def test_storm_ends_some_time_after_first_request() -> None:
    storm = Storm(fault=Fault.UNAVAILABLE, ends_s=35.0)
    account = account_of(storms=(storm,), windows=())

    statuses = [
        status(decided(account, call(), now=100.0 + seconds))
        for seconds in (0.0, 34.9, 35.0)
    ]

    assert statuses == [503, 503, 204]


@pytest.mark.parametrize(
    ("action", "expected"), [("pause", [500, 200]), ("view", [204, 500])]
)
def test_storm_of_one_action_spares_other(action: str, expected: list[int]) -> None:
    storm = Storm(fault=Fault.INTERNAL_ERROR, action=action)
    account = account_of(storms=(storm,))

    assert [
        status(decided(account, each)) for each in (call(), call("GET", READ))
    ] == expected


def test_storm_of_429_has_configured_retry_after() -> None:
    storm = Storm(fault=Fault.RATE_LIMITED)
    account = account_of(storms=(storm,), rate_limited_retry_after=86400)

    outcome = decided(account, call())

    assert response_of(outcome).headers["Retry-After"] == "86400"
    assert (outcome.limited, outcome.acted) == (True, False)
