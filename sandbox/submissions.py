"""Submissions written directly, without Java: for runs too large for the phone, and equal to the phone's byte for byte.

The structure is read from the XForm itself; what the phone computes comes from `poverty`; which questions are asked is
written a second time (`sandbox.asked`), and a test holds all of it to the phone. No constraint is checked: answers that
the form would refuse must not be given.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from forms.build import BuiltForm
from forms.engine import entity_id
from forms.java import PHONE_TIME_ZONE
from poverty import expression, frames
from poverty.classify import classify
from poverty.standard import Standard
from poverty.vectorised import Evaluator
from poverty.xpath import member_conditions
from sandbox.asked import asked_of_households, asked_of_members
from sandbox.phone import location_of
from sandbox.phone_lists import PhoneLists

_XFORMS = "{http://www.w3.org/2002/xforms}"
#: As JavaRosa writes it: the prefixes come out of a hash table, in an order that is fixed by their names.
_HEAD = (
    "<?xml version='1.0' encoding='UTF-8' ?><data id=\"{id}\" version=\"{version}\""
    ' xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:orx="http://openrosa.org/xforms"'
    ' xmlns:entities="http://www.opendatakit.org/xforms/entities"'
    ' xmlns:odk="http://www.opendatakit.org/xforms" xmlns:h="http://www.w3.org/1999/xhtml"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:jr="http://openrosa.org/javarosa">{body}</data>'
)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"})
_LITERAL = re.compile(r"'([^']*)'")

#: The text of one leaf for every row of its scope; None where the question is not relevant.
Column = list[str | None]


@dataclass(frozen=True)
class _Node:
    name: str
    children: tuple[_Node, ...]
    repeat: bool
    attributes: tuple[tuple[str, str], ...]  # a blank one is filled from the column `NODE@ATTRIBUTE`


@dataclass(frozen=True)
class _Form:
    """The nodes of the form's instance in order; of each leaf its data type, when it is relevant, its constant."""

    nodes: tuple[_Node, ...]
    types: dict[str, str]
    relevant: dict[str, str]
    constants: dict[str, str]


def write(
    built_form: BuiltForm,
    media_dir: Path,
    standard: Standard,
    households: pd.DataFrame,
    members: pd.DataFrame,
    visits: pd.DataFrame,
    device_id: str | None = None,
) -> Iterator[str]:
    """XML of each household's submission, in the order of `households`.

    households, members: frames with the columns and index of `poverty.frames`; every household that was met has a
    member. The round, the review date and the area class are the form's, whatever the frame says.
    visits: by the households' index: instance_id, started_at, ended_at (aware), username (or NA).
    `standard` must be the one the form was built with; media_dir holds its communes.csv and, for households with a
    code, its households.csv.
    """
    form = _read_form(built_form.xml)
    households = _of_the_form(households, form, media_dir)
    households, shown_of_households = asked_of_households(households)
    met = frames.met(households)
    members = members[members.index.isin(households.index[met], level=0)]
    members, shown = asked_of_members(members, pd.Timestamp(form.constants["review_date"]))
    evaluator = Evaluator(households, members)
    if (evaluator.member_count[met.to_numpy()] == 0).any():
        raise ValueError("every household that is met needs a member: the form asks for at least one")
    by_household = np.argsort(evaluator.household_of, kind="stable")
    last = np.cumsum(evaluator.member_count)
    first = last - evaluator.member_count
    of_members = _member_columns(members, shown, standard, evaluator, form)
    visits = visits.loc[households.index]
    of_households = _household_columns(households, members, standard, visits, form, device_id)
    of_households |= _selection_columns(households, visits, PhoneLists(media_dir))
    of_households["household_size"] = [str(count) for count in evaluator.member_count]
    _hide(of_households, shown_of_households)
    parts = []
    for node in form.nodes:
        if node.repeat:
            written = _element(node, of_members, by_household)
            parts.append(["".join(written[a:z]) for a, z in zip(first, last, strict=True)])
        else:
            parts.append(_element(node, of_households, np.arange(len(households))))
    for body in zip(*parts, strict=True):
        yield _HEAD.format(id=built_form.form_id, version=built_form.version, body="".join(body))


