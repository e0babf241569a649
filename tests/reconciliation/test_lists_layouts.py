"""A registry written in any of the layouts is read back equal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciliation import Registry, guess_mapping, read_list, write_registry
from reconciliation.lists import PLAIN, sentences
from tests.reconciliation.commune_lists import COMMUNE, Layout, write_list
from tests.reconciliation.people import registry_of

SURNAMES = ["Nguyễn", "Tống", "Lê", "Đỗ", "Phạm", "Khu", "Vũ"]
MIDDLES = ["Văn", "Thị", "Đức", "Xuân"]
GIVEN = ["Ánh", "Hường", "Cộng", "Đượm", "Thuỳ", "Quyết", "An", "Năm", "Ửng"]
VILLAGES = ["Thôn Đông", "Thôn Đoài", "Xóm Mới"]


@st.composite
def people(draw: st.DrawFn, relation: str) -> dict[str, Any]:
    sex = draw(st.sampled_from(["male", "female"]))
    year = draw(st.integers(1930, 2024))
    day = draw(st.none() | st.tuples(st.integers(1, 12), st.integers(1, 28)))
    century = 2 * (year // 100 - 19) + (sex == "female")
    number = draw(st.none() | st.integers(0, 999_999))
    province = draw(st.sampled_from(["033", "001", "034"]))
    return {
        "full_name": " ".join(draw(st.sampled_from(part)) for part in (SURNAMES, MIDDLES, GIVEN)),
        "relation": relation,
        "sex": sex,
        "birth_date": None if day is None else f"{year}-{day[0]:02d}-{day[1]:02d}",
        "birth_year": year if day is None else None,
        "cccd": None if number is None else f"{province}{century}{year % 100:02d}{number:06d}",
        "ethnicity": draw(st.sampled_from(["01", "01", "02"])),
    }


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    households = {}
    for number in range(draw(st.integers(1, 6))):
        relations = ["head", *draw(st.lists(st.sampled_from(["spouse", "child", "parent", "other"]), max_size=3))]
        households[f"33-{COMMUNE}-{number:04d}"] = [draw(people(relation)) for relation in relations]
    codes = list(households)
    return registry_of(
        households,
        commune_code=dict.fromkeys(codes, COMMUNE),
        village_name={code: draw(st.sampled_from(VILLAGES)) for code in codes},
        status={code: draw(st.sampled_from(["poor", "near_poor"])) for code in codes},
    )


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    pick = lambda *options: draw(st.sampled_from(options))  # noqa: E731
    layout = {
        "format": pick("xlsx", "csv"),
        "encoding": pick("utf-8", "utf-8-sig", "utf-16"),
        "delimiter": pick(",", ";", "\t"),
        "codes": pick("rows", "heads", "none"),
        "numbers": pick("heads", "rows", "repeated", "none"),
        "names": pick("one", "two"),
        "birth": pick("one", "by_sex", "parts", "serial"),
        "sex": pick("column", "marks"),
        "status": pick("column", "marks", "dividing", "sheets"),
        "village": pick("column", "once", "dividing"),
        "ethnicity": pick("rows", "ditto"),
        "text": pick("unicode", "nfd", "tcvn3", "vni"),
        "numeric": draw(st.booleans()),
        "furniture": draw(st.booleans()),
    }
    if layout["format"] == "csv" and layout["status"] == "sheets":
        layout["status"] = "marks"
    return Layout(**layout)


def content(registry: Registry, *, codes: bool) -> list[Any]:
    """Households as plain tuples, comparable whatever their order; temporary codes left out."""
    members = registry.members.astype("object").where(registry.members.notna(), None)
    return sorted(
        (
            (code if codes else "", row.status, str(row.village_name), row.commune_code, row.year, row.head_name),
            [tuple(map(str, person)) for person in members.loc[code].itertuples(index=False)],
        )
        for code, row in zip(registry.households.index, registry.households.itertuples(index=False), strict=True)
    )


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(registry=registries(), layout=layouts())
@example(
    registry=registry_of(
        {
            "a": [
                {
                    "full_name": "Tống Văn Cộng", "relation": "head", "sex": "male", "birth_year": 1960,
                    "ethnicity": "01", "cccd": "033060000001",
                }
            ]
        },
        commune_code={"a": COMMUNE},
        village_name={"a": "Thôn Đông"},
    ),
    layout=Layout(codes="none", status="dividing", village="dividing", numeric=True),
)  # fmt: skip
def test_a_registry_in_any_layout_is_read_back_equal(registry: Registry, layout: Layout) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"danh-sach.{layout.format}"
        write_list(registry, layout, path)
        mapping = guess_mapping(path).confirm()
        again = read_list(path, mapping, year=2025, commune_code=COMMUNE)
    coded = layout.codes != "none"
    assert content(again, codes=coded) == content(registry, codes=coded), sentences(again.problems)
    assert not again.problems["rejected"].any()


@settings(deadline=None, max_examples=25)
@given(registry=registries())
def test_the_plain_worksheet_needs_no_guess_and_its_guess_reads_alike(registry: Registry) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.xlsx"
        write_registry(registry, path)
        plain = read_list(path, PLAIN)
        guessed = read_list(path, guess_mapping(path).confirm())
    pd.testing.assert_frame_equal(plain.households, registry.households.sort_index())
    pd.testing.assert_frame_equal(plain.members, registry.members.sort_index(), check_dtype=False)
    pd.testing.assert_frame_equal(guessed.households, plain.households)
    pd.testing.assert_frame_equal(guessed.members, plain.members)


def test_an_xls_in_abc_fonts_is_read() -> None:
    # Two invented persons; written once with xlwt, since nothing that is kept up writes .xls.
    path = Path(__file__).parents[1] / "fixtures" / "list_abc_fonts.xls"
    registry = read_list(path, guess_mapping(path).confirm(), commune_code=COMMUNE)
    assert registry.members["full_name"].tolist() == ["Nguyễn Văn Ánh", "Trương Thị Hường"]
    assert registry.members["sex"].tolist() == ["male", "female"]
    assert registry.members["birth_date"].dt.strftime("%Y-%m-%d").tolist()[1] == "1962-05-09"
    assert registry.members["relation"].tolist() == ["head", "spouse"]
    assert registry.households[["status", "year"]].to_numpy().tolist() == [["poor", 2005]]
