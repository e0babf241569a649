"""What is compared, in which levels, in words and in SQL: of two people, and of two households.

A level's `sql` speaks of the columns of `reconciliation.linkage.tables`, of both sides (`_l` listed, `_r` asked).
Levels are tried from the first to the last; `number` falls to 0 (nothing agrees), and -1 is "one of the two is not
known", which weighs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Metres per degree of latitude.
_METRES = 111_195


@dataclass(frozen=True)
class Level:
    """`frequency`: the column whose frequency in the data replaces the level's share among strangers."""

    number: int
    sql: str
    vi: str
    en: str
    frequency: str | None = None


@dataclass(frozen=True)
class Comparison:
    """`levels` in the order in which they are tried, the unknown first, nothing agrees last."""

    name: str
    vi: str
    en: str
    levels: tuple[Level, ...]


def _levels(unknown: str, *levels: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Level, ...]:
    """Levels from the strongest to `ELSE`, numbered down to 0, behind the one for the unknown."""
    numbered = [Level(number, *level) for number, level in zip(range(len(levels) - 1, -1, -1), levels, strict=True)]
    return (Level(-1, unknown, "Không rõ", "Not known"), *numbered)


NAME = Comparison(
    "name",
    "Họ tên",
    "Name",
    _levels(
        "name_id_l IS NULL OR name_id_r IS NULL",
        ("name_id_l = name_id_r", "Giống hệt", "The same", "fold_id"),
        (
            "fold_id_l = fold_id_r AND (bare_l OR bare_r)",
            "Giống nhau, một bên viết không dấu",
            "The same, one written without tones",
            "fold_id",
        ),
        ("fold_id_l = fold_id_r", "Chỉ khác dấu", "The same but for the tones", "fold_id"),
        ("words_id_l = words_id_r", "Cùng các từ, khác thứ tự", "The same words in another order", "fold_id"),
        ("core_id_l = core_id_r", "Cùng họ và tên, khác đệm", "Family and given name the same", "core_id"),
        (
            # The slip is in one word: either the last one or the beginning is the same. Cheap tests come first.
            "abs(length(fold_l) - length(fold_r)) <= 1"
            " AND (given_id_l = given_id_r OR left(fold_l, 2) = left(fold_r, 2))"
            " AND damerau_levenshtein(fold_l, fold_r) <= 1",
            "Khác một chữ cái",
            "One letter differs",
        ),
        ("given_id_l = given_id_r", "Chỉ cùng tên gọi", "Only the given name is the same"),
        ("ELSE", "Khác", "Different"),
    ),
)

_DAYS_KNOWN = "birth_day_l IS NOT NULL AND birth_day_r IS NOT NULL"
BIRTH = Comparison(
    "birth",
    "Ngày sinh",
    "Birth",
    _levels(
        "birth_year_l IS NULL OR birth_year_r IS NULL",
        ("birth_year_l = birth_year_r AND birth_day_l = birth_day_r", "Cùng ngày sinh", "The same date"),
        (
            "birth_year_l = birth_year_r AND birth_day_l = (birth_day_r % 32) * 32 + birth_day_r // 32",
            "Ngày và tháng đảo nhau",
            "Day and month swapped",
        ),
        (
            "birth_day_l = birth_day_r AND abs(birth_year_l - birth_year_r) = 1",
            "Cùng ngày tháng, năm lệch một",
            "The same day, one year apart",
        ),
        (
            "birth_year_l = birth_year_r AND (birth_day_l IS NULL OR birth_day_r IS NULL)",
            "Cùng năm, một bên chỉ có năm",
            "The same year, one has the year alone",
        ),
        (
            f"{_DAYS_KNOWN} AND birth_year_l = birth_year_r"
            " AND (birth_day_l % 32 = birth_day_r % 32 OR birth_day_l // 32 = birth_day_r // 32)",
            "Cùng năm, ngày hoặc tháng khác",
            "The same year, day or month differs",
        ),
        (
            "abs(birth_year_l - birth_year_r) = 1 AND (birth_day_l IS NULL OR birth_day_r IS NULL)",
            "Năm lệch một, một bên chỉ có năm",
            "One year apart, one has the year alone",
        ),
        ("birth_year_l = birth_year_r", "Cùng năm, khác ngày", "The same year, another date"),
        ("ELSE", "Khác", "Different"),
    ),
)

