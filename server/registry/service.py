"""The registry: lists imported, interviews linked with them by exact keys, movements counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.errors import NotFoundError, UserError
from server.registry.sealed import PERSON_FIELDS, open_heads, open_people, seal_households, seal_members
from server.registry.tables import Link, Movement, RegistryHousehold, RegistryMember
from server.secrets.service import registry_subject, vault_of

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry
    from server.database import Database

_AT_ONCE = 5000


@dataclass(frozen=True)
class Imported:
    """What an import took: households and members, and the problems that a person should mend (rows of the sheet).

    erased: households of which no name and no member is kept, because they were erased.
    """

    year: int
    households: int
    members: int
    rejected: int
    problems: pd.DataFrame
    erased: int = 0


@dataclass(frozen=True)
class Reconciled:
    """What reconciling a round gave: interviews, linked, contested, and households per movement."""

    registry_year: int
    interviews: int
    linked: int
    contested: int
    movements: dict[str, int]


def import_list(session: Session, path: Path, *, province_code: str) -> Imported:
    """Import one year's list from its plain worksheet, instead of what was held of that year.

    Raises `UserError` when the file cannot be read, mixes years, or nothing of it can stand.
    """
    from reconciliation import RegistryError, read_registry

    try:
        registry = read_registry(path)
    except RegistryError as error:
        raise UserError("registry_file", str(error), str(error)) from None
    years = sorted(int(year) for year in registry.households["year"].unique())
    if not years:
        first = registry.problems.iloc[0]
        raise UserError(
            "registry_empty",
            f"{path.name}: không hộ nào nhập được; dòng {first['row']}, cột {first['column']}: {first['problem']}.",
            f"{path.name}: no household could be taken; "
            f"row {first['row']}, column {first['column']}: {first['problem']}.",
        )
    if len(years) > 1:
        raise UserError(
            "registry_years",
            f"{path.name}: có nhiều năm ({', '.join(map(str, years))}); tách mỗi năm một tệp.",
            f"{path.name}: holds several years ({', '.join(map(str, years))}); make one file a year.",
        )
    rejected = registry.problems[registry.problems["rejected"].astype(bool)]
    erased = store_list(session, registry, province_code=province_code, source=path.name)
    members = registry.members[~registry.members.index.get_level_values(0).isin(erased)]
    return Imported(
        years[0],
        len(registry.households),
        len(members),
        int(rejected["row"].nunique()),
        registry.problems,
        len(erased),
    )


@system_work("import")
def store_list(session: Session, registry: Registry, *, province_code: str, source: str) -> set[str]:
    """Store one year's list, instead of what was held of that year.

    Of a household that was erased, its status and its place are kept, which the tables count, and nobody in it; the
    codes of these households.
    """
    year = int(registry.households["year"].iloc[0])
    of_year = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
    session.execute(
        delete(RegistryMember).where(RegistryMember.province_code == province_code, RegistryMember.year == year)
    )
    session.execute(delete(RegistryHousehold).where(*of_year))
    sizes = registry.members.groupby(level=0).size()
    codes = {registry_subject(province_code, year, str(code)): str(code) for code in registry.households.index}
    erased = {codes[subject] for subject in vault_of(session).hold(codes)}
    now = datetime.now(UTC)
    households = [
        {
            "province_code": province_code,
            "year": year,
            "household_code": str(code),
            "commune_code": row["commune_code"],
            "unit_valid_from": None,
            "village_id": row["village_id"],
            "village_name": row["village_name"],
            "status": row["status"],
            "head_name": None if str(code) in erased else row["head_name"],
            "member_count": int(sizes.get(code, 0)),
            "source": source,
            "imported_at": now,
        }
        for code, row in _rows(registry.households)
    ]
    members = [
        {
            "province_code": province_code,
            "year": year,
            "household_code": str(code),
            "member_no": int(number),
            "full_name": row["full_name"],
            "relation": row["relation"],
            "sex": row["sex"],
            "birth_date": None if row["birth_date"] is None else row["birth_date"].date().isoformat(),
            "birth_year": None if row["birth_year"] is None else int(row["birth_year"]),
            "cccd": row["cccd"],
            "ethnicity": row["ethnicity"],
        }
        for (code, number), row in _rows(registry.members)
        if str(code) not in erased
    ]
    seal_households(session, households)
    for start in range(0, len(households), _AT_ONCE):
        session.execute(insert(RegistryHousehold), households[start : start + _AT_ONCE])
    for start in range(0, len(members), _AT_ONCE):
        session.execute(insert(RegistryMember), seal_members(session, members[start : start + _AT_ONCE]))
    return erased


@system_work("reconcile")
def load_list(session: Session, province_code: str, year: int) -> Registry:
    """One year's list as `reconciliation` works on it. Raises `NotFoundError` when there is none."""
    import pandas as pd

    from reconciliation import Registry

    households = session.execute(
        select(
            RegistryHousehold.household_code,
            RegistryHousehold.year,
            RegistryHousehold.commune_code,
            RegistryHousehold.village_id,
            RegistryHousehold.village_name,
            RegistryHousehold.status,
            RegistryHousehold.head_name,
        )
        .where(RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
        .order_by(RegistryHousehold.household_code)
    ).all()
    if not households:
        raise NotFoundError(
            "registry_missing",
            f"Chưa có danh sách hộ nghèo, cận nghèo năm {year}. Nhập: rasoat registry import TỆP.",
            f"There is no list of poor and near-poor households of {year}. Import it: rasoat registry import FILE.",
        )
    columns = ["household_code", "year", "commune_code", "village_id", "village_name", "status", "head_name"]
    frame = pd.DataFrame(households, columns=columns)
    frame["head_name"] = open_heads(session, province_code, year, [(row[0], row.head_name) for row in households])
    frame = frame.set_index("household_code")
    texts = dict.fromkeys(columns[2:], "str")
    frame = frame.astype(texts | {"year": "Int64"})
    frame.index = frame.index.astype("str")
    statement = (
        select(RegistryMember.household_code, RegistryMember.member_no, RegistryMember.person)
        .where(RegistryMember.province_code == province_code, RegistryMember.year == year)
        .order_by(RegistryMember.household_code, RegistryMember.member_no)
    )
    people: list[dict[str, Any]] = []
    for part in session.execute(statement, execution_options={"yield_per": _AT_ONCE}).partitions():
        opened = open_people(session, province_code, year, [(row.household_code, row.person) for row in part])
        people += [
            {"household_code": row.household_code, "member_no": row.member_no} | person
            for row, person in zip(part, opened, strict=True)
            if person is not None
        ]
        vault_of(session).forget()
    members = pd.DataFrame(people, columns=["household_code", "member_no", *PERSON_FIELDS])
    members = members.astype(
        dict.fromkeys(("household_code", "full_name", "relation", "sex", "cccd", "ethnicity"), "str")
        | {"birth_year": "Int64", "member_no": "int64"}
    )
    members["birth_date"] = pd.to_datetime(members["birth_date"]).astype("datetime64[ns]")
    problems = pd.DataFrame(columns=["row", "column", "problem", "rejected"])
    return Registry(frame, members.set_index(["household_code", "member_no"]), problems)


@system_work("reconcile")
def latest_year(session: Session, province_code: str, before: int) -> int | None:
    """The latest year of which a list is held, before a year; None without any."""
    statement = select(func.max(RegistryHousehold.year)).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year < before
    )
    return session.scalar(statement)


