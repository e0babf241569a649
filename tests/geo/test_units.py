"""The official tables: counts, keys, succession, and what happens on an unknown code or day."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from geo.errors import UnitError
from geo.units import all_successors, all_units, labels, short_names, succession, successors, unit, units

BEFORE, LATE_2024, EARLY_2025, NOW = date(2024, 10, 31), date(2024, 11, 1), date(2025, 6, 30), date(2025, 7, 1)


@pytest.mark.parametrize(
    "on, province, count", [(BEFORE, "33", 161), (LATE_2024, "33", 139), (EARLY_2025, "33", 139), (NOW, "33", 104)]
)
def test_each_list_has_its_units(on: date, province: str, count: int) -> None:
    found = units(on, province)
    assert len(found) == count
    assert found["code"].is_unique
    assert found["code"].str.fullmatch(r"\d{5}").all()


def test_two_provinces_had_381_units_before_the_merger() -> None:
    assert units(EARLY_2025)["province_code"].value_counts().to_dict() == {"34": 242, "33": 139}


def test_types_of_each_list_come_from_the_names() -> None:
    def count(on: date) -> dict[str, int]:
        return {str(kind): int(n) for kind, n in units(on, "33")["unit_type"].value_counts().items()}

    assert count(BEFORE) == {"commune": 139, "ward": 14, "township": 8}
    assert count(LATE_2024) == {"commune": 118, "ward": 13, "township": 8}
    assert count(NOW) == {"commune": 93, "ward": 11}
    table = all_units()
    prefix = table["unit_type"].map({"commune": "Xã ", "ward": "Phường ", "township": "Thị trấn "})
    assert all(name.startswith(start) for name, start in zip(table["name"], prefix, strict=True))
    assert (table["area_class"] == table["unit_type"].map(lambda kind: "rural" if kind == "commune" else "urban")).all()


def test_the_104_have_area_and_population_and_no_district() -> None:
    now = units(NOW)
    assert now["area_km2"].sum() == pytest.approx(2514.81)
    assert now["population"].sum() == 3_567_943
    assert now["district"].isna().all()
    assert units(BEFORE)["district"].nunique() == 10


def test_a_unit_is_its_code_and_first_day() -> None:
    table = all_units()
    assert not table.duplicated(["code", "valid_from"]).any()
    both = units(NOW).merge(units(EARLY_2025), on="code", suffixes=("", "_old"))
    assert len(both) == 104
    assert (short_names(both["name"]) != short_names(both["name_old"])).sum() == 74
    assert unit("12004", EARLY_2025)["name"] == "Xã Đình Dù"
    assert unit("12004", NOW)["name"] == "Xã Như Quỳnh"


def test_no_list_overlaps_itself() -> None:
    for _, same in all_units().groupby("code"):
        ordered = same.sort_values("valid_from")
        ends = ordered["valid_to"].iloc[:-1].to_numpy()
        assert (ordered["valid_from"].iloc[1:].to_numpy() > ends).all()


def test_every_old_unit_has_a_successor_and_every_new_one_a_predecessor() -> None:
    steps, table = succession(), all_units()
    keys = {(row.code, row.valid_from) for row in table.itertuples()}
    old = {(row.old_code, row.old_valid_from) for row in steps.itertuples()}
    new = {(row.new_code, row.new_valid_from) for row in steps.itertuples()}
    ended = {(row.code, row.valid_from) for row in table[table["valid_to"].notna()].itertuples()}
    begun_by_reform = {
        (row.code, row.valid_from)
        for row in table[table["valid_from"].isin([pd.Timestamp(LATE_2024), pd.Timestamp(NOW)])].itertuples()
    }
    assert old == ended
    assert new == begun_by_reform
    assert new <= keys


def test_three_communes_were_split() -> None:
    steps = succession()
    parts = steps[steps["extent"] == "part"]
    assert parts.groupby("old_code").size().to_dict() == {"11989": 2, "12004": 2, "12322": 2}
    whole = steps[steps["extent"] == "whole"]
    assert not whole.duplicated(["old_code", "old_valid_from"]).any()
    assert len(steps) == 161 + 378 + 6


def test_successors_lead_every_unit_to_the_present() -> None:
    found = all_successors()
    assert set(found["new_code"]) == set(units(NOW)["code"])
    several = found.groupby(["code", "valid_from"])["new_code"].transform("size") > 1
    assert (several == (found["extent"] == "part")).all()


def test_successors_of_all_units_at_once_are_those_of_each() -> None:
    table = all_successors()
    assert table[["code", "valid_from"]].drop_duplicates().shape[0] == len(all_units())
    for code, on in (("12322", BEFORE), ("11965", BEFORE), ("12721", EARLY_2025), ("11953", NOW), ("12004", LATE_2024)):
        first = unit(code, on)["valid_from"]
        of = table[(table["code"] == code) & (table["valid_from"] == first)]
        expected = successors(code, on)
        assert of[["new_code", "extent"]].to_numpy().tolist() == expected[["code", "extent"]].to_numpy().tolist()


def test_successors_of_a_split_unit_over_two_reforms() -> None:
    found = successors("12322", BEFORE)
    assert found[["code", "name", "extent"]].to_dict("list") == {
        "code": ["11983", "12322"],
        "name": ["Phường Sơn Nam", "Xã Hiệp Cường"],
        "extent": ["part", "part"],
    }
    assert successors("12322", BEFORE, to=EARLY_2025)["extent"].tolist() == ["whole"]


def test_successors_of_a_merged_unit_stop_at_the_day_asked_for() -> None:
    assert successors("11965", BEFORE, to=EARLY_2025)["name"].tolist() == ["Phường Lê Lợi"]
    assert successors("11965", BEFORE)["name"].tolist() == ["Phường Phố Hiến"]
    assert successors("11965", BEFORE, to=BEFORE)["name"].tolist() == ["Phường Quang Trung"]


def test_a_unit_in_force_is_its_own_successor() -> None:
    assert successors("11953", NOW)[["code", "extent"]].to_numpy().tolist() == [["11953", "whole"]]


def test_an_unknown_code_says_when_it_was_whose() -> None:
    with pytest.raises(UnitError, match="Phường Quang Trung") as caught:
        unit("11965", NOW)
    assert "2024-10-31" in caught.value.en
    assert "11965" in caught.value.vi
    with pytest.raises(UnitError, match="No list holds this code"):
        successors("99999", NOW)


def test_a_day_or_province_without_a_list_is_refused() -> None:
    with pytest.raises(UnitError, match="2023-05-07"):
        units(date(2020, 1, 1))
    with pytest.raises(UnitError, match="province code 01"):
        units(NOW, "01")
    with pytest.raises(UnitError, match="before"):
        successors("11953", NOW, to=BEFORE)


def test_the_tables_given_out_are_copies() -> None:
    table, steps = all_units(), succession()
    table.loc[:, "name"] = "changed"
    steps.loc[:, "extent"] = "changed"
    assert "changed" not in set(all_units()["name"]) | set(succession()["extent"])


def test_labels_tell_units_apart_in_both_languages() -> None:
    for on in (BEFORE, EARLY_2025, NOW):
        for language in ("vi", "en"):
            assert labels(units(on), language).is_unique
    first = units(BEFORE).iloc[[0]]
    assert labels(first).tolist() == ["Phường Lam Sơn, Thành phố Hưng Yên"]
    assert labels(first, "en").tolist() == ["Lam Sơn Ward, Thành phố Hưng Yên"]


def test_labels_of_two_units_alike_carry_their_codes() -> None:
    twins = pd.concat([units(NOW).iloc[[0]], units(NOW).iloc[[0]].assign(code="00001")])
    assert labels(twins).tolist() == ["Phường Phố Hiến (11953)", "Phường Phố Hiến (00001)"]
