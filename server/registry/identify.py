"""From links to ids: the lists of all years, then a round's interviews, each household by way of where it was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.registry import movement
from server.registry.identity import (
    derive_appearances,
    list_day,
    list_source,
    load_events,
    propose_source,
    round_source,
)
from server.registry.lists import load_list
from server.registry.tables import RegistryHousehold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from reconciliation import Registry
    from reconciliation.identity import State
    from server.rounds.tables import Round


def identify(session: Session, round_id: str, links: pd.DataFrame) -> None:
    """Give every household of a round its id over the years, and count the round's movements.

    links: interview_id, household_code (of the latest list before the round), status (linked | decided |
    doubtful), and where known kind (same | split | merge; without it same), members (Int64: of the listed household
    in the interview) and has_head (bool: its head among them). Pairs that are left out were not found.
    """
    from server.cases import service as cases
    from server.registry.service import latest_year
    from server.rounds import service as rounds

    of = rounds.get(session, round_id)
    state = identify_lists(session, of.province_code, of.review_date.year - 1)
    current = cases.cases_frame(session, round_id)
    codes = [str(one) for one in current.index[current["review_state"].ne("rejected")]]
    year = latest_year(session, of.province_code, of.review_date.year)
    rows = _rows(links, "interview_id", "" if year is None else list_source(year), "household_code")
    strangers = sorted(set(codes) - set(rows["code"]))
    earlier = _earlier(session, of, year, strangers, state)
    propose_source(
        session,
        of.province_code,
        source=round_source(round_id),
        on=of.review_date,
        codes=codes,
        links=_joined([rows, *earlier]),
    )
    state = derive_appearances(session, of.province_code)
    movement.recount(session, round_id, state)


def identify_lists(session: Session, province_code: str, last_year: int) -> State:
    """Give every household on the lists up to a year its id; lists that have theirs already are not read again.

    A household is that of last year's list with the same code, where a member's name agrees; else that of an interview
    of its year, else that of an earlier list, as they are linked; who is doubtful waits for a person.
    """
    from reconciliation.identity import fold

    state = fold(load_events(session, province_code))
    for year in _years(session, province_code, last_year):
        source = list_source(year)
        codes = _codes(session, province_code, year)
        placed = {one.code for one in state.holder if one.source == source}
        if placed == set(codes):
            continue
        fresh = sorted(set(codes) - placed)
        links = _list_links(session, province_code, year, fresh, state) if fresh and state.holder else []
        propose_source(
            session,
            province_code,
            source=source,
            on=list_day(year),
            codes=codes,
            links=_joined(links),
            settled=sorted(placed & set(codes)),
        )
        state = fold(load_events(session, province_code))
    return state


def _list_links(
    session: Session, province_code: str, year: int, fresh: Sequence[str], state: State
) -> list[pd.DataFrame]:
    """Rows for `propose`: whom the new households of a list are linked with, each by the first way that finds it."""
    from server.cases import service as cases
    from server.rounds import service as rounds

    registry = _part(load_list(session, province_code, year), fresh)
    found: list[pd.DataFrame] = []
    before = _years(session, province_code, year - 1)
    lists = {one: load_list(session, province_code, one) for one in before[-1:]}
    for last, earlier in lists.items():
        found.append(_same_code(registry, earlier, last))
        registry = _without(registry, found[-1])
    for of in reversed(rounds.all_rounds(session)):
        if of.province_code == province_code and of.review_date.year == year and len(registry.households):
            households, members = cases.linkage_frames(session, of.round_id)
            known = {one.code for one in state.holder if one.source == round_source(of.round_id)}
            households = households[households.index.isin(known)]
            members = members[members.index.get_level_values(0).isin(known)]
            links = _rows(
                _match(households, members, registry), "household_code", round_source(of.round_id), "interview_id"
            )
            found.append(links)
            registry = _without(registry, links)
    for last in reversed(before):
        if not len(registry.households):
            break
        earlier = lists.get(last) or load_list(session, province_code, last)
        unheld = earlier.households.index.difference(_continued(state, last))
        earlier = _part(earlier, list(unheld))
        pairs = _match(earlier.households.assign(household_code=None), earlier.members, registry)
        pairs = pairs.rename(columns={"interview_id": "earlier"})
        found.append(_rows(pairs, "household_code", list_source(last), "earlier"))
        registry = _without(registry, found[-1])
    return found


def _earlier(
    session: Session, of: Round, latest: int | None, strangers: Collection[str], state: State
) -> list[pd.DataFrame]:
    """Links of interviews that the latest list does not know with households that an older list had (tái nghèo)."""
    from server.cases import service as cases

    older = [year for year in _years(session, of.province_code, of.review_date.year - 1) if year != latest]
    found: list[pd.DataFrame] = []
    if not strangers or not older:
        return found
    households, members = cases.linkage_frames(session, of.round_id)
    left = set(strangers)
    for year in reversed(older):
        registry = load_list(session, of.province_code, year)
        gone = registry.households.index.difference(_continued(state, year))
        registry = _part(registry, list(gone))
        some = households[households.index.isin(left)]
        people = members[members.index.get_level_values(0).isin(left)]
        pairs = _match(some.assign(household_code=None), people, registry)
        # Whoever is doubtful here counts as new: the clerk's queue is about the latest list.
        rows = _rows(pairs[pairs["status"].ne("doubtful")], "interview_id", list_source(year), "household_code")
        found.append(rows)
        left -= set(rows["code"])
    return found


def _match(households: pd.DataFrame, members: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Links of households with a list, by the model that ships: interview_id (their key), household_code, kind, status,
    members (how many of the listed household are in the other)."""
    import pandas as pd

    from reconciliation.linkage import Side, default_model, link

    if not len(households) or not len(registry.households):
        names = ("interview_id", "household_code", "kind", "status", "members")
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    found = link(Side.of_list(registry), Side(households, members), default_model()).households
    columns = ["interview_id", "household_code", "kind", "status"]
    return found[columns].assign(members=found["members_agree"])


