"""The queue and an interview in words: contexts of the templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from poverty import explain, load_standard
from poverty.frames import HOUSEHOLD_CHOICES, HOUSEHOLD_MULTIPLE, INCOME_SOURCES, MET, PAPER_POINTS, TRAVEL_MINUTES
from server.accounts.access import Scope
from server.cases import flags as wording
from server.cases import service as cases
from server.cases.service import Household, Person
from server.cases.tables import Flag, Interview
from server.errors import UserError
from server.linkage import service as linkage
from server.registry import service as registry
from server.review import queries
from server.review.tables import CONFLICT
from server.review.visit import of_visit
from server.rounds import service as rounds
from server.submissions import service as submissions
from server.submissions.flatten import flatten
from server.submissions.tables import Submission
from server.units import service as units
from server.web import formats, words
from server.web.language import Language, gettext, mark

VISIT = ("outcome", "on_list", "consent_gps", "gps_reason", "consent_photo")
DWELLING = ("wall", "column", "roof", "floor_area", "water_source", "toilet", "waste", "internet", "digital_services")
DEVICES = ("shared_devices", "personal_devices")
NEARBY = ("tap_water_wish", "electricity", "paved_road", *TRAVEL_MINUTES, "training_wish")
NEEDS = ("causes", "support_needs", "special_groups", "remarks")
_FLAG_NAMES = {
    "no_commune": mark("Không ghi xã"),
    "unknown_commune": mark("Mã xã lạ"),
    "round_differs": mark("Khác đợt"),
    "unknown_choice": mark("Mã trả lời lạ"),
    "unreadable": mark("Không đọc được"),
    "unknown_fields": mark("Câu hỏi lạ"),
    "not_met": mark("Không phỏng vấn được"),
    "superseded": mark("Đã có phiếu thay"),
    "no_members": mark("Không có thành viên"),
    "no_head": mark("Không có chủ hộ"),
    "gps_missing": mark("Thiếu GPS"),
    "gps_outside": mark("GPS ngoài tỉnh"),
    "gps_disagrees": mark("GPS khác xã đã ghi"),
    "class_undetermined": mark("Chưa đủ thông tin"),
    "class_changed": mark("Đổi loại so với năm trước"),
    "near_cut": mark("Sát chuẩn thu nhập"),
    "phone_server_differ": mark("Điện thoại tính khác"),
    "duplicate_cccd": mark("Trùng số định danh"),
    "size_mismatch": mark("Lệch số thành viên"),
    "short_interview": mark("Phỏng vấn quá ngắn"),
    "attachments_missing": mark("Thiếu tệp đính kèm"),
    "fast_answers": mark("Trả lời quá nhanh"),
    "night_work": mark("Làm phiếu ban đêm"),
    "location_jumps": mark("Đổi chỗ khi làm phiếu"),
    "income_changes": mark("Sửa thu nhập nhiều lần"),
}
_OF_THE_VISIT = frozenset({"short_interview", "fast_answers", "night_work", "location_jumps", "income_changes"})
_MEMBER_ANSWERS = (
    "attending",
    "qualification",
    "work",
    "contract",
    "insured",
    "allowance",
    "malnourished",
    "nutrition_source",
    "disability",
)


def rows(
    session: Session, interviews: Sequence[Interview], flags: dict[str, list[Flag]], language: Language
) -> list[dict[str, Any]]:
    """Lines of the queue."""
    heads = cases.open_heads(session, [(one.interview_id, one.head_name) for one in interviews])
    labels = units.village_labels(session, {one.village_id for one in interviews if one.village_id}, language)
    places = labels, queries.places(session, interviews)[1]
    return [
        _row(one, head, flags[one.interview_id], places, language) for one, head in zip(interviews, heads, strict=True)
    ]


def _row(
    interview: Interview,
    head: str | None,
    flags: Sequence[Flag],
    places: tuple[dict[str, str], dict[str, str]],
    language: Language,
) -> dict[str, Any]:
    villages, communes = places
    return {
        "id": interview.interview_id,
        "version": interview.version_id,
        "head": head,
        "village": villages.get(interview.village_id or ""),
        "commune": communes.get(interview.commune_code or ""),
        "severity": interview.severity,
        "reason": flag_text(flags[0], language) if flags else None,
        "more": max(0, len(flags) - 1),
        "proposed": interview.proposed_class,
        "previous": interview.previous_class,
        "missing": [words.short(name, language) for name in interview.missing.split()],
        "reason_code": flags[0].code if flags else None,
        "enumerator": interview.enumerator,
        "visited": interview.visited_at,
        "waiting_days": (datetime.now(UTC) - interview.submitted_at).days,
        "photos_missing": max(0, interview.attachments_expected - interview.attachments_present),
        "state": interview.review_state,
    }


def flag_text(flag: Flag, language: Language) -> str:
    """The flag's reason in one line, with the answers it speaks of named as the form names them."""
    details = dict(flag.details)
    for name in ("field", "fields", "missing"):
        value = details.get(name)
        if isinstance(value, str):
            details[name] = ", ".join(words.short(one, language) for one in value.replace(",", " ").split())
        elif isinstance(value, list):
            details[name] = [words.short(str(one), language) for one in value]
    return wording.say(flag.code, details, language)


