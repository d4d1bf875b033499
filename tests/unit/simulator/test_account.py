import uuid
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Behaviour, Fault, Window
from bulkpause.simulator.account import Account, Decision
from bulkpause.simulator.answers import Response
from bulkpause.simulator.call import Call, is_valid, route, token_is_good
from bulkpause.simulator.faults import Delivery


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


def account(**options: Any) -> Account:
    return Account(Behaviour(**options))


def decided(account: Account, *calls: Call, now: float = 0.0) -> Decision:
    decisions = [account.decide(each, now) for each in calls]
    return decisions[-1]


def answered(decision: Decision) -> Response:
    assert decision.answer is not None
    return decision.answer


def status(decision: Decision) -> int:
    return answered(decision).status


def content(decision: Decision) -> Any:
    return orjson.loads(answered(decision).body)


@pytest.mark.parametrize(
    ("method", "raw_path", "found"),
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
        ("GET", "/v1/hood/campaigns", (None, None)),
        ("POST", "/v1/hood/pause", (None, None)),
        ("POST", "/x/v1/hood/campaigns/7/pause", (None, None)),
    ],
)
def test_a_path_is_taken_as_it_was_sent(
    method: str, raw_path: str, found: tuple[str | None, str | None]
) -> None:
    assert route(method, raw_path) == found


