"""Decide the response to each request by the state of one account, without waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.call import Call, is_valid_body
from bulkpause.simulator.campaign import Campaign
from bulkpause.simulator.campaigns import PAUSABLE, Campaigns
from bulkpause.simulator.faults import (
    EFFECTS,
    NO_FAULT,
    Delivery,
    Fault,
    FaultPlan,
    Form,
)
from bulkpause.simulator.limits import RateLimits, reported_state, whole_seconds
from bulkpause.simulator.listing import Listing, ListRequestError
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
from bulkpause.simulator.resume import parse_resume


NO_CONTENT = Response(status=204)
WITHOUT_RESPONSE = frozenset({Delivery.RESET, Delivery.HANG_UP, Delivery.NEVER})
REDIRECT_LOCATION = "/v1/hood/redirected"
#: The documented 401 of the token check has this trace id.
CHECK_TRACE_ID = "{}"
#: Stands for the id in the fault plans of requests that have none.
_NO_ID = ""
#: The actions that change a campaign.
_CHANGING = frozenset({"pause", "resume"})


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
        company_id: The company of its campaigns; None for what each of them says.

    Attributes:
        always: The fault that every request meets; None for the planned ones.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        company_id: str | None = None,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.always = behaviour.always
        self._behaviour = behaviour
        self._wall_clock = wall_clock
        self._campaigns = Campaigns(
            behaviour.campaigns,
            behaviour.statuses,
            behaviour.default_status,
            view_words=behaviour.view_words,
            read_lag_s=behaviour.read_lag_s,
            company_id=company_id,
        )
        self._listing = Listing(behaviour.lists, Random(f"{behaviour.seed}/list"))
        self._first_at: float | None = None
        self._errors = ErrorResponses(
            trace=behaviour.trace, header=behaviour.trace_header
        )
        self._limits = RateLimits(behaviour.windows)
        self._plans = _fault_plans(behaviour)

    def status(self, campaign_id: str) -> str:
        return self._campaigns.status(campaign_id)

    def put(self, campaign: Campaign) -> None:
        """Create or change a campaign, as another client would."""
        self._campaigns.put(campaign)

    def spend(self, now: float) -> None:
        """Count a request that another client made on this account."""
        self._limits.count(now)

    def act_late(self, call: Call, now: float) -> bool:
        """Carry out a request with a "late" fault; False without effect."""
        return self._change(call, now)[0]

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
        if wait_s is None or not self._counts(call):
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
        if counted := self._counts(call):
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
            is_late=effect.is_late and self._may_change(call),
            counted=counted,
        )

    def _counts(self, call: Call) -> bool:
        return call.action != "check" or self._behaviour.counts_checks

    def _storm(self, call: Call, now: float) -> Fault | None:
        at_s = now - (now if self._first_at is None else self._first_at)
        storms = self._behaviour.storms
        meeting = (storm.fault for storm in storms if storm.meets(call.action, at_s))
        return next(meeting, None)

    def _planned_fault(self, call: Call) -> Fault | None:
        if not call.token_ok or call.action not in self._plans:
            return None
        return self._plans[call.action].next(call.id or _NO_ID)

    def _carry_out(self, call: Call, now: float) -> tuple[bool, Response]:
        """Carry a request out: whether it changed the campaign, and the response."""
        if not call.token_ok:
            return False, self._unauthorized(call)
        if call.action in _CHANGING:
            return self._change(call, now)
        match call.action:
            case "list":
                return False, self._list(call)
            case "view" if call.id is not None:
                return False, self._view(call.id, now)
            # A cancel exists to show up in the ledger; it changes nothing.
            case "check" | "cancel":
                return False, NO_CONTENT
            case _:
                return False, self._errors.build(404)

    def _unauthorized(self, call: Call) -> Response:
        if call.action != "check":
            return self._errors.build(401)
        return self._errors.build(401, trace_id=CHECK_TRACE_ID)

    def _view(self, campaign_id: str, now: float) -> Response:
        """Give the documented list: one campaign, or empty for an unknown id."""
        campaign = self._campaigns.read(campaign_id, now)
        label_form = self._behaviour.lists.label_form
        items = [] if campaign is None else [campaign.fields(label_form=label_form)]
        return json_response({"total": len(items), "items": items})

    def _list(self, call: Call) -> Response:
        try:
            return json_response(self._listing.answer(call.query, self._campaigns))
        except ListRequestError as error:
            return self._errors.build(400, f"The request is not valid: {error}.")

    def _may_change(self, call: Call) -> bool:
        is_change = call.action in _CHANGING and call.id is not None
        return is_change and call.token_ok and self._is_valid_body(call)

    def _is_valid_body(self, call: Call) -> bool:
        if call.action == "pause":
            return is_valid_body(call.body)
        resume = parse_resume(call.body)
        return resume is not None and resume.kind in self._behaviour.resume_bodies

    def _change(self, call: Call, now: float) -> tuple[bool, Response]:
        """Pause or resume a campaign."""
        if call.id is None or not self._is_valid_body(call):
            return False, self._errors.build(400, INVALID_BODY)
        status = self._campaigns.status(call.id)
        if self._is_changed(call, call.id, now):
            return True, NO_CONTENT
        is_repeated = (status == "paused") is (call.action == "pause")
        if not is_repeated or status not in {"paused", *PAUSABLE}:
            return False, self._errors.build(400)
        if self._behaviour.repeat == "204":
            return False, NO_CONTENT
        return False, self._errors.build(int(self._behaviour.repeat))

    def _is_changed(self, call: Call, campaign_id: str, now: float) -> bool:
        wall_time = self._wall_clock()
        if call.action == "pause":
            return self._campaigns.pause(campaign_id, now, wall_time)
        resume = parse_resume(call.body)
        return resume is not None and self._campaigns.resume(
            campaign_id, resume, now, wall_time
        )

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


def _fault_plans(behaviour: Behaviour) -> dict[str | None, FaultPlan]:
    """Make the plan of each action; requests without an id share one script."""
    lists = behaviour.lists
    of_lists = {_NO_ID: lists.script} if lists.script else {}
    of_checks = {_NO_ID: behaviour.check_script}
    plans = {
        "pause": (behaviour.scripts, behaviour.fault_rates),
        "view": (behaviour.read_back_scripts, behaviour.read_back_fault_rates),
        "resume": (behaviour.resume_scripts, behaviour.resume_fault_rates),
        "list": (of_lists, lists.fault_rates),
        "check": (of_checks, {}),
    }
    return {
        action: FaultPlan(scripts, rates, f"{behaviour.seed}/{action}")
        for action, (scripts, rates) in plans.items()
    }
