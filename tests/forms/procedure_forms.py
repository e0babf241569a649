"""The forms beside the household form, built and opened for tests, with little lists that two enumerators share."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forms.build import BuiltForm, build_form
from forms.engine import Form, Question, Session, open_form
from forms.media import write_entity_list, write_media
from forms.validate import validate
from poverty.standard import load_standard
from tests.forms.household_form import COMMUNES, CONSTANTS, VILLAGES

STARTED = datetime(2019, 1, 5, 1, 0, tzinfo=UTC)  # a phone whose clock is years behind
ENDED = datetime(2019, 1, 5, 1, 40, tzinfo=UTC)
INSTANCE = "uuid:11111111-2222-4333-8444-555555555555"
ENUMERATOR = "RSV-0001"

#: Households of two enumerators in two villages, as the entity lists hold them.
ENTITIES = pd.DataFrame(
    [
        ("e1", "33-00001", "11995-02", ENUMERATOR),
        ("e2", "33-00002", "11995-02", ENUMERATOR),
        ("e3", "33-00003", "11995-02", "RSV-0002"),
        ("e4", "33-00004", "11995-01", ENUMERATOR),
    ],
    columns=["name", "household_code", "village_id", "assignment_key"],
).assign(
    label=lambda rows: "Nguyễn Thị Mẫu · " + rows["household_code"],
    commune_code="11995",
    head_name="Nguyễn Thị Mẫu",
    address="Ngõ 3",
    round_id=CONSTANTS.round_id,
)

#: Leaf name -> answer, or in a repeat a list of answers by position.
Answers = Mapping[str, Any]


def build_and_open(name: str, directory: Path) -> tuple[BuiltForm, Form]:
    """The form, accepted by ODK Validate and opened with its lists."""
    built = build_form(name, load_standard("nd07-2021"), CONSTANTS, directory)
    validate(built.xml)
    write_media(COMMUNES, VILLAGES, directory)
    for entity_list in ("households", "backchecks"):
        write_entity_list(entity_list, ENTITIES, directory)
    return built, open_form(built.xml, directory)


def begin(form: Form, username: str | None = ENUMERATOR) -> Session:
    return form.start(INSTANCE, STARTED, username=username, device_id="collect:x")


def walk(session: Session, answers: Answers) -> list[str]:
    """Go to the end of the form with these answers; the names of what was asked. What has no answer stays as it is."""
    asked = []
    while (question := session.next()) is not None:
        asked.append(question.name)
        answer = _of(question, answers)
        if answer is not None:
            session.answer(answer)
    return asked


def stop_at(session: Session, name: str, answers: Answers, position: int | None = None) -> None:
    """Answer until the question `name` is on the screen, unanswered."""
    while (question := session.next()) is not None:
        if question.name == name and question.position == position:
            return
        answer = _of(question, answers)
        if answer is not None:
            session.answer(answer)
    raise AssertionError(f"{name} was not asked")


def sent(session: Session) -> dict[str, str]:
    """Finish and give the leaves of the submission by name; those of repeats are joined by a bar."""
    leaves: dict[str, str] = {}
    for element in ET.fromstring(session.finalise(ENDED)).iter():
        if len(element) == 0:
            name = element.tag.rpartition("}")[2]
            leaves[name] = f"{leaves[name]}|{element.text or ''}" if name in leaves else element.text or ""
    return leaves


def _of(question: Question, answers: Answers) -> Any:
    answer = answers.get(question.name)
    return answer[question.position - 1] if question.position is not None and isinstance(answer, list) else answer
