"""Lists as communes keep them, into the registry: guessed, confirmed, placed by succession, given back, exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from geo.units import succession
from reconciliation import guess_mapping
from server.cli import app
from server.database import Database
from server.errors import UserError
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from server.units import service as units
from tests.server.fieldwork import PROVINCE, REVIEW_DATE, commune_of
from tests.server.keys import KEY_TEXT

HEADINGS = ["STT", "Họ và tên", "Năm sinh", "Giới tính", "Quan hệ với chủ hộ", "Số CCCD", "Thôn", "Phân loại"]
TITLE = ["UBND XÃ MẪU"], ["DANH SÁCH HỘ NGHÈO NĂM 2025"]
HEAD = [1, "Nguyễn Văn An", 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo"]
WIFE = [None, "Lê Thị Ba", 1962, "Nữ", "Vợ", None, None, None]
UNKNOWN = [2, "Lê Văn Hai", 1970, "Nam", "Chủ hộ", None, "Thôn Đông", "giàu"]


def _book(path: Path, *rows: Any) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text, even where it begins like a formula
    workbook.save(path)
    return path


def _run(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["registry", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}


@pytest.fixture(autouse=True)
def environment(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line works on the test's database."""
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RASOAT_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("RASOAT_MASTER_KEY", KEY_TEXT)


def _confirmed(path: Path) -> Path:
    mapping = path.with_suffix(".confirmed.yaml")
    guess_mapping(path).confirm().save(mapping)
    return mapping


def succession_of(old: str) -> str:
    """Where a commune of before 1 July 2025 went, by the official table."""
    steps = succession()
    after = steps[(steps["old_code"] == old) & (steps["new_valid_from"] == pd.Timestamp(2025, 7, 1))]
    [new] = after["new_code"].unique()
    return str(new)


def _held(database: Database) -> dict[str, tuple[str, str]]:
    with database.session() as session:
        rows = session.execute(
            select(RegistryHousehold.household_code, RegistryHousehold.commune_code, RegistryHousehold.status)
        )
        return {code: (commune, status) for code, commune, status in rows}


def test_a_list_is_guessed_shown_confirmed_and_the_mapping_used_again(database: Database, tmp_path: Path) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, HEADINGS, HEAD, WIFE)
    code, said = _run("import", str(path), "--commune", commune_of(1))
    assert (code, said["imported"]) == (1, False)
    assert {"heading": "Thôn", "field": "village"}.items() <= said["columns"][6].items()
    assert _held(database) == {}
    # Nobody has confirmed it yet: read only, or not at all.
    assert _run("import", str(path), "--commune", commune_of(1))[0] == 1
    code, said = _run("import", str(path), "--commune", commune_of(1), "--dry-run")
    assert (code, said["households"], said["members"], said["changed"]) == (0, 1, 2, None)
    assert _held(database) == {}

    mapping = Path(said.get("mapping", path.with_suffix(".mapping.yaml")))
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("confirmed: false", "confirmed: true"), "utf-8")
    code, said = _run("import", str(path), "--commune", commune_of(1))
    assert (code, said["changed"]["added"], said["changed"]["unchanged"]) == (0, 1, 0)
    code, said = _run("import", str(path), "--commune", commune_of(1))
    assert (code, said["changed"]["added"], said["changed"]["unchanged"]) == (0, 0, 1)
    assert list(_held(database).values()) == [(commune_of(1), "poor")]


def test_what_was_left_out_is_corrected_and_imported_again(database: Database, tmp_path: Path) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, HEADINGS, HEAD, WIFE, UNKNOWN)
    mapping = tmp_path / "mapping.yaml"
    guess_mapping(path).confirm().save(mapping)
    arguments = ("--mapping", str(mapping), "--commune", commune_of(1), "--year", "2025")
    code, said = _run("import", str(path), *arguments)
    assert (code, said["households"], said["rejected_rows"]) == (0, 1, 1)
    back = openpyxl.load_workbook(said["rejected_file"])
    sheet = back.active
    assert sheet is not None
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == "giàu":
                cell.value = "Hộ cận nghèo"
    back.save(tmp_path / "corrected.xlsx")
    code, said = _run("import", str(tmp_path / "corrected.xlsx"), *arguments)
    assert (code, said["changed"]["added"], said["changed"]["left"]) == (0, 1, 1)
    assert sorted(status for _commune, status in _held(database).values()) == ["near_poor", "poor"]


