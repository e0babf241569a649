"""The movements of a round in words and figures, for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

import geo.units
from reconciliation.movement_forms import COLUMNS, UNITS, tally
from reconciliation.movements import OPEN
from reconciliation.status import LISTED
from server.accounts.access import Entity, readable, reads
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.registry import queries
from server.registry.movement import rules_of
from server.registry.service import latest_year
from server.rounds.tables import Round
from server.units import service as units
from server.web.language import Language, gettext, mark

#: Headings of the columns 1 to 9 of forms 2 and 3.
HEADINGS: dict[str, dict[str, str]] = {
    "poor": {
        "opening": mark("Hộ nghèo đầu năm"),
        "changed_to": mark("Trở thành cận nghèo"),
        "escaped": mark("Vượt chuẩn cận nghèo"),
        "left": mark("Giảm khác"),
        "changed_from": mark("Cận nghèo thành nghèo"),
        "fallen_back": mark("Tái nghèo"),
        "new": mark("Phát sinh mới"),
        "came": mark("Tăng khác"),
        "closing": mark("Hộ nghèo cuối năm"),
    },
    "near_poor": {
        "opening": mark("Cận nghèo đầu năm"),
        "changed_to": mark("Trở thành hộ nghèo"),
        "escaped": mark("Vượt chuẩn cận nghèo"),
        "left": mark("Giảm khác"),
        "changed_from": mark("Nghèo thành cận nghèo"),
        "fallen_back": mark("Tái cận nghèo"),
        "new": mark("Phát sinh mới"),
        "came": mark("Tăng khác"),
        "closing": mark("Cận nghèo cuối năm"),
    },
}
TITLES = {"poor": mark("Diễn biến hộ nghèo"), "near_poor": mark("Diễn biến hộ cận nghèo")}
#: What explains a residual, by what is waited for.
WAITS = {
    "no_decision": mark("%(count)s hộ chưa có phiếu hay quyết định"),
    "undetermined": mark("%(count)s hộ chưa đủ thông tin"),
    "not_found": mark("%(count)s hộ năm trước chưa tìm thấy"),
    "identity": mark("%(count)s hộ chờ xác định là hộ nào"),
}
#: The same of one household.
WAITS_FOR = {
    "no_decision": mark("chưa có phiếu hay quyết định"),
    "undetermined": mark("chưa đủ thông tin"),
    "not_found": mark("chưa tìm thấy"),
    "identity": mark("chờ xác định là hộ nào"),
}
STATUSES = {
    "poor": mark("Hộ nghèo"),
    "near_poor": mark("Hộ cận nghèo"),
    "not_poor": mark("Hộ không nghèo"),
    "undetermined": mark("Chưa đủ thông tin"),
    "none": mark("Ngoài danh sách"),
    "gone": mark("Không còn"),
    "unknown": mark("Chưa biết"),
}
CAUSES = {
    "death": mark("chết"),
    "move": mark("chuyển đi"),
    "merged": mark("nhập hộ"),
    "other": mark("lý do khác"),
    "split": mark("tách hộ"),
    "moved_in": mark("chuyển đến"),
    "reopened": mark("trở lại"),
    "moved_between": mark("chuyển xã trong tỉnh"),
}
DRILLED = ("opening", *COLUMNS, "closing", "open", "unplaced")


@dataclass(frozen=True)
class _Communes:
    """Names of a round's communes, and which of them the reader sees."""

    names: Mapping[str, str]
    whole_province: bool


def page(session: Session, actor: Actor, of: Round, name: str, language: Language) -> dict[str, Any]:
    """Context of the page: one form, its rows by commune, what waits, who escaped, the annex. Raises `Refused`."""
    scope = readable(actor, Entity.AGGREGATES)
    communes = _communes(session, actor, of, language)
    rows = queries.sums(session, of.round_id, scope)
    by_commune = tally(rows, by="commune_code")
    total = tally(rows) if len(rows) else None
    rules = rules_of(session, of.round_id)
    opened = rows["previous"].isin(LISTED) | rows["current"].isin(LISTED)
    codes = sorted(set(rows.loc[opened, "commune_code"]), key=lambda code: communes.names.get(code, ""))
    own = readable(actor, Entity.REGISTRY)
    return _chosen(of, name, language) | {
        "columns": [(column, gettext(language, HEADINGS[name][column])) for column in HEADINGS[name]],
        "rows": [
            {
                "code": code,
                "name": communes.names.get(code) or gettext(language, mark("Chưa rõ xã")),
                "lines": _lines(by_commune, rows[rows["commune_code"].eq(code)], code, name, language),
            }
            for code in codes
        ],
        "total": [] if total is None else _lines(total, rows, "total", name, language),
        "whole_province": communes.whole_province,
        "provisional": bool(total is not None and total.loc[("total", name, "households"), "provisional"]),
        "waiting": _waiting(rows, None, language),
        "newly_escaped": {
            kind: int(rows.loc[rows["newly_escaped"].eq(kind), "households"].sum())
            for kind in ("poverty", "near_poverty")
        },
        "rules": rules,
        "last_list": latest_year(session, of.province_code, of.review_date.year),
        "annex": queries.changed_households(session, of.round_id, scope),
        "changes": [
            {
                "household_id": one.household_id,
                "commune": communes.names.get(one.commune_code, one.commune_code),
                "decided_on": one.decided_on,
                "before": gettext(language, STATUSES[one.before]),
                "status": gettext(language, STATUSES[one.status]),
                "number": one.decision_number,
            }
            for one in queries.changes(session, of.round_id, own)
        ],
        "drills": reads(actor, Entity.REGISTRY),
    }


