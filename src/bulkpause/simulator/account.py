"""Decide the response to each request by the state of one account, without waiting."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.call import Call, is_valid_body
from bulkpause.simulator.faults import (
    EFFECTS,
    NO_FAULT,
    Delivery,
    Fault,
    FaultPlan,
    Form,
)
from bulkpause.simulator.limits import RateLimits, reported_state, whole_seconds
from bulkpause.simulator.responses import (
    INVALID_BODY,
    ErrorResponses,
    Response,
    gateway_page,
    json_response,
    malformed_json,
    redirect,
    with_headers,
    with_retry_after,
)


NO_CONTENT = Response(status=204)
WITHOUT_RESPONSE = frozenset({Delivery.RESET, Delivery.HANG_UP, Delivery.NEVER})
REDIRECT_LOCATION = "/v1/hood/redirected"
#: The status of a campaign that does not exist.
NOT_EXISTING = "unknown"
PAUSABLE = frozenset({"running", "scheduled"})


class Campaigns:
    """Status by id, with one default for the ids that are not listed.

    Args:
        statuses: Status by id.
        default: The status of the others.
        view_words: The words that read-backs show for a status, by the status.
        read_lag_s: A read-back shows the status of so many seconds ago.
    """

    __slots__ = ("_default", "_lag_s", "_paused_at", "_shown", "_statuses", "_words")

    def __init__(
        self,
        statuses: Mapping[str, str],
        default: str,
        *,
        view_words: Mapping[str, str],
        read_lag_s: float,
    ) -> None:
        self._statuses = dict(statuses)
        self._default = default
        self._words = view_words
        self._lag_s = read_lag_s
        self._paused_at: dict[str, float] = {}
        #: The status before the pause, which lagging read-backs show.
        self._shown: dict[str, str] = {}

    def status(self, campaign_id: str) -> str:
        return self._statuses.get(campaign_id, self._default)

    def pause(self, campaign_id: str, now: float) -> bool:
        """Pause a running or scheduled campaign; False if it is neither."""
        status = self.status(campaign_id)
        if status not in PAUSABLE:
            return False
        self._paused_at[campaign_id] = now
        self._shown[campaign_id] = status
        self._statuses[campaign_id] = "paused"
        return True

    def read(self, campaign_id: str, now: float) -> dict[str, object]:
        """Give the documented list: one campaign, or empty for an unknown id."""
        status = self.status(campaign_id)
        if status == NOT_EXISTING:
            return {"total": 0, "items": []}
        if now - self._paused_at.get(campaign_id, -inf) < self._lag_s:
            status = self._shown[campaign_id]
        status = self._words.get(status, status)
        item = {"id": campaign_id, "name": f"Campaign {campaign_id}", "status": status}
        return {"total": 1, "items": [item]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one request; a response of None means that none is sent.

    `is_late` means that the request is still to be carried out, by `Account.act_late`.
    """

    response: Response | None
    delivery: Delivery = Delivery.WHOLE
    fault: Fault | None = None
    acted: bool = False
    is_late: bool = False
    limited: bool = False
    counted: bool = True