def test_old_communes_are_placed_by_succession_and_split_ones_by_village(database: Database, tmp_path: Path) -> None:
    """Đình Dù (12004) was divided between Đại Đồng (11995) and Như Quỳnh, which has its code today."""
    villages = pd.DataFrame(
        {
            "village_id": ["11995-D", "12004-N"],
            "name": ["Đông", "Nam"],
            "type": "Thôn",
            "commune_code": ["11995", "12004"],
            "old_commune": "Đình Dù",
        }
    )
    with database.session() as session:
        units.import_villages(session, villages, on=REVIEW_DATE, province_code=PROVINCE, source="test")
    headings = [*HEADINGS, "Xã"]
    rows = [
        [1, "Lê Văn Một", 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo", "Đình Dù"],
        [2, "Lê Văn Hai", 1961, "Nam", "Chủ hộ", None, "Thôn Nam", "Hộ nghèo", "Xã Đình Dù"],
        [3, "Lê Văn Ba", 1962, "Nam", "Chủ hộ", None, "Thôn Tây", "Hộ nghèo", "Đình Dù"],
    ]
    path = _book(tmp_path / "2024.xlsx", ["DANH SÁCH HỘ NGHÈO NĂM 2024"], headings, *rows)
    with database.session() as session:
        imported = registry.import_list(
            session, path, province_code=PROVINCE, mapping=guess_mapping(path).confirm(), year=2024
        )
    assert (imported.households, imported.rejected) == (2, 1)
    assert sorted(commune for commune, _ in _held(database).values()) == ["11995", "12004"]
    assert imported.problems["problem"].str.contains("đã chia về").any()


def _rows_of(commune: str, district: str | None, *numbers: int) -> list[list[Any]]:
    return [
        [n, f"Lê Văn {n}", 1950 + n, "Nam", "Chủ hộ", None, "Thôn 1", "Hộ nghèo", commune, district] for n in numbers
    ]


def test_old_communes_of_thai_binh_are_placed_by_district_and_twins_are_refused(
    database: Database, tmp_path: Path
) -> None:
    """Four old communes were called Minh Tân; each went elsewhere on 1 July 2025, and a code of theirs is re-used."""
    headings = [*HEADINGS, "Xã", "Huyện"]
    rows = [
        *_rows_of("Xã Minh Tân", None, 1),
        *_rows_of("Xã Minh Tân", "Huyện Đông Hưng", 2),
        *_rows_of("Minh Tân", "Phù Cừ", 3),
        *_rows_of("12583", None, 4),  # Xã Đồng Tiến then, Xã Tân Tiến today
        *_rows_of("Xã Nơi Khác", "Huyện Đông Hưng", 5),
    ]
    path = _book(tmp_path / "2024.xlsx", ["DANH SÁCH HỘ NGHÈO NĂM 2024"], headings, *rows)
    code, said = _run("import", str(path), "--mapping", str(_confirmed(path)))
    assert (code, said["households"], said["rejected_rows"]) == (0, 3, 2)
    placed = {temporary.split("-")[1]: commune for temporary, (commune, _) in _held(database).items()}
    steps = {old: succession_of(old) for old in ("12721", "12394", "12583")}
    assert placed == steps
    left_out = {one["row"]: one for one in said["problems"] if one["rejected"]}
    assert all(
        name in left_out[3]["problem"]
        for name in ("Huyện Phù Cừ", "Huyện Hưng Hà", "Huyện Đông Hưng", "Huyện Kiến Xương")
    )
    assert "write the district too" in left_out[3]["problem_en"]
    assert "danh mục của cả tỉnh có từ 04/01/2025" in left_out[7]["problem"]
    # Nobody knows the units of Thái Bình before the list of 4 January 2025, and the report says so.
    assert any("04/01/2025" in one["problem"] for one in said["problems"] if not one["rejected"])


def test_two_old_communes_that_merged_do_not_overwrite_one_another(database: Database, tmp_path: Path) -> None:
    """Each has a «Thôn 1» with a first household, and both are one commune today."""
    for name, commune in (("a.xlsx", "12721"), ("b.xlsx", "12754")):
        path = _book(tmp_path / name, ["NĂM 2024"], [*HEADINGS, "Xã", "Huyện"], *_rows_of(commune, None, 1))
        code, said = _run("import", str(path), "--mapping", str(_confirmed(path)))
        assert (code, said["changed"]["added"], said["changed"]["overwritten"]) == (0, 1, 0)
    assert len({commune for commune, _ in _held(database).values()}) == 1
    assert len(_held(database)) == 2
    # Another file with the same temporary codes and other people says whose households it takes the place of.
    path = _book(tmp_path / "c.xlsx", ["NĂM 2024"], [*HEADINGS, "Xã"], [*HEAD[:6], "Thôn 1", "Hộ nghèo", "12721"])
    code, said = _run("import", str(path), "--mapping", str(_confirmed(path)))
    assert (code, said["changed"]["overwritten"], said["changed"]["overwritten_from"]) == (0, 1, ["a.xlsx"])


def test_rows_that_are_being_corrected_are_not_written_over(database: Database, tmp_path: Path) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, HEADINGS, HEAD, UNKNOWN)
    arguments = ("--mapping", str(_confirmed(path)), "--commune", commune_of(1))
    first = _run("import", str(path), *arguments)[1]["rejected_file"]
    assert _run("import", str(path), *arguments)[1]["rejected_file"] == first
    back = openpyxl.load_workbook(first)
    back["Sheet"].cell(back["Sheet"].max_row, 8).value = "Hộ cận nghèo"
    back.save(first)
    corrected = Path(first).read_bytes()
    again = _run("import", str(path), *arguments)[1]["rejected_file"]
    assert again != first
    assert Path(first).read_bytes() == corrected
    code, said = _run("import", first, *arguments)
    assert (code, said["changed"]["added"], said["rejected_file"]) == (0, 1, None)