def households(
    session: Session,
    actor: Actor,
    of: Round,
    name: str,
    column: str,
    code: str | None,
    purpose: Any,
    language: Language,
) -> dict[str, Any]:
    """Context of the households behind a cell, within what the reader may see of them."""
    scope = readable(actor, Entity.REGISTRY, purpose)
    communes = _communes(session, actor, of, language)
    found = queries.households(session, of.round_id, scope, name=name, column=column, commune_code=code)
    heading = {"open": mark("Chưa có kết quả"), "unplaced": mark("Chờ xác định là hộ nào")} | HEADINGS[name]
    return _chosen(of, name, language) | {
        "heading": gettext(language, heading[column]),
        "commune": None if code is None else communes.names.get(code, code),
        "most": queries.MOST,
        "households": [
            {
                "household_id": "" if one.household_id.startswith("?") else one.household_id,
                "interview_id": one.interview_id,
                "commune": communes.names.get(one.commune_code, one.commune_code),
                "village": one.village_id,
                "previous": gettext(language, STATUSES[one.previous]),
                "current": gettext(language, STATUSES[one.current]),
                "provisional": one.provisional,
                "why": why(one.waiting, one.cause, one.earlier_year, language),
                "persons_before": one.persons_before,
                "persons_after": one.persons_after,
            }
            for one in found
        ],
        "found": found,
        "purpose": purpose,
    }


def _chosen(of: Round, name: str, language: Language) -> dict[str, Any]:
    return {
        "section": "movements",
        "round": of,
        "year": of.review_date.year,
        "list": name,
        "title": gettext(language, TITLES[name]),
        "titles": [(one, gettext(language, title)) for one, title in TITLES.items()],
    }


def _communes(session: Session, actor: Actor, of: Round, language: Language) -> _Communes:
    official = units.units_on(session, of.unit_vintage, of.province_code)
    within = units.communes_within(session, of.unit_vintage, of.province_code, readable(actor, Entity.AGGREGATES))
    if not within and not reads(actor, Entity.AGGREGATES):
        raise Refused("no_area")
    labels = geo.units.labels(official.assign(district=None).reset_index(), language)
    return _Communes(dict(zip(official.index, labels, strict=True)), within.issuperset(official.index))


def _lines(
    counted: pd.DataFrame, rows: pd.DataFrame, group: str, name: str, language: Language
) -> list[dict[str, Any]]:
    """The lines of a group: households and persons, with what explains the residual."""
    lines = []
    figures: dict[Any, dict[Any, Any]] = counted.to_dict("index")
    for unit in UNITS:
        row = figures[group, name, unit]
        lines.append(
            {
                "unit": unit,
                "figures": [(column, int(row[column])) for column in HEADINGS[name]],
                "residual": int(row["residual"]),
                "unexplained": int(row["unexplained"]),
                "unknown_size": int(row["unknown_size"]),
                "open": int(row["open"]),
                "unplaced": int(row["unplaced"]),
                "provisional": bool(row["provisional"]),
                "why": _waiting(rows, name, language) if unit == "households" else [],
            }
        )
    return lines


def _waiting(rows: pd.DataFrame, name: str | None, language: Language) -> list[tuple[str, str]]:
    """For what households wait, and how many of them, in words; name: of one list, at its opening or its closing."""
    of = rows[rows["movement"].eq(OPEN)]
    if name is not None:
        of = of[of["previous"].eq(name) | of["current"].eq(name)]
    counted = of.groupby("waiting")["households"].sum()
    return [
        (wait, gettext(language, WAITS[wait]) % {"count": int(counted[wait])})
        for wait in WAITS
        if wait in counted.index
    ]


def why(waiting: str, cause: str, earlier_year: int | None, language: Language) -> str:
    """What a household's movement waits for, or why it left or came, or when it was on the list before."""
    if waiting:
        return gettext(language, WAITS_FOR[waiting])
    if earlier_year is not None:
        return gettext(language, mark("trong danh sách năm %(year)s")) % {"year": earlier_year}
    return gettext(language, CAUSES[cause]) if cause else ""
