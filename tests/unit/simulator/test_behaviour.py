import ast
import random
from pathlib import Path
from typing import Any

import pytest

import bulkpause.simulator
from bulkpause.simulator import Behaviour, Fault, Simulator
from bulkpause.simulator.network import Network
from bulkpause.simulator.server import base_url, loopback_address


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeat": "410"}, "repeat is one of 400, 204, 409, not '410'"),
        ({"trace": "footer"}, "trace is one of"),
        ({"rate_headers": "minute"}, "rate_headers is one of"),
        ({"reset_rounding": "off"}, "reset_rounding is one of"),
        ({"latency_s": -0.1}, "latency_s must not be below zero"),
        ({"jitter_s": float("nan")}, "jitter_s must not be below zero"),
        ({"cold_s": -1}, "cold_s must not be below zero"),
        ({"slow_byte_interval_s": -1}, "slow_byte_interval_s must not be"),
        ({"parallel_limit": -1}, "parallel_limit must not be below zero"),
        ({"fault_rates": {Fault.LOST: -0.1}}, r"fault_rates\[lost\] must not be"),
        ({"fault_rates": {Fault.LOST: 0.6, Fault.HANG: 0.5}}, "fault_rates add up"),
        ({"view_fault_rates": {Fault.LOST: 1.1}}, "view_fault_rates add up"),
    ],
)
def test_behaviour_that_makes_no_sense_is_refused(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Behaviour(**options)


def test_probabilities_may_add_up_to_one() -> None:
    tenths = dict.fromkeys(list(Fault)[:10], 0.1)

    assert Behaviour(fault_rates=tenths).fault_rates == tenths


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Behaviour(token="secret"))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1.2.3", "127.1.2.3"),
        ("::1", "::1"),
        ("localhost", "127.0.0.1"),
    ],
)
def test_a_loopback_host_is_taken(host: str, address: str) -> None:
    assert loopback_address(host) == address


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104
        "::",
        "",
        "10.0.0.1",
        "128.0.0.1",
        "127.1",
        "2130706433",
        "example.com",
        "localhost.example.com",
        "fe80::1",
        "::2",
    ],
)
def test_a_host_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="on loopback only"):
        Simulator(host=host)


@pytest.mark.parametrize(
    ("address", "url"),
    [("127.0.0.1", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080")],
)
def test_the_base_url_names_address_and_port(address: str, url: str) -> None:
    assert base_url(address, 8080) == url


def network(*, latency_s: float = 0.0, jitter_s: float = 0.0) -> Network:
    return Network(
        latency_s=latency_s, jitter_s=jitter_s, cold_s=0.3, source=random.Random(1)
    )


def test_each_way_takes_half_of_the_latency() -> None:
    way = network(latency_s=0.1)

    assert (way.way_in_s(is_cold=False), way.way_out_s()) == (0.05, 0.05)


def test_a_cold_connection_takes_longer_on_the_way_in() -> None:
    assert network(latency_s=0.1).way_in_s(is_cold=True) == 0.35


def test_jitter_adds_its_mean_to_a_round_trip() -> None:
    way = network(latency_s=0.1, jitter_s=0.2)

    trips = [way.way_in_s(is_cold=False) + way.way_out_s() for _ in range(20_000)]

    assert sum(trips) / len(trips) == pytest.approx(0.3, rel=0.02)
    assert min(trips) >= 0.1


def test_the_same_seed_gives_the_same_jitter() -> None:
    ways = [network(jitter_s=0.2), network(jitter_s=0.2)]

    assert ways[0].way_out_s() == ways[1].way_out_s()


def imported_names(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_it_imports_nothing_of_the_rest_of_the_package() -> None:
    folder = Path(bulkpause.simulator.__file__).parent
    sources = [path.read_text("utf-8") for path in folder.glob("*.py")]

    ours = {
        name
        for source in sources
        for name in imported_names(source)
        if name.partition(".")[0] == "bulkpause"
    }

    assert ours
    assert {name.split(".")[1] for name in ours} == {"simulator"}
