"""The household form on a phone's engine: how long it takes to open with a long list, and to take an answer.

JavaRosa is the engine inside ODK Collect; here it runs on this machine's JVM, so the figures compare forms and lists
with one another and with the aims (open in 1.5 s, worst answer in 50 ms), not phones. The phone holds the lists of a
whole province (communes, villages) and `size` households, all of one enumerator: the filter finds no short cut. The
yardstick is the same form with the households written into it, as an XLSForm of the usual kind has them.
"""

from __future__ import annotations

import re
import resource
import tempfile
import time
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from forms.build import BuiltForm, RoundConstants, build_form
from forms.engine import Form, open_form
from forms.java import start_jvm
from forms.media import household_entities, write_entity_list, write_media
from poverty import load_standard
from sandbox.parity import cases
from sandbox.phone import Phone

#: Households on the phone; a commune has some ten thousand, an enumerator a few hundred.
DEFAULT_SIZE = 5_000
MEMBERS = 15
_COMMUNES, _VILLAGES_EACH, _LISTED_VILLAGES = 104, 15, 10
_USER = "RSV-0001"
_REVIEW = date(2026, 9, 1)
_RUNS = 5
_STARTED = datetime(2026, 9, 3, 1, 0, tzinfo=UTC)


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Open the form `_RUNS` times and fill it `_RUNS` times for a household of 15, every answer timed."""
    start_jvm()
    with tempfile.TemporaryDirectory(prefix="rasoat-phone-") as folder:
        media_dir = Path(folder) / "media"
        _write_lists(size, media_dir)
        built = build_form("household", load_standard("nd07-2021"), RoundConstants("2026", _REVIEW, "33"), Path(folder))
        loads = [_seconds_to_open(built.xml, media_dir) for _ in range(_RUNS)]
        interviews = _interviews(built, media_dir)
        figures = {
            "load_first_seconds": round(loads[0], 3),
            "load_best_seconds": round(min(loads), 3),
            **interviews.figures(),
            "form_kb": round(built.xml.stat().st_size / 1024),
            **{f"{path.stem}_csv_kb": round(path.stat().st_size / 1024, 1) for path in sorted(media_dir.glob("*.csv"))},
        }
        inline = Path(folder) / "inline.xml"
        inline.write_text(_with_list_inside(built.xml.read_text(encoding="utf-8"), media_dir), encoding="utf-8")
        yardstick = min(_seconds_to_open(inline, media_dir) for _ in range(_RUNS))
    seconds = min(loads)
    return {
        "name": "phone",
        "size": size,
        "seconds": round(seconds, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "figures": figures,
        "yardstick": {"name": "the form with the households written into it", "seconds": round(yardstick, 3)},
        "ratio": round(yardstick / seconds, 2),
    }


def _write_lists(size: int, media_dir: Path) -> None:
    """Lists of a province: its communes and villages, and `size` households in ten villages of one commune."""
    numbers = [f"{number:05d}" for number in range(1, _COMMUNES + 1)]
    communes = pd.DataFrame({"name": [f"Xã {code}" for code in numbers], "area_class": "rural"}, index=numbers)
    places = [(f"{code}-{number:02d}", code) for code in numbers for number in range(1, _VILLAGES_EACH + 1)]
    villages = pd.DataFrame(places, columns=["village_id", "commune_code"]).assign(name="Thôn")
    villages["name"] = "Thôn " + villages["village_id"]
    write_media(communes, villages, media_dir)
    listed = pd.DataFrame(
        {
            "household_code": [f"33-{number:06d}" for number in range(size)],
            "commune_code": numbers[0],
            "village_id": [villages["village_id"][number % _LISTED_VILLAGES] for number in range(size)],
            "head_name": [f"Nguyễn Văn Mẫu {number}" for number in range(size)],
            "head_birth_year": "1970",
            "address": "Số 1, ngõ 2, đường Ba",
            "assignment_key": _USER,
        }
    )
    write_entity_list("households", household_entities(listed, "2026"), media_dir)
    write_entity_list("visits", pd.DataFrame(columns=["name", "label"]), media_dir)


def _seconds_to_open(xml: Path, media_dir: Path) -> float:
    """Parse the form with its lists, and begin a blank interview: what a person waits for."""
    begun = time.perf_counter()
    form: Form = open_form(xml, media_dir)
    form.start("uuid:open", _STARTED, _USER, "collect:benchmark")
    return time.perf_counter() - begun


@dataclass(frozen=True)
class _Interviews:
    """Milliseconds, a row for each answer in the order asked, a column for each interview."""

    answers: pd.DataFrame
    lists: pd.DataFrame

    def figures(self) -> dict[str, Any]:
        """Every answer by its fastest interview, which a busy machine disturbs least; `single` is the slowest of all.

        `with_all` are those given while all members stand in the form.
        """
        usual = self.answers.min(axis=1)
        with_all = usual.iloc[usual.index.get_loc(f"full_name {MEMBERS}") :]
        return {
            "answers": len(usual),
            "answer_worst_ms": round(float(usual.max()), 2),
            "answer_worst_question": str(usual.idxmax()).removesuffix(" 0"),
            f"answer_median_with_{MEMBERS}_members_ms": round(float(with_all.median()), 2),
            f"answer_worst_with_{MEMBERS}_members_ms": round(float(with_all.max()), 2),
            "answer_worst_single_ms": round(float(self.answers.to_numpy().max()), 2),
            "household_list_shown_ms": round(float(self.lists.min(axis=1)["household_entity 0"]), 2),
        }


def _interviews(built: BuiltForm, media_dir: Path) -> _Interviews:
    """Fill the form `_RUNS` times, and once before that does not count, on one phone."""
    phone = Phone(built, media_dir, username=_USER)
    household, members = _household()
    answers: list[dict[str, float]] = []
    lists: list[dict[str, float]] = []
    for _ in range(_RUNS + 1):
        session = phone.form.start("uuid:benchmark", _STARTED, _USER, "collect:benchmark")
        answers.append({})
        lists.append({})
        while (question := session.next()) is not None:
            name = f"{question.name} {question.position or 0}"
            begun = time.perf_counter()
            session.choices()  # the list is on the screen before anybody answers
            shown = time.perf_counter()
            session.answer(phone._answer(question, household, members))
            lists[-1][name] = (shown - begun) * 1000
            answers[-1][name] = (time.perf_counter() - shown) * 1000
    return _Interviews(pd.DataFrame(answers[1:]).T, pd.DataFrame(lists[1:]).T)


def _household() -> tuple[dict[Hashable, Any], list[dict[Hashable, Any]]]:
    """A household of 15 on the list, with people of every age; all that can be said is said."""
    households, members = cases.draw(load_standard("nd07-2021"), 300, _REVIEW, 2026)
    said = members.notna().sum(axis=1).groupby(level="interview_id").agg(["size", "mean"])
    chosen = str(said[said["size"] == MEMBERS]["mean"].idxmax())
    row: Any = households.loc[chosen].to_dict()
    row["commune_code"], row["village_id"], row["household_code"] = "00001", "00001-01", "33-000000"
    people = members[members.index.get_level_values("interview_id") == chosen]
    return row, people.to_dict(orient="records")


def _with_list_inside(xml: str, media_dir: Path) -> str:
    rows = pd.read_csv(media_dir / "households.csv", dtype="str", keep_default_na=False)
    items = "".join(
        "<item>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items()) + "</item>"
        for row in rows.astype("str").rename(columns=str).to_dict(orient="records")
    )
    reference = re.compile(r'<instance id="households" src="[^"]*"/>')
    inside, count = reference.subn(f'<instance id="households"><root>{items}</root></instance>', xml)
    assert count == 1, "the form names the list of households once"
    return inside
