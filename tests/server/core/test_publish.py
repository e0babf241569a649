"""Publishing: draft, lists, publish; the same again changes nothing, and other lists make another version."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import requests

from forms.build import FORM_NAMES
from server.central.errors import CentralError
from server.central.publish import Published, publish
from server.central.release import DataLossError, publish_round
from server.errors import ConflictError, UserError
from server.rounds import service as rounds
from server.units import service as units
from tests.server.fieldwork import FORM, PROVINCE, REVIEW_DATE, ROUND, Field, squares


def _publish(field: Field, out: Path) -> Published:
    released = publish_round(field.database, field.settings.central, out, ROUND, names=("household",))
    return released.form().at_central


def test_the_same_form_again_changes_nothing(field: Field, tmp_path: Path) -> None:
    again = _publish(field, tmp_path / "again")
    assert (again.changed, again.version, again.project_id) == (False, field.version, field.project_id)


def test_other_lists_make_another_version(field: Field, tmp_path: Path) -> None:
    new = pd.DataFrame({"village_id": ["11953-02"], "name": ["Mới"], "type": ["Thôn"], "commune_code": ["11953"]})
    with field.database.session() as session:
        units.import_villages(session, new, on=REVIEW_DATE, province_code=PROVINCE, source="test")
    other = _publish(field, tmp_path / "other")
    assert other.changed
    assert other.version.startswith(f"{field.version}-")
    assert not _publish(field, tmp_path / "other").changed
    with field.client() as connection:
        held = connection.get_json(f"projects/{field.project_id}/forms/{FORM}", "form")
    assert held["version"] == other.version


def test_a_draft_left_behind_is_published(field: Field, tmp_path: Path) -> None:
    with field.client() as connection:
        project = connection.send("POST", "projects", "project", json={"name": "Khác"})
        field.settings.central.project_id = project["id"]
    with field.client() as connection:
        from server.central.publish import build_round_form

        with field.database.session() as session:
            form = build_round_form(session, ROUND, tmp_path / "form")
        path = f"projects/{project['id']}/forms?ignoreWarnings=true"
        connection.send(
            "POST",
            path,
            "form",
            data=form.built.xlsx.read_bytes(),
            headers={"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        )
        published = publish(connection, form)
    assert (published.changed, published.project_id) == (True, project["id"])


def test_a_missing_project_is_named(field: Field, round_form: object) -> None:
    field.settings.central.project_id = 99_999
    with field.client() as connection, pytest.raises(CentralError, match="99999") as caught:
        publish(connection, round_form)  # type: ignore[arg-type]
    assert caught.value.code == "central_not_found"


def test_a_round_without_villages_is_refused(field: Field, tmp_path: Path) -> None:
    from sqlalchemy import delete

    from server.units.tables import Village

    with field.database.session() as session:
        session.execute(delete(Village))
    with pytest.raises(UserError, match="geo villages import"):
        _publish(field, tmp_path / "none")
    assert len(squares()) == 104


def test_every_form_of_the_procedure_is_published_once(field: Field, tmp_path: Path) -> None:
    first = publish_round(field.database, field.settings.central, tmp_path / "all", ROUND)
    assert [one.name for one in first.forms] == list(FORM_NAMES)
    assert first.form("household").at_central.changed is False
    assert first.changed
    with field.database.session() as session:
        attached = {one.name: one.published_version for one in rounds.forms_of(session, ROUND)}
    assert attached == {one.name: one.at_central.version for one in first.forms}
    assert not publish_round(field.database, field.settings.central, tmp_path / "all", ROUND).changed


def test_central_refusing_half_way_leaves_the_published_form(field: Field, tmp_path: Path) -> None:
    names = ("application", "facility")
    out = tmp_path / "two"
    fault = {"kind": "status", "status": 503, "path": "facility/draft/publish", "times": 1}
    requests.post(f"{field.stand_in.url}/-/faults", json=fault).raise_for_status()
    with pytest.raises(CentralError):
        publish_round(field.database, field.settings.central, out, ROUND, names=names)
    with field.database.session() as session:
        assert {one.name for one in rounds.forms_of(session, ROUND)} == {"household", "application"}
    again = publish_round(field.database, field.settings.central, out, ROUND, names=names)
    assert [one.at_central.changed for one in again.forms] == [False, True]


def test_a_new_version_broken_off_leaves_the_old_one_on_phones(field: Field, tmp_path: Path) -> None:
    new = pd.DataFrame({"village_id": ["11953-03"], "name": ["Ba"], "type": ["Thôn"], "commune_code": ["11953"]})
    with field.database.session() as session:
        units.import_villages(session, new, on=REVIEW_DATE, province_code=PROVINCE, source="test")
    fault = {"kind": "status", "status": 503, "path": "draft/attachments/villages.csv", "times": 1}
    requests.post(f"{field.stand_in.url}/-/faults", json=fault).raise_for_status()
    with pytest.raises(CentralError):
        _publish(field, tmp_path / "new")
    with field.client() as connection:
        held = connection.get_json(f"projects/{field.project_id}/forms/{FORM}", "form")
    assert (held["version"], held["state"]) == (field.version, "open")
    assert _publish(field, tmp_path / "new").changed
    assert not _publish(field, tmp_path / "new").changed


def test_losing_answers_takes_an_explicit_word(field: Field, tmp_path: Path) -> None:
    """What is published asks one thing more than what is to come."""
    path = f"projects/{field.project_id}/forms/{FORM}"
    with field.client() as connection:
        old = connection.get_text(f"{path}.xml", "form")
        more = old.replace("<remarks/>", "<remarks/><extra/>", 1)
        bound = re.sub(r'(<bind nodeset="[^"]*/remarks"[^>]*/>)', _with_extra, more, count=1)
        asked = re.sub(r"(<input[^>]* ref=\"[^\"]*/remarks\")", _asked_extra, bound, count=1)
        assert asked.count("extra") == 3
        xml = re.sub(r'version="[^"]*"', 'version="older"', asked, count=2 if "?xml" in asked[:40] else 1)
        headers = {"Content-Type": "application/xml"}
        connection.send("POST", f"{path}/draft", "draft", data=xml.encode(), headers=headers)
        connection.send("POST", f"{path}/draft/publish", "draft", params={"version": "older"})
    with pytest.raises(DataLossError, match="extra") as caught:
        _publish(field, tmp_path / "new")
    assert "--allow-data-loss" in caught.value.en
    with field.client() as connection:
        assert connection.get_json(path, "form")["version"] == "older"
    released = publish_round(
        field.database, field.settings.central, tmp_path / "new", ROUND, names=("household",), allow_data_loss=True
    )
    assert released.form().at_central.changed


def _with_extra(bind: re.Match[str]) -> str:
    place = re.search(r'nodeset="([^"]*)/remarks"', bind[1])
    assert place is not None
    return f'{bind[1]}<bind nodeset="{place[1]}/extra" type="string"/>'


def _asked_extra(question: re.Match[str]) -> str:
    place = re.search(r'ref="([^"]*)/remarks"', question[1])
    assert place is not None
    return f'<input ref="{place[1]}/extra"><label>Thêm</label></input>{question[1]}'


def test_a_form_the_round_no_longer_has_goes_out_of_use(field: Field, tmp_path: Path) -> None:
    with field.client() as connection:
        xml = '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><model><instance><data id="old" version="1"/>'
        xml += "</instance></model></h:head><h:body/></h:html>"
        headers = {"Content-Type": "application/xml"}
        project = f"projects/{field.project_id}"
        connection.send(
            "POST", f"{project}/forms", "form", data=xml.encode(), headers=headers, params={"publish": "true"}
        )
    with field.database.session() as session:
        rounds.attach_form(session, ROUND, "old", field.project_id, "old", "1")
    released = publish_round(field.database, field.settings.central, tmp_path / "new", ROUND, names=("household",))
    assert [(one.form_id, one.state, one.waiting) for one in released.closing] == [("old", "closed", ())]


def test_a_closed_round_is_not_published(field: Field, tmp_path: Path) -> None:
    with field.database.session() as session:
        rounds.advance(session, ROUND, "closed")
    with pytest.raises(ConflictError, match="đã đóng"):
        _publish(field, tmp_path / "closed")