@pytest.mark.parametrize(
    ("authorization", "token", "is_good"),
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
def test_a_token_is_good_if_it_is_the_bearer_token(
    authorization: str, token: str | None, is_good: bool
) -> None:
    assert token_is_good(authorization, token) is is_good


@pytest.mark.parametrize("body", [b"{}", b'{"reason":"x"}', b'{"other":1}'])
def test_an_object_with_or_without_a_reason_is_valid(body: bytes) -> None:
    assert is_valid(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[]", b'"reason"', b"null", b'{"reason":1}', b'{"reason":null}'],
)
def test_another_body_is_not_valid(body: bytes) -> None:
    assert not is_valid(body)


def test_bytes_that_are_not_utf_8_are_shown_as_escapes() -> None:
    assert call(raw_path="/\udcff").raw_path == r"/\udcff"


@pytest.mark.parametrize("before", ["running", "scheduled"])
def test_a_running_or_scheduled_campaign_is_paused(before: str) -> None:
    ours = account(statuses={"7": before})

    decision = decided(ours, call())

    assert (status(decision), decision.acted) == (204, True)
    assert ours.status("7") == "paused"


@pytest.mark.parametrize("before", ["draft", "sent", "canceled", "unknown", "active"])
def test_a_campaign_in_another_status_is_refused_with_400(before: str) -> None:
    ours = account(statuses={"7": before})

    decision = decided(ours, call())

    assert (status(decision), decision.acted) == (400, False)
    assert ours.status("7") == before


@pytest.mark.parametrize(
    ("repeat", "expected"), [("400", 400), ("409", 409), ("204", 204)]
)
def test_a_repeat_is_refused_as_asked(repeat: str, expected: int) -> None:
    decision = decided(account(repeat=repeat), call(), call())

    assert (status(decision), decision.acted) == (expected, False)


def test_refusals_do_not_tell_by_words_what_the_status_is() -> None:
    ours = account(default_status="sent", statuses={"8": "paused", "9": "unknown"})
    paths = [PAUSE, PAUSE.replace("7", "8"), PAUSE.replace("7", "9")]

    bodies = [content(decided(ours, call(raw_path=path))) for path in paths]

    assert {body["message"] for body in bodies} == {"The request is not valid."}


def test_campaigns_that_were_not_named_have_the_default_status() -> None:
    assert account(default_status="draft").status("8") == "draft"


def test_an_invalid_body_is_refused_and_pauses_nothing() -> None:
    ours = account()

    decision = decided(ours, call(body=b""))

    assert content(decision)["message"] == "The request body is not valid."
    assert ours.status("7") == "running"


def test_a_view_shows_the_status_in_a_list_of_one() -> None:
    decision = decided(account(), call(), call("GET", READ))

    item = {"id": "7", "name": "Campaign 7", "status": "paused"}
    assert content(decision) == {"total": 1, "items": [item]}


def test_a_view_of_an_unknown_campaign_is_an_empty_list() -> None:
    decision = decided(account(default_status="unknown"), call("GET", READ))

    assert (status(decision), content(decision)) == (200, {"total": 0, "items": []})


@pytest.mark.parametrize("verb", ["cancel", "resume"])
def test_a_sibling_action_is_answered_and_changes_nothing(verb: str) -> None:
    ours = account()

    decision = decided(ours, call(raw_path=f"/v1/hood/campaigns/7/{verb}"))

    assert (status(decision), decision.acted) == (204, False)
    assert ours.status("7") == "running"


@pytest.mark.parametrize(
    ("method", "raw_path"), [("GET", "/"), ("DELETE", READ), ("PUT", PAUSE)]
)
def test_everything_else_is_not_found(method: str, raw_path: str) -> None:
    assert status(decided(account(), call(method, raw_path))) == 404


def test_a_wrong_token_is_refused_and_pauses_nothing() -> None:
    ours = account()

    decision = decided(ours, call(bearer="bad"))

    assert (status(decision), decision.counted) == (401, True)
    assert ours.status("7") == "running"


def test_errors_have_the_documented_body() -> None:
    body = content(decided(account(default_status="sent"), call()))

    assert uuid.UUID(body.pop("trace_id")).version == 4
    assert body == {
        "code": 400,
        "title": "Bad request.",
        "message": "The request is not valid.",
    }


def test_an_internal_error_has_no_message() -> None:
    body = content(decided(account(always=Fault.INTERNAL_ERROR), call()))

    assert sorted(body) == ["code", "title", "trace_id"]


def test_every_error_has_a_trace_id_of_its_own() -> None:
    ours = account(default_status="sent")

    first, second = decided(ours, call()), decided(ours, call())

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
def test_the_trace_id_stands_where_asked(
    trace: str, in_body: bool, in_header: bool
) -> None:
    ours = account(default_status="sent", trace=trace, trace_header="X-Id")

    answer = answered(decided(ours, call()))

    trace_id = answer.trace_id
    assert (trace_id is not None) is (in_body or in_header)
    assert orjson.loads(answer.body).get("trace_id") == (trace_id if in_body else None)
    assert answer.headers.get("X-Id") == (trace_id if in_header else None)


def test_an_answer_tells_what_is_left() -> None:
    answer = answered(decided(account(windows=(MINUTE,)), call(), now=12.5))

    assert answer.headers["X-RateLimit-Limit"] == "3"
    assert answer.headers["X-RateLimit-Remaining"] == "2"
    assert answer.headers["X-RateLimit-Reset"] == "48"


@pytest.mark.parametrize(
    ("rounding", "reset"), [("up", "48"), ("down", "47"), ("nearest", "48")]
)
def test_the_reset_is_rounded_as_asked(rounding: str, reset: str) -> None:
    ours = account(windows=(MINUTE,), reset_rounding=rounding)

    answer = answered(decided(ours, call(), now=12.5))

    assert answer.headers["X-RateLimit-Reset"] == reset


@pytest.mark.parametrize(
    ("rate_headers", "limit"), [("longest", "150"), ("shortest", "10"), ("none", None)]
)
def test_headers_speak_of_the_window_asked_for(
    rate_headers: str, limit: str | None
) -> None:
    answer = answered(decided(account(rate_headers=rate_headers), call()))

    assert answer.headers.get("X-RateLimit-Limit") == limit


def test_by_default_ten_in_a_second_are_let_through() -> None:
    ours = account()

    statuses = [status(decided(ours, call(), now=100.0)) for _ in range(11)]

    assert statuses.index(429) == 10


def test_by_default_a_hundred_and_fifty_in_a_minute_are_let_through() -> None:
    ours = account()

    statuses = [status(decided(ours, call(), now=0.2 * each)) for each in range(151)]

    assert statuses.index(429) == 150


def test_a_refusal_has_a_retry_after_alone() -> None:
    answer = answered(decided(account(windows=(MINUTE,)), *[call()] * 4, now=12.5))

    assert sorted(answer.headers) == ["Content-Type", "Retry-After"]
    assert answer.headers["Retry-After"] == "48"


def test_a_refusal_has_the_documented_error_body() -> None:
    body = content(decided(account(windows=(MINUTE,)), *[call()] * 4))

    assert (body["code"], sorted(body)) == (
        429,
        ["code", "message", "title", "trace_id"],
    )


def test_a_refused_request_pauses_nothing() -> None:
    ours = account(windows=(MINUTE,))
    decided(ours, *[call("GET", READ)] * 3)

    decision = decided(ours, call())

    assert (decision.limited, decision.acted, ours.status("7")) == (
        True,
        False,
        "running",
    )


@pytest.mark.parametrize(
    "spent", [call("GET", READ), call("GET", "/"), call(bearer="bad"), call(body=b"")]
)
def test_requests_count_whatever_becomes_of_them(spent: Call) -> None:
    ours = account(windows=(MINUTE,))

    assert status(decided(ours, spent, spent, spent, call())) == 429


@pytest.mark.parametrize(("count_refused", "remaining"), [(False, "8"), (True, "5")])
def test_refused_requests_are_counted_only_if_asked(
    count_refused: bool, remaining: str
) -> None:
    windows = (Window(limit=1, period_s=1.0), Window(limit=10, period_s=60.0))
    ours = account(windows=windows, count_refused=count_refused)
    refused = [ours.decide(call(), now=0.0) for _ in range(4)][1:]

    answer = answered(decided(ours, call(), now=1.0))

    assert [each.counted for each in refused] == [count_refused] * 3
    assert answer.headers["X-RateLimit-Remaining"] == remaining


def test_one_too_many_in_parallel_is_told_minus_one() -> None:
    answer = answered(decided(account(), call(admitted=False)))

    assert (answer.status, answer.headers["Retry-After"]) == (429, "-1")
    assert "X-RateLimit-Limit" not in answer.headers


def test_one_too_many_in_parallel_is_not_counted() -> None:
    ours = account(windows=(MINUTE,), count_refused=True)

    refused = decided(ours, *[call(admitted=False)] * 9)
    decision = decided(ours, call())

    assert (refused.counted, refused.limited) == (False, True)
    assert answered(decision).headers["X-RateLimit-Remaining"] == "2"


def test_what_others_spend_is_gone() -> None:
    ours = account(windows=(MINUTE,))
    for _ in range(3):
        ours.spend(now=0.0)

    assert status(decided(ours, call(), now=1.0)) == 429


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
def test_a_fault_answers_and_acts_as_its_name_says(
    fault: Fault, expected: int | None, acted: bool
) -> None:
    ours = account(scripts={"7": (fault,)})

    decision = decided(ours, call())

    assert (decision.answer and decision.answer.status) == expected
    assert (decision.fault, decision.acted) == (fault, acted)
    assert ours.status("7") == ("paused" if acted else "running")


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
def test_a_fault_is_delivered_as_its_name_says(
    fault: Fault, delivery: Delivery
) -> None:
    assert decided(account(always=fault), call()).delivery is delivery


@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR_AFTER, Fault.LOST])
def test_a_fault_after_acting_does_not_pause_what_cannot_be_paused(
    fault: Fault,
) -> None:
    ours = account(default_status="sent", always=fault)

    assert not decided(ours, call()).acted


