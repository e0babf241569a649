"""Renames: from source and XForm alike, and out to the phone without hindrance."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from forms.build import FORM_NAMES, RoundConstants, write_form
from forms.source import read_source
from forms.validate import validate
from forms.versions import Renames, renames_of, shipped_renames
from forms.xform import read_xform
from poverty.standard import load_standard

TEXT = """
| survey |
| | type | name | label::Tiếng Việt (vi) | label::English (en) | renamed_from |
| | select_multiple wall | walls | Tường | Walls | wall house_wall |
| | hidden | wall | | | |
| | hidden | house_wall | | | |
| | select_one wall | fence | Rào | Fence | |
| | integer | rooms | Phòng | Rooms | |
| choices |
| | list_name | name | label::Tiếng Việt (vi) | label::English (en) | renamed_from |
| | wall | brick | Gạch | Brick | clay |
| | wall | wood | Gỗ | Wood | timber log |
| settings |
| | form_title | form_id | version | default_language |
| | Nhà | home | {{version}} | Tiếng Việt (vi) |
"""


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    path = tmp_path / "home.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_source_and_the_published_form_say_the_same(source_path: Path, tmp_path: Path) -> None:
    source = read_source(source_path)
    constants = RoundConstants("2026", date(2026, 9, 1), "33")
    built = write_form(source, load_standard("nd07-2021"), constants, tmp_path)
    validate(built.xml)
    codes = {"clay": "brick", "timber": "wood", "log": "wood"}
    expected = Renames({"wall": "walls", "house_wall": "walls"}, {"walls": codes, "fence": codes})
    assert renames_of(source) == expected
    assert renames_of(read_xform(built.xml.read_text(encoding="utf-8"))) == expected


def test_names_and_codes_are_read_under_those_of_today(source_path: Path) -> None:
    renames = renames_of(read_source(source_path))
    assert [renames.name(name) for name in ("wall", "house_wall", "walls", "rooms")] == [
        "walls",
        "walls",
        "walls",
        "rooms",
    ]
    assert renames.answer("walls", "log brick clay dk") == "wood brick brick dk"
    assert renames.answer("rooms", "clay") == "clay"


@pytest.mark.parametrize("name", FORM_NAMES)
def test_what_the_shipped_forms_rename_is_asked_no_more(name: str) -> None:
    source = read_source(Path(__file__).parents[2] / "forms" / "sources" / f"{name}.md")
    asked = {row.get("name") for row in source.survey.rows if row.get("type") != "hidden"}
    renames = shipped_renames(name)
    assert not asked & set(renames.questions)
    assert set(renames.questions.values()) <= asked
