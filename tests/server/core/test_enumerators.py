"""People with phones: taken from a table whole or not at all, set up at Central once, their secrets kept."""

from __future__ import annotations

import base64
import json
import stat
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from sqlalchemy import insert, select

from forms.lists import household_uuid
from server.central.client import Central
from server.central.entities import Row
from server.central.errors import CentralError
from server.enumerators import carried
from server.enumerators import service as enumerators
from server.enumerators.service import Phone
from server.enumerators.sheet import SHEET, collect_settings, qr_text, write_sheet
from server.enumerators.tables import Assignment, Enumerator
from server.enumerators.verify import verify
from server.errors import NotFoundError
from server.registry.sealed import seal_households, seal_members
from server.registry.tables import RegistryHousehold, RegistryMember
from server.review import service as review
from server.rounds import service as rounds
from server.settings import CentralSettings
from server.submissions import service as submissions
from server.submissions.rows import read_row
from server.submissions.service import Source
from server.units.problems import FileError
from tests.server.fieldwork import PROVINCE, REVIEW_DATE, ROUND, Field, answers, odata_row, receive, squares

YEAR = REVIEW_DATE.year - 1
COMMUNES = sorted(squares().index)[:3]


def village(number: int) -> str:
    return f"{COMMUNES[number]}-01"


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"name": "Người Thử", **row} for row in rows])