def _read_form(xml: Path) -> _Form:
    model = ET.parse(xml).getroot().find(f".//{_XFORMS}model")  # noqa: S314 - our own form
    assert model is not None
    instance = model.find(f"{_XFORMS}instance")
    assert instance is not None
    binds = {bind.get("nodeset", "").rsplit("/", 1)[-1]: bind for bind in model.iter(f"{_XFORMS}bind")}
    literals = {name: _LITERAL.fullmatch(bind.get("calculate", "")) for name, bind in binds.items()}
    return _Form(
        nodes=_nodes(instance[0]),
        types={name: bind.get("type", "string") for name, bind in binds.items()},
        relevant={name: bind.get("relevant", "") for name, bind in binds.items()},
        constants={name: match[1] for name, match in literals.items() if match},
    )


def _nodes(parent: ET.Element) -> tuple[_Node, ...]:
    """The nodes below one, a repeat once: by its template."""
    nodes: dict[str, _Node] = {}
    for element in parent:
        name = element.tag.removeprefix(_XFORMS)
        repeat = any(attribute.endswith("}template") for attribute in element.attrib)
        attributes = () if repeat else tuple(element.attrib.items())
        nodes.setdefault(name, _Node(name, _nodes(element), repeat, attributes))
    return tuple(nodes.values())


def _element(node: _Node, columns: dict[str, Column], rows: npt.NDArray[np.intp]) -> list[str]:
    """The XML of a node for each of the rows; '' where it is not relevant."""
    if node.children:
        inner = zip(*(_element(child, columns, rows) for child in node.children), strict=True)
        # A group is written where anything in it is.
        texts: Column = ["".join(parts) or None for parts in inner]
    else:
        column = columns[node.name]
        texts = [column[row] for row in rows]
    start, end, blank = f"<{node.name}>", f"</{node.name}>", f"<{node.name} />"
    if node.attributes:
        written = [
            (name, [value] * len(rows) if value else columns[f"{node.name}@{name}"]) for name, value in node.attributes
        ]
        starts = zip(*([f' {name}="{value}"' for value in values] for name, values in written), strict=True)
        return [f"<{node.name}{''.join(parts)}>{text}{end}" for parts, text in zip(starts, texts, strict=True)]
    return ["" if text is None else start + text + end if text else blank for text in texts]


def _of_the_form(households: pd.DataFrame, form: _Form, media_dir: Path) -> pd.DataFrame:
    """The households with what the form itself knows: its constants and the area class of the commune."""
    communes = pd.read_csv(media_dir / "communes.csv", dtype="string").set_index("name")["area_class"]
    return households.assign(
        round_id=form.constants["round_id"],
        review_date=pd.Timestamp(form.constants["review_date"]),
        area_class=households["commune_code"].map(communes).astype("string"),
    )


def _household_columns(
    households: pd.DataFrame,
    members: pd.DataFrame,
    standard: Standard,
    visits: pd.DataFrame,
    form: _Form,
    device_id: str | None,
) -> dict[str, Column]:
    size = len(households)
    is_met = frames.met(households)
    columns = _answers(households, form)
    for name, codes in frames.HOUSEHOLD_MULTIPLE.items():
        columns[name] = [_in_order(text, codes) for text in columns[name]]
    classes = classify(households, members, standard)
    columns |= _computed(classes, form)
    for name in frames.CLASSES:
        seen = form.relevant[f"proposal_{name}"].startswith("true()") & is_met & classes["proposed_class"].eq(name)
        columns[f"proposal_{name}"] = ["" if one else None for one in seen]
    columns |= {name: [text] * size for name, text in form.constants.items()}
    started = [_local(moment) for moment in visits["started_at"]]
    columns |= {
        "started_at": [_moment(moment) for moment in started],
        "ended_at": [_moment(_local(moment)) for moment in visits["ended_at"]],
        "enumerator": [_escape(name) for name in visits["username"]],
        "device_id": [_escape(device_id)] * size,
        "notice": ["" if one else None for one in is_met],
        "location": [_location(row) for row in households.to_dict(orient="records")],
        "review_day": [form.constants["review_date"].replace("-", "")] * size,
        "audit": [""] * size,
        "entity@id": [entity_id(name) for name in visits["instance_id"]],
        "instanceID": [_escape(name) for name in visits["instance_id"]],
        "instanceName": [
            f"{village} · {code or 'hộ mới'} · {moment:%d/%m %H:%M}"
            for village, code, moment in zip(columns["village_id"], columns["household_code"], started, strict=True)
        ],
    }
    return columns


