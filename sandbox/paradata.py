"""The audit log that ODK Collect would have kept of a filled form, with known truth, and the submission that names it.

The screens and their order are read from the XForm, the answers from the submission (Collect logs what it shows of an
answer, this writes its code). How the interview was held is a
`Habit`, drawn from the seed and the submission's id alone, so that a test can ask for it again.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from forms.build import BuiltForm
from sandbox.fieldwork import Submission
from sandbox.photos import photo_of_a_house

LOG_NAME = "audit.csv"
_HEADER = [
    *("event", "node", "start", "end", "latitude", "longitude", "accuracy"),
    *("old-value", "new-value"),
]
_XFORMS = "{http://www.w3.org/2002/xforms}"
_BODY = "{http://www.w3.org/1999/xhtml}body"
_QUESTIONS = frozenset({"input", "select", "select1", "upload", "trigger", "range", "rank"})
_TIMES = re.compile(r"<(started_at|ended_at)>([^<]+)</\1>")
_INCOME = re.compile(r"/income_[a-z]+$")
#: Of the submissions whose form has a log: how they were filled.
_ODDS = 20


_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


class Habit(StrEnum):
    """How somebody holds an interview."""

    ORDINARY = "ordinary"
    PAUSED = "paused"  # the form was closed for half an hour in between
    FAST = "fast"  # answers typed in one after the other, nobody asked
    NIGHT = "night"  # begun by day, finished at home after ten in the evening
    MOVED = "moved"  # the second half was filled two kilometres away
    REWROTE = "rewrote"  # the incomes were typed again, lower


_HABITS = {0: Habit.PAUSED, 1: Habit.FAST, 2: Habit.NIGHT, 3: Habit.MOVED, 4: Habit.REWROTE}


@dataclass(frozen=True)
class Truth:
    """What was put into a log."""

    habit: Habit
    active_seconds: float = 0.0
    paused_seconds: float = 0.0
    night_seconds: float = 0.0
    income_corrections: int = 0
    moved_metres: float = 0.0
    answers: int = 0


@dataclass(frozen=True)
class Kept:
    """A log with its truth, and when the form was finished."""

    content: bytes
    truth: Truth
    ended_at: datetime


@dataclass(frozen=True)
class _Screen:
    """A screen of the form: its node and the questions on it (itself, where it is one question)."""

    path: tuple[str, ...]
    questions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Repeat:
    path: tuple[str, ...]
    screens: tuple[_Screen | _Repeat, ...]


def habit_of(instance_id: str, seed: int) -> Habit:
    """How the interview with this id is held: one in four not as it should be."""
    return _HABITS.get(int(_generator(instance_id, seed).integers(_ODDS)), Habit.ORDINARY)


def with_files(
    submissions: Iterable[Submission],
    form: BuiltForm,
    *,
    seed: int,
    logged: float = 0.9,
    photographed: float = 0.7,
    unsent: float = 0.05,
) -> Iterator[Submission]:
    """The submissions with an audit log and a photo of the house, for a part of them.

    logged, photographed: shares of those whose form asks for one. unsent: share of the photos that stay on the phone,
    named in the submission and never sent.
    """
    for submission in submissions:
        draw = np.random.default_rng([seed, zlib.crc32(submission.instance_id.encode()), 1]).random(3)
        if draw[0] < logged:
            submission = with_log(submission, form, habit_of(submission.instance_id, seed), seed)
        if draw[1] < photographed and "<photo />" in submission.xml:
            name = f"{zlib.crc32(submission.instance_id.encode()):013d}.jpg"
            files = dict(submission.files)
            if draw[2] >= unsent:
                files[name] = photo_of_a_house(zlib.crc32(name.encode()) ^ seed)
            xml = submission.xml.replace("<photo />", f"<photo>{name}</photo>", 1)
            submission = replace(submission, xml=xml, files=files)
        yield submission


def with_log(submission: Submission, form: BuiltForm, habit: Habit, seed: int) -> Submission:
    """The submission with its log; the time of its end is the log's. As it is where the form keeps no log."""
    blank = "<audit />"
    if blank not in submission.xml:
        return submission
    kept = keep_log(submission.xml, form.xml, habit, _generator(submission.instance_id, seed, 2))
    xml = submission.xml.replace(blank, f"<audit>{LOG_NAME}</audit>", 1)
    ended = kept.ended_at.isoformat(timespec="milliseconds")
    xml = _TIMES.sub(lambda one: one[0] if one[1] == "started_at" else f"<ended_at>{ended}</ended_at>", xml)
    return replace(submission, xml=xml, files=submission.files | {LOG_NAME: kept.content})


