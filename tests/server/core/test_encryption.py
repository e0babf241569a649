"""Encryption at rest: no file tells who a household is; names are found and ordered all the same; keys are guarded."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from geo.units import units
from reconciliation import fold
from server.cases import service as cases
from server.cases.tables import Interview
from server.cli.demo import DemoOptions, demo_province
from server.database import Database
from server.errors import NotFoundError
from server.linkage import service as linkage
from server.secrets.service import MasterKeys, SecretsError, Tampered, name_keys, rotate, vault_of
from server.submissions import service as submissions
from server.submissions.tables import Submission
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import (
    PROVINCE,
    REVIEW_DATE,
    ROUND,
    answers,
    commune_of,
    instance_id,
    odata_row,
    person,
    receive,
)
from tests.server.keys import KEY_TEXT, KEYS

OTHER_TEXT = base64.b64encode(bytes(range(1, 33))).decode()


def _url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def _headed(number: int, name: str, commune: str | None = None) -> dict[str, Any]:
    """An interview of one person, who is its head."""
    given = answers(number)
    place = given["place"] | ({} if commune is None else {"commune_code": commune})
    people = [person(name, "head", "female", "1980-04-12", f"0331800{number:05d}")]
    return odata_row(given | {"member": people, "household_size": 1, "place": place}, number)


def test_no_file_tells_who_the_households_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole loop on generated people; then every byte of the database is looked at, its log too."""
    from sandbox import population

    generate, made = population.generate, []

    def remembered(*given: Any, **more: Any) -> Any:
        made.append(generate(*given, **more))
        return made[-1]

    monkeypatch.setattr(population, "generate", remembered)
    with demo_province(DemoOptions(households=60, data_dir=tmp_path / "demo"), lambda *_: None) as running:
        assert running.summary.holds
        files = sorted((tmp_path / "demo").glob("rasoat.sqlite*"))
        held = b"\0".join(path.read_bytes() for path in files)
        assert [path.name for path in files] == ["rasoat.sqlite", "rasoat.sqlite-shm", "rasoat.sqlite-wal"]
    province = made[0]

    # The scan sees what is there: a village, and an interview's id.
    assert str(province.villages["name"].iloc[0]).encode() in held
    assert _ids(running.database)[0].encode() in held

    people = pd.concat([province.members, province.registry_members])
    # A commune is called after a man whose name others have too (xã Nguyễn Văn Linh).
    public = " ".join([*units(REVIEW_DATE, PROVINCE)["name"], *province.villages["name"]])
    names = {name for name in people["full_name"].dropna() if name not in public}
    secrets = {form.encode() for name in names for form in (name, fold(name), *name_keys(name))}
    secrets |= {number.encode() for number in people["cccd"].dropna()}
    secrets |= {number.encode() for number in province.households["phone"].dropna()}
    points = province.households[["latitude", "longitude"]].dropna().to_numpy().ravel()
    secrets |= {form for value in points for form in (f"{value:.5f}".encode(), struct.pack(">d", value))}
    assert len(names) > 100
    assert len(secrets) > 500
    assert [secret for secret in sorted(secrets) if secret in held] == []


def _ids(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(Interview.interview_id).order_by(Interview.interview_id)))


def test_a_head_is_found_by_whole_words_without_tones(database: Database) -> None:
    heads = {1: "Nguyễn Thị Đượm", 2: "Nguyễn Văn Hiến", 3: "Trần Thị Hiền"}
    receive(database, *(_headed(number, name) for number, name in heads.items()))

    def found(text: str) -> set[int]:
        with database.session() as session:
            patterns = vault_of(session).word_patterns(text)
            conditions = [Interview.head_words.contains(pattern) for pattern in patterns]
            ids = set(session.scalars(select(Interview.interview_id).where(*conditions)))
        return {number for number in heads if instance_id(number) in ids}

    assert found("duom") == found("ĐƯỢM") == {1}
    assert found("nguyen") == {1, 2}
    assert found("hien") == {2, 3}
    assert found("thi hien") == found("Hiền  thị") == {3}
    assert found("hie") == set()