class Account:
    """Rate limits, planned faults, token and campaigns, checked in this order.

    1. Too many parallel requests, or a full window: 429, and nothing else is checked.
    2. A fault for every request, a storm, or a fault for this request of this id. A
       request with a wrong token meets no fault of the last kind.
    3. The request is counted, and then carried out unless the fault prevents that.

    Args:
        behaviour: Its options.
        company_id: The company of its campaigns, which read-backs show; None for none.

    Attributes:
        always: The fault that every request meets; None for the planned ones.
    """

    def __init__(self, behaviour: Behaviour, *, company_id: str | None = None) -> None:
        self._company_id = company_id
        self.always = behaviour.always
        self._behaviour = behaviour
        self._campaigns = Campaigns(
            behaviour.statuses,
            behaviour.default_status,
            view_words=behaviour.view_words,
            read_lag_s=behaviour.read_lag_s,
        )
        self._first_at: float | None = None
        self._errors = ErrorResponses(
            trace=behaviour.trace, header=behaviour.trace_header
        )
        self._limits = RateLimits(behaviour.windows)
        self._plans = {
            "pause": FaultPlan(
                behaviour.scripts, behaviour.fault_rates, f"{behaviour.seed}/pause"
            ),
            "view": FaultPlan(
                behaviour.read_back_scripts,
                behaviour.read_back_fault_rates,
                f"{behaviour.seed}/view",
            ),
        }

    def status(self, campaign_id: str) -> str:
        return self._campaigns.status(campaign_id)

    def spend(self, now: float) -> None:
        """Count a request that another client made on this account."""
        self._limits.count(now)

    def act_late(self, campaign_id: str, now: float) -> bool:
        """Pause a campaign for a request with a "late" fault; False without effect."""
        return self._campaigns.pause(campaign_id, now)

    def decide(self, call: Call, now: float) -> Outcome:
        """Decide a request that is counted at the time `now`, and carry it out."""
        if self._first_at is None:
            self._first_at = now
        return self._limit(call, now) or self._process(call, now)

    def _limit(self, call: Call, now: float) -> Outcome | None:
        """Decide a request that exceeds a limit; None if it exceeds none."""
        if not call.admitted:
            response = self._too_many_requests(-1)
            return Outcome(response=response, limited=True, counted=False)
        wait_s = self._limits.wait_s(now)
        if wait_s is None:
            return None
        seconds = whole_seconds(wait_s, self._behaviour.reset_rounding)
        return self._rate_limited(now, self._too_many_requests(seconds))

    def _rate_limited(
        self, now: float, response: Response, fault: Fault | None = None
    ) -> Outcome:
        counted = self._behaviour.count_rate_limited
        if counted:
            self._limits.count(now)
        return Outcome(response=response, fault=fault, limited=True, counted=counted)

    def _too_many_requests(self, retry_after: int | str | None) -> Response:
        return with_retry_after(self._errors.build(429), retry_after)

    def _process(self, call: Call, now: float) -> Outcome:
        fault = self.always or self._storm(call, now) or self._planned_fault(call)
        if fault is Fault.RATE_LIMITED:
            retry_after = self._behaviour.rate_limited_retry_after
            return self._rate_limited(now, self._too_many_requests(retry_after), fault)
        self._limits.count(now)
        effect = NO_FAULT if fault is None else EFFECTS[fault]
        acted, response = False, NO_CONTENT
        if effect.acts:
            acted, response = self._carry_out(call, now)
        if effect.status:
            response = self._faulty(effect.status, effect.form)
        is_silent = effect.delivery in WITHOUT_RESPONSE
        return Outcome(
            response=None if is_silent else self._with_rate_limit(response, now),
            delivery=effect.delivery,
            fault=fault,
            acted=acted,
            is_late=effect.is_late and _is_valid_pause(call),
        )

    def _storm(self, call: Call, now: float) -> Fault | None:
        at_s = now - (now if self._first_at is None else self._first_at)
        storms = self._behaviour.storms
        meeting = (storm.fault for storm in storms if storm.meets(call.action, at_s))
        return next(meeting, None)

    def _planned_fault(self, call: Call) -> Fault | None:
        if not call.token_ok or call.id is None or call.action not in self._plans:
            return None
        return self._plans[call.action].next(call.id)

    def _carry_out(self, call: Call, now: float) -> tuple[bool, Response]:
        """Carry a request out: whether it paused the campaign, and the response."""
        if not call.token_ok:
            return False, self._errors.build(401)
        if call.id is None or call.action is None:
            return False, self._errors.build(404)
        if call.action == "view":
            return False, self._read(call.id, now)
        if call.action == "pause":
            return self._pause(call.id, call.body, now)
        # Cancel and resume exist to show up in the ledger; they change nothing.
        return False, NO_CONTENT

    def _read(self, campaign_id: str, now: float) -> Response:
        body = self._campaigns.read(campaign_id, now)
        items = body["items"]
        if self._company_id is not None and isinstance(items, list):
            company = {"company_id": self._company_id}
            body = {**body, "items": [item | company for item in items]}
        return json_response(body)

    def _pause(
        self, campaign_id: str, body: bytes, now: float
    ) -> tuple[bool, Response]:
        if not is_valid_body(body):
            return False, self._errors.build(400, INVALID_BODY)
        if self._campaigns.pause(campaign_id, now):
            return True, NO_CONTENT
        if self._campaigns.status(campaign_id) != "paused":
            return False, self._errors.build(400)
        if self._behaviour.repeat == "204":
            return False, NO_CONTENT
        return False, self._errors.build(int(self._behaviour.repeat))

    def _faulty(self, status: int, form: Form) -> Response:
        if form is Form.HTML:
            return gateway_page(status)
        if form is Form.MALFORMED:
            return malformed_json(status)
        if status < 300:
            return json_response({}, status)
        if status < 400:
            return redirect(status, REDIRECT_LOCATION)
        response = self._errors.build(status)
        if status == 503:
            return with_retry_after(response, self._behaviour.unavailable_retry_after)
        return response

    def _with_rate_limit(self, response: Response, now: float) -> Response:
        states = self._limits.states(now)
        state = reported_state(states, self._behaviour.rate_headers)
        if state is None:
            return response
        reset = whole_seconds(state.reset_s, self._behaviour.reset_rounding)
        headers = {
            "X-RateLimit-Limit": str(state.window.limit),
            "X-RateLimit-Remaining": str(state.remaining),
            "X-RateLimit-Reset": str(reset),
        }
        return with_headers(response, headers)


def _is_valid_pause(call: Call) -> bool:
    is_pause = call.action == "pause" and call.id is not None
    return is_pause and call.token_ok and is_valid_body(call.body)