def keep_log(xml: str, form_xml: Path, habit: Habit, generator: np.random.Generator) -> Kept:
    """The log of filling a form as `xml` shows it, from its time of start on."""
    root = ET.fromstring(xml)  # noqa: S314 - written by the sandbox
    times = dict(_TIMES.findall(xml))
    started, ended = (datetime.fromisoformat(times[name]) for name in ("started_at", "ended_at"))
    answered = [
        (node, answers, is_group)
        for node, answers, is_group in _answered(root, _screens(form_xml))
        if answers or is_group
    ]
    count = sum(len(answers) for _, answers, _ in answered)
    writer = _Writer(started, _fix(root), generator)
    seconds = _seconds(answered, habit, (ended - started).total_seconds(), generator)
    return _Filling(writer, habit, count).run(answered, seconds, started)


def _generator(instance_id: str, seed: int, stream: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(instance_id.encode()), stream])


def _seconds(
    answered: list[tuple[str, list[tuple[str, str]], bool]],
    habit: Habit,
    length: float,
    generator: np.random.Generator,
) -> list[float]:
    """How long each screen is open: together the interview's length, at least 3 s an answer; 0.7 s if it is fast."""
    weights = [1.0 + len(answers) * generator.uniform(0.6, 1.4) for _, answers, _ in answered]
    count = sum(len(answers) for _, answers, _ in answered)
    total = 0.7 * count if habit is Habit.FAST else max(length, 3.0 * count)
    # Whole milliseconds, and nothing so long that it would count as left.
    shares = [round(total * weight / sum(weights), 3) for weight in weights]
    return [min(share, 500.0) for share in shares]


@dataclass
class _Writer:
    """Rows of a log, with the clock and the place of the phone."""

    now: datetime
    fix: tuple[float, float, float] | None
    generator: np.random.Generator
    rows: list[list[str]] = field(default_factory=list)

    def row(self, event: str, node: str = "", *, start: datetime | None = None, old: str = "", new: str = "") -> None:
        """A row that ends now when it has a `start`."""
        began = self.now if start is None else start
        place = ["", "", ""]
        if self.fix is not None:
            shake = self.generator.normal(0, 2e-5, 2)
            place = [f"{self.fix[0] + shake[0]:.7f}", f"{self.fix[1] + shake[1]:.7f}", f"{self.fix[2]:.1f}"]
        end = "" if start is None else str(_milliseconds(self.now))
        self.rows.append([event, node, str(_milliseconds(began)), end, *place, old, new])

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def content(self) -> bytes:
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(_HEADER)
        lines.writerows(self.rows)
        return text.getvalue().encode()


@dataclass
class _Filling:
    """Somebody going through the screens."""

    writer: _Writer
    habit: Habit
    count: int
    active: float = 0.0
    paused: float = 0.0
    night: float = 0.0
    rewritten: int = 0
    moved: float = 0.0

    def run(
        self, answered: list[tuple[str, list[tuple[str, str]], bool]], seconds: list[float], started: datetime
    ) -> Kept:
        self.writer.row("form start")
        incomes: list[tuple[str, list[tuple[str, str]]]] = []
        for number, ((node, answers, is_group), length) in enumerate(zip(answered, seconds, strict=True)):
            if number == len(answered) // 2:
                self._half_way(started)
            self._screen(node, answers, length, is_group=is_group)
            given = [(name, value) for name, value in answers if _INCOME.search(name) and value not in ("", "0")]
            if given:
                incomes.append((node, given))
        if self.habit is Habit.REWROTE:
            for node, given in incomes:
                self._rewrite(node, given)
        self.writer.row("form save")
        self.writer.row("form exit")
        self.writer.row("form finalize")
        truth = Truth(
            self.habit, self.active, self.paused, self.night, self.rewritten, self.moved, self.count
        )  # fmt: skip
        return Kept(self.writer.content(), truth, self.writer.now)

    def _screen(self, node: str, answers: list[tuple[str, str]], length: float, *, is_group: bool) -> None:
        start = self.writer.now
        self._work(length)
        if is_group:
            self.writer.row("group questions", node, start=start)
        for name, value in answers:
            typed = f"{value}0" if self.habit is Habit.REWROTE and _is_income(name, value) else value
            self.writer.row("question", name, start=start, new=typed)

    def _rewrite(self, node: str, given: list[tuple[str, str]]) -> None:
        start = self.writer.now
        self._work(3.0)
        self.writer.row("jump", start=start)
        start = self.writer.now
        self._work(5.0 * len(given))
        self.writer.row("group questions", node, start=start)
        for name, value in given:
            self.writer.row("question", name, start=start, old=f"{value}0", new=value)
            self.rewritten += 1

    def _half_way(self, started: datetime) -> None:
        if self.habit is Habit.PAUSED:
            self._close(1800.0)
        elif self.habit is Habit.NIGHT:
            late = started.astimezone(_LOCAL).replace(hour=22, minute=20, second=0, microsecond=0)
            self._close(max((late - self.writer.now).total_seconds(), 3600.0))
        elif self.habit is Habit.MOVED and self.writer.fix is not None:
            latitude, longitude, error = self.writer.fix
            self.writer.fix = (latitude + 0.018, longitude, error)
            self.moved = 2000.0

    def _close(self, seconds: float) -> None:
        self.writer.row("form save")
        self.writer.row("form exit")
        self.writer.wait(seconds)
        self.paused += seconds
        self.writer.row("form resume")

    def _work(self, seconds: float) -> None:
        self.active += seconds
        self.night += _at_night(self.writer.now, seconds)
        self.writer.wait(seconds)


