"""A list file into the registry: with which mapping it is read, where its communes are today, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.errors import UserError
from server.registry.lists import Changed, load_list, store_list
from server.units import service as units

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Mapping, Registry
    from reconciliation.lists import Resolver

#: Lists are decided by the end of their year: their communes are those of this day.
_DECIDED = (12, 31)


@dataclass(frozen=True)
class Imported:
    """What an import took: households and members of the file, and the problems that a person should mend.

    rejected: rows of the sheets that were left out. changed: what became of the list that was held; None for a dry run.
    rejected_rows: rows of persons written into the file of what was left out.
    """

    year: int
    households: int
    members: int
    rejected: int
    problems: pd.DataFrame
    changed: Changed | None
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
    mapping need not be confirmed. rejected: where to write what was left out, to be corrected and imported again.

    Communes of an older list become today's by official succession; a household of a commune that was split goes with
    its village (of the villages that the service knows), else a person has to say.

    Raises `UserError` when the file cannot be read, mixes years, or nothing of it can stand.
    """
    from reconciliation import RegistryError, write_rejected
    from reconciliation.lists import PLAIN, read

    resolve = _resolver(session, province_code)
    try:
        reading = read(path, mapping or PLAIN, year=year, commune_code=commune, resolve=resolve, dry_run=dry_run)
        registry = reading.registry
        rejected_rows = write_rejected(reading, rejected) if rejected is not None and not dry_run else 0
    except RegistryError as error:
        raise UserError("registry_file", error.vi, error.en) from None
    found = _one_year(path, registry)
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
    return len(registry.households)


def _one_year(path: Path, registry: Registry) -> int:
    years = sorted(int(year) for year in registry.households["year"].unique())
    if not years:
        first = registry.problems.iloc[0]
        where = f"{first['sheet']}, {first['row']}, {first['column']}: {first['problem']}"
        raise UserError(
            "registry_empty",
            f"{path.name}: không hộ nào nhập được; trang, dòng, cột {where}.",
            f"{path.name}: no household could be taken; sheet, row, column {where}.",
        )
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

    from geo.units import all_units, successors

    every = all_units()
    today = set(every.loc[every["valid_to"].isna() & every["province_code"].eq(province_code), "code"])
    rows = []
    every["earliest"] = every["valid_from"] == every.groupby("province_code")["valid_from"].transform("min")
    columns = ["code", "name", "district", "valid_from", "valid_to", "earliest"]
    for code, name, district, valid_from, valid_to, earliest in every[columns].itertuples(index=False, name=None):
        first = None if earliest else _review_year(valid_from.date(), starts=True)
        last = None if pd.isna(valid_to) else _review_year(valid_to.date(), starts=False)
        if first is not None and last is not None and last < first:
            continue  # in force on no 31 December
        for new_code in successors(code, valid_from.date())["code"]:
            if new_code in today:
                rows.append((code, name, district, first, last, valid_from, new_code))
    table = pd.DataFrame(
        rows, columns=["code", "name", "district", "first_year", "last_year", "valid_from", "new_code"]
    )
    return table.astype({"first_year": "Int64", "last_year": "Int64"})


def _review_year(day: date, *, starts: bool) -> int:
    """The first (last) year in whose lists a unit stands that is in force from (until) a day."""
    decided = date(day.year, *_DECIDED)
    if starts:
        return day.year if day <= decided else day.year + 1
    return day.year if day >= decided else day.year - 1
