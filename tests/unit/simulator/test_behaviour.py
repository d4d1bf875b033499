import ast
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bulkpause.simulator
from bulkpause.simulator import Behaviour, Fault, Simulator
from bulkpause.simulator.server import base_url, loopback_address


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeat": "410"}, "repeat must be one of 400, 204, 409, not '410'"),
        ({"trace": "footer"}, "trace must be one of"),
        ({"rate_headers": "minute"}, "rate_headers must be one of"),
        ({"reset_rounding": "off"}, "reset_rounding must be one of"),
        ({"latency_s": -0.1}, "latency_s must be at least zero"),
        ({"jitter_s": float("nan")}, "jitter_s must be at least zero"),
        ({"cold_s": -1}, "cold_s must be at least zero"),
        ({"slow_byte_interval_s": -1}, "slow_byte_interval_s must be"),
        ({"parallel_limit": -1}, "parallel_limit must be at least zero"),
        ({"fault_rates": {Fault.LOST: -0.1}}, r"fault_rates\[lost\] must be"),
        ({"fault_rates": {Fault.LOST: 0.6, Fault.HANG: 0.5}}, "fault_rates add up"),
        ({"read_back_fault_rates": {Fault.LOST: 1.1}}, "read_back_fault_rates add up"),
    ],
)
def test_invalid_option_is_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Behaviour(**options)


def test_probabilities_may_sum_to_one() -> None:
    tenths = dict.fromkeys(list(Fault)[:10], 0.1)

    assert Behaviour(fault_rates=tenths).fault_rates == tenths


def test_token_is_not_in_repr() -> None:
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
def test_loopback_host_is_accepted(host: str, address: str) -> None:
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
def test_host_outside_loopback_is_rejected(host: str) -> None:
    with pytest.raises(ValueError, match="on loopback only"):
        Simulator(host=host)


@pytest.mark.parametrize(
    ("address", "url"),
    [("127.0.0.1", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080")],
)
def test_base_url_has_address_and_port(address: str, url: str) -> None:
    assert base_url(address, 8080) == url


def test_each_way_takes_half_of_latency() -> None:
    network = Behaviour(latency_s=0.1).network

    assert network.draw_one_way_s(random.Random(1)) == 0.05


def test_jitter_adds_its_mean_to_round_trip() -> None:
    network, source = Behaviour(latency_s=0.1, jitter_s=0.2).network, random.Random(1)

    trips = [
        network.draw_one_way_s(source) + network.draw_one_way_s(source)
        for _ in range(20_000)
    ]

    assert sum(trips) / len(trips) == pytest.approx(0.3, rel=0.02)
    assert min(trips) >= 0.1


def test_same_seed_gives_same_jitter() -> None:
    network = Behaviour(jitter_s=0.2).network

    first, second = (network.draw_one_way_s(random.Random(1)) for _ in range(2))

    assert first == second


def test_random_phases_keep_limits_and_repeat_by_seed() -> None:
    documented = Behaviour()

    first, second = (documented.with_random_phases(random.Random(1)) for _ in range(2))

    assert first == second
    assert all(0 < window.phase_s < window.period_s for window in first.windows)
    assert replace(first, windows=documented.windows) == documented
    assert [replace(window, phase_s=0.0) for window in first.windows] == list(
        documented.windows
    )


def imported_names(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_simulator_imports_no_other_package_of_bulkpause() -> None:
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
