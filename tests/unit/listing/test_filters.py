from datetime import UTC, datetime
from typing import Any

import pytest

from bulkpause.errors import SettingsError
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.filters import (
    Filters,
    parse_label,
    parse_moment,
    parse_statuses,
)


DAY = datetime(2026, 1, 2, tzinfo=UTC)
SALE = Campaign(
    id="7",
    name="Summer Sale",
    status="Running",
    labels=("de", "sale"),
    create_time="2026-01-02 00:00:00",
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"statuses": ("running",)}, [("status", "eq:running")]),
        (
            {"statuses": ("running", "scheduled")},
            [("status", "in:running,scheduled")],
        ),
        ({"labels": ("de",)}, [("labels", "eq:de")]),
        ({"name": "Sale"}, [("q", "Sale"), ("q_fields", "name")]),
        ({"created_after": DAY}, [("create_time", "gte:2026-01-02 00:00:00")]),
        ({"created_before": DAY}, [("create_time", "lt:2026-01-02 00:00:00")]),
        ({}, []),
    ],
)
def test_filter_becomes_documented_parameters(
    fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert list(Filters(**fields).parameters()) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"statuses": ("running",)},
        {"labels": ("fr", "sale")},
        {"name": "sALE"},
        {"created_after": DAY},
        {},
    ],
)
def test_fitting_campaign_has_no_misfit(fields: dict[str, Any]) -> None:
    assert Filters(**fields).misfit(SALE) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"statuses": ("paused",)}, "--status: it has the status 'Running'"),
        ({"labels": ("fr",)}, "--label: it has the label 'de, sale'"),
        ({"name": "winter"}, "--name: it has the name 'Summer Sale'"),
        (
            {"created_before": DAY},
            "--created-before: it has the create_time '2026-01-02 00:00:00'",
        ),
        (
            {"created_after": DAY.replace(day=3)},
            "--created-after: it has the create_time '2026-01-02 00:00:00'",
        ),
    ],
)
def test_misfit_names_option_and_value(fields: dict[str, Any], expected: str) -> None:
    assert Filters(**fields).misfit(SALE) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"statuses": ("running",)},
        {"labels": ("de",)},
        {"name": "x"},
        {"created_after": DAY},
        {"created_before": DAY},
    ],
)
def test_missing_field_fits_no_filter(fields: dict[str, Any]) -> None:
    misfit = Filters(**fields).misfit(Campaign(id="7"))

    assert misfit is not None
    assert "it has no " in misfit


def test_statuses_are_words_in_lower_case() -> None:
    assert parse_statuses("Running, needs_decision") == ("running", "needs_decision")


@pytest.mark.parametrize("text", ["", "running,", "in:running", "läuft", "a b"])
def test_other_statuses_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a status"):
        parse_statuses(text)


@pytest.mark.parametrize("text", ["", " ", "a,b"])
def test_blank_or_joined_label_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a label"):
        parse_label(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("2026-01-02 03:04", "2026-01-02T03:04:00+00:00"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:00:00+01:00", "2026-01-02T03:00:00+01:00"),
    ],
)
def test_moment_is_gmt_unless_told(text: str, expected: str) -> None:
    assert parse_moment(text).isoformat() == expected


def test_other_time_zone_becomes_gmt_for_api() -> None:
    filters = Filters(created_after=parse_moment("2026-01-02T01:00:00+01:00"))

    assert list(filters.parameters()) == [("create_time", "gte:2026-01-02 00:00:00")]


def test_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(SettingsError, match="is not a day or time"):
        parse_moment("yesterday")
