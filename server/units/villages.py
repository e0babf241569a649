"""Villages: imported with their old commune, and given back with the label by which people know them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Literal, cast

import pandas as pd
from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from server.units.frames import as_day, is_blank, units_on
from server.units.problems import Problems
from server.units.tables import Unit, Village

REQUIRED = ("village_id", "name", "commune_code")
COLUMNS = ("village_id", "name", "type", "commune_code", "latitude", "longitude", "old_commune", "label")
_LONGEST = {"village_id": 40, "name": 200, "type": 40}
_AT_ONCE = 500


def import_villages(session: Session, villages: pd.DataFrame, *, on: date, province_code: str, source: str) -> int:
    """Store villages of the units in force on a day; those that are there already are brought up to date.

    villages: `village_id`, `name`, `commune_code`; optional `type`, `latitude`, `longitude`, `valid_from`, `valid_to`
    (days; from the commune's own first day where not given), and the old commune: `old_commune` (name, with or without
    Xã, Phường, Thị trấn), or `old_commune_code` with `old_commune_on` (a day on which it had that code; the day before
    the commune began where not given). `source`: the file's name, for errors too.

    Raises `FileError` with every problem, row by row; nothing is stored then.
    """
    units = units_on(session, on, province_code)
    problems = Problems(source)
    rows = [_row(record, index, units, source, problems) for index, record in _records(villages)]
    _check_doubled(villages, problems)
    problems.refuse("villages_wrong")
    ids = [row["village_id"] for row in rows]
    for start in range(0, len(ids), _AT_ONCE):
        session.execute(delete(Village).where(Village.village_id.in_(ids[start : start + _AT_ONCE])))
    if rows:
        session.execute(insert(Village), rows)
    return len(rows)


def villages_frame(
    session: Session, on: date, province_code: str, language: Literal["vi", "en"] = "vi"
) -> pd.DataFrame:
    """Villages there on a day, of the units in force on it, sorted by id.

    Columns: village_id, name, type, commune_code, latitude, longitude (EPSG:4326 degrees, NA where unknown),
    old_commune (its name, NA where unknown), label (what to call it; none twice within a commune).
    """
    units = units_on(session, on, province_code)
    statement = (
        select(Village, Unit.name)
        .outerjoin(Unit, (Unit.code == Village.old_commune_code) & (Unit.valid_from == Village.old_commune_valid_from))
        .where(Village.unit_valid_from.in_(set(units["valid_from"])), Village.valid_from <= on)
        .where(or_(Village.valid_to.is_(None), Village.valid_to >= on))
        .order_by(Village.village_id)
    )
    found = ((village, old) for village, old in session.execute(statement) if village.commune_code in units.index)
    return _labelled(found, language)


def villages_of_old_communes(session: Session) -> pd.DataFrame:
    """Where the villages of former communes are: `code` (of the old commune), `village` (its name), `new_code`."""
    statement = (
        select(Village.old_commune_code, Village.name, Village.commune_code)
        .where(Village.old_commune_code.is_not(None))
        .order_by(Village.village_id)
    )
    return pd.DataFrame(session.execute(statement).all(), columns=["code", "village", "new_code"])


def village_labels(
    session: Session, village_ids: Collection[str], language: Literal["vi", "en"] = "vi"
) -> dict[str, str]:
    """What to call some villages, by id: each as in the list of its whole commune. An unknown id is left out."""
    ids = sorted(set(village_ids))
    communes = {
        (code, valid_from)
        for start in range(0, len(ids), _AT_ONCE)
        for code, valid_from in session.execute(
            select(Village.commune_code, Village.unit_valid_from).where(
                Village.village_id.in_(ids[start : start + _AT_ONCE])
            )
        )
    }
    statement = (
        select(Village, Unit.name)
        .outerjoin(Unit, (Unit.code == Village.old_commune_code) & (Unit.valid_from == Village.old_commune_valid_from))
        .where(Village.commune_code.in_({code for code, _ in communes}))
        .order_by(Village.village_id)
    )
    found = [
        (village, old)
        for village, old in session.execute(statement)
        if (village.commune_code, village.unit_valid_from) in communes
    ]
    frame = _labelled(found, language)
    named = dict(zip(frame["village_id"], frame["label"], strict=True))
    return {one: named[one] for one in ids if one in named}


def _labelled(found: Iterable[tuple[Village, str | None]], language: Literal["vi", "en"]) -> pd.DataFrame:
    from geo.villages import village_labels as labels

    rows = [
        {
            "village_id": village.village_id,
            "name": village.name,
            "type": village.village_type,
            "commune_code": village.commune_code,
            "latitude": village.latitude,
            "longitude": village.longitude,
            "old_commune": old,
        }
        for village, old in found
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    return frame.assign(label=labels(frame, language) if len(frame) else pd.Series(dtype="str"))


def _records(frame: pd.DataFrame) -> list[tuple[Any, dict[str, Any]]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return list(zip(frame.index, plain.to_dict("records"), strict=True))  # type: ignore[arg-type]


def _check_doubled(villages: pd.DataFrame, problems: Problems) -> None:
    ids = villages["village_id"].astype("str").str.strip()
    for index in villages.index[ids.duplicated()]:
        problems.add(
            index,
            "village_id",
            f"mã thôn {ids[index]} đã có ở dòng trên; mỗi thôn cần một mã riêng.",
            f"the village id {ids[index]} stands above already; give each village an id of its own.",
        )


def _row(record: dict[str, Any], index: Any, units: pd.DataFrame, source: str, problems: Problems) -> dict[str, Any]:
    row: dict[str, Any] = {"source": source}
    for name, longest in _LONGEST.items():
        text = " ".join(str(record.get(name) or "").split())
        if (not text and name != "type") or len(text) > longest or (name == "village_id" and " " in text):
            problems.add(
                index,
                name,
                f"cần có chữ, dài nhất {longest} ký tự" + ("; mã không có dấu cách." if name == "village_id" else "."),
                f"needs text of {longest} characters at most" + (", no spaces." if name == "village_id" else "."),
            )
        row["village_type" if name == "type" else name] = text
    code = str(record.get("commune_code") or "").strip()
    code = code.zfill(5) if code.isdigit() else code
    row["commune_code"] = code
    if code not in units.index:
        problems.add(
            index,
            "commune_code",
            f"không có xã, phường mang mã {code or '(trống)'} vào ngày của đợt; kiểm tra mã theo danh mục hiện hành.",
            f"no commune or ward has the code {code or '(empty)'} on the round's day; check it against the list.",
        )
        return row
    commune_from = cast(date, units.loc[code, "valid_from"])
    row |= {"unit_valid_from": commune_from} | _place(record, index, problems)
    row |= _validity(record, index, commune_from, problems)
    row |= _old_commune(record, index, code, commune_from, problems)
    return row


def _place(record: dict[str, Any], index: Any, problems: Problems) -> dict[str, float | None]:
    """Latitude and longitude: both or neither, in Viet Nam."""
    found: dict[str, float | None] = {}
    for name, (low, high) in {"latitude": (8.0, 24.0), "longitude": (102.0, 110.0)}.items():
        value = record.get(name)
        found[name] = None
        if is_blank(value):
            continue
        try:
            degrees = float(str(value).replace(",", "."))
        except ValueError:
            degrees = float("nan")
        if low <= degrees <= high:
            found[name] = degrees
        else:
            problems.add(
                index,
                name,
                f"ghi độ thập phân (WGS 84) từ {low:.0f} đến {high:.0f}.",
                f"give decimal degrees (WGS 84) from {low:.0f} to {high:.0f}.",
            )
    if is_blank(record.get("latitude")) != is_blank(record.get("longitude")):
        problems.add(index, "latitude", "vĩ độ và kinh độ phải đi cùng nhau.", "latitude and longitude go together.")
    return found


def _validity(record: dict[str, Any], index: Any, commune_from: date, problems: Problems) -> dict[str, date | None]:
    found: dict[str, date | None] = {"valid_from": commune_from, "valid_to": None}
    for name in found:
        value = record.get(name)
        if not is_blank(value):
            day = as_day(value)
            if day is None:
                problems.add(
                    index,
                    name,
                    "ghi ngày dạng 2026-09-01 hoặc 01/09/2026.",
                    "give the day as 2026-09-01 or 01/09/2026.",
                )
            else:
                found[name] = day
    first, last = found["valid_from"], found["valid_to"]
    if first is not None and last is not None and last < first:
        problems.add(index, "valid_to", "ngày cuối trước ngày đầu.", "the last day is before the first.")
    return found


def _old_commune(
    record: dict[str, Any], index: Any, commune: str, commune_from: date, problems: Problems
) -> dict[str, Any]:
    """The old commune's key, checked against the succession: it must have become (part of) the village's commune."""
    from geo.units import predecessors

    nothing = {"old_commune_code": None, "old_commune_valid_from": None}
    code, name = record.get("old_commune_code"), record.get("old_commune")
    candidates = predecessors(commune, commune_from)
    among = ", ".join(sorted({f"{one_name} ({one_code})" for one_code, _, one_name in candidates}))
    hint_vi = f"xã này gồm: {among}." if among else "xã này không có xã cũ nào trong danh mục; để trống."
    hint_en = (
        f"this commune was formed from: {among}." if among else "the list knows no old unit of it; leave it empty."
    )
    if not is_blank(code):
        column, wanted = "old_commune_code", str(code).strip().zfill(5)
        found = [one for one in candidates if one[0] == wanted]
        on = record.get("old_commune_on")
        if not is_blank(on):
            day = as_day(on)
            found = [one for one in found if day is not None and _in_force(one[0], one[1], day)]
    elif not is_blank(name):
        column, wanted = "old_commune", str(name).strip()
        found = [one for one in candidates if _same_name(one[2], wanted)]
    else:
        return nothing
    if not found:
        problems.add(
            index,
            column,
            f"{wanted} không phải là xã cũ đã nhập vào xã {commune}; {hint_vi}",
            f"{wanted} is no old unit that became part of {commune}; {hint_en}",
        )
        return nothing
    if len({one[0] for one in found}) > 1:
        problems.add(
            index,
            column,
            f"có nhiều xã cũ tên {wanted}; ghi mã ở cột old_commune_code. {hint_vi.capitalize()}",
            f"several old units are called {wanted}; give the code in old_commune_code. {hint_en.capitalize()}",
        )
        return nothing
    latest = max(found, key=lambda one: one[1])
    return {"old_commune_code": latest[0], "old_commune_valid_from": latest[1]}


def _same_name(official: str, typed: str) -> bool:
    """Whether a typed name means the unit: with or without its prefix, whatever the case; never without the tones,
    which tell names apart."""
    from geo.units import short_names

    shown = pd.Series([official])
    return typed.casefold() in {official.casefold(), short_names(shown).iloc[0].casefold()}


def _in_force(code: str, valid_from: date, day: date) -> bool:
    from geo.units import all_units

    table = all_units()
    of = table[(table["code"] == code) & (table["valid_from"] == pd.Timestamp(valid_from))].iloc[0]
    return bool(valid_from <= day and (pd.isna(of["valid_to"]) or day <= of["valid_to"].date()))
