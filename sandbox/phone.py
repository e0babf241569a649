"""A person with a phone: reads a household's answers off two frames and types them into the real form.

The form runs on JavaRosa, so what is not relevant is never asked, what is impossible is refused, and the submission
is what ODK Collect would send, with one difference: no audit.csv is kept, and `meta/audit` stays blank.
"""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forms.build import BuiltForm
from forms.engine import Answer, Question, open_form
from sandbox.asked import UNSAID
from sandbox.phone_lists import PhoneLists

#: A row of a frame: its columns are the leaf names of the form.
Answers = Mapping[Hashable, Any]


class Phone:
    """One phone with one form on it. Opening takes about a second, an interview of five members 30 ms."""

    def __init__(
        self, built_form: BuiltForm, media_dir: Path, username: str | None = None, device_id: str | None = None
    ) -> None:
        self.form = open_form(built_form.xml, media_dir)
        self.lists = PhoneLists(media_dir)
        self.username, self.device_id = username, device_id

    def fill(
        self,
        household_row: Answers,
        member_rows: Sequence[Answers],
        *,
        instance_id: str,
        started_at: datetime,
        ended_at: datetime,
        username: str | None = None,
    ) -> str:
        """Interview a household and return the submission's XML.

        `household_row` and `member_rows` (one row per member, in order: `by_interview`) have the columns of
        `poverty.frames`; a value that is missing leaves the question blank, a column the form does not ask is not
        used. What the row does not say of the visit itself is as usual (`sandbox.asked.UNSAID`); a household with a
        code is chosen from the phone's list, where it must stand for this enumerator. The times must be aware.

        Raises forms.engine.AnswerRefused when the form refuses an answer.
        """
        household = dict(household_row)
        session = self.form.start(instance_id, started_at, username or self.username, self.device_id)
        while (question := session.next()) is not None:
            answer = self._answer(question, household, member_rows)
            if answer is not None:  # a blank where the form requires an answer is refused at the end
                session.answer(answer)
        return session.finalise(ended_at)

    def _answer(self, question: Question, household: Answers, members: Sequence[Answers]) -> Answer:
        if question.name == "household_size":
            return len(members)
        if question.name == "location":
            return location_of(household)
        row = household if question.position is None else members[question.position - 1]
        answer: Answer = plain(row.get(question.name))
        if answer is None and question.position is None:
            return self._unsaid(question.name, household)
        return answer

    def _unsaid(self, question: str, household: Answers) -> str | None:
        code = plain(household.get("household_code"))
        if question == "on_list":
            return "new" if code is None else "listed"
        if question == "household_entity":
            return self.lists.listed(code).get("name")
        return UNSAID.get(question)


def by_interview(members: pd.DataFrame) -> dict[str, list[Answers]]:
    """The rows of a members frame, in their order, by the first level of its index: what `Phone.fill` takes."""
    found: dict[str, list[Answers]] = {}
    interviews = members.index.get_level_values(0)
    for interview, row in zip(interviews, members.to_dict(orient="records"), strict=True):
        found.setdefault(str(interview), []).append(row)
    return found


def draw_instance_id(generator: np.random.Generator) -> str:
    """A random instanceID as Collect makes them, from the caller's generator."""
    return f"uuid:{uuid.UUID(bytes=generator.bytes(16), version=4)}"


def plain(value: Any) -> Any:
    """A cell of a frame as an answer: None when missing, a date without its time, whole numbers as int."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, datetime | np.datetime64):
        return pd.Timestamp(value).date()
    if isinstance(value, np.generic):
        return value.item()
    return value


def location_of(household: Answers) -> tuple[float, float, float, float] | None:
    """(latitude, longitude, altitude 0, accuracy) as a phone gives them; None without GPS.

    JavaRosa takes a point of zeros alone for one that was never read, and so does this.
    """
    latitude, longitude = plain(household.get("latitude")), plain(household.get("longitude"))
    if latitude is None or longitude is None:
        return None
    place = float(latitude), float(longitude), 0.0, float(plain(household.get("gps_accuracy")) or 0.0)
    return place if any(place) else None