def _same_code(registry: Registry, earlier: Registry, year: int) -> pd.DataFrame:
    """Households whose code stands on last year's list, of the same people: at least one name agrees."""
    import pandas as pd

    from reconciliation import fold_series

    names = [
        frame.assign(name=fold_series(frame["full_name"])).reset_index()[["household_code", "name"]].dropna()
        for frame in (registry.members, earlier.members)
    ]
    agreeing = names[0].merge(names[1], on=["household_code", "name"])["household_code"].unique()
    pairs = pd.DataFrame({"household_code": agreeing, "earlier": agreeing, "status": "linked"})
    return _rows(pairs, "household_code", list_source(year), "earlier")


def _rows(links: pd.DataFrame, code: str, to_source: str, to_code: str) -> pd.DataFrame:
    """Links as `reconciliation.identity.propose` reads them."""
    import pandas as pd

    return pd.DataFrame(
        {
            "code": links[code].astype("object"),
            "to_source": to_source,
            "to_code": links[to_code].astype("object"),
            "kind": links.get("kind", "same"),
            "status": links["status"],
            "members": links.get("members", pd.NA),
            "has_head": links.get("has_head", pd.NA),
        }
    )


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    from reconciliation.identity.propose import LINK_COLUMNS

    filled = [part.astype("object") for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(LINK_COLUMNS))


def _continued(state: State, year: int) -> list[str]:
    """Codes of a list whose household was seen after it, on a list: that one stands for it."""
    last: dict[str, int] = {}
    for appearance, household_id in state.holder.items():
        kind, _, name = appearance.source.partition("/")
        if kind == "list":
            last[household_id] = max(last.get(household_id, 0), int(name))
    source = list_source(year)
    return [one.code for one, of in state.holder.items() if one.source == source and last[of] > year]


def _part(registry: Registry, codes: Sequence[str]) -> Registry:
    from reconciliation import Registry

    members = registry.members
    return Registry(
        registry.households[registry.households.index.isin(codes)],
        members[members.index.get_level_values("household_code").isin(codes)],
        registry.problems,
    )


def _without(registry: Registry, rows: pd.DataFrame) -> Registry:
    import pandas as pd

    return _part(registry, list(registry.households.index.difference(pd.Index(rows["code"]))))


@system_work("identity")
def _years(session: Session, province_code: str, last_year: int) -> list[int]:
    years = select(RegistryHousehold.year).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year <= last_year
    )
    return list(session.scalars(years.distinct().order_by(RegistryHousehold.year)))


@system_work("identity")
def _codes(session: Session, province_code: str, year: int) -> list[str]:
    of = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
    return list(session.scalars(select(RegistryHousehold.household_code).where(*of)))