#: Numbers stand behind a 1, which keeps the zeros that they begin with: from here on they have twelve digits.
_TWELVE = 10**12
CCCD = Comparison(
    "cccd",
    "Số CCCD/CMND",
    "Identity number",
    _levels(
        # An old number of nine digits and a new one of twelve say nothing of one another.
        f"cccd_l IS NULL OR cccd_r IS NULL OR (cccd_l < {_TWELVE}) <> (cccd_r < {_TWELVE})",
        ("cccd_l = cccd_r", "Trùng", "The same"),
        (
            "hamming(cccd_l::VARCHAR, cccd_r::VARCHAR) <= 2"
            " AND damerau_levenshtein(cccd_l::VARCHAR, cccd_r::VARCHAR) <= 1",
            "Khác một chữ số",
            "One digit differs",
        ),
        ("ELSE", "Khác", "Different"),
    ),
)

SEX = Comparison(
    "sex",
    "Giới tính",
    "Sex",
    _levels("sex_l IS NULL OR sex_r IS NULL", ("sex_l = sex_r", "Cùng", "The same"), ("ELSE", "Khác", "Different")),
)

RELATIONS = ("head", "spouse", "child", "parent", "grandchild", "sibling", "child_in_law", "other")
#: Listed as ..., asked as ... where the head changed: to the spouse, to a child, or the part that left.
TURNED = ((0, 1), (1, 0), (2, 0), (0, 3), (1, 3), (4, 2), (6, 1), (3, 0), (2, 5), (6, 0), (3, 1))
RELATION = Comparison(
    "relation",
    "Quan hệ với chủ hộ",
    "Relation to the head",
    _levels(
        "relation_l IS NULL OR relation_r IS NULL",
        ("relation_l = relation_r", "Cùng", "The same"),
        (
            f"relation_l * 8 + relation_r IN ({', '.join(str(old * 8 + new) for old, new in TURNED)})",
            "Như khi đổi chủ hộ hoặc tách hộ",
            "As when the head changes or a part leaves",
        ),
        ("ELSE", "Khác", "Different"),
    ),
)

PLACE = Comparison(
    "place",
    "Nơi ở",
    "Place",
    _levels(
        "commune_l IS NULL OR commune_r IS NULL",
        ("village_l = village_r", "Cùng thôn", "The same village", "village"),
        ("commune_l = commune_r", "Cùng xã", "The same commune", "commune"),
        ("ELSE", "Khác xã", "Another commune"),
    ),
)

PHONE = Comparison(
    "phone",
    "Điện thoại",
    "Telephone",
    _levels(
        "phone_l IS NULL OR phone_r IS NULL", ("phone_l = phone_r", "Trùng", "The same"), ("ELSE", "Khác", "Different")
    ),
)

#: Squared metres, on the plane.
_SQUARED = (
    f"power((latitude_l - latitude_r) * {_METRES}, 2)"
    f" + power((longitude_l - longitude_r) * {_METRES} * cos(radians(latitude_l)), 2)"
)
DISTANCE = Comparison(
    "distance",
    "Khoảng cách GPS",
    "Distance by GPS",
    _levels(
        "latitude_l IS NULL OR latitude_r IS NULL OR longitude_l IS NULL OR longitude_r IS NULL",
        (f"{_SQUARED} < {60**2}", "Dưới 60 m", "Under 60 m"),
        (f"{_SQUARED} < {200**2}", "Dưới 200 m", "Under 200 m"),
        (f"{_SQUARED} < {1000**2}", "Dưới 1 km", "Under 1 km"),
        ("ELSE", "Xa hơn", "Farther"),
    ),
)

CODE = Comparison(
    "code",
    "Mã hộ trả lời trên điện thoại",
    "Code answered on the phone",
    _levels(
        "code_l IS NULL OR code_r IS NULL", ("code_l = code_r", "Trùng", "The same"), ("ELSE", "Khác", "Different")
    ),
)

PEOPLE = (NAME, BIRTH, CCCD, SEX, RELATION)
HOUSEHOLDS = (PLACE, PHONE, DISTANCE, CODE)
BY_NAME = {comparison.name: comparison for comparison in (*PEOPLE, *HOUSEHOLDS)}

#: Shares of a level among pairs of the same (m) and among strangers (u), by comparison and level number.
Shares = dict[str, dict[int, tuple[float, float]]]


def splink_settings(comparisons: tuple[Comparison, ...], link_type: str) -> dict[str, Any]:
    """The comparisons as Splink's settings, nothing learnt yet."""
    return {
        "link_type": link_type,
        "sql_dialect": "duckdb",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": 0.0001,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_splink_comparison(comparison) for comparison in comparisons],
    }


def _splink_comparison(comparison: Comparison) -> dict[str, Any]:
    levels = []
    for level in comparison.levels:
        settings: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.en}
        if level.number < 0:
            settings["is_null_level"] = True
        levels.append(settings)
    return {
        "output_column_name": comparison.name,
        "comparison_levels": levels,
        "comparison_description": comparison.en,
    }
