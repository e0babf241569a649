"""Publishing: draft, lists, publish; the same again changes nothing, and other lists make another version."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from server.central.errors import CentralError
from server.central.publish import Published, publish
from server.central.release import publish_round
from server.errors import UserError
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