def _selection_columns(households: pd.DataFrame, visits: pd.DataFrame, lists: PhoneLists) -> dict[str, Column]:
    """What the screen on which the household is chosen holds: the phone's list, and who of it is done."""
    columns: dict[str, Column] = {}

    def put(**row: str | None) -> None:
        for name, text in row.items():
            columns.setdefault(name, []).append(text)

    usernames = visits["username"].fillna("")
    for village, code, user in zip(households["village_id"], households["household_code"], usernames, strict=True):
        done, assigned = lists.counts(village, user)
        entity, key = lists.listed(None if pd.isna(code) else code), lists.visit_key(None if pd.isna(code) else code)
        keys_done = lists.done(village, user)
        put(
            visits_done=_escape(keys_done),
            done_count=str(done),
            assigned_count=str(assigned),
            progress="",
            list_shown="to_do",
            household_entity=entity.get("name", ""),
            replaces=_escape(entity.get("replaces", "")),
            visit_key=_escape(key),
            household_shown="" if entity else None,
            done_shown="" if entity and key in keys_done.split() else None,
            returned_shown="" if entity.get("replaces") else None,
        )
    return columns


def _hide(columns: dict[str, Column], shown: dict[str, pd.Series]) -> None:
    """Take out of the columns what was not asked."""
    for question, mask in shown.items():
        if question in columns:
            columns[question] = [text if seen else None for text, seen in zip(columns[question], mask, strict=True)]


def _member_columns(
    members: pd.DataFrame, shown: dict[str, pd.Series], standard: Standard, evaluator: Evaluator, form: _Form
) -> dict[str, Column]:
    columns = _answers(members, form)
    _hide(columns, shown)
    born = members["birth_date"]
    age = evaluator.number(expression.Age(), "member")
    columns |= {
        "year_of_birth": _whole(born.dt.year.astype("Int64").fillna(members["birth_year"])),
        "birth_day": _whole((born.dt.year * 10_000 + born.dt.month * 100 + born.dt.day).astype("Int64")),
        "age": ["" if np.isinf(high) else str(int(high)) for high in age.high],
    }
    for name, condition in member_conditions(standard).items():
        truth = evaluator.condition(condition, "member")
        columns[name] = list(np.select([truth.true, truth.false], ["1", "0"], ""))
    return columns


def _answers(frame: pd.DataFrame, form: _Form) -> dict[str, Column]:
    """The columns that are leaves of the form, as JavaRosa writes answers of their types."""
    writers: dict[str, Callable[[Any], str]] = {
        "int": lambda value: "" if pd.isna(value) else str(int(value)),
        "decimal": lambda value: "" if pd.isna(value) else java_double(float(value)),
        "date": lambda value: "" if pd.isna(value) else f"{value:%Y-%m-%d}",
    }
    return {
        name: [writers.get(form.types[name], _escape)(value) for value in frame[name]]
        for name in frame.columns
        if name in form.types
    }


def _computed(frame: pd.DataFrame, form: _Form) -> dict[str, Column]:
    """What the phone computes: '1', '0' or blank; whole numbers as such, others as doubles; text."""

    def write_one(value: Any) -> str:
        if pd.isna(value):
            return ""
        if isinstance(value, bool | np.bool_):
            return "1" if value else "0"
        return str(value) if isinstance(value, str) else java_number(float(value))

    return {name: [write_one(value) for value in frame[name]] for name in frame.columns if name in form.types}


def java_number(value: float) -> str:
    """A calculated number as JavaRosa stores it: whole when it is whole to a billionth, else as a double."""
    return str(int(value)) if abs(value - int(value)) < 1e-9 else java_double(value)


def java_double(value: float) -> str:
    """Java's Double.toString, which knows exponents from ten million up and below a thousandth."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{int(exponent) + len(text) - 1}"


def _whole(values: pd.Series) -> Column:
    return ["" if pd.isna(value) else str(int(value)) for value in values]


def _in_order(text: str | None, codes: tuple[str, ...]) -> str:
    """Several answers in the order of the list, as the phone's check boxes give them."""
    chosen = (text or "").split()
    return " ".join(code for code in codes if code in chosen)


def _location(household: dict[Hashable, Any]) -> str:
    place = location_of(household)
    return "" if place is None else " ".join(map(java_double, place))


def _local(moment: datetime) -> datetime:
    return pd.Timestamp(moment).tz_convert(ZoneInfo(PHONE_TIME_ZONE)).to_pydatetime()


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _escape(value: Any) -> str:
    return "" if pd.isna(value) else str(value).translate(_ESCAPES)
