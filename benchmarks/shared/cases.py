"""The measured cases: which processes share an account, where, and what befalls them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.shared.client import ClientSpec


#: How far the clocks of two hosts are apart, in seconds.
APART_S = 137.5
#: Ids of different processes begin at multiples of this.
FIRST_ID = 10_000
EVENTS = ("kill", "freeze", "silence", "loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One measurement.

    Attributes:
        store: Where the budget is kept: `sqlite`, `valkey` or `none`.
        clients: The processes, without the place.
        event: What happens meanwhile, one of `EVENTS`; "" for nothing.
        starts_s: After how many seconds each process starts.
    """

    store: str
    clients: tuple[ClientSpec, ...]
    event: str = ""
    starts_s: tuple[float, ...] = ()


def _even(
    store: str,
    processes: int,
    ids: int,
    *,
    event: str = "",
    kind: str = "bulkpause",
    hosts: int = 1,
) -> Case:
    """Let processes share the ids evenly, and the hosts the processes."""
    clients = tuple(
        ClientSpec(
            kind=kind,
            first=FIRST_ID * (n + 1),
            ids=ids // processes,
            host=f"host{n % hosts}",
            clock_s=APART_S * (n % hosts),
        )
        for n in range(processes)
    )
    return Case(store=store, clients=clients, event=event)


def _incident(store: str, ids: int, after_s: float) -> Case:
    """Let an urgent run begin beside one in the background."""
    nightly = ClientSpec(first=FIRST_ID, ids=ids * 2 // 3, priority="background")
    incident = ClientSpec(first=2 * FIRST_ID, ids=ids // 10, priority="urgent")
    return Case(store=store, clients=(nightly, incident), starts_s=(0.0, after_s))


def even_cases(ids: int) -> Mapping[str, Case]:
    """Give the cases in which all processes want the same."""
    return dict(_even_cases(ids))


def _even_cases(ids: int) -> Iterator[tuple[str, Case]]:
    for store in ("sqlite", "valkey"):
        for processes in (1, 2, 4, 8):
            yield f"{store}-{processes}", _even(store, processes, ids)
    yield "valkey-2x4", _even("valkey", 8, ids, hosts=2)
    for store in ("sqlite", "valkey"):
        for event in EVENTS:
            yield f"{store}-4-{event}", _even(store, 4, ids, event=event)
    yield "alone-each", _even("none", 4, ids)
    yield "pyrate-valkey", _even("valkey", 4, ids, kind="pyrate-redis")
    if find_spec("filelock"):
        yield "pyrate-sqlite", _even("sqlite", 4, ids, kind="pyrate-sqlite")


def incident_cases(ids: int, scale: float) -> Mapping[str, Case]:
    """Give the cases with an incident: 400 ids in the night and 60 urgent for 600."""
    return {
        f"{store}-incident": _incident(store, ids, 25.0 * scale)
        for store in ("sqlite", "valkey")
    }