def flag_name(code: str, language: Language) -> str:
    """What a kind of flag is called, whatever the household."""
    return gettext(language, _FLAG_NAMES[code]) if code in _FLAG_NAMES else code


def interview(
    session: Session, of: Interview, scope: Scope, language: Language, *, reveal: bool = False
) -> dict[str, Any]:
    """Everything that the interview's page tells. reveal: personal numbers and the telephone in full."""
    shown = formats.whole if reveal else formats.mask
    household = cases.open_households(session, [of])[0]
    members = cases.members_of(session, of.interview_id, scope)
    people = {
        member.member_no: person
        for member, person in zip(members, cases.open_people(session, members), strict=True)
        if person is not None
    }
    names = {number: person.full_name for number, person in people.items()}
    versions = queries.versions(session, of.interview_id, scope)
    linked = queries.last_year(session, of.interview_id, scope)
    found = queries.flags(session, [of.interview_id])[of.interview_id]
    return {
        "interview": of,
        "household": household,
        "row": rows(session, [of], {of.interview_id: found}, language)[0],
        "flags": [
            {
                "severity": flag.severity,
                "text": flag_text(flag, language),
                "remedy": wording.remedy(flag.code, language),
                "anchor": _anchor(flag),
                "member": flag.member_no or None,
            }
            for flag in found
        ],
        "indicators": indicators(session, of, names, language),
        "members": [_member(number, person, language, shown) for number, person in people.items()],
        "dwelling": [(words.question(name, language), _answer(household, name, language), name) for name in DWELLING],
        "visit": [
            (words.question(name, language), _answer(household, name, language), name)
            for name in VISIT
            if household.answer(name) is not None
        ],
        "nearby": [(words.question(name, language), _answer(household, name, language), name) for name in NEARBY],
        "paper_points": [household.answer(name) for name in PAPER_POINTS],
        "devices": [(words.question(name, language), _answer(household, name, language), name) for name in DEVICES],
        "incomes": [(words.question(name, language), household.answer(name), name) for name in INCOME_SOURCES],
        "needs": [(words.question(name, language), _answer(household, name, language), name) for name in NEEDS],
        "phone": shown(household.answer("phone")),
        "linked": [
            {
                "status": link.status,
                "kind": link.kind,
                "code": household.household_code,
                "class": household.status,
                "village": household.village_name,
                "members": household.member_count,
                "year": household.year,
            }
            for link, household in linked
        ],
        "household_id": registry.household_of(session, of.province_code, of.round_id, of.interview_id),
        "candidates": [] if linked else linkage.nearest(session, of, scope, language),
        "versions": versions,
        "changes": changes(session, versions, language),
        "decisions": queries.decisions(session, [of.interview_id]),
        "conflict": queries.conflict(session, of.interview_id) if of.review_state == CONFLICT else None,
        "official": queries.official(session, of),
        **of_visit(session, of, versions, scope, language, shown),
    }