def test_heads_are_numbered_by_given_name_in_their_commune(database: Database) -> None:
    here, there = commune_of(1), commune_of(2)
    receive(
        database,
        _headed(1, "Lê Văn Ba", here),
        _headed(2, "Trần Văn Ân", here),
        _headed(3, "Trần Văn Ẩn", there),
        _headed(4, "Phạm Văn An", here),
        odata_row(answers(5) | {"member": []}, 5),
    )

    def order() -> dict[str, int | None]:
        with database.session() as session:
            return dict(session.execute(select(Interview.interview_id, Interview.head_order)).all())

    first = {4: 1, 2: 2, 1: 3, 3: 1, 5: None}
    assert order() == {instance_id(number): place for number, place in first.items()}

    # One moves away, one is new: both communes are as a rebuild would have them.
    moved = _headed(2, "Trần Văn Ân", there) | {"meta": {"instanceID": instance_id(2, 1)}}
    moved["__system"]["edits"] = 1
    receive(database, moved, _headed(6, "Đỗ Thị Bắc", here))
    now = {4: 1, 1: 2, 6: 3, 2: 1, 3: 2, 5: None}
    assert order() == {instance_id(number): place for number, place in now.items()}
    before = derived_rows(database)
    cases.rebuild(database, ROUND)
    assert derived_rows(database) == before


def test_every_version_is_opened_again(database: Database) -> None:
    receive(database, odata_row(answers(1), 1))
    edited = odata_row(answers(1) | {"household_size": 3}, 1, edits=1) | {"meta": {"instanceID": instance_id(1, 1)}}
    receive(database, edited)
    with database.session() as session:
        versions = session.scalars(select(Submission).order_by(Submission.edits)).all()
        payloads = submissions.payloads(session, versions)
    assert [
        b'"household_size":%d' % size in (payload or b"") for size, payload in zip((2, 3), payloads, strict=True)
    ] == [
        True,
        True,
    ]


def test_a_value_moved_to_another_household_does_not_open(database: Database) -> None:
    receive(database, odata_row(answers(1), 1), odata_row(answers(2), 2))
    with database.session() as session:
        first, second = session.scalars(select(Interview).order_by(Interview.interview_id)).all()
        first.answers = second.answers
        with pytest.raises(Tampered):
            cases.open_households(session, [first])
        session.rollback()


def test_after_a_rotation_everything_is_read_with_the_new_key_alone(database: Database) -> None:
    receive(database, *(odata_row(answers(number), number) for number in (1, 2, 3)))
    before = derived_rows(database)
    both = MasterKeys.from_text(f"{OTHER_TEXT} {KEY_TEXT}", "test")
    assert rotate(database, both, batch=2) == 3

    opened = Database(_url(database), MasterKeys.from_text(OTHER_TEXT, "test"))
    assert derived_rows(opened) == before
    cases.rebuild(opened, ROUND)
    assert derived_rows(opened) == before
    opened.dispose()
    with pytest.raises(SecretsError):
        derived_rows(database)  # it still has the old key


@pytest.mark.parametrize("keys", [None, MasterKeys.from_text(OTHER_TEXT, "test")])
def test_without_the_right_key_nothing_is_opened_stored_or_derived(database: Database, keys: MasterKeys | None) -> None:
    receive(database, odata_row(answers(1), 1))
    before = derived_rows(database)
    locked = Database(_url(database), keys)
    for attempt in (
        lambda: derived_rows(locked),
        lambda: receive(locked, odata_row(answers(2), 2)),
        lambda: cases.rebuild(locked, ROUND),
        lambda: linkage.reconcile(locked, ROUND),
    ):
        with pytest.raises((SecretsError, NotFoundError)):
            attempt()
    locked.dispose()
    database.use_keys(KEYS)
    assert derived_rows(database) == before
