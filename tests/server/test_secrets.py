"""Keys and encryption, the same on both databases."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from server.database import Base, Database
from server.secrets.lookup import normalise_cccd, normalise_phone
from server.secrets.service import (
    Erased,
    MasterKeys,
    Place,
    SecretsError,
    Tampered,
    add_key,
    create_key_file,
    drop_old_keys,
    name_keys,
    open_vault,
    prepare,
    rotate,
)
from server.secrets.tables import HouseholdKey, ServiceKey, StoredMasterKey

ANSWERS = Place("submissions", "answers")
NOTES = Place("submissions", "notes")
AT = datetime(2026, 9, 1, tzinfo=UTC)

# A fixture that lives through all examples of a test is what these tests want: keys pile up as in a real database.
on_one_database = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    create_key_file(path)
    return path


@pytest.fixture
def masters(key_file: Path) -> MasterKeys:
    return MasterKeys.from_file(key_file)


@pytest.fixture
def database(any_database: Database, masters: MasterKeys) -> Database:
    tables = [model.__table__ for model in (StoredMasterKey, ServiceKey, HouseholdKey)]
    Base.metadata.create_all(any_database.engine, tables=tables)
    with any_database.session() as session:
        prepare(session, masters)
    return any_database


# -- master keys ------------------------------------------------------------------------------------------------


def test_a_new_key_file_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new.key"
    create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    with pytest.raises(SecretsError, match="never overwritten"):
        create_key_file(path)
    assert path.read_text() == before


def test_a_key_file_open_to_everyone_is_refused(key_file: Path) -> None:
    key_file.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        MasterKeys.from_file(key_file)


@pytest.mark.parametrize("content", ["", "  \n", "not base64!", "c2hvcnQ=", "é"])
def test_a_malformed_key_file_is_refused_with_its_path(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SecretsError, match=r"bad\.key"):
        MasterKeys.from_file(path)


def test_a_missing_key_names_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="RASOAT_MASTER_KEY_FILE"):
        MasterKeys.from_environment({})
    with pytest.raises(SecretsError, match=r"gone\.key: no such"):
        MasterKeys.from_environment({"RASOAT_MASTER_KEY_FILE": str(tmp_path / "gone.key")})


def test_the_environment_may_hold_the_key_itself(key_file: Path) -> None:
    of_text = MasterKeys.from_environment({"RASOAT_MASTER_KEY": key_file.read_text()})
    assert of_text.current == MasterKeys.from_file(key_file).current
    assert "wrapping" not in repr(of_text.current)


def test_another_master_key_opens_nothing(database: Database, tmp_path: Path) -> None:
    stranger = create_key_file(tmp_path / "stranger.key")
    with database.session() as session:
        with pytest.raises(SecretsError, match="not the one this database was set up with"):
            open_vault(session, stranger)
        with pytest.raises(SecretsError, match="Nothing was opened"):
            prepare(session, stranger)


def test_a_database_never_set_up_is_refused(any_database: Database, masters: MasterKeys) -> None:
    Base.metadata.create_all(any_database.engine, tables=[StoredMasterKey.__table__])
    with any_database.session() as session, pytest.raises(SecretsError, match="never set up"):
        open_vault(session, masters)


def test_prepare_twice_changes_nothing(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        hashed = open_vault(session, masters).lookup("cccd", "1")
        prepare(session, masters)
        assert open_vault(session, masters).lookup("cccd", "1") == hashed


# -- values -----------------------------------------------------------------------------------------------------

subjects = st.text(min_size=1, max_size=30).filter(lambda s: "\0" not in s)


@on_one_database
@given(items=st.lists(st.tuples(subjects, st.binary(max_size=200)), max_size=20))
def test_what_is_encrypted_opens_again_in_another_unit_of_work(
    database: Database, masters: MasterKeys, items: list[tuple[str, bytes]]
) -> None:
    with database.session() as session:
        sealed = open_vault(session, masters).encrypt_many(ANSWERS, items)
    assert all(len(value) < 4 or value not in closed for (_, value), closed in zip(items, sealed, strict=True))
    with database.session() as session:
        pairs = [(subject, closed) for (subject, _), closed in zip(items, sealed, strict=True)]
        assert open_vault(session, masters).decrypt_many(ANSWERS, pairs) == [value for _, value in items]


@on_one_database
@given(value=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text()))
def test_json_comes_back_as_it_went_in(database: Database, masters: MasterKeys, value: dict[str, object]) -> None:
    with database.session() as session:
        vault = open_vault(session, masters)
        sealed = vault.encrypt_json_many(ANSWERS, [("h1", value)])
        assert vault.decrypt_json_many(ANSWERS, [("h1", sealed[0])]) == [value]


@on_one_database
@given(data=st.data())
def test_a_value_changed_or_moved_does_not_open(database: Database, masters: MasterKeys, data: st.DataObject) -> None:
    with database.session() as session:
        vault = open_vault(session, masters)
        sealed, _ = vault.encrypt_many(ANSWERS, [("h1", b"answers of one"), ("h2", b"answers of two")])
        with pytest.raises(Tampered):
            vault.decrypt(NOTES, "h1", sealed)
        with pytest.raises(Tampered):
            vault.decrypt(ANSWERS, "h2", sealed)
        at = data.draw(st.integers(0, len(sealed) - 1))
        bent = bytearray(sealed)
        bent[at] ^= data.draw(st.integers(1, 255))
        with pytest.raises(Tampered):
            vault.decrypt(ANSWERS, "h1", bytes(bent))
        with pytest.raises(Tampered):
            vault.decrypt(ANSWERS, "h1", sealed[: data.draw(st.integers(0, len(sealed) - 1))])


def test_a_wrapped_key_moved_to_another_subject_does_not_open(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        open_vault(session, masters).encrypt_many(ANSWERS, [("h1", b"1"), ("h2", b"2")])
        stolen = select(HouseholdKey.wrapped).where(HouseholdKey.subject == "h1").scalar_subquery()
        session.execute(update(HouseholdKey).where(HouseholdKey.subject == "h2").values(wrapped=stolen))
    with database.session() as session, pytest.raises(Tampered):
        open_vault(session, masters).encrypt(ANSWERS, "h2", b"")


def test_a_removed_key_is_told_from_an_erased_one(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        sealed = open_vault(session, masters).encrypt(ANSWERS, "h1", b"1")
        session.execute(delete(HouseholdKey))
    with database.session() as session, pytest.raises(Tampered, match="no key for h1"):
        open_vault(session, masters).decrypt(ANSWERS, "h1", sealed)


def test_two_writers_of_a_new_subject_share_one_key(database: Database, masters: MasterKeys) -> None:
    sealed: list[bytes] = []
    start = threading.Barrier(4)

    def write(value: bytes) -> None:
        start.wait()
        with database.session() as session:
            sealed.append(open_vault(session, masters).encrypt(ANSWERS, "h1", value))

    threads = [threading.Thread(target=write, args=(bytes([n]),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.session() as session:
        opened = open_vault(session, masters).decrypt_many(ANSWERS, [("h1", one) for one in sealed])
    assert {one for one in opened if one is not None} == {b"\0", b"\1", b"\2", b"\3"}


def test_more_subjects_than_one_statement_takes(database: Database, masters: MasterKeys) -> None:
    items = [(f"h{n}", str(n).encode()) for n in range(12_000)]
    with database.session() as session:
        sealed = open_vault(session, masters).encrypt_many(ANSWERS, items)
        session.flush()
        vault = open_vault(session, masters)
        pairs = [(subject, closed) for (subject, _), closed in zip(items, sealed, strict=True)]
        assert vault.decrypt_many(ANSWERS, pairs) == [value for _, value in items]


# -- erasure ----------------------------------------------------------------------------------------------------


def test_erasure_destroys_the_key_and_leaves_a_tombstone(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        vault = open_vault(session, masters)
        gone, kept = vault.encrypt_many(ANSWERS, [("gone", b"secret"), ("kept", b"plain")])
        wrapped = session.scalar(select(HouseholdKey.wrapped).where(HouseholdKey.subject == "gone"))
    with database.session() as session:
        vault = open_vault(session, masters)
        vault.erase(["gone", "never seen"], AT)
        assert vault.decrypt_many(ANSWERS, [("gone", gone), ("kept", kept)]) == [None, b"plain"]
    with database.session() as session:
        vault = open_vault(session, masters)
        assert vault.decrypt_many(ANSWERS, [("gone", gone), ("kept", kept)]) == [None, b"plain"]
        assert vault.erased(["gone", "kept", "never seen", "new"]) == {"gone", "never seen"}
        for subject in ("gone", "never seen"):
            with pytest.raises(Erased):
                vault.encrypt(ANSWERS, subject, b"arrives late")
        with pytest.raises(Erased):
            vault.decrypt(ANSWERS, "gone", gone)
        row = session.get(HouseholdKey, "gone")
        assert row is not None
        assert row.wrapped is None
        assert row.destroyed_at == AT
        vault.erase(["gone"], datetime(2027, 1, 1, tzinfo=UTC))
        session.refresh(row)
        assert row.destroyed_at == AT, "the first erasure is the one that counts"
    if database.engine.dialect.name == "sqlite":
        assert wrapped is not None
        with database.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        files = Path(str(database.engine.url.database)).parent.glob("test.db*")
        assert not any(wrapped in file.read_bytes() for file in files), "the key is still in the file"


# -- rotation ---------------------------------------------------------------------------------------------------


def test_rotation_rewraps_every_key_and_then_the_old_master_opens_nothing(
    database: Database, masters: MasterKeys, key_file: Path
) -> None:
    items = [(f"h{n}", str(n).encode()) for n in range(25)]
    with database.session() as session:
        vault = open_vault(session, masters)
        sealed = vault.encrypt_many(ANSWERS, items)
        hashed = vault.lookup_cccd("033084000999")
        vault.erase(["h3"], AT)
    both = add_key(key_file)
    steps: list[tuple[int, int]] = []
    assert rotate(database, both, batch=10, progress=lambda done, total: steps.append((done, total))) == 25
    assert steps == [(10, 25), (20, 25), (25, 25)]
    assert rotate(database, both) == 0
    new = drop_old_keys(key_file)
    with database.session() as session:
        vault = open_vault(session, new)
        pairs = [(subject, closed) for (subject, _), closed in zip(items, sealed, strict=True)]
        expected = [None if subject == "h3" else value for subject, value in items]
        assert vault.decrypt_many(ANSWERS, pairs) == expected
        assert vault.lookup_cccd("033084000999") == hashed, "look-ups outlive the master key"
        with pytest.raises(SecretsError):
            open_vault(session, masters)


def test_an_interrupted_rotation_goes_on_where_it_stopped(
    database: Database, masters: MasterKeys, key_file: Path
) -> None:
    with database.session() as session:
        sealed = open_vault(session, masters).encrypt_many(ANSWERS, [(f"h{n}", b"x") for n in range(9)])
    both = add_key(key_file)

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(database, both, batch=4, progress=fail)
    with database.session() as session:
        with pytest.raises(SecretsError):
            open_vault(session, masters)  # the old key alone no longer opens what is wrapped anew
        vault = open_vault(session, both)
        assert vault.decrypt_many(ANSWERS, [(f"h{n}", sealed[n]) for n in range(9)]) == [b"x"] * 9
        vault.encrypt(ANSWERS, "new", b"y")
    assert rotate(database, both, batch=4) == 5
    with database.session() as session:
        open_vault(session, drop_old_keys(key_file))


def test_the_database_keeps_a_master_key_on_which_a_key_depends(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        open_vault(session, masters).encrypt(ANSWERS, "h1", b"x")
    with pytest.raises(IntegrityError), database.session() as session:
        session.execute(delete(StoredMasterKey))


# -- look-ups ---------------------------------------------------------------------------------------------------


def test_look_ups_find_a_number_however_it_is_written(database: Database, masters: MasterKeys) -> None:
    with database.session() as session:
        vault = open_vault(session, masters)
        found = vault.lookup_phone("0912345678")
        assert found is not None
        assert len(found) == 64
        assert "0912345678" not in found
        for written in ("+84 912 345 678", "84912345678", "0912.345.678", "(091) 234-5678"):
            assert vault.lookup_phone(written) == found
        assert vault.lookup_cccd("033084000999") == vault.lookup_cccd(" 033 084 000 999 ")
        assert vault.lookup("phone", "033084000999") != vault.lookup("cccd", "033084000999")
        assert vault.lookup_cccd("not known") is None
        assert vault.lookup_phone(None) is None


def test_another_database_makes_other_hashes(database: Database, masters: MasterKeys, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    tables = [model.__table__ for model in (StoredMasterKey, ServiceKey, HouseholdKey)]
    Base.metadata.create_all(other.engine, tables=tables)
    with database.session() as one, other.session() as two:
        prepare(two, masters)
        assert open_vault(one, masters).lookup("cccd", "1") != open_vault(two, masters).lookup("cccd", "1")
    other.dispose()


@given(st.integers(0, 10**12 - 1), st.integers(1, 11))
def test_cccd_is_the_same_with_and_without_separators(number: int, at: int) -> None:
    plain = f"{number:012d}"
    assert normalise_cccd(plain[:at] + " . " + plain[at:]) == plain
    assert normalise_cccd(plain[:at]) == (plain[:at] if at == 9 else None)


@given(st.text())
def test_normalising_is_idempotent(text: str) -> None:
    for normalise in (normalise_cccd, normalise_phone):
        once = normalise(text)
        assert once is None or normalise(once) == once


@given(st.from_regex(r"0[35789][0-9]{8}", fullmatch=True))
def test_a_mobile_number_is_the_same_with_its_country_code(number: str) -> None:
    assert normalise_phone("+84" + number[1:]) == number == normalise_phone(number)


# -- names ------------------------------------------------------------------------------------------------------


def test_names_sort_by_given_name_and_are_found_without_tones(database: Database) -> None:
    names = ["Trần Văn Đức", "Lê Thị Ân", "Phạm Văn An", "Nguyễn Văn Dũng", "Vũ Thị Ẩn", "Hoàng Văn Ất"]
    ordered = ["Phạm Văn An", "Lê Thị Ân", "Vũ Thị Ẩn", "Hoàng Văn Ất", "Nguyễn Văn Dũng", "Trần Văn Đức"]
    assert sorted(names, key=lambda name: name_keys(name).sort) == ordered
    assert name_keys("TRẦN VĂN ĐỨC").search == "tran van duc"
    with database.session() as session:
        rows = " UNION ALL ".join(f"SELECT '{name_keys(n).sort}' AS k, '{n}' AS name" for n in names)
        found = session.execute(text(f"SELECT name FROM ({rows}) AS t ORDER BY k")).scalars()
        assert list(found) == ordered
