"""Villages: imported with their old commune, told apart by it, and shown under one label everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from geo.units import predecessors
from geo.villages import village_kind, village_labels
from server.cli import app
from server.database import Database, import_tables
from server.errors import UserError
from server.units import service as units
from server.units.problems import FileError

ON, PROVINCE = date(2026, 9, 1), "33"
#: Xã Việt Tiến, which Xã Dân Tiến (the same code, until 30/6/2025) and two others became.
COMMUNE = "12238"


@pytest.fixture
def database(any_database: Database) -> Iterator[Database]:
    import_tables().create_all(any_database.engine)
    with any_database.session() as session:
        units.import_official_units(session)
    return any_database


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{"commune_code": COMMUNE, "type": "thôn"} | row for row in rows])


def take(database: Database, villages: pd.DataFrame) -> int:
    with database.session() as session:
        return units.import_villages(session, villages, on=ON, province_code=PROVINCE, source="thôn.csv")


def labels(database: Database, on: date = ON) -> dict[str, str]:
    with database.session() as session:
        held = units.villages_frame(session, on, PROVINCE)
    return dict(zip(held["village_id"], held["label"], strict=True))


def old_names(database: Database) -> list[str]:
    return sorted({name for _, _, name in predecessors(COMMUNE, date(2025, 7, 1))})


def test_a_name_that_repeats_is_told_apart_by_the_old_commune(database: Database) -> None:
    first, second = (name.removeprefix("Xã ") for name in old_names(database)[:2])
    take(
        database,
        frame(
            {"village_id": "a", "name": "Thôn 1", "old_commune": first},
            {"village_id": "b", "name": "1", "old_commune": f"xã {second}"},
            {"village_id": "c", "name": "Trai Trang", "old_commune": first},
            {"village_id": "d", "name": "Thôn 1", "commune_code": "12070"},
        ),
    )
    assert labels(database) == {
        "a": f"Thôn 1 ({first} cũ)",
        "b": f"Thôn 1 ({second} cũ)",
        "c": "Thôn Trai Trang",
        "d": "Thôn 1",
    }
    with database.session() as session:
        assert units.village_labels(session, ["a", "d", "nowhere"]) == {"a": f"Thôn 1 ({first} cũ)", "d": "Thôn 1"}
        assert units.village_labels(session, ["b"], "en") == {"b": f"Thôn 1 (formerly {second})"}


def test_the_phone_shows_the_same_label(database: Database, tmp_path: Path) -> None:
    from forms.media import write_media

    first, second = (name.removeprefix("Xã ") for name in old_names(database)[:2])
    take(
        database,
        frame(
            {"village_id": "a", "name": "Thôn 1", "old_commune": first},
            {"village_id": "b", "name": "Thôn 1", "old_commune": second},
        ),
    )
    with database.session() as session:
        communes = units.units_on(session, ON, PROVINCE)
        _, path = write_media(communes, units.villages_frame(session, ON, PROVINCE), tmp_path)
    listed = pd.read_csv(path, dtype=str)
    assert dict(zip(listed["name"], listed["label"], strict=True)) == labels(database)


def test_the_old_commune_by_code_and_day(database: Database) -> None:
    take(
        database,
        frame(
            {"village_id": "a", "name": "Thôn 1", "old_commune_code": "12238"},
            {"village_id": "b", "name": "Thôn 1", "old_commune_code": "12238", "old_commune_on": "01/01/2024"},
        ),
    )
    # The same old commune does not tell them apart: the ids do.
    assert labels(database) == {"a": "Thôn 1 (Dân Tiến cũ) [a]", "b": "Thôn 1 (Dân Tiến cũ) [b]"}


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ({"old_commune": "Hiến Nam"}, "old_commune", "không phải là xã cũ"),
        ({"old_commune": "Dan Tien"}, "old_commune", "Xã Dân Tiến (12238)"),
        ({"old_commune_code": "11953"}, "old_commune_code", "không phải là xã cũ"),
        ({"old_commune_code": "12238", "old_commune_on": "2026-01-01"}, "old_commune_code", "không phải là xã cũ"),
        ({"commune_code": "99999"}, "commune_code", "99999"),
        ({"commune_code": None}, "commune_code", "(trống)"),
        ({"name": None}, "name", "cần có chữ"),
        ({"name": "x" * 201}, "name", "200"),
        ({"village_id": "a b"}, "village_id", "dấu cách"),
        ({"latitude": "20.8"}, "latitude", "đi cùng nhau"),
        ({"latitude": "91", "longitude": "106"}, "latitude", "độ thập phân"),
        ({"latitude": "20,8", "longitude": "sáu"}, "longitude", "độ thập phân"),
        ({"valid_from": "hôm qua"}, "valid_from", "ghi ngày"),
        ({"valid_from": "2026-01-01", "valid_to": "2025-12-31"}, "valid_to", "trước ngày đầu"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_taken(
    database: Database, row: dict[str, object], column: str, says: str
) -> None:
    good = {"village_id": "good", "name": "Thôn 9"}
    with pytest.raises(FileError) as refused:
        take(database, frame(good, {"village_id": "bad", "name": "Thôn 1"} | row))
    [problem] = refused.value.problems
    assert (problem.row, problem.column) == (3, column)
    assert says in problem.vi
    assert refused.value.vi.startswith(f"thôn.csv: dòng 3, cột {column}: ")
    assert "Chưa nhập gì" in refused.value.vi
    assert "Nothing was imported" in refused.value.en
    assert labels(database) == {}


def test_all_problems_of_a_file_are_said_at_once(database: Database) -> None:
    rows = [{"village_id": "same", "name": None} for _ in range(30)]
    with pytest.raises(FileError) as refused:
        take(database, frame(*rows))
    assert len(refused.value.problems) == 30 + 29
    assert "... và 39 chỗ khác." in refused.value.vi


def test_a_village_is_there_from_its_first_day_to_its_last(database: Database) -> None:
    take(
        database,
        frame(
            {"village_id": "old", "name": "Thôn 1", "valid_to": "2026-06-30"},
            {"village_id": "new", "name": "Thôn 1", "valid_from": "01/07/2026"},
            {"village_id": "always", "name": "Thôn 2", "latitude": "20,85", "longitude": "106.0"},
        ),
    )
    assert labels(database, date(2026, 6, 30)) == {"old": "Thôn 1", "always": "Thôn 2"}
    assert labels(database, date(2026, 7, 1)) == {"new": "Thôn 1", "always": "Thôn 2"}
    with database.session() as session:
        held = units.villages_frame(session, ON, PROVINCE).set_index("village_id")
    assert (held.loc["always", "latitude"], held.loc["always", "longitude"]) == (20.85, 106.0)


def test_importing_again_brings_up_to_date(database: Database) -> None:
    take(database, frame({"village_id": "a", "name": "Thôn 1"}, {"village_id": "b", "name": "Thôn 2"}))
    assert take(database, frame({"village_id": "a", "name": "Thôn Một"})) == 1
    assert labels(database) == {"a": "Thôn Một", "b": "Thôn 2"}


def test_another_provinces_commune_is_refused(database: Database) -> None:
    with database.session() as session, pytest.raises(UserError, match="31"):
        units.import_villages(session, frame(), on=ON, province_code="31", source="x")


@pytest.mark.parametrize(
    ("typed", "written"),
    [("thon", "Thôn"), ("to_dan_pho", "Tổ dân phố"), ("TDP", "Tổ dân phố"), ("Khu  phố", "Khu phố"), ("phum", "phum")],
)
def test_kinds_are_written_as_people_write_them(typed: str, written: str) -> None:
    assert village_kind(typed) == written


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Thôn 1", "thôn 1", "1", "Trai Trang"]),
            st.sampled_from(["thôn", "tổ dân phố", ""]),
            st.sampled_from(["12238", "12070"]),
            st.sampled_from(["Xã Dân Tiến", "Xã Đồng Tiến", None]),
        ),
        max_size=12,
    )
)
def test_no_two_villages_of_a_commune_are_called_the_same(rows: list[tuple[str, str, str, str | None]]) -> None:
    villages = pd.DataFrame(rows, columns=["name", "type", "commune_code", "old_commune"])
    villages["village_id"] = [f"v{at}" for at in range(len(villages))]
    shown = villages.assign(label=village_labels(villages))
    assert not shown.duplicated(["commune_code", "label"]).any()
    assert list(shown.index) == list(villages.index)


def test_the_command_names_file_row_and_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path / "data"))
    run = CliRunner()
    assert run.invoke(app, ["db", "upgrade"]).exit_code == 0
    assert run.invoke(app, ["round", "create", "2026", "--review-date", "2026-09-01"]).exit_code == 0
    file = tmp_path / "thon.csv"
    file.write_text("village_id,name,commune_code\na,Thôn 1,12238\nb,Thôn 2,99999\n", encoding="utf-8")
    refused = run.invoke(app, ["geo", "villages", "import", str(file)])
    assert isinstance(refused.exception, FileError)
    assert "thon.csv: dòng 3, cột commune_code" in refused.exception.vi
    sheet = tmp_path / "thon.xlsx"
    pd.DataFrame(
        {"village_id": ["a"], "name": ["Thôn 1"], "commune_code": ["12238"], "valid_from": [pd.Timestamp("2026-01-01")]}
    ).to_excel(sheet, index=False)
    taken = run.invoke(app, ["geo", "villages", "import", str(sheet), "--json"])
    assert taken.output.strip().endswith('{"villages": 1}')
