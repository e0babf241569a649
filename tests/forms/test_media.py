"""The lists on the phone: codes as text, sorted, nothing that would leave a list empty without a word."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forms.engine import open_form
from forms.errors import FormError
from forms.lists import ENTITY_LISTS
from forms.media import write_entity_list, write_media
from tests.forms.household_form import COMMUNES, VILLAGES
from tests.forms.procedure_forms import begin, build_and_open, stop_at


def test_codes_are_text_and_labels_carry_the_type(tmp_path: Path) -> None:
    communes, villages = write_media(COMMUNES.rename(index={"11953": "00953"}), _moved("11953", "00953"), tmp_path)
    assert communes.read_text(encoding="utf-8").splitlines()[:2] == [
        "name,label,area_class",
        "00953,Phường Phố Hiến,urban",
    ]
    written = pd.read_csv(villages, dtype="string")
    assert list(written.columns) == ["name", "label", "commune_code"]
    assert written["name"].is_monotonic_increasing
    assert set(written["label"]) == {"Thôn An Chiểu 1", "Thôn An Chiểu 2", "Thôn An Chiểu 3"}


def test_a_label_with_a_comma_stays_one_cell(tmp_path: Path) -> None:
    _, villages = write_media(COMMUNES, VILLAGES.assign(name='Đội 1, "Đồng Trên"'), tmp_path)
    assert set(pd.read_csv(villages)["label"]) == {'Thôn Đội 1, "Đồng Trên"'}


def test_faults_are_named(tmp_path: Path) -> None:
    faults = {
        "12004 has no area class": (COMMUNES.assign(area_class=["urban", "rural", "town"]), VILLAGES),
        "the code 11953-01 stands twice": (COMMUNES, pd.concat([VILLAGES, VILLAGES.head(1)])),
        "lies in 99999": (COMMUNES, _moved("12004", "99999")),
        "a code without spaces": (COMMUNES, VILLAGES.assign(village_id=VILLAGES["village_id"] + " a")),
        "a list needs rows": (COMMUNES, VILLAGES.head(0)),
    }
    for words, (communes, villages) in faults.items():
        with pytest.raises(FormError, match=words):
            write_media(communes, villages, tmp_path)


ENTITIES = pd.DataFrame({"name": ["b", "a"], "label": ["Bà · 2", "Anh · 1"], "assignment_key": ["RSV-0001", pd.NA]})


def test_an_entity_list_has_all_its_properties_and_blanks(tmp_path: Path) -> None:
    path = write_entity_list("backchecks", ENTITIES, tmp_path)
    assert path == tmp_path / "backchecks.csv"
    head, first, second = path.read_text(encoding="utf-8").splitlines()
    assert head.split(",") == ["name", "label", *ENTITY_LISTS["backchecks"]]
    assert first.startswith("a,Anh · 1,")
    assert first.count("RSV") == 0
    assert second.split(",")[2 + ENTITY_LISTS["backchecks"].index("assignment_key")] == "RSV-0001"


def test_an_entity_list_without_rows_opens_all_the_same(tmp_path: Path) -> None:
    build_and_open("backcheck", tmp_path)
    write_entity_list("backchecks", ENTITIES.head(0), tmp_path)
    session = begin(open_form(tmp_path / "backcheck.xml", tmp_path))
    stop_at(session, "backcheck_entity", {})
    assert session.choices() == ()


def test_faults_of_an_entity_list_are_named(tmp_path: Path) -> None:
    faults = {
        "no entity list `household`; there are households, visits, backchecks": ("household", ENTITIES),
        "not name, label, assignment_key, cccd": ("households", ENTITIES.assign(cccd="033190123456")),
        "the columns are name, label": ("households", ENTITIES.drop(columns="label")),
        "a name of its own": ("households", ENTITIES.assign(name="a")),
        "without spaces": ("households", ENTITIES.assign(name=["a b", "c"])),
        "each row needs a name": ("households", ENTITIES.assign(name=["a", pd.NA])),
    }
    for said, (name, entities) in faults.items():
        with pytest.raises(FormError, match=said):
            write_entity_list(name, entities, tmp_path)
    assert list(tmp_path.iterdir()) == []


def _moved(old: str, new: str) -> pd.DataFrame:
    return VILLAGES.assign(commune_code=VILLAGES["commune_code"].replace(old, new))