def indicators(
    session: Session, of: Interview, names: dict[int, str | None], language: Language
) -> list[dict[str, Any]]:
    """The twelve, in the standard's order: value, whom it concerns, answers that decided, the rule and its standing.

    Empty when the household was not met, and when the answers can no longer be read as a frame; the flags say so.
    """
    if of.outcome != MET:
        return []
    standard = load_standard(rounds.get(session, of.round_id).standard_id)
    try:
        households, people = cases.frames(session, of)
        told = explain(households, people, standard)
    except (UserError, ValueError):
        return []
    result = []
    for rule in standard.rules:
        rows = told[told["rule"] == rule.id]
        concerned = []
        for number, fields in zip(rows["member_no"], rows["fields"], strict=True):
            who = None if pd.isna(number) else (names.get(int(number)) or f"#{int(number)}")
            concerned.append({"who": who, "fields": [words.short(name, language) for name in fields.split()]})
        result.append(
            {
                "id": rule.id,
                "name": rule.name.in_language(language),
                "wording": rule.wording.in_language(language),
                "source": rule.source,
                "status": rule.status,
                "value": str(rows["value"].iloc[0]),
                "concerned": [one for one in concerned if one["who"] or one["fields"]],
            }
        )
    return result


def changes(session: Session, versions: Sequence[Submission], language: Language) -> list[dict[str, str]]:
    """What the newest version answers otherwise than the one before it; member answers name the member's number."""
    payloads = [payload for payload in submissions.payloads(session, versions[:2]) if payload is not None]
    if len(payloads) < 2:
        return []
    new, old = (flatten([(versions[0].central_id, payload)]) for payload in payloads)
    told = []
    for name in new.households.columns.intersection(old.households.columns):
        if not str(name).startswith(("phone_", "started_", "ended_")):
            told += _change(str(name), old.households[name].iloc[0], new.households[name].iloc[0], None, language)
    index = new.members.index.union(old.members.index)
    before, after = old.members.reindex(index), new.members.reindex(index)
    for name in after.columns.intersection(before.columns):
        for key in index:
            told += _change(str(name), before.at[key, name], after.at[key, name], int(key[1]), language)
    return told


def _change(name: str, before: Any, after: Any, member: int | None, language: Language) -> list[dict[str, str]]:
    texts = [_said(name, value, language) for value in (before, after)]
    if texts[0] == texts[1]:
        return []
    if name == "cccd":
        texts = [formats.mask(text) for text in texts]
    label = words.question(name, language) + (f" (#{member})" if member else "")
    return [{"name": label, "before": texts[0], "after": texts[1]}]


def _said(name: str, value: Any, language: Language) -> str:
    if formats.is_unknown(value):
        return formats.UNKNOWN
    if isinstance(value, pd.Timestamp):
        return formats.day(value.date(), language)
    if isinstance(value, float):
        return formats.number(value, language, 0 if value.is_integer() else 2)
    return words.answer(name, str(value), language)


def _member(number: int, member: Person, language: Language, shown: Callable[[Any], str]) -> dict[str, Any]:
    answers = []
    for name in _MEMBER_ANSWERS:
        code = member.answers.get(name)
        if code not in (None, "", "none"):
            answers.append((words.question(name, language), words.answer(name, str(code), language)))
    return {
        "number": number,
        "name": member.full_name,
        "relation": words.answer("relation", member.relation, language) if member.relation else None,
        "sex": words.answer("sex", member.sex, language) if member.sex else None,
        "born": member.birth_date or member.birth_year,
        "age": member.age,
        "cccd": shown(member.cccd),
        "answers": answers,
    }


def _answer(of: Household, name: str, language: Language) -> str | None:
    value = of.answer(name)
    if value in (None, ""):
        return None
    if name in HOUSEHOLD_CHOICES or name in HOUSEHOLD_MULTIPLE:
        return words.answer(name, str(value), language)
    if isinstance(value, int | float):
        return formats.number(value, language, 0 if float(value).is_integer() else 1) + (
            " m²" if name == "floor_area" else ""
        )
    return str(value)


def _anchor(flag: Flag) -> str:
    """Where on the page the answer stands that a flag speaks of."""
    if flag.member_no:
        return f"member-{flag.member_no}"
    if flag.code in _OF_THE_VISIT:
        return "held"
    if flag.code == "attachments_missing":
        return "photos"
    if flag.code.startswith("gps") or "commune" in flag.code:
        return "place"
    if flag.field in (*VISIT, *DWELLING, *DEVICES, *NEARBY, *INCOME_SOURCES, *NEEDS):
        return f"answer-{flag.field}"
    return {"class_changed": "last-year", "no_head": "members", "no_members": "members"}.get(flag.code, "indicators")