@pytest.fixture
def of(field: Field) -> Field:
    """A published round with two households on the list of each of three villages."""
    households = [
        {
            "province_code": PROVINCE,
            "year": YEAR,
            "household_code": f"H{number}{which}",
            "commune_code": COMMUNES[number],
            "village_id": village(number),
            "village_name": "Thôn Mẫu",
            "status": "poor",
            "head_name": f"Trần Mẫu {number}{which}",
            "phone": None,
            "member_count": 3,
            "source": "test",
            "imported_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for number in range(3)
        for which in "ab"
    ]
    members = [
        {"province_code": PROVINCE, "year": YEAR, "household_code": one["household_code"], "member_no": 1}
        | {"full_name": one["head_name"], "relation": "head", "sex": "male", "birth_date": "1980-04-12"}
        | {"birth_year": None, "cccd": None, "ethnicity": "01"}
        for one in households
    ]
    with field.database.session() as session:
        sealed = seal_members(session, members)
        seal_households(session, households)
        session.execute(insert(RegistryHousehold), households)
        session.execute(insert(RegistryMember), sealed)
    return field


def import_(of: Field, *rows: dict[str, Any]) -> enumerators.Imported:
    with of.database.session() as session:
        return enumerators.import_people(session, table(*rows), ROUND, "nguoi.csv")


def households(of: Field) -> list[Row]:
    with of.database.session() as session:
        return carried.household_rows(session, ROUND).rows


def by_person(of: Field) -> dict[str, list[str]]:
    with of.database.session() as session:
        found = carried.household_rows(session, ROUND).by_phone()
    return {code: sorted(row.data["household_code"] for row in rows) for code, rows in found.items()}


def phone(of: Field, code: str) -> Phone:
    with of.database.session() as session:
        return next(one for one in enumerators.phones(session, ROUND) if one.code == code)


def test_villages_and_households_are_assigned(of: Field) -> None:
    done = import_(
        of,
        {"code": "rsv-0001", "phone": "0912 345 678", "villages": f"{village(0)}; {village(1)}"},
        {"code": "RSV-0002", "households": "H0a"},
    )
    assert (done.people, done.new, done.changed, done.villages, done.households) == (2, 2, 0, 2, 1)
    assert by_person(of) == {"RSV-0001": ["H0b", "H1a", "H1b"], "RSV-0002": ["H0a"]}, (
        "a household goes before its village"
    )
    with of.database.session() as session:
        assert carried.household_rows(session, ROUND).unassigned == 2
    one = next(row for row in households(of) if row.data["household_code"] == "H0a")
    assert one.uuid == household_uuid(ROUND, "H0a")
    assert one.label == "Trần Mẫu 0a · H0a"
    assert one.data["head_birth_year"] == "1980"
    assert (one.data["previous_class"], one.data["status"], one.data["member_count"]) == ("poor", "listed", "3")


def test_the_same_table_again_changes_nothing(of: Field) -> None:
    rows = ({"code": "RSV-0001", "villages": village(0)}, {"code": "KT-0001", "role": "backchecker"})
    import_(of, *rows)
    again = import_(of, *rows)
    assert (again.new, again.changed) == (0, 0)
    moved = import_(of, {"code": "RSV-0001", "villages": village(1)})
    assert (moved.new, moved.changed) == (0, 1)
    assert by_person(of) == {"RSV-0001": ["H1a", "H1b"]}


BAD = {
    "code": ({"code": "r"}, "code", "RSV-0007"),
    "role": ({"role": "boss"}, "role", "backchecker"),
    "phone": ({"phone": "12"}, "phone", "10 chữ số"),
    "name": ({"name": ""}, "name", "họ tên"),
    "unknown village": ({"villages": "99999-01"}, "villages", "99999-01"),
    "unknown household": ({"villages": None, "households": "X1"}, "households", "X1"),
    "nothing assigned": ({"villages": None}, "villages", "phân công"),
    "a back-checker's village": ({"role": "backchecker"}, "villages", "rút thăm"),
    "somebody's village": ({"villages": village(0)}, "villages", "RSV-0001"),
    "the code twice": ({"code": "RSV-0001"}, "code", "dòng 2"),
}


@pytest.mark.parametrize("change, column, says", BAD.values(), ids=list(BAD))
def test_a_bad_row_is_named_and_nothing_is_taken(of: Field, change: dict[str, Any], column: str, says: str) -> None:
    first = {"code": "RSV-0001", "villages": village(0)}
    with pytest.raises(FileError) as caught:
        import_(of, first, {"code": "RSV-0002", "villages": village(1)} | change)
    assert f"nguoi.csv: dòng 3, cột {column}: " in caught.value.vi
    assert f"nguoi.csv: row 3, column {column}: " in caught.value.en
    assert says in caught.value.vi
    assert "Người Thử" not in caught.value.vi
    with of.database.session() as session:
        assert list(session.scalars(select(Enumerator.code))) == []
        assert list(session.scalars(select(Assignment.unit_code))) == []


def test_a_village_of_somebody_not_in_the_table_is_taken_already(of: Field) -> None:
    import_(of, {"code": "RSV-0001", "villages": village(0)})
    with pytest.raises(FileError, match="RSV-0001"):
        import_(of, {"code": "RSV-0002", "villages": village(0)})
    swapped = import_(of, {"code": "RSV-0001", "villages": village(1)}, {"code": "RSV-0002", "villages": village(0)})
    assert (swapped.new, swapped.changed) == (1, 1)


def test_who_is_given_a_whole_commune_is_named(of: Field) -> None:
    from server.units import service as units

    second = pd.DataFrame({"village_id": [f"{COMMUNES[0]}-02"], "name": ["Hai"], "type": ["Thôn"]})
    with of.database.session() as session:
        units.import_villages(
            session, second.assign(commune_code=COMMUNES[0]), on=REVIEW_DATE, province_code=PROVINCE, source="test"
        )
    one = import_(of, {"code": "RSV-0001", "villages": village(0)})
    assert one.whole_communes == []
    both = import_(of, {"code": "RSV-0001", "villages": f"{village(0)};{COMMUNES[0]}-02"})
    assert both.whole_communes == [COMMUNES[0]]


def test_an_interview_returned_is_offered_with_its_reason_until_the_next(of: Field) -> None:
    import_(of, {"code": "RSV-0001", "villages": village(0)})
    given = answers(1)
    given["place"]["household_code"] = "H0a"
    receive(of.database, odata_row(given, 1))
    [interview] = _ids(of)
    with of.database.session() as session:
        decision = review.decide(session, interview, "return", actor="a", reason="Thiếu thu nhập")
        number = decision.decision_id
    row = _row(of, "H0a")
    assert (row["status"], row["returned_reason"], row["replaces"]) == ("returned", "Thiếu thu nhập", interview)
    with of.database.session() as session:
        review.undo(session, number)
    row = _row(of, "H0a")
    assert (row["status"], row["returned_reason"], row["replaces"]) == ("listed", "", "")


def test_a_returned_interview_of_no_listed_household_goes_to_who_took_it(of: Field) -> None:
    import_(of, {"code": "RSV-0001", "villages": village(0)})
    receive(of.database, odata_row(answers(1) | {"enumerator": "RSV-0001"}, 1))
    [interview] = _ids(of)
    assert len(households(of)) == 2
    with of.database.session() as session:
        review.decide(session, interview, "return", actor="a", reason="Xem lại nhà ở")
    [offered] = [row for row in households(of) if row.data["replaces"]]
    assert offered.data["household_code"] == ""
    assert (offered.data["assignment_key"], offered.data["replaces"]) == ("RSV-0001", interview)


def _apply(of: Field, number: int, **given: Any) -> str:
    """An application as received; its id."""
    row = odata_row({"enumerator": "RSV-0001", "who": given, "goes_to_review": given.pop("goes", "yes")}, number)
    source = Source(of.project_id, "application", ROUND, "application")
    with of.database.session() as session:
        rounds.attach_form(session, ROUND, "application", of.project_id, "application", "1")
        submissions.store(session, source, [read_row(orjson.dumps(row))], datetime(2026, 9, 3, 3, tzinfo=UTC))
    return str(row["__id"])


def test_who_applies_is_on_the_phone_too(of: Field) -> None:
    import_(of, {"code": "RSV-0001", "villages": village(0)}, {"code": "RSV-0002", "villages": village(1)})
    _apply(of, 11, on_list="listed", household_code="H0a")
    new = {"on_list": "new", "head_name": "Lê Thị Mới", "head_birth_year": 1975, "member_count": 4}
    applied = _apply(of, 12, village_id=village(1), commune_code=COMMUNES[1], address="Ngõ 3", **new)
    _apply(of, 13, village_id=village(1), commune_code=COMMUNES[1], goes="no", **new)
    statuses = {row.data["household_code"]: row.data["status"] for row in households(of)}
    assert (statuses["H0a"], statuses["H0b"]) == ("applied", "listed")
    [row] = [row for row in households(of) if row.data["household_code"].startswith("DN-")]
    assert row.label == f"Lê Thị Mới · {row.data['household_code']}"
    assert (row.data["assignment_key"], row.data["status"]) == ("RSV-0002", "applied"), "who has the village"
    assert (row.data["head_birth_year"], row.data["member_count"], row.data["address"]) == ("1975", "4", "Ngõ 3")
    assert row.uuid == household_uuid(ROUND, f"application:{applied}")


def _ids(of: Field) -> list[str]:
    with of.database.session() as session:
        return submissions.all_ids(session, ROUND)


def _row(of: Field, code: str) -> dict[str, str]:
    return dict(next(row.data for row in households(of) if row.data["household_code"] == code))


# -- Central ---------------------------------------------------------------------------------------------------


def provisioned(of: Field) -> None:
    import_(
        of,
        {"code": "RSV-0001", "villages": village(0)},
        {"code": "RSV-0002", "villages": village(1)},
    )
    with of.client() as connection:
        enumerators.provision(of.database, connection, ROUND)
        enumerators.send_lists(of.database, connection, ROUND)


def test_central_knows_codes_and_no_names(of: Field) -> None:
    provisioned(of)
    with of.client() as connection:
        users = connection.get_json(f"projects/{of.project_id}/app-users", "users")
        again = enumerators.provision(of.database, connection, ROUND)
    assert {one["displayName"] for one in users} == {"RSV-0001", "RSV-0002"}
    assert "Người" not in json.dumps(users, ensure_ascii=False)
    assert again.written == 0
    assert again.codes == []


def test_a_run_that_broke_off_makes_nobody_twice(of: Field) -> None:
    import_(of, {"code": "RSV-0001", "villages": village(0)})
    with of.client() as connection:
        connection.send("POST", f"projects/{of.project_id}/app-users", "user", json={"displayName": "RSV-0001"})
        done = enumerators.provision(of.database, connection, ROUND)
        users = connection.get_json(f"projects/{of.project_id}/app-users", "users")
    assert (done.made, done.corrected) == (0, 1), "found again by its name, and given its key"
    assert phone(of, "RSV-0001").token == users[0]["token"]


def test_a_key_of_somebody_else_is_named(of: Field) -> None:
    provisioned(of)
    assert verify(of.database, of.settings.central, ROUND).holds
    user = f"projects/{of.project_id}/app-users/{phone(of, 'RSV-0001').actor_id}"
    with of.client() as connection:
        connection.send("PATCH", user, "user", json={"properties": {"assignment_key": "RSV-0002"}})
    found = {one.code: one for one in verify(of.database, of.settings.central, ROUND).phones}
    assert {one.code for one in found["RSV-0001"].problems} == {"key_wrong", "rows"}
    assert found["RSV-0002"].problems == ()


def test_a_list_without_a_rule_and_a_form_too_many_are_named(of: Field) -> None:
    provisioned(of)
    one = phone(of, "RSV-0001")
    project = f"projects/{of.project_id}"
    with of.client() as connection:
        connection.send("PATCH", f"{project}/datasets/households", "list", json={"accessFilter": None})
        connection.send("DELETE", f"{project}/forms/household/assignments/app-user/{one.actor_id}", "right")
    found = verify(of.database, of.settings.central, ROUND)
    assert [problem.code for problem in found.lists["households"]] == ["rule_missing"]
    by_code = {each.code: [problem.code for problem in each.problems] for each in found.phones}
    assert by_code == {"RSV-0001": ["forms"], "RSV-0002": ["rows"]}
    assert not found.holds


def test_tokens_and_names_are_sealed(of: Field) -> None:
    provisioned(of)
    one = phone(of, "RSV-0001")
    assert one.token is not None
    with of.database.session() as session:
        stored = session.get_one(Enumerator, (ROUND, "RSV-0001"))
        assert one.token.encode() not in (stored.token or b"")
        assert "Người Thử".encode() not in stored.person


def test_revoking_somebody_unknown(of: Field) -> None:
    with of.client() as connection, pytest.raises(NotFoundError, match="RSV-9999"):
        enumerators.revoke(of.database, connection, ROUND, "RSV-9999")


def test_a_round_with_nobody_asks_nothing_of_central(of: Field) -> None:
    settings = CentralSettings(url="http://127.0.0.1:9", user="a", password="b", project_id=1)  # type: ignore[arg-type]
    assert enumerators.send_lists(of.database, Central(settings), ROUND) == []
    import_(of, {"code": "RSV-0001", "villages": village(0)})
    with pytest.raises(CentralError):
        enumerators.send_lists(of.database, Central(settings), ROUND)


# -- the sheet -------------------------------------------------------------------------------------------------


def a_phone(code: str = "RSV-0001", token: str | None = "t" * 64) -> Phone:
    return Phone(ROUND, code, "interviewer", "Vũ <b>Thị</b> Thử", "", 1, token, False)


def test_a_qr_code_is_what_collect_reads() -> None:
    reach = CentralSettings(url="http://central.internal/", phone_url="https://odk.example.org/")
    settings = collect_settings(reach, 7, a_phone())
    read = json.loads(zlib.decompress(base64.b64decode(qr_text(settings))))
    assert read == settings
    assert read["general"]["server_url"] == f"https://odk.example.org/v1/key/{'t' * 64}/projects/7"
    assert read["general"]["metadata_username"] == "RSV-0001"
    assert (read["general"]["form_update_mode"], read["general"]["autosend"]) == ("match_exactly", "wifi_and_cellular")
    assert read["general"]["delete_send"] is False, "a sent form is to be edited on the phone"
    assert read["admin"] == {}
    with pytest.raises(ValueError, match="token"):
        collect_settings(reach, 7, a_phone(token=None))


def test_the_sheet_is_its_owner_s_alone(tmp_path: Path) -> None:
    reach = CentralSettings(url="http://127.0.0.1:8383")
    folder = tmp_path / "may"
    people = [a_phone("RSV-0001"), a_phone("RSV-0002"), a_phone("RSV-0003", token=None)]
    (tmp_path / "may").mkdir()
    (folder / SHEET).write_text("an older one")
    (folder / SHEET).chmod(0o644)
    written = write_sheet(folder, reach, 7, people)
    assert [path.name for path in written] == [SHEET, "RSV-0001.json", "RSV-0002.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    page = written[0].read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "t" * 64 not in page, "the token stands in the drawing alone"
    assert "Vũ &lt;b&gt;Thị&lt;/b&gt; Thử" in page
    assert json.loads(written[1].read_text())["general"]["metadata_username"] == "RSV-0001"