def test_a_file_is_imported_whole_or_not_at_all(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The households are written and their members fail: nothing is held, and what was held before stays as it was."""
    first = _book(tmp_path / "a.xlsx", *TITLE, HEADINGS, HEAD)
    arguments = ("--mapping", str(_confirmed(first)), "--commune", commune_of(1))
    assert _run("import", str(first), *arguments)[0] == 0
    before = _held(database)
    second = _book(tmp_path / "b.xlsx", *TITLE, HEADINGS, HEAD, WIFE, [2, *UNKNOWN[1:7], "Hộ nghèo"])

    def fail(*_: Any) -> Any:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("server.registry.lists.seal_members", fail)
        assert _run("import", str(second), *arguments)[0] != 0
    assert _held(database) == before
    assert _run("import", str(second), *arguments)[1]["changed"]["added"] == 1


def test_a_list_of_which_nothing_can_be_taken_says_everything_in_both_languages(
    database: Database, tmp_path: Path
) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, HEADINGS, UNKNOWN, [*UNKNOWN[:7], None])
    with pytest.raises(UserError) as refused, database.session() as session:
        registry.import_list(
            session,
            path,
            province_code=PROVINCE,
            mapping=guess_mapping(path).confirm(),
            commune=commune_of(1),
            rejected=tmp_path / "rejected.xlsx",
        )
    for text, words in (
        (refused.value.vi, ("không hộ nào nhập được", "dòng 4", "dòng 5", "«Phân loại»", "rejected.xlsx")),
        (refused.value.en, ("no household could be taken", "row 4", "row 5", "must be", "rejected.xlsx")),
    ):
        assert all(word in text for word in words)
    assert (tmp_path / "rejected.xlsx").exists()
    assert _held(database) == {}


def test_another_province_s_list_is_refused(database: Database, tmp_path: Path) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, [*HEADINGS, "Mã xã"], [*HEAD, "00001"])
    mapping = guess_mapping(path).confirm()
    with pytest.raises(UserError, match="không xã nào"), database.session() as session:
        registry.import_list(session, path, province_code=PROVINCE, mapping=mapping, year=2025)
    assert _held(database) == {}


def test_a_list_is_exported_as_the_ministry_s_template_wants(database: Database, tmp_path: Path) -> None:
    path = _book(tmp_path / "xa.xlsx", *TITLE, HEADINGS, [1, "=1+1", *HEAD[2:]], WIFE)
    with database.session() as session:
        mapping = guess_mapping(path).confirm()
        registry.import_list(session, path, province_code=PROVINCE, mapping=mapping, year=2025, commune=commune_of(1))
    columns = tmp_path / "columns.yaml"
    columns.write_text("Mã: household_code\nTên: full_name\nNghèo: mark_poor\n", "utf-8")
    out = tmp_path / "out.xlsx"
    code, said = _run("export", str(out), "--year", "2025", "--columns", str(columns))
    assert (code, said["households"]) == (0, 1)
    sheet = openpyxl.load_workbook(out).active
    assert sheet is not None
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0] == ["Mã", "Tên", "Nghèo"]
    assert found[1][1:] == ["=1+1", "x"]
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value is not None)