def reconcile(database: Database, round_id: str, progress: Callable[[int, int], None] | None = None) -> Reconciled:
    """Link a round's interviews with the latest list before it, count movements, and check the round again.

    What was derived before is replaced. Raises `NotFoundError` when no list of an earlier year is held.
    """
    import pandas as pd

    from reconciliation import link_exact, movements
    from server.cases import service as cases
    from server.rounds import service as rounds

    report = progress or (lambda _done, _total: None)
    with database.session() as session:
        of = rounds.get(session, round_id)
        year = latest_year(session, of.province_code, of.review_date.year)
        registry = load_list(session, of.province_code, of.review_date.year - 1 if year is None else year)
        year = int(registry.households["year"].iloc[0])
        report(1, 4)
        current = cases.cases_frame(session, round_id)
        # A rejected interview is no household of this round.
        current = current[current["review_state"].ne("rejected")]
        households, members = cases.linkage_frames(session, round_id)
        households = households.loc[current.index]
        members = members[members.index.get_level_values("interview_id").isin(current.index)]
        report(2, 4)
        links = link_exact(households, members, registry)
        report(3, 4)
        table = movements(registry.households["status"], current["proposed_class"], links)
        commune = table["interview_id"].map(current["commune_code"]).astype("object")
        commune = commune.where(commune.notna(), table["household_code"].map(registry.households["commune_code"]))
        tally = (
            table.assign(commune_code=commune.where(commune.notna(), ""))
            .groupby(["commune_code", "previous", "current", "movement"])
            .size()
            .reset_index(name="households")
        )
        session.execute(delete(Link).where(Link.round_id == round_id))
        session.execute(delete(Movement).where(Movement.round_id == round_id))
        fixed = {"province_code": of.province_code, "round_id": round_id, "registry_year": year}
        for model, frame in ((Link, links), (Movement, tally)):
            records: list[dict[str, Any]] = [
                {str(name): value for name, value in row.items()} | fixed for row in frame.to_dict("records")
            ]
            for start in range(0, len(records), _AT_ONCE):
                session.execute(insert(model), records[start : start + _AT_ONCE])
        cases.crosscheck(session, round_id)
        report(4, 4)
        by_movement = pd.Series(tally.groupby("movement")["households"].sum())
        status = links["status"].value_counts()
        return Reconciled(
            registry_year=year,
            interviews=len(current),
            linked=int(status.get("linked", 0)),
            contested=int(links.loc[links["status"].eq("contested"), "interview_id"].nunique()),
            movements={str(name): int(count) for name, count in by_movement.items()},
        )


