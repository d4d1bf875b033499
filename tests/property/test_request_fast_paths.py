"""What is made with less for each request is what the long way makes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._text import timestamp


pytestmark = pytest.mark.unmeasured

#: Whole minutes of offset, as time zones have them.
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(
    # In UTC, those near the first and the last year would lie outside of all years.
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 (the zone is drawn)
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.just(UTC) | ZONES,
)


@given(st.lists(MOMENTS, min_size=1))
def test_timestamp_is_iso_format_in_utc(moments: list[datetime]) -> None:
    for moment in moments:
        iso = moment.astimezone(UTC).isoformat(timespec="milliseconds")
        assert timestamp(moment) == iso.removesuffix("+00:00") + "Z"
