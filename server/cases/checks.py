"""The checks of each interview by itself; those that need the whole round are in `server.cases.crosscheck`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from poverty.frames import met
from server.cases.flags import (
    FAR_M,
    FAST_ANSWERS,
    FAST_SECONDS,
    INCOME_CHANGES,
    KINDS,
    NEAR_CUT,
    NIGHT_MINUTES,
    SHORTEST_MINUTES,
    TOLERANCE_M,
)
from server.cases.records import moments
from server.paradata.measures import Measures
from server.submissions.flatten import PHONE_HOUSEHOLD, Flat
from server.submissions.tables import Submission

if TYPE_CHECKING:
    from server.cases.derive import Ground


class _Flags:
    """Rows of `flags`, gathered."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, int], dict[str, Any]] = {}

    def add(
        self,
        interview_id: str,
        code: str,
        *,
        field: str = "",
        member_no: int = 0,
        severity: str | None = None,
        **details: Any,
    ) -> None:
        self.rows[interview_id, code, field, member_no] = {
            "interview_id": interview_id,
            "code": code,
            "field": field,
            "member_no": member_no,
            "severity": severity or KINDS[code].severity,
            "details": details,
        }

    def where(
        self, mask: pd.Series[Any], code: str, details: Callable[[str], dict[str, Any]] | None = None, **more: Any
    ) -> None:
        """The same flag for every interview under a mask by interview; NA is no flag."""
        for key in mask.index[mask.fillna(False).to_numpy(dtype=bool)]:
            self.add(str(key), code, **more, **({} if details is None else details(str(key))))


def check(
    flat: Flat,
    classes: pd.DataFrame,
    place: pd.DataFrame,
    of: Sequence[Submission],
    ground: Ground,
    held: Mapping[str, Measures],
) -> list[dict[str, Any]]:
    """Rows of `flags` of some interviews.

    flat: their frames. classes: as `poverty.classify`. place: as `geo.place`. All on the same index, with one row for
    each submission of `of`. held: how interviews were held, of those that have an audit log.

    Of a household that was not met this is said, and nothing of what was therefore not asked.
    """
    flags = _Flags()
    households, members = flat.households, flat.members
    is_met = met(households)
    flags.where(~is_met, "not_met", lambda key: {"outcome": str(households["outcome"].loc[key])}, field="outcome")
    _check_answers(flags, flat)
    _check_identity(flags, households, ground)
    _check_members(flags, households[is_met], members)
    _check_place(flags, households, place, is_boundary=ground.is_boundary)
    _check_class(flags, households[is_met], classes[is_met], ground)
    _check_visit(flags, households[is_met])
    _check_log(flags, {key: of_one for key, of_one in held.items() if is_met.get(key, False)})
    for submission in of:
        lacking = submission.attachments_expected - submission.attachments_present
        if lacking > 0:
            flags.add(submission.central_id, "attachments_missing", count=lacking)
    return [flags.rows[key] for key in sorted(flags.rows)]


def _check_answers(flags: _Flags, flat: Flat) -> None:
    for problem in flat.problems.to_dict("records"):
        flags.add(problem["interview_id"], problem["problem"], field=problem["field"], member_no=problem["member_no"])
    unknown = [name for name in flat.unknown_fields if not name.startswith("member/")]
    if unknown:
        given = flat.households[unknown].notna().sum(axis=1)
        flags.where(given > 0, "unknown_fields", lambda key: {"count": int(given.loc[key])})


def _check_identity(flags: _Flags, households: pd.DataFrame, ground: Ground) -> None:
    other_round = households["round_id"].notna() & households["round_id"].ne(ground.round_id)
    phone_date = households["phone_review_date"]
    other_date = phone_date.notna() & phone_date.ne(pd.Timestamp(ground.review_date))
    flags.where(other_round | other_date, "round_differs")


def _check_members(flags: _Flags, households: pd.DataFrame, members: pd.DataFrame) -> None:
    by_interview = members.groupby(level="interview_id")
    listed = by_interview.size().reindex(households.index, fill_value=0)
    heads = members["relation"].eq("head").groupby(level="interview_id").sum().reindex(households.index, fill_value=0)
    flags.where(listed.eq(0), "no_members")
    flags.where(listed.gt(0) & heads.ne(1), "no_head", field="relation")
    if "household_size" in households:
        stated = pd.to_numeric(households["household_size"], errors="coerce")
        flags.where(
            stated.ne(listed) & stated.notna(),
            "size_mismatch",
            lambda key: {"stated": float(stated.loc[key]), "listed": int(listed.loc[key])},
            field="household_size",
        )