@system_work("derive")
def previous_classes(session: Session, round_id: str) -> dict[str, str]:
    """Last year's official status of the linked interviews of a round, by interview."""
    statement = (
        select(Link.interview_id, RegistryHousehold.status)
        .join(
            RegistryHousehold,
            (RegistryHousehold.province_code == Link.province_code)
            & (RegistryHousehold.year == Link.registry_year)
            & (RegistryHousehold.household_code == Link.household_code),
        )
        .where(Link.round_id == round_id, Link.status == "linked")
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def links_frame(session: Session, round_id: str) -> pd.DataFrame:
    """Links of a round: interview_id, household_code, rule, evidence, status (linked | contested), sorted."""
    import pandas as pd

    names = ("interview_id", "household_code", "rule", "evidence", "status")
    rows = session.execute(
        select(*(getattr(Link, name) for name in names))
        .where(Link.round_id == round_id)
        .order_by(Link.interview_id, Link.household_code)
    )
    return pd.DataFrame(rows.all(), columns=list(names))


def forget_interview(session: Session, interview_id: str) -> list[str]:
    """Remove the links of an interview; the households it was linked with, as `province/year/code`, sorted."""
    linked = session.execute(
        select(Link.province_code, Link.registry_year, Link.household_code).where(
            Link.interview_id == interview_id, Link.status == "linked"
        )
    )
    found = sorted("/".join(map(str, row)) for row in linked)
    session.execute(delete(Link).where(Link.interview_id == interview_id))
    return found


@system_work("erasure")
def erase(session: Session, province_code: str, year: int, household_code: str) -> set[str] | None:
    """Forget who a household on a list is: its status and its place, which the tables count, stay.

    The rounds in which an interview was linked with it, which no longer is; None when no list has it.
    """
    of = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
    found = session.scalars(select(RegistryHousehold).where(*of, RegistryHousehold.household_code == household_code))
    household = found.one_or_none()
    if household is None:
        return None
    household.head_name = None
    session.execute(
        delete(RegistryMember).where(
            RegistryMember.province_code == province_code,
            RegistryMember.year == year,
            RegistryMember.household_code == household_code,
        )
    )
    to_it = (
        Link.province_code == province_code,
        Link.registry_year == year,
        Link.household_code == household_code,
    )
    round_ids = set(session.scalars(select(Link.round_id).where(*to_it)))
    session.execute(delete(Link).where(*to_it))
    return round_ids


def movement_counts(session: Session, round_id: str) -> list[Movement]:
    """Movements of a round, by commune, previous and current status."""
    return list(
        session.scalars(
            select(Movement)
            .where(Movement.round_id == round_id)
            .order_by(Movement.commune_code, Movement.previous, Movement.current)
        )
    )


def _rows(frame: pd.DataFrame) -> Any:
    plain = frame.astype(object).where(frame.notna(), None)
    return zip(plain.index.tolist(), plain.to_dict("records"), strict=True)
