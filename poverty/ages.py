"""Ages in full years at the review date, never at today's."""

from __future__ import annotations

import pandas as pd


def ages(members: pd.DataFrame, review_date: pd.Series | pd.Timestamp) -> pd.Series:
    """Full years of each member at the review date: "Int64" on the members' index, NA where unknown.

    `members` needs `birth_date` and `birth_year`; `review_date` is one date, or a series by `interview_id`.

    Born on 29 February, a person's year is full on 1 March of a common year. Where only the year of birth is known,
    the age is the review year less the birth year (rule `review_year_minus_birth_year` of the standard). Unknown:
    neither birth date nor year, a birth after the review date, or no review date.
    """
    if isinstance(review_date, pd.Series):
        interviews = members.index.get_level_values("interview_id")
        return full_years(members, pd.Series(review_date.reindex(interviews).to_numpy(), index=members.index))
    return full_years(members, pd.Series(review_date, index=members.index))


def full_years(members: pd.DataFrame, review_date: pd.Series) -> pd.Series:
    """As `ages`, with the review date of each member already at hand, on the members' index."""
    review_day = _day_number(pd.to_datetime(review_date))
    birth_day = _day_number(pd.to_datetime(members["birth_date"]))
    exact = (review_day - birth_day) // 10_000
    exact = exact.mask(birth_day > review_day)
    by_year = review_day // 10_000 - members["birth_year"].astype("Int64")
    by_year = by_year.mask(by_year < 0)
    return exact.where(members["birth_date"].notna(), by_year).rename("age")


def _day_number(dates: pd.Series) -> pd.Series:
    """yyyymmdd as a whole number: the difference of two of them holds the full years in its ten-thousands."""
    parts = dates.dt
    day: pd.Series = (parts.year * 10_000 + parts.month * 100 + parts.day).astype("Int64")
    return day