def _check_place(flags: _Flags, households: pd.DataFrame, place: pd.DataFrame, *, is_boundary: bool) -> None:
    status = place["location_status"]
    flags.where(status.eq("no_answer"), "no_commune", field="commune_code")
    flags.where(status.eq("unknown_commune"), "unknown_commune", field="commune_code")
    has_point = households["latitude"].notna() & households["longitude"].notna()
    # Whoever does not agree to it, or was not met, owes no position.
    wanted = met(households) & households["consent_gps"].ne("no").fillna(True)
    flags.where(wanted & ~has_point, "gps_missing", field="location")
    if status.eq("no_boundaries").any():
        return
    # Whatever was answered: a point that no commune covers lies outside the province.
    flags.where(has_point & place["commune_gps"].isna(), "gps_outside", field="location")
    # A point whose own error reaches the commune answered contradicts nothing.
    beyond = place["distance_m"] - households["gps_accuracy"].fillna(0)
    apart = status.eq("differ") & (beyond > TOLERANCE_M)

    def distance(key: str) -> dict[str, Any]:
        metres = float(place["distance_m"].loc[key])
        # A Voronoi cell is no boundary: it may put a household of the edge next door.
        severity = "note" if not is_boundary else "severe" if metres >= FAR_M else "look"
        return {"distance": round(metres), "severity": severity}

    flags.where(apart, "gps_disagrees", distance, field="location")


def _check_class(flags: _Flags, households: pd.DataFrame, classes: pd.DataFrame, ground: Ground) -> None:
    flags.where(
        classes["proposed_class"].eq("undetermined"),
        "class_undetermined",
        lambda key: {"missing": str(classes["missing"].loc[key]).split()},
    )
    lines = ground.standard.income.lines
    line = households[lines.question].map(dict(lines.values)).astype("Float64")
    income = classes["income_low"].where(classes["income_low"].eq(classes["income_high"]))
    away = (income / line - 1).abs()
    flags.where(
        away <= NEAR_CUT, "near_cut", lambda key: {"percent": round(float(away.loc[key]) * 100, 1)}, field="income"
    )
    differing = phone_differences(households, classes)
    flags.where(differing.ne(""), "phone_server_differ", lambda key: {"fields": differing.loc[key].split()})


def phone_differences(households: pd.DataFrame, classes: pd.DataFrame) -> pd.Series[str]:
    """Names of values on which phone and server differ, joined by a space.

    '' where there is none, or where the phone computed nothing.
    """
    result = pd.Series("", index=households.index)
    computed = households.get("phone_proposed_class")
    if computed is None:
        return result
    for name in PHONE_HOUSEHOLD:
        phone = households.get(f"phone_{name}", pd.Series(pd.NA, index=households.index, dtype="string"))
        server = classes[name]
        if name == "proposed_class":
            same = phone.eq(server)
        else:
            # Booleans are 1 and 0 on the phone; an empty value is unknown, or without bound.
            number = pd.to_numeric(phone, errors="coerce").astype("Float64")
            ours = server.astype("Float64")
            close = ((number - ours).abs() <= 1e-6 * ours.abs().clip(lower=1)).fillna(False)
            same = close | (number.isna() & ours.isna())
        differs = computed.notna() & ~same.fillna(False).astype(bool)
        result = result.where(~differs, result + " " + name)
    return result.str.strip()


def _check_visit(flags: _Flags, households: pd.DataFrame) -> None:
    if "started_at" not in households or "ended_at" not in households:
        return
    minutes = (moments(households["ended_at"]) - moments(households["started_at"])).dt.total_seconds() / 60
    flags.where(
        minutes < SHORTEST_MINUTES,
        "short_interview",
        lambda key: {"minutes": round(float(minutes.loc[key]), 1)},
    )


def _check_log(flags: _Flags, held: Mapping[str, Measures]) -> None:
    for key, of in held.items():
        minutes = of.active_seconds / 60
        if minutes < SHORTEST_MINUTES:  # whatever lies between the start and the end of the form
            flags.add(key, "short_interview", minutes=round(minutes, 1))
        if of.answers >= FAST_ANSWERS and of.seconds_per_answer is not None and of.seconds_per_answer < FAST_SECONDS:
            flags.add(key, "fast_answers", seconds=round(of.seconds_per_answer, 1), count=of.answers)
        if of.night_seconds >= NIGHT_MINUTES * 60:
            flags.add(key, "night_work", minutes=round(of.night_seconds / 60))
        if of.moves:
            flags.add(key, "location_jumps", count=of.moves, distance=round(of.farthest_move))
        if of.watched_corrections >= INCOME_CHANGES:
            flags.add(key, "income_changes", count=of.watched_corrections)
