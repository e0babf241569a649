"""Attachments: everything that Central has comes, whole, once, sealed, whatever happens in between."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from server.attachments import fetch
from server.attachments import service as attachments
from server.attachments.media import judge, thumbnail
from server.attachments.store import StoreError
from server.attachments.tables import EXPECTED, GONE, PRESENT, REFUSED, STORED, Attachment
from server.central.errors import CentralError
from server.privacy.service import Reason, erase
from server.settings import AttachmentsSettings
from tests.server.core.attachment_fieldwork import (
    contents,
    drop,
    fault,
    files_below,
    jpeg,
    keeping,
    put,
    rows,
    states,
)
from tests.server.fieldwork import Field, instance_id

NAME = "nhà 1.jpg"


def test_a_late_photo_comes_with_the_next_sync(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    first = field.sync(keeping=keep).forms[0].files
    assert (first.listed, first.stored, first.expected) == (1, 0, 1)
    assert states(field) == {(0, NAME): EXPECTED}
    assert field.sync(keeping=keep).forms[0].files.listed == 0, "nothing is asked while Central's count says no"

    photo = jpeg()
    put(field, 1, NAME, photo)
    second = field.sync(keeping=keep).forms[0].files
    assert (second.listed, second.stored, second.expected, second.bytes) == (1, 1, 0, len(photo))
    held = rows(field)[0, NAME]
    assert (held.state, held.media_type, held.size, held.has_thumbnail) == (STORED, "image/jpeg", len(photo), True)
    assert contents(field, keep) == {(0, NAME): photo}

    third = field.sync(keeping=keep).forms[0].files
    assert (third.listed, third.stored) == (0, 0)


def test_what_lies_on_the_disk_says_nothing(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    photo = jpeg()
    for number in (1, 2):
        field.send(number, audit=NAME)
        put(field, number, NAME, photo)
    field.sync(keeping=keep)
    found = files_below(tmp_path / "attachments")
    # The same photo of two households: two contents, two thumbnails, and nothing tells that they are the same.
    assert len(found) == 4
    assert len({path.stem for path in found}) == 2
    sealed = [path.read_bytes() for path in found]
    assert len(set(sealed)) == 4
    assert not any(b"JFIF" in one or b"secret-place" in one or one[:2] == b"\xff\xd8" for one in sealed)
    assert {path.stat().st_mode & 0o077 for path in found} == {0}


def test_an_edit_carries_its_photo_over_and_it_lies_once(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync(keeping=keep)
    field.edit(1, 1, audit=NAME, household_size=3)
    field.sync(keeping=keep)
    assert states(field) == {(0, NAME): STORED, (1, NAME): STORED}
    assert len({one.address for one in rows(field).values()}) == 1
    assert len(files_below(tmp_path / "attachments")) == 2


def test_what_an_older_version_lacks_is_given_up(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    field.sync(keeping=keep)
    field.edit(1, 1, audit="new.jpg")
    put(field, 1, "new.jpg", jpeg())
    assert field.sync(keeping=keep).forms[0].files.listed == 2
    assert states(field) == {(0, NAME): GONE, (1, "new.jpg"): STORED}
    assert field.sync(keeping=keep).forms[0].files.listed == 0


@pytest.mark.parametrize("kind", ["half", "truncated"])
def test_a_file_that_breaks_off_leaves_nothing_and_comes_again(field: Field, tmp_path: Path, kind: str) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg(640, 480))
    fault(field, kind=kind, path=r"/attachments/.")
    done = field.sync(keeping=keep).forms[0].files
    assert (done.stored, done.failed) == (0, 1)
    held = rows(field)[0, NAME]
    assert (held.state, held.attempts, held.address) == (PRESENT, 1, None)
    assert files_below(tmp_path / "attachments") == []

    assert field.sync(keeping=keep).forms[0].files.stored == 0, "not before its time"
    assert _fetch_later(field, keep).stored == 1
    assert contents(field, keep) == {(0, NAME): jpeg(640, 480)}
    assert rows(field)[0, NAME].attempts == 0


def _fetch_later(field: Field, keep: attachments.Keeping, minutes: int = 2) -> attachments.Fetched:
    from server.central.service import sources

    with field.database.session() as session:
        source = sources(session)[0]
    with field.client() as central:
        later = datetime.now(UTC) + timedelta(minutes=minutes)
        return attachments.fetch_missing(field.database, central, keep, source, now=later)


def test_a_page_of_a_login_is_no_photo(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    fault(field, kind="html", path=r"/attachments/.")
    assert field.sync(keeping=keep).forms[0].files.failed == 1
    assert states(field) == {(0, NAME): PRESENT}


def test_one_broken_file_does_not_keep_the_others_but_a_broken_central_ends_the_run(
    field: Field, tmp_path: Path
) -> None:
    keep = keeping(tmp_path)
    for number in range(1, 7):
        field.send(number, audit=NAME)
        put(field, number, NAME, jpeg(colour=["red", "green", "blue"][number % 3]))
    fault(field, kind="status", status=500, path=r"/attachments/.", times=2)
    done = field.sync(keeping=keep).forms[0].files
    assert (done.failed, done.stored) == (2, 4)

    for number in range(7, 12):
        field.send(number, audit=NAME)
        put(field, number, NAME, jpeg())
    fault(field, kind="status", status=500, path=r"/attachments/.", times=0)
    with pytest.raises(CentralError, match="ODK Central"):
        field.sync(keeping=keep)
    assert sorted(one.attempts for one in _all(field)) == [0] * 7 + [1] * 4


def _all(field: Field) -> list[Attachment]:
    with field.database.session() as session:
        return list(session.scalars(select(Attachment)))


def test_killed_between_two_files_it_goes_on(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    for number in (1, 2, 3):
        field.send(number, audit=NAME)
        put(field, number, NAME, jpeg())

    class Killed(BaseException):
        pass

    def progress(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("files", 2):
            raise Killed

    with pytest.raises(Killed):
        field.sync(keeping=keep, progress=progress)
    assert sorted(one.state for one in _all(field)) == [PRESENT, STORED, STORED]
    assert field.sync(keeping=keep).forms[0].files.stored == 1
    assert [one.state for one in _all(field)] == [STORED] * 3


def test_killed_while_a_file_is_written_leaves_nothing_under_its_key(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _disk_full)
        with pytest.raises(StoreError, match="No space"):
            field.sync(keeping=keep)
    assert states(field) == {(0, NAME): PRESENT}
    assert files_below(tmp_path / "attachments") == []
    assert field.sync(keeping=keep).forms[0].files.stored == 1


def _disk_full(_handle: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("name", "content", "settings", "reason"),
    [
        ("a.jpg", jpeg(200, 200), {"max_bytes": 500}, "too_large"),
        ("a.jpg", b"MZ\x90\x00 this is a program", {}, "type"),
        ("a.csv", b"\x00\x01\x02", {}, "type"),
        ("a.jpg", b"", {}, "empty"),
        ("a.jpg", jpeg(200, 200), {"max_pixels": 100}, "pixels"),
    ],
)
def test_what_is_refused_says_why_and_is_not_asked_for_again(
    field: Field, tmp_path: Path, name: str, content: bytes, settings: dict[str, int], reason: str
) -> None:
    keep = keeping(tmp_path, **settings)
    field.send(1, audit=name)
    put(field, 1, name, content)
    done = field.sync(keeping=keep).forms[0].files
    assert (done.refused, done.stored, done.failed) == (1, 0, 0)
    assert (rows(field)[0, name].state, rows(field)[0, name].reason) == (REFUSED, reason)
    assert files_below(tmp_path / "attachments") == []
    again = field.sync(keeping=keep).forms[0].files
    assert (again.listed, again.refused) == (0, 0)


def test_wider_limits_take_what_was_refused(field: Field, tmp_path: Path) -> None:
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg(200, 200))
    field.sync(keeping=keeping(tmp_path, max_bytes=500))
    assert states(field) == {(0, NAME): REFUSED}
    assert field.sync(keeping=keeping(tmp_path)).forms[0].files.stored == 1


def test_a_file_lost_at_central_before_it_was_fetched_is_expected_again(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    fault(field, kind="status", status=503, path=r"/attachments/.")
    field.sync(keeping=keep)
    drop(field, 1, NAME)
    assert _fetch_later(field, keep).stored == 0
    assert states(field) == {(0, NAME): EXPECTED}
    put(field, 1, NAME, jpeg())
    assert field.sync(keeping=keep).forms[0].files.stored == 1


def test_a_file_lost_at_central_after_it_was_fetched_stays(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync(keeping=keep)
    drop(field, 1, NAME)
    field.sync(keeping=keep)
    assert contents(field, keep) == {(0, NAME): jpeg()}


def test_a_deleted_submission_is_asked_for_nothing(field: Field, tmp_path: Path) -> None:
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync()
    field.delete(1)
    assert field.sync(keeping=keeping(tmp_path)).forms[0].files.listed == 0


def test_nothing_of_a_file_stands_in_the_log(field: Field, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "server")
    field.send(1, 2, audit=NAME)
    put(field, 1, NAME, jpeg())
    fault(field, kind="half", path=r"/attachments/.")
    field.sync(keeping=keeping(tmp_path))
    assert caplog.records
    assert "nhà" not in caplog.text
    assert "nh%C3%A0" not in caplog.text


def test_a_thumbnail_is_small_upright_and_without_what_was_written_into_the_photo() -> None:
    # Orientation 6: the phone was held upright, and the upper left corner is shown at the upper right.
    made = thumbnail(jpeg(1200, 800, orientation=6), AttachmentsSettings(thumbnail_pixels=120))
    assert made is not None
    assert b"secret-place" not in made
    with Image.open(io.BytesIO(made)) as image:
        assert image.format == "JPEG"
        assert image.size == (80, 120)
        assert dict(image.getexif()) == {}
        assert min(image.getpixel((75, 5))) > 200
        assert min(image.getpixel((5, 5))) < 100


def test_a_broken_photo_is_kept_without_a_thumbnail(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    broken = jpeg()[:200]
    field.send(1, audit=NAME)
    put(field, 1, NAME, broken)
    field.sync(keeping=keep)
    assert rows(field)[0, NAME].has_thumbnail is False
    assert contents(field, keep) == {(0, NAME): broken}


def test_a_file_in_anothers_place_does_not_open(field: Field, tmp_path: Path) -> None:
    from server.secrets.errors import Tampered

    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync(keeping=keep)
    content, thumb = sorted(files_below(tmp_path / "attachments"), key=lambda path: path.suffix)
    content.write_bytes(thumb.read_bytes())
    with pytest.raises(Tampered):
        contents(field, keep)


def test_tidying_removes_what_belongs_to_no_row(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync(keeping=keep)
    keep.store.put(f"ab/ab{'0' * 62}", b"of a fetch that was killed")
    assert attachments.tidy(field.database, keep.store) == 0, "it may be about to get its row"
    later = datetime.now(UTC) + timedelta(days=2)
    assert attachments.tidy(field.database, keep.store, later) == 1
    assert contents(field, keep) == {(0, NAME): jpeg()}


def test_erasing_a_household_removes_its_files_and_they_do_not_come_back(field: Field, tmp_path: Path) -> None:
    keep = keeping(tmp_path)
    for number in (1, 2):
        field.send(number, audit=NAME)
        put(field, number, NAME, jpeg())
    field.sync(keeping=keep)
    erase(field.database, instance_id(1), by="u-officer", reason=Reason.SUBJECT_REQUEST, store=keep.store)
    assert [one.central_id for one in _all(field)] == [instance_id(2)]
    assert len(files_below(tmp_path / "attachments")) == 2
    done = field.sync(full=True, keeping=keep).forms[0].files
    assert (done.listed, done.stored) == (0, 0)
    assert len(files_below(tmp_path / "attachments")) == 2


def test_a_household_erased_while_its_file_is_fetched_keeps_nothing(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())

    def judge_and_erase(*of: Any) -> Any:
        erase(field.database, instance_id(1), by="u-officer", reason=Reason.SUBJECT_REQUEST, store=keep.store)
        return judge(*of)

    monkeypatch.setattr(fetch, "judge", judge_and_erase)
    assert field.sync(keeping=keep).forms[0].files.stored == 0
    assert _all(field) == []
    assert files_below(tmp_path / "attachments") == []


def test_an_erasure_without_the_store_leaves_what_nobody_can_open_until_it_is_tidied(
    field: Field, tmp_path: Path
) -> None:
    keep = keeping(tmp_path)
    field.send(1, audit=NAME)
    put(field, 1, NAME, jpeg())
    field.sync(keeping=keep)
    held = rows(field)[0, NAME]
    erase(field.database, instance_id(1), by="u-officer", reason=Reason.RETENTION)
    assert len(files_below(tmp_path / "attachments")) == 2
    with field.database.session() as session:
        assert attachments.open_content(session, keep.store, held) is None
    assert attachments.tidy(field.database, keep.store, datetime.now(UTC) + timedelta(days=2)) == 2
    assert files_below(tmp_path / "attachments") == []
