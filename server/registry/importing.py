"""A list file into the registry: with which mapping it is read, where its communes are today, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.errors import UserError
from server.registry.lists import Changed, load_list, store_list
from server.units import service as units

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Mapping, Registry
    from reconciliation.lists import Reading, Resolver

#: Problems said at once; the rest stands in the file of rejected rows.
_SHOWN = 20


@dataclass(frozen=True)
class Imported:
    """What an import took: households and members of the file, and the problems that a person should mend.

    rejected: rows of the sheets that were left out. changed: what became of the list that was held; None for a dry run.
    rejected_file: the file of what was left out, None without one; rejected_rows: rows of persons in it.
    """

    year: int
    households: int
    members: int
    rejected: int
    problems: pd.DataFrame
    changed: Changed | None
    rejected_file: Path | None = None
    rejected_rows: int = 0


def mapping_for(path: Path, mapping_file: Path | None = None) -> tuple[Mapping, bool]:
    """The mapping to read a list with, and whether it was guessed just now.

    The file named; else the one beside the list (`list.xlsx` -> `list.mapping.yaml`); else the plain worksheet's, when
    the list is one; else a guess, which nobody has confirmed yet. Raises `UserError`.
    """
    from reconciliation import Mapping, RegistryError, guess_mapping, read_list
    from reconciliation.lists import PLAIN

    try:
        if mapping_file is not None:
            return Mapping.load(mapping_file), False
        beside = mapping_beside(path)
        if beside.exists():
            return Mapping.load(beside), False
        guessed = guess_mapping(path)
        try:
            read_list(path, PLAIN)
        except RegistryError:
            return guessed, True
        return PLAIN, False
    except RegistryError as error:
        raise UserError("registry_file", error.vi, error.en) from None


def mapping_beside(path: Path) -> Path:
    """Where the mapping of a list is kept when no other place is named."""
    return path.with_suffix(".mapping.yaml")


def save_mapping(mapping: Mapping, path: Path) -> None:
    """Write a guessed mapping where a person will look at it. Raises `UserError` where that cannot be written."""
    try:
        mapping.save(path)
    except OSError as error:
        raise _not_written(path, error) from None


def import_list(
    session: Session,
    path: Path,
    *,
    province_code: str,
    mapping: Mapping | None = None,
    year: int | None = None,
    commune: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
    rejected: Path | None = None,
) -> Imported:
    """Import a list of one year. Importing it again changes nothing.

    mapping: how it is read; without it the file is the plain worksheet. year, commune: where the file does not say.
    replace: households of the file's communes that it does not hold are removed. dry_run: nothing is written, and the
    mapping need not be confirmed. rejected: where to write what was left out, to be corrected and imported again; a
    file that stands there with other content is being corrected by somebody, and is left alone.

    Communes of an older list become today's by official succession; a household of a commune that was split goes with
    its village (of the villages that the service knows), else a person has to say.

    Raises `UserError` when the file cannot be read, mixes years, or nothing of it can stand.
    """
    from reconciliation import RegistryError
    from reconciliation.lists import PLAIN, read

    resolve = _resolver(session, province_code)
    try:
        reading = read(path, mapping or PLAIN, year=year, commune_code=commune, resolve=resolve, dry_run=dry_run)
        registry = reading.registry
    except RegistryError as error:
        raise UserError("registry_file", error.vi, error.en) from None
    written, rejected_rows = None, 0
    if rejected is not None and not dry_run:
        written, rejected_rows = _write_apart(reading, rejected)
    found = _one_year(path, registry, written)
    changed = None
    if not dry_run:
        changed = store_list(session, registry, province_code=province_code, source=path.name, replace=replace)
    left_out = registry.problems[registry.problems["rejected"].astype(bool)]
    return Imported(
        found,
        len(registry.households),
        len(registry.members),
        len(left_out[["sheet", "row"]].drop_duplicates()),
        registry.problems,
        changed,
        written,
        rejected_rows,
    )


def export_list(session: Session, path: Path, *, province_code: str, year: int, columns: Path | None = None) -> int:
    """Write one year's list as a worksheet of text cells; the number of households.

    columns: an export mapping (`reconciliation.registry.load_columns`), such as the ministry's software wants; without
    it the plain worksheet. Raises `NotFoundError`, or `UserError` for a mapping that does not hold.
    """
    from reconciliation import RegistryError, write_registry
    from reconciliation.registry import load_columns

    registry = load_list(session, province_code, year)
    try:
        write_registry(registry, path, None if columns is None else load_columns(columns))
    except RegistryError as error:
        raise UserError("registry_columns", error.vi, error.en) from None
    except OSError as error:
        raise _not_written(path, error) from None
    return len(registry.households)


def _write_apart(reading: Reading, path: Path) -> tuple[Path | None, int]:
    """Write what was left out to `path`, or beside it where other rows stand there; the file, its rows of persons."""
    from reconciliation import write_rejected

    new = path.with_name(f".{path.name}.new.xlsx")
    try:
        rows = write_rejected(reading, new)
        if not rows:
            return None, 0
        target, number = path, 1
        while target.exists() and not _alike(target, new):
            number += 1
            target = path.with_name(f"{path.stem}-{number}{path.suffix}")
        new.replace(target)
        return target, rows
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        new.unlink(missing_ok=True)


def _alike(one: Path, other: Path) -> bool:
    from reconciliation import RegistryError
    from reconciliation.lists.workbook import read_sheets

    try:
        return read_sheets(one) == read_sheets(other)
    except RegistryError:
        return False


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(
        "file_not_written",
        f"Không ghi được {path} ({type(error).__name__}). Kiểm tra ổ đĩa, quyền ghi, hoặc chọn chỗ khác rồi chạy lại.",
        f"{path} cannot be written ({type(error).__name__}). Check the disk and the permission, or choose another"
        " place, and run this again.",
    )


def _one_year(path: Path, registry: Registry, rejected: Path | None) -> int:
    from reconciliation.lists import sentences

    years = sorted(int(year) for year in registry.households["year"].unique())
    if not years:
        left_out = registry.problems[registry.problems["rejected"].astype(bool)].head(_SHOWN)
        vi, en = [f"{path.name}: không hộ nào nhập được."], [f"{path.name}: no household could be taken."]
        vi += sentences(left_out)
        en += sentences(left_out, "en")
        if rejected is not None:
            vi.append(f"Sửa các dòng bị bỏ trong {rejected} rồi nhập tệp đó.")
            en.append(f"Correct the rejected rows in {rejected} and import that file.")
        raise UserError("registry_empty", "\n".join(vi), "\n".join(en))
    if len(years) > 1:
        raise UserError(
            "registry_years",
            f"{path.name}: có nhiều năm ({', '.join(map(str, years))}); tách mỗi năm một tệp.",
            f"{path.name}: holds several years ({', '.join(map(str, years))}); make one file a year.",
        )
    return years[0]


def _resolver(session: Session, province_code: str) -> Resolver | None:
    """Old communes to today's, for lists of every year that the official tables cover; None without such tables."""
    from reconciliation.lists import from_table

    table = _succession(province_code)
    return None if table.empty else from_table(table, units.villages_of_old_communes(session))


def _succession(province_code: str) -> pd.DataFrame:
    """Every commune of every vintage that is part of the province today, and the review years whose lists name it.

    The earliest list of units of a former province also reads the lists of the years before it: nothing older is known.
    Columns as `reconciliation.lists.from_table` wants them.
    """
    import pandas as pd

    from geo.units import all_successors, all_units

    every = all_units()
    today = every.loc[every["valid_to"].isna() & every["province_code"].eq(province_code), "code"]
    earliest = every["valid_from"] == every.groupby("province_code")["valid_from"].transform("min")
    # Lists are decided by the end of their year: they name the communes of its last day.
    every["first_year"] = every["valid_from"].dt.year.astype("Int64").mask(earliest)
    every["last_year"] = (every["valid_to"] + pd.Timedelta(days=1)).dt.year.astype("Int64") - 1
    # In force on no 31 December: on no list.
    every = every[~(every["last_year"] < every["first_year"]).fillna(False).astype(bool)]
    table = every.merge(all_successors(), on=["code", "valid_from"])
    columns = ["code", "name", "district", "first_year", "last_year", "valid_from", "new_code"]
    return table.loc[table["new_code"].isin(today), columns].reset_index(drop=True)
