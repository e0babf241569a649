"""`rasoat standard list` and `show`: the page of a standard, and a broken file told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poverty.standard import SHIPPED
from server.cli import standards
from server.errors import UserError
from server.standards import service

EXAMPLE = SHIPPED / "examples" / "province-stricter.yaml"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("poverty.standard._folders", [])
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_list_says_what_is_in_force_when(capsys: pytest.CaptureFixture[str]) -> None:
    standards.listing(json=True)
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["standards"]}
    assert rows["nd07-2021"]["review_years"] == [2022, 2026]
    assert rows["nd351-2025"]["review_years"] == [2027, 2030]
    assert rows["nd07-2021"]["provisional"]
    standards.listing(json=False)
    assert "nd351-2025: Chuẩn nghèo đa chiều theo Nghị định 351/2025/NĐ-CP, rà soát 2027-2030 (tạm tính)" in (
        capsys.readouterr().out
    )


def test_show_prints_the_page_or_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    standards.show("nd07-2021", None)
    printed = capsys.readouterr().out
    assert printed.startswith("<!doctype html>")
    assert "“Nước máy”" in printed
    standards.show(str(SHIPPED / "examples" / "province-stricter.yaml"), tmp_path / "page.html")
    assert "Ví dụ minh họa" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_broken_file_is_told_with_its_place(tmp_path: Path) -> None:
    text = (SHIPPED / "nd07-2021.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("cut: 3", "cut: 30"), encoding="utf-8")
    with pytest.raises(UserError, match=r"own\.yaml: deprivations\.cut: 30 of 12 rules"):
        standards.show(str(tmp_path / "own.yaml"), None)
    with pytest.raises(UserError, match="no standard `nd99`; there are: nd07-2021, nd351-2025"):
        standards.show("nd99", None)


def test_a_province_s_own_file_is_at_hand(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / service.FOLDER).mkdir(parents=True)
    (data_dir / service.FOLDER / EXAMPLE.name).write_bytes(EXAMPLE.read_bytes())
    standards.listing(json=True)
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["standards"]}
    assert rows["province-stricter"]["based_on"] == "nd07-2021"
    standards.show("province-stricter", None)
    assert "Ví dụ minh họa" in capsys.readouterr().out
