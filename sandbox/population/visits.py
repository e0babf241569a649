"""Who visited whom and when: enumerators (village heads, in large villages with helpers) and their interviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.population.births import Births
from sandbox.population.kinship import group
from sandbox.population.names import draw_lineages, draw_names
from sandbox.population.places import Villages
from sandbox.population.vocabulary import REVIEW_DATE, REVIEW_YEAR, Ints

TIME_ZONE = "Asia/Ho_Chi_Minh"
_DAYS = 60  # 1 September to 30 October
_MOST = 480  # interviews one person can do in that time
_FIRST_MINUTE, _LAST_MINUTE = 7 * 60 + 30, 19 * 60


def visit(village: Ints, villages: Villages, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(enumerators, visits) for interviewed households of the given villages (positions).

    enumerators: enumerator_id, name, village_ids (space-joined). visits, a row per household: enumerator,
    visited_at (Asia/Ho_Chi_Minh), 8 to 12 a day and person, 1 September to 30 October, by day.
    """
    total = len(villages.frame)
    load = np.bincount(village, minlength=total)
    helpers = np.maximum(-(-load // _MOST), 1)
    first = np.r_[0, np.cumsum(helpers)[:-1]]
    order = np.argsort(village, kind="stable")
    within = np.arange(len(village)) - np.repeat(np.r_[0, np.cumsum(load)[:-1]], load)
    person = np.empty(len(village), dtype=np.int64)
    person[order] = first[village[order]] + within % helpers[village[order]]
    serial = np.empty(len(village), dtype=np.int64)
    serial[order] = within // helpers[village[order]]

    people = int(helpers.sum())
    home = np.repeat(np.arange(total), helpers)
    letter = np.arange(people) - first[home]
    village_ids = villages.frame["village_id"].astype(str).to_numpy()
    ids = [f"rsv-{village_ids[place]}-{number + 1}".lower() for place, number in zip(home, letter, strict=True)]
    enumerators = pd.DataFrame(
        {"enumerator_id": ids, "name": _names(home, total, rng), "village_ids": village_ids[home]}, dtype="string"
    )

    pace = rng.integers(8, 13, size=people)
    days = -(-np.bincount(person, minlength=people) // pace)
    start = np.floor(rng.random(people) * np.maximum(_DAYS - days, 1)).astype(np.int64)
    day = start[person] + serial // pace[person]
    slot = (_LAST_MINUTE - _FIRST_MINUTE) / pace[person]
    minute = _FIRST_MINUTE + slot * (serial % pace[person] + rng.uniform(0.05, 0.6, size=len(village)))
    seconds = np.rint(minute * 60).astype("timedelta64[s]")
    moment = REVIEW_DATE.astype("datetime64[s]") + day.astype("timedelta64[D]") + seconds
    visited = pd.Series(moment.astype("datetime64[ns]")).dt.tz_localize(TIME_ZONE)
    return enumerators, pd.DataFrame(
        {"enumerator": pd.Series(ids, dtype="string").take(person).array, "visited_at": visited}
    )


def _names(home: Ints, villages: int, rng: np.random.Generator) -> list[str]:
    size = len(home)
    age = rng.integers(28, 66, size=size)
    people = group(np.arange(size), 0, rng.random(size) < 0.7, age, np.ones(size, dtype=bool))
    births = Births((REVIEW_YEAR - age - 1970).astype("datetime64[Y]"), np.ones(size, dtype=bool))
    names = draw_names(people, births.year, draw_lineages(home, villages, rng), rng)
    return names.full(np.ones(size, dtype=bool)).tolist()