@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR, Fault.SLOW, Fault.CUT])
def test_a_faulty_answer_tells_what_is_left(fault: Fault) -> None:
    answer = answered(decided(account(always=fault), call()))

    assert answer.headers["X-RateLimit-Remaining"] == "149"


def test_a_gateway_answers_in_html() -> None:
    answer = answered(decided(account(always=Fault.BAD_GATEWAY), call()))

    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.body.startswith(b"<html>")


def test_a_body_that_is_not_json_says_that_it_is() -> None:
    answer = answered(decided(account(always=Fault.NOT_JSON), call()))

    assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)


@pytest.mark.parametrize("retry_after", [None, 30, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_an_unavailable_service_may_say_when_to_come_back(
    retry_after: int | str | None,
) -> None:
    ours = account(always=Fault.UNAVAILABLE, unavailable_retry_after=retry_after)

    told = answered(decided(ours, call())).headers.get("Retry-After")

    assert told == (None if retry_after is None else str(retry_after))


@pytest.mark.parametrize("retry_after", [None, 0, -1, "soon"])
def test_a_scripted_refusal_says_what_it_was_told(
    retry_after: int | str | None,
) -> None:
    ours = account(always=Fault.RATE_LIMITED, rate_limited_retry_after=retry_after)

    decision = decided(ours, call())

    told = answered(decision).headers.get("Retry-After")
    assert told == (None if retry_after is None else str(retry_after))
    assert (decision.limited, decision.counted) == (True, False)
    assert "X-RateLimit-Limit" not in answered(decision).headers


def test_a_redirect_leads_elsewhere_on_this_server() -> None:
    answer = answered(decided(account(always=Fault.REDIRECT), call()))

    location = answer.headers["Location"]
    assert location.startswith("/")
    assert status(decided(account(), call("GET", location))) == 404


def test_scripts_of_pauses_and_views_are_apart() -> None:
    ours = account(
        scripts={"7": (Fault.INTERNAL_ERROR,)}, view_scripts={"7": (Fault.NOT_FOUND,)}
    )

    assert status(decided(ours, call("GET", READ))) == 404
    assert status(decided(ours, call())) == 500


def test_faults_of_pauses_and_views_are_drawn_apart() -> None:
    ours = account(
        fault_rates={Fault.INTERNAL_ERROR: 1.0}, view_fault_rates={Fault.FORBIDDEN: 1.0}
    )

    assert status(decided(ours, call("GET", READ))) == 403
    assert status(decided(ours, call())) == 500


@pytest.mark.parametrize(
    "wasted", [call(bearer="bad"), call(admitted=False), call("GET", READ)]
)
def test_a_request_that_does_not_get_there_leaves_the_script_alone(
    wasted: Call,
) -> None:
    ours = account(scripts={"7": (Fault.FORBIDDEN,)})

    assert status(decided(ours, wasted, call())) == 403


def test_a_limited_request_leaves_the_script_alone() -> None:
    ours = account(scripts={"7": (Fault.FORBIDDEN,)}, windows=(MINUTE,))
    decided(ours, *[call("GET", READ)] * 3, call())

    assert status(decided(ours, call(), now=60.0)) == 403


def test_a_fault_for_everything_comes_before_token_route_and_script() -> None:
    ours = account(always=Fault.UNAVAILABLE, scripts={"7": (None,)})

    calls = [call(), call("GET", READ), call("GET", "/"), call(bearer="bad")]

    assert {status(decided(ours, each)) for each in calls} == {503}


def test_a_fault_for_everything_leaves_the_scripts_alone() -> None:
    ours = account(always=Fault.UNAVAILABLE, scripts={"7": (Fault.FORBIDDEN,)})
    decided(ours, call())

    ours.always = None

    assert status(decided(ours, call())) == 403


def test_limits_hold_for_a_server_that_is_down() -> None:
    ours = account(always=Fault.UNAVAILABLE, windows=(MINUTE,))

    assert status(decided(ours, *[call()] * 4)) == 429


def test_a_wrong_token_is_not_acted_on_by_a_fault_after_acting() -> None:
    ours = account(always=Fault.LOST)

    assert not decided(ours, call(bearer="bad")).acted