def _at_night(start: datetime, seconds: float) -> float:
    """How much of it lies between ten in the evening and five in the morning."""
    start = start.astimezone(_LOCAL)
    end = start + timedelta(seconds=seconds)
    total = 0.0
    for days in (-1, 0, 1):
        evening = start.replace(hour=22, minute=0, second=0, microsecond=0) + timedelta(days=days)
        total += max(0.0, (min(end, evening + timedelta(hours=7)) - max(start, evening)).total_seconds())
    return total


def _is_income(name: str, value: str) -> bool:
    return bool(_INCOME.search(name)) and value not in ("", "0")


def _fix(root: ET.Element) -> tuple[float, float, float] | None:
    """The place of the house, as the phone's own position with a rougher error; None without one."""
    text = next((one.text for one in root.iter("location") if one.text), None)
    if text is None:
        return None
    latitude, longitude = (float(part) for part in text.split()[:2])
    return latitude, longitude, 20.0


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


@cache
def _screens(form_xml: Path) -> tuple[_Screen | _Repeat, ...]:
    body = ET.parse(form_xml).getroot().find(_BODY)  # noqa: S314 - our own form
    assert body is not None
    return _below(body)


def _below(parent: ET.Element) -> tuple[_Screen | _Repeat, ...]:
    found: list[_Screen | _Repeat] = []
    for element in parent:
        kind = element.tag.removeprefix(_XFORMS)
        if kind in _QUESTIONS:
            path = _path(element.get("ref", ""))
            found.append(_Screen(path, (path,)))
        elif kind == "repeat":
            found.append(_Repeat(_path(element.get("nodeset", "")), _below(element)))
        elif kind == "group":
            inner = _below(element)
            if "field-list" in element.get("appearance", "").split():
                questions = tuple(question for one in inner if isinstance(one, _Screen) for question in one.questions)
                found.append(_Screen(_path(element.get("ref", "")), questions))
            else:
                found += inner
    return tuple(found)


def _path(ref: str) -> tuple[str, ...]:
    """The names below the form's root."""
    return tuple(ref.strip("/").split("/")[1:])


def _answered(
    root: ET.Element,
    screens: tuple[_Screen | _Repeat, ...],
    within: tuple[int, ET.Element, str] | None = None,
) -> Iterator[tuple[str, list[tuple[str, str]], bool]]:
    """(node, questions with their answers, whether it is a group) of every screen that was shown, in order.

    within: how many names of a path are taken by a repeat, its instance, and the node that names it.
    """
    taken, base, prefix = within or (0, root, f"/{root.tag}")
    for one in screens:
        if isinstance(one, _Repeat):
            instances = base.findall("/".join(one.path[taken:]))
            for number, instance in enumerate(instances, start=1):
                node = "/".join([prefix, *one.path[taken:]]) + f"[{number}]"
                yield from _answered(root, one.screens, (len(one.path), instance, node))
            continue
        if base.find("/".join(one.path[taken:])) is None:
            continue  # not relevant
        answers = []
        for question in one.questions:
            element = base.find("/".join(question[taken:]))
            if element is not None and element.text:
                answers.append(("/".join([prefix, *question[taken:]]), element.text))
        yield "/".join([prefix, *one.path[taken:]]), answers, one.questions != (one.path,)
