"""A link in words: what each comparison adds to the weight, and what it takes away."""

from __future__ import annotations

import pandas as pd

from reconciliation.linkage.comparisons import BY_NAME, HOUSEHOLDS, PEOPLE, Comparison
from reconciliation.linkage.model import Model

_COLUMNS = ["comparison", "comparison_vi", "comparison_en", "level", "level_vi", "level_en", "weight"]
#: What the rarity of a name, or the size of a village, adds to the weight of the level.
_FREQUENCY = {
    "name": ("Tên hiếm hay phổ biến", "How rare the name is"),
    "place": ("Thôn, xã lớn hay nhỏ", "How many live in the place"),
}
#: Parts of a household's weight that no level stands for.
_PARTS = {
    "people_weight": ("members", "Thành viên", "Members", "Cộng các thành viên khớp", "Sum of those who are the same"),
    "absence_weight": ("absent", "Vắng mặt", "Absent", "Thành viên không tìm thấy", "Members found nowhere"),
    "competition_weight": (
        *("rival", "Ứng viên khác", "Another candidate"),
        *("Có hộ khác cũng khớp", "Another household fits as well"),
    ),
    "prior": ("prior", "Ban đầu", "To begin with", "Một hộ giữa tất cả các hộ", "One household among all"),
}


def explain(people: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The waterfall of each pair of members: one row per comparison, in the order of `comparisons.PEOPLE`.

    people: rows of `Linkage.people`. Returns interview_id, household_code, member_no, registry_member_no, comparison
    (with wording in both languages), level (with wording) and weight in bits; a row `name_frequency` has what the
    rarity of the name adds. The weights of a pair sum to its weight.
    """
    keys = ["interview_id", "household_code", "member_no", "registry_member_no"]
    return _explained(people, keys, PEOPLE, model, people["weight"], "name")


def explain_households(households: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The waterfall of each pair of households, as `explain`; the members are one row.

    households: rows of `Linkage.households`. A row `place_frequency` has what the size of village or commune adds.
    """
    keys = ["interview_id", "household_code"]
    levels = _explained(households, keys, HOUSEHOLDS, model, households["home_weight"], "place")
    parts = []
    for column, (name, vi, en, level_vi, level_en) in _PARTS.items():
        part = _worded(households[keys], name, vi, en, level_vi, level_en)
        parts.append(part.assign(weight=households[column].to_numpy()))
    return _sorted([parts[-1], parts[0], levels, *parts[1:3]], keys)


def _explained(
    rows: pd.DataFrame,
    keys: list[str],
    comparisons: tuple[Comparison, ...],
    model: Model,
    total: pd.Series[float],
    by_frequency: str,
) -> pd.DataFrame:
    parts = []
    rest = total.to_numpy(dtype=float).copy()
    for comparison in comparisons:
        level = rows[comparison.name].astype(int)
        weight = level.map(lambda number, name=comparison.name: model.weight(name, number)).astype(float)
        words = {one.number: one for one in comparison.levels}
        rest -= weight.to_numpy()
        parts.append(
            rows[keys].assign(
                comparison=comparison.name,
                comparison_vi=comparison.vi,
                comparison_en=comparison.en,
                level=level.astype("Int64"),
                level_vi=level.map(lambda number, words=words: words[number].vi),
                level_en=level.map(lambda number, words=words: words[number].en),
                weight=weight,
            )
        )
        if comparison.name == by_frequency:
            place = len(parts)
    vi, en = _FREQUENCY[by_frequency]
    frequency = _worded(rows[keys], f"{by_frequency}_frequency", vi, en, "", "")
    parts.insert(place, frequency.assign(weight=rest))
    return _sorted(parts, keys)


def _worded(keys: pd.DataFrame, comparison: str, vi: str, en: str, level_vi: str, level_en: str) -> pd.DataFrame:
    """Rows of something that has no levels."""
    level = pd.Series(pd.NA, index=keys.index, dtype="Int64")
    words = keys.assign(comparison=comparison, comparison_vi=vi, comparison_en=en, level=level)
    return words.assign(level_vi=level_vi, level_en=level_en)


def _sorted(parts: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    """All rows of a pair together, in the order of the parts."""
    whole = pd.concat([part.assign(_part=place) for place, part in enumerate(parts)], ignore_index=True)
    whole["weight"] = whole["weight"].round(3)
    whole["level"] = whole["level"].astype("Int64")
    return whole.sort_values([*keys, "_part"], kind="stable", ignore_index=True)[[*keys, *_COLUMNS]]


def level_wording(comparison: str, level: int) -> tuple[str, str]:
    """A level in Vietnamese and in English. KeyError for one that is none."""
    words = {one.number: one for one in BY_NAME[comparison].levels}[level]
    return words.vi, words.en
