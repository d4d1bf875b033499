"""The account behind the server: what becomes of each request, without waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bulkpause.simulator.answers import (
    BODY_NOT_VALID,
    Errors,
    Response,
    found,
    garbled,
    gateway_page,
    redirect,
)
from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.call import Call, is_valid
from bulkpause.simulator.faults import (
    EFFECTS,
    WELL_BEHAVED,
    Delivery,
    Effect,
    Fault,
    FaultPlan,
    Form,
)
from bulkpause.simulator.limits import Limits, reported, whole_seconds


NO_CONTENT = Response(status=204)
SILENT = frozenset({Delivery.RESET, Delivery.HANG_UP, Delivery.NEVER})
REDIRECTED = "/v1/hood/redirected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a request; an answer of None means that none is given."""

    answer: Response | None
    delivery: Delivery = Delivery.WHOLE
    fault: Fault | None = None
    acted: bool = False
    limited: bool = False
    counted: bool = True


class Account:
    """Limits, token, campaigns and planned faults, asked in this order.

    1. Too many in parallel, or a full window: 429. Nothing else is looked at.
    2. A fault for everything, or for this request of this id. A request whose token
       is refused takes none of the second kind.
    3. Counted; then acted on, unless the fault comes before that.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.always = behaviour.always
        self._behaviour = behaviour
        self._campaigns = Campaigns(behaviour.statuses, behaviour.default_status)
        self._errors = Errors(trace=behaviour.trace, header=behaviour.trace_header)
        self._limits = Limits(behaviour.windows)
        self._plans = {
            "pause": FaultPlan(
                behaviour.scripts, behaviour.fault_rates, f"{behaviour.seed}/pause"
            ),
            "view": FaultPlan(
                behaviour.view_scripts,
                behaviour.view_fault_rates,
                f"{behaviour.seed}/view",
            ),
        }

    def status(self, campaign_id: str) -> str:
        return self._campaigns.status(campaign_id)

    def spend(self, now: float) -> None:
        """Count a request that somebody else made on this account."""
        self._limits.count(now)

    def decide(self, call: Call, now: float) -> Decision:
        """Decide a request that is counted at the time `now`, and act on it."""
        return self._refused(call, now) or self._treated(call, now)

    def _refused(self, call: Call, now: float) -> Decision | None:
        if not call.admitted:
            answer = self._too_many(-1)
            return Decision(answer=answer, limited=True, counted=False)
        wait_s = self._limits.refusal_s(now)
        if wait_s is None:
            return None
        seconds = whole_seconds(wait_s, self._behaviour.reset_rounding)
        return self._limited(now, self._too_many(seconds))

    def _limited(
        self, now: float, answer: Response, fault: Fault | None = None
    ) -> Decision:
        counted = self._behaviour.count_refused
        if counted:
            self._limits.count(now)
        return Decision(answer=answer, fault=fault, limited=True, counted=counted)

    def _too_many(self, retry_after: int | str | None) -> Response:
        return _with_retry_after(self._errors.make(429), retry_after)

    def _treated(self, call: Call, now: float) -> Decision:
        fault = self.always or self._planned(call)
        if fault is Fault.RATE_LIMITED:
            answer = self._too_many(self._behaviour.rate_limited_retry_after)
            return self._limited(now, answer, fault)
        self._limits.count(now)
        effect = WELL_BEHAVED if fault is None else EFFECTS[fault]
        acted, given = self._acted(call) if effect.acts else (False, NO_CONTENT)
        answer = self._faulty(effect.status, effect) if effect.status else given
        return Decision(
            answer=None if effect.delivery in SILENT else self._rated(answer, now),
            delivery=effect.delivery,
            fault=fault,
            acted=acted,
        )

    def _planned(self, call: Call) -> Fault | None:
        if not call.token_ok or call.id is None or call.action not in self._plans:
            return None
        return self._plans[call.action].next(call.id)

    def _acted(self, call: Call) -> tuple[bool, Response]:
        if not call.token_ok:
            return False, self._errors.make(401)
        if call.id is None or call.action is None:
            return False, self._errors.make(404)
        if call.action == "view":
            return False, found(self._campaigns.view(call.id))
        if call.action == "pause":
            return self._paused(call.id, call.body)
        # Cancel and resume are here to be seen in the ledger; they change nothing.
        return False, NO_CONTENT

    def _paused(self, campaign_id: str, body: bytes) -> tuple[bool, Response]:
        if not is_valid(body):
            return False, self._errors.make(400, BODY_NOT_VALID)
        if self._campaigns.pause(campaign_id):
            return True, NO_CONTENT
        if self._campaigns.status(campaign_id) != "paused":
            return False, self._errors.make(400)
        if self._behaviour.repeat == "204":
            return False, NO_CONTENT
        return False, self._errors.make(int(self._behaviour.repeat))

    def _faulty(self, status: int, effect: Effect) -> Response:
        if effect.form is Form.HTML:
            return gateway_page(status)
        if effect.form is Form.GARBLED:
            return garbled(status)
        if status == 200:
            return found({})
        if status == 302:
            return redirect(REDIRECTED)
        answer = self._errors.make(status)
        if status == 503:
            return _with_retry_after(answer, self._behaviour.unavailable_retry_after)
        return answer

    def _rated(self, answer: Response, now: float) -> Response:
        standings = self._limits.standings(now)
        standing = reported(standings, self._behaviour.rate_headers)
        if standing is None:
            return answer
        reset = whole_seconds(standing.seconds_left, self._behaviour.reset_rounding)
        headers = {
            "X-RateLimit-Limit": str(standing.window.limit),
            "X-RateLimit-Remaining": str(standing.remaining),
            "X-RateLimit-Reset": str(reset),
        }
        return replace(answer, headers={**answer.headers, **headers})


def _with_retry_after(answer: Response, retry_after: int | str | None) -> Response:
    if retry_after is None:
        return answer
    headers = {**answer.headers, "Retry-After": str(retry_after)}
    return replace(answer, headers=headers)


UNKNOWN = "unknown"


PAUSABLE = frozenset({"running", "scheduled"})


class Campaigns:
    """Status by id, with one default for all ids that were not named."""

    __slots__ = ("_default", "_statuses")

    def __init__(self, statuses: Mapping[str, str], default: str) -> None:
        self._statuses = dict(statuses)
        self._default = default

    def status(self, campaign_id: str) -> str:
        return self._statuses.get(campaign_id, self._default)

    def pause(self, campaign_id: str) -> bool:
        """Pause a running or scheduled campaign; False where it is neither."""
        if self.status(campaign_id) not in PAUSABLE:
            return False
        self._statuses[campaign_id] = "paused"
        return True

    def view(self, campaign_id: str) -> dict[str, object]:
        """Give the documented list of one, or of none for an unknown campaign."""
        status = self.status(campaign_id)
        if status == UNKNOWN:
            return {"total": 0, "items": []}
        item = {"id": campaign_id, "name": f"Campaign {campaign_id}", "status": status}
        return {"total": 1, "items": [item]}
