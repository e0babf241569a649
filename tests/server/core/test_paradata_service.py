"""Audit logs fetched, measured, sealed, flagged; measured again by a rebuild; gone with their household."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from server.cases import service as cases
from server.cases.tables import Flag
from server.paradata import service as paradata
from server.paradata.service import LOG_NAME, Measures
from server.paradata.tables import Paradata
from server.privacy.service import Reason, erase
from server.submissions import service as submissions
from tests.server.core.attachment_fieldwork import files_below, keeping, put
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import ROUND, Field, instance_id

HEAD = "event,node,start,end,latitude,longitude,accuracy,old-value,new-value"


def _log(*screens: tuple[str, float, float, str, str, str], began: datetime | None = None) -> bytes:
    """Question screens: (name, seconds from the beginning, length, latitude, old, new)."""
    first = (began or datetime(2026, 9, 3, 1, tzinfo=UTC)).timestamp()
    rows = [HEAD]
    for name, start, length, latitude, old, new in screens:
        times = f"{round((first + start) * 1000)},{round((first + start + length) * 1000)}"
        place = f"{latitude},106.1,10.0" if latitude else ",,"
        rows.append(f"question,/data/{name},{times},{place},{old},{new}")
    return "\n".join(rows).encode()


ORDINARY = _log(*((f"q{n}", n * 20.0, 20.0, "20.5", "", "1") for n in range(25)))
CASES = {
    "fast_answers": (_log(*((f"q{n}", n * 1.5, 1.5, "", "", "1") for n in range(150))), {"seconds": 1.5, "count": 150}),
    "night_work": (_log(("q", 0, 590, "", "", "1"), ("r", 590, 590, "", "", "1"),
                        began=datetime(2026, 9, 3, 16, tzinfo=UTC)), {"minutes": 20}),
    "location_jumps": (_log(("q", 0, 100, "20.50", "", "1"), ("r", 100, 100, "20.52", "", "1")),
                       {"count": 1, "distance": 2224}),
    "income_changes": (_log(*(("income/income_wage", n * 70.0, 60.0, "", f"{n}0", f"{n + 1}0") for n in range(1, 5))),
                       {"count": 4}),
    "short_interview": (_log(("q", 0, 90, "", "", "1")), {"minutes": 1.5}),
}  # fmt: skip


def _measures(field: Field, number: int) -> Measures | None:
    with field.database.session() as session:
        live = submissions.current_one(session, instance_id(number))
        assert live is not None
        return paradata.of_submissions(session, [live]).get(instance_id(number))


def _flags(field: Field, number: int) -> dict[str, dict[str, object]]:
    with field.database.session() as session:
        found = session.scalars(select(Flag).where(Flag.interview_id == instance_id(number)))
        return {flag.code: flag.details for flag in found}


@pytest.mark.parametrize("code", list(CASES))
def test_how_an_interview_was_held_is_flagged_and_an_ordinary_one_is_not(
    field: Field, tmp_path: Path, code: str
) -> None:
    content, details = CASES[code]
    field.send(1, 2, audit=LOG_NAME)
    put(field, 1, LOG_NAME, content)
    put(field, 2, LOG_NAME, ORDINARY)
    assert field.sync(keeping=keeping(tmp_path)).derived == 2
    assert _flags(field, 1)[code] == details
    assert set(CASES) & set(_flags(field, 1)) == {code}
    assert not set(CASES) & set(_flags(field, 2))


def test_a_late_log_derives_its_interview_again(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=LOG_NAME)
    field.sync(keeping=keep)
    assert _measures(field, 1) is None
    put(field, 1, LOG_NAME, CASES["night_work"][0])
    field.sync(keeping=keep)
    found = _measures(field, 1)
    assert found is not None
    assert (found.night_seconds, found.answers, [one.question for one in found.screens]) == (1180, 2, ["q", "r"])
    assert "night_work" in _flags(field, 1)


def test_what_was_measured_is_as_secret_as_the_submission(field: Field, tmp_path: Path) -> None:
    field.send(1, audit=LOG_NAME)
    put(field, 1, LOG_NAME, _log(("income/income_wage", 0, 300, "20.512345", "98765432", "12345678")))
    field.sync(keeping=keeping(tmp_path))
    found = _measures(field, 1)
    assert found is not None
    assert found.changed[0].before == "98765432"
    with field.database.session() as session:
        row = session.scalars(select(Paradata)).one()
        plain = " ".join(str(one) for one in session.execute(text("SELECT * FROM flags")).all())
    assert row.measures is not None
    for secret in (b"98765432", b"income_wage", b"20.51"):
        assert secret not in row.measures
        assert secret.decode() not in plain
    assert not any(b"98765432" in path.read_bytes() for path in files_below(tmp_path / "attachments"))


def test_a_log_that_cannot_be_read_is_noted_once(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=LOG_NAME)
    put(field, 1, LOG_NAME, b"event,node\nform start,")
    assert field.sync(keeping=keep).derived == 1
    assert _measures(field, 1) is None
    with field.database.session() as session:
        assert session.scalars(select(Paradata)).one().measures is None
    assert field.sync(keeping=keep).derived == 0


def test_a_rebuild_measures_the_same(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, 2, audit=LOG_NAME)
    put(field, 1, LOG_NAME, CASES["fast_answers"][0])
    put(field, 2, LOG_NAME, ORDINARY)
    field.sync(keeping=keep)
    before, held = derived_rows(field.database), _measures(field, 1)
    assert paradata.rebuild(field.database, keep.store, ROUND) == 2
    cases.rebuild(field.database, ROUND)
    assert (derived_rows(field.database), _measures(field, 1)) == (before, held)


def test_an_erased_household_leaves_no_measure_and_a_rebuild_honours_it(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, 2, audit=LOG_NAME)
    for number in (1, 2):
        put(field, number, LOG_NAME, ORDINARY)
    field.sync(keeping=keep)
    erase(field.database, instance_id(1), by="u-officer", reason=Reason.RETENTION, store=keep.store)
    with field.database.session() as session:
        assert [one.central_id for one in session.scalars(select(Paradata))] == [instance_id(2)]
    assert len(files_below(tmp_path / "attachments")) == 1
    assert paradata.rebuild(field.database, keep.store, ROUND) == 1
