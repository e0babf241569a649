"""The phone's side: the household form of a standard, filled in by JavaRosa, and what stands in the submissions."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forms.build import BuiltForm, RoundConstants, build_form
from forms.media import write_entity_list, write_media
from poverty import frames
from poverty.standard import Standard
from sandbox.parity.cases import COMMUNES, VILLAGES, frames_of
from sandbox.phone import Phone, by_interview

#: A phone whose clock is years behind: nothing the form computes may come from it.
_STARTED = datetime(2019, 1, 5, 1, 0, tzinfo=UTC)
_ENDED = datetime(2019, 1, 5, 1, 40, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """What the phones sent: every leaf as text ('' when blank) by its name.

    households: a row per interview; members: a row per (interview_id, member_no).
    """

    households: pd.DataFrame
    members: pd.DataFrame


def build(standard: Standard, constants: RoundConstants, folder: Path) -> tuple[BuiltForm, Path]:
    """The household form and the folder of the lists it reads; nobody is on the list of last year."""
    media_dir = folder / "media"
    write_media(COMMUNES, VILLAGES, media_dir)
    built = build_form("household", standard, constants, folder)
    for name in built.lists:
        write_entity_list(name, pd.DataFrame(columns=["name", "label"]), media_dir)
    return built, media_dir


def fill(
    built: BuiltForm,
    media_dir: Path,
    households: pd.DataFrame,
    members: pd.DataFrame,
    done: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Interview every household on one phone; `done` is told how many there are so far."""
    phone = Phone(built, media_dir, username="parity", device_id="collect:parity")
    of = by_interview(members)
    house_rows, member_rows = [], []
    rows = zip(map(str, households.index), households.to_dict(orient="records"), strict=True)
    for number, (interview, row) in enumerate(rows, start=1):
        text = phone.fill(row, of[interview], instance_id=interview, started_at=_STARTED, ended_at=_ENDED)
        house, people = _read(ET.fromstring(text))  # noqa: S314 - our own engine wrote it
        house_rows.append({"interview_id": interview} | house)
        member_rows += [{"interview_id": interview, "member_no": n} | one for n, one in enumerate(people, start=1)]
        done(number)
    return Sent(
        pd.DataFrame(house_rows).set_index("interview_id").fillna(""),
        pd.DataFrame(member_rows).set_index(["interview_id", "member_no"]).fillna(""),
    )


def received(sent: Sent) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frames that a server makes of the submissions: a blank is a missing answer."""

    def rows(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
        kept = table.reset_index()[[*table.index.names, *(name for name in columns if name in table)]]
        return [{str(k): None if v == "" else v for k, v in row.items()} for row in kept.to_dict(orient="records")]

    return frames_of(
        rows(sent.households, list(frames.HOUSEHOLDS.columns)), rows(sent.members, list(frames.MEMBERS.columns))
    )


def _read(root: ET.Element) -> tuple[dict[str, str], list[dict[str, str]]]:
    people = root.findall("member")
    inside = {id(leaf) for person in people for leaf in person.iter()}
    house = {leaf.tag: leaf.text or "" for leaf in root.iter() if len(leaf) == 0 and id(leaf) not in inside}
    return house, [{leaf.tag: leaf.text or "" for leaf in person.iter() if len(leaf) == 0} for person in people]
