"""Numbers and dates as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web import formats


def test_vietnamese_and_english_numbers() -> None:
    assert formats.number(1794, "vi") == "1.794"
    assert formats.number(1794, "en") == "1,794"
    assert formats.percent(0.44, "vi") == "0,44\N{NO-BREAK SPACE}%"
    assert formats.percent(0.44, "en") == "0.44%"
    assert formats.number(3567943, "vi") == "3.567.943"


def test_dates_are_of_viet_nam() -> None:
    assert formats.day(date(2026, 11, 23), "vi") == "23/11/2026"
    assert formats.day(date(2026, 11, 23), "en") == "23 Nov 2026"
    late = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    assert formats.day(late, "vi") == "23/11/2026"
    assert formats.moment(late, "vi") == "01:30 23/11/2026"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        formats.moment(datetime(2026, 11, 23), "vi")  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("value", [None, pd.NA, float("nan"), pd.NaT])
def test_unknown_is_a_dash_and_never_zero(value: object) -> None:
    assert formats.number(value, "vi") == formats.percent(value, "vi") == formats.signed(value, "en") == "–"


def test_changes_carry_their_sign() -> None:
    assert [formats.signed(value, "vi") for value in (12, 0, -1500)] == ["+12", "0", "\N{MINUS SIGN}1.500"]


@given(st.integers(-(10**12), 10**12))
def test_a_number_can_be_read_back(value: int) -> None:
    assert int(formats.number(value, "vi").replace(".", "")) == value
    assert int(formats.number(value, "en").replace(",", "")) == value
