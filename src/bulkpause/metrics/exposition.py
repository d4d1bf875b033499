"""Write metrics in the text format of Prometheus, and read what a file says."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from bulkpause.metrics.figures import Figures, History, JobState


_PREFIX = "bulkpause_"
_EXIT_CODE = f"{_PREFIX}last_run_exit_code"
_ENDED = f"{_PREFIX}last_run_timestamp_seconds"
_SUCCEEDED = f"{_PREFIX}last_success_timestamp_seconds"
_COMPLETED = f"{_PREFIX}last_completion_timestamp_seconds"
_ROWS = f"{_PREFIX}rows"
_MAY_BE_RUNNING = f"{_PREFIX}ids_may_be_running"
_COUNTED = f"{_PREFIX}counts_timestamp_seconds"
_RUNNING = f"{_PREFIX}running"
_INFO = f"{_PREFIX}run_info"


def write_exposition(state: JobState, history: History) -> bytes:
    """Write a file of metrics. What is not known is left out."""
    now_s = state.started_at_s + state.duration_s
    history = history.counting(state.figures, now_s)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_JobCollector(state, history))
    return generate_latest(registry)


def read_history(text: str) -> History:
    """Read from a file of metrics how the last runs ended. An empty one knows none.

    Raises:
        ValueError: It is not in the text format, is damaged, or holds other metrics.
    """
    try:
        return _history_in(text)
    except (
        KeyError,
        OverflowError,
    ) as error:  # a label is missing, or a count infinite
        raise ValueError("the file is damaged") from error


def _history_in(text: str) -> History:
    families = [*text_string_to_metric_families(text)]
    if any(not family.name.startswith(_PREFIX) for family in families):
        raise ValueError("the file holds other metrics")
    samples = [sample for family in families for sample in family.samples]
    values = {sample.name: sample.value for sample in samples}
    code, running = values.get(_EXIT_CODE), values.get(_MAY_BE_RUNNING)
    labels = next((s.labels for s in samples if s.name == _INFO), {})
    return History(
        endpoint=labels.get("endpoint") or None,
        exit_code=None if code is None else int(code),
        ended_at_s=values.get(_ENDED),
        succeeded_at_s=values.get(_SUCCEEDED),
        completed_at_s=values.get(_COMPLETED),
        rows={s.labels["status"]: int(s.value) for s in samples if s.name == _ROWS},
        may_be_running=None if running is None else int(running),
        counted_at_s=values.get(_COUNTED),
    )


def tells_of_running(text: str) -> bool:
    """Tell whether a file that can be read says that a run goes on."""
    families = text_string_to_metric_families(text)
    samples = (sample for family in families for sample in family.samples)
    return any(sample.name == _RUNNING and sample.value == 1 for sample in samples)


class _JobCollector(Collector):
    """Gives the metrics of one job: a family for each."""

    def __init__(self, state: JobState, history: History) -> None:
        self._state = state
        self._history = history

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = self._state
        yield self._info()
        yield self._gauge(_RUNNING, "1 while a run goes on.", state.exit_code is None)
        yield self._gauge(
            f"{_PREFIX}run_start_timestamp_seconds",
            "When the current or last run began.",
            state.started_at_s,
        )
        yield self._gauge(
            f"{_PREFIX}run_duration_seconds",
            "How long the current or last run takes.",
            state.duration_s,
        )
        if self._history.rows:
            yield self._rows(self._history.rows)
        if state.figures is not None:
            yield from self._figures(state.figures)
        yield from self._past()

    def _info(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            _INFO,
            "The command of the current or last run, and its API.",
            labels=["job_name", "command", "endpoint"],
        )
        endpoint = self._state.endpoint or self._history.endpoint or ""
        family.add_metric([self._state.job_name, self._state.command, endpoint], 1)
        return family

    def _rows(self, counts: Mapping[str, int]) -> GaugeMetricFamily:
        rows = GaugeMetricFamily(
            _ROWS,
            "Input rows by status, of the last run with a usable input.",
            labels=["job_name", "status"],
        )
        for status, count in counts.items():
            rows.add_metric([self._state.job_name, status], count)
        return rows

    def _figures(self, figures: Figures) -> Iterator[GaugeMetricFamily]:
        numbers = {
            "requests": ("Requests of the run, read-backs included.", figures.requests),
            "retries": ("Attempts after the first of an id.", figures.retries),
            "rate_limited": ("Attempts that got a 429.", figures.rate_limited),
            "read_backs": ("Ids that were read back.", figures.read_backs),
        }
        for name, (help_text, number) in numbers.items():
            yield self._gauge(f"{_PREFIX}{name}", help_text, number)

    def _past(self) -> Iterator[GaugeMetricFamily]:
        history = self._history
        numbers = {
            _MAY_BE_RUNNING: (
                "Ids not known to have stopped, of the last run with a usable input.",
                history.may_be_running,
            ),
            _COUNTED: (
                "When the rows and these ids were last counted.",
                history.counted_at_s,
            ),
            _EXIT_CODE: ("Exit code of the last run that ended.", history.exit_code),
            _ENDED: ("When the last run ended.", history.ended_at_s),
            _SUCCEEDED: (
                "When a run last ended with exit code 0.",
                history.succeeded_at_s,
            ),
            _COMPLETED: (
                "When a run last ended with 0 or 1: nothing is left to retry.",
                history.completed_at_s,
            ),
        }
        for name, (help_text, number) in numbers.items():
            if number is not None:
                yield self._gauge(name, help_text, number)

    def _gauge(self, name: str, help_text: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, help_text, labels=["job_name"])
        family.add_metric([self._state.job_name], value)
        return family
