"""The lists on the phone: codes as text, sorted, nothing that would leave a list empty without a word."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forms.errors import FormError
from forms.media import write_media
from tests.forms.household_form import COMMUNES, VILLAGES


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


def _moved(old: str, new: str) -> pd.DataFrame:
    return VILLAGES.assign(commune_code=VILLAGES["commune_code"].replace(old, new))
