"""JavaRosa, the engine inside ODK Collect, driven from Python: a form opens, is answered and becomes a submission.

    form = open_form(built.xml, media_dir)
    session = form.start(instance_id="uuid:...", started_at=..., username="ngvan")
    while question := session.next():
        session.answer(...)                 # AnswerRefused when the form does not accept it
    xml = session.finalise(ended_at=...)    # what Collect would send

    session = form.edit(xml, instance_id="uuid:...")   # the sent form again, as Collect's "edit"
    ...                                     # answers stand; next() goes over them, answer() changes one
    xml = session.finalise(ended_at=...)    # a new version, which names the one it replaces as deprecatedID

The form is parsed once; a session begins on a fresh copy of its empty instance. The phone's clock and identity are
arguments, so the same answers give the same bytes. A photo is answered with the name of its file, which travels
beside the submission.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import jpype

from forms.errors import FormError
from forms.java import start_jvm
from forms.javarosa import Clock, java, leaves, register, said, serialised

Kind = Literal[
    "text", "integer", "decimal", "date", "geopoint", "image", "acknowledge", "select_one", "select_multiple", "note"
]

#: An answer: text or a code; codes for a multiple answer; (latitude, longitude, altitude, accuracy); the name of a
#: photo's file; True or "OK" for what is acknowledged; None = left blank.
Answer = str | int | float | date | Sequence[str] | Sequence[float] | None

# Values of org.javarosa.core.model.Constants and of FormEntryController, which are part of JavaRosa's public face.
_CONTROLS: dict[int, Kind] = {2: "select_one", 3: "select_multiple", 9: "acknowledge", 10: "image"}
_KINDS: dict[int, Kind] = {1: "text", 2: "integer", 3: "decimal", 4: "date", 10: "geopoint"}
_OK, _REQUIRED, _CONSTRAINT = 0, 1, 2
_END_OF_FORM, _QUESTION = 1, 4

_STEP = re.compile(r"/([^/\[]+)(?:\[(\d+)\])?")
_INTEGER_LIMIT = 2**31 - 1
_IMAGE = re.compile(r"[\w-][\w.-]*\.(jpe?g|png)", re.IGNORECASE)


class AnswerRefused(FormError):  # noqa: N818 - it says what happened
    """The form does not accept an answer. The message holds the form's own words and never the answer itself."""

    def __init__(
        self, question: Question, reason: Literal["required", "constraint", "choice", "type"], said: str
    ) -> None:
        place = (
            question.name if question.position is None else f"{question.name} ({question.repeat} {question.position})"
        )
        super().__init__(f"{place}: {said}")
        self.question, self.reason = question, reason


@dataclass(frozen=True)
class Question:
    """A question on the screen: its leaf name, its kind, and in a repeat the repeat's name and position from 1."""

    name: str
    kind: Kind
    repeat: str | None = None
    position: int | None = None


def entity_id(instance_id: str) -> str:
    """The uuid of the entity that an interview creates, on the phones of this module."""
    # Central takes version 4 alone: the digest of version 5 with the other number.
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, f"{instance_id}/entity").bytes, version=4))


def open_form(xml: Path, media_dir: Path, language: str | None = None) -> Form:
    """Parse an XForm with the lists (csv) of `media_dir`. Raises FormError when it does not open.

    `language` is that of messages, as named in the form; the form's default otherwise.
    """
    start_jvm()
    register(media_dir)
    try:
        definition = java("org.javarosa.xform.util.XFormUtils").getFormFromFormXml(str(xml), None)
    except jpype.JException as error:
        raise FormError(f"{xml.name}: the form does not open on a phone: {said(error)}") from error
    return Form(xml.name, definition, language)


class Form:
    """A parsed form. One session at a time: starting another ends the one before."""

    def __init__(self, name: str, definition: Any, language: str | None) -> None:
        self.name = name
        self._definition = definition
        self._blank = definition.getMainInstance().clone()
        self._paths = dict(leaves(self._blank.getRoot(), ()))
        self._kinds: dict[str, Kind] = {}
        self._choices: dict[str, dict[str, Any]] = {}
        self._current: Session | None = None
        self._clock = Clock(definition)
        if language is not None:
            definition.getLocalizer().setLocale(language)

    def start(
        self, instance_id: str, started_at: datetime, username: str | None = None, device_id: str | None = None
    ) -> Session:
        """Open a blank form on a phone whose clock shows `started_at` (aware) and which belongs to `username`."""
        self._clock.set(instance_id, started_at, {"username": username, "deviceid": device_id})
        self._definition.setInstance(self._blank.clone())
        self._definition.initialize(True, java("org.javarosa.core.model.instance.InstanceInitializationFactory")())
        self._name_entity(instance_id)
        self._current = Session(self)
        return self._current

    def edit(self, submission: str, instance_id: str) -> Session:
        """Open a sent form again, its answers standing; finalised, it is a new version under `instance_id`.

        submission: XML as `Session.finalise` gave it, of this form in this version: a phone keeps the version that it
        was filled with. Start, user and device stay those of the first time. Raises FormError when it is another form.
        """
        try:
            sent = java("org.javarosa.xform.parse.XFormParser").restoreDataModel(submission.encode(), None).getRoot()
        except jpype.JException as error:
            raise FormError(f"{self.name}: what was sent does not read as a submission: {said(error)}") from error
        blank = self._blank.clone()
        of_this, of_that = (
            tuple(str(root.getAttributeValue(None, name)) for name in ("id", "version"))
            for root in (blank.getRoot(), sent)
        )
        if of_this != of_that:
            raise FormError(
                f"{self.name} is {' version '.join(of_this)}, and what was sent is {' version '.join(of_that)}: "
                "open the version that it was filled with"
            )
        self._definition.setInstance(blank)
        root = blank.getRoot()
        root.populate(sent, self._definition)
        self._definition.initialize(False, java("org.javarosa.core.model.instance.InstanceInitializationFactory")())
        self._current = Session(self, successor=instance_id)
        return self._current

    def _name_entity(self, instance_id: str) -> None:
        """Give the entity that the form creates a uuid that follows from the interview's, where JavaRosa drew one."""
        meta = self._definition.getMainInstance().getRoot().getFirstChild("meta")
        entity = None if meta is None else meta.getFirstChild("entity")
        if entity is not None and entity.getAttributeValue(None, "create") is not None:
            entity.setAttribute(None, "id", entity_id(instance_id))


class Session:
    """A form being answered, question by question, as relevance lets them appear."""

    def __init__(self, form: Form, successor: str | None = None) -> None:
        self._form = form
        self._successor = successor  # the instanceID that an edit gets when it is finalised
        self._model = java("org.javarosa.form.api.FormEntryModel")(form._definition)
        self._controller = java("org.javarosa.form.api.FormEntryController")(self._model)
        self._index: Any = None
        self._question: Question | None = None

    def next(self) -> Question | None:
        """Go forward to the next relevant question, notes left out; None at the end of the form."""
        self._check()
        while (event := self._controller.stepToNextEvent()) != _END_OF_FORM:
            if event != _QUESTION:
                continue
            self._index = self._model.getFormIndex()
            question = self._describe()
            if question.kind != "note":
                self._question = question
                return question
        self._question = None
        return None

    def answer(self, value: Answer) -> None:
        """Answer the question on the screen; None leaves it blank. Raises AnswerRefused when it is not accepted."""
        self._check()
        question = self._question
        if question is None:
            raise FormError(f"{self._form.name}: no question is on the screen")
        result = self._controller.answerQuestion(self._index, self._data(question, value), True)
        if result == _REQUIRED:
            raise AnswerRefused(question, "required", "the form requires an answer")
        if result == _CONSTRAINT:
            raise AnswerRefused(question, "constraint", self._constraint_text(self._index))

    def choices(self) -> tuple[str, ...]:
        """Codes to choose from in the question on the screen, in the order shown; () when it is not closed."""
        self._check()
        if self._question is None or self._question.kind not in ("select_one", "select_multiple"):
            return ()
        return tuple(self._offered(self._question))

    def value(self, name: str, position: int | None = None) -> str:
        """What stands in the instance under a leaf name, in a repeat at `position` from 1; '' when blank or hidden."""
        self._check()
        path = self._form._paths.get(name)
        if path is None:
            raise FormError(f"{self._form.name}: there is no `{name}` in the form")
        node = self._form._definition.getMainInstance().getRoot()
        for step, repeats in path:
            node = node.getChild(step, (position or 1) - 1 if repeats else 0)
            if node is None or not node.isRelevant():
                return ""
        answer = node.getValue()
        return "" if answer is None else str(serialised(answer))

    def finalise(self, ended_at: datetime) -> str:
        """Check all answers once more, stamp the end and return the submission's XML without what is not relevant.

        Raises AnswerRefused when an answer given early on is refused now that others are known.
        """
        self._check()
        self._form._clock.ended_at = ended_at
        outcome = self._form._definition.validate()
        if outcome is not None:
            self._index = outcome.failedPrompt
            question = self._describe()
            if outcome.outcome == _REQUIRED:
                raise AnswerRefused(question, "required", "the form requires an answer")
            raise AnswerRefused(question, "constraint", self._constraint_text(self._index))
        self._controller.finalizeFormEntry()
        if self._successor is not None:
            self._succeed(self._successor)
        visitor = java("org.javarosa.model.xform.XFormSerializingVisitor")()
        content = visitor.serializeInstance(self._form._definition.getMainInstance())
        self._form._current = None
        return bytes(content).decode("utf-8")

    def _succeed(self, instance_id: str) -> None:
        """What Collect does to an edited form at the end: the instanceID becomes deprecatedID, a new one takes over."""
        meta = self._form._definition.getMainInstance().getRoot().getFirstChild("meta")
        current = meta.getFirstChild("instanceID")
        deprecated = java("org.javarosa.core.model.instance.TreeElement")("deprecatedID")
        meta.addChild(deprecated)
        deprecated.setAnswer(current.getValue())
        current.setAnswer(java("org.javarosa.core.model.data.StringData")(instance_id))

    def _check(self) -> None:
        if self._form._current is not self:
            raise FormError(f"{self._form.name}: this interview is finished, or another was begun on the same form")

    def _describe(self) -> Question:
        path = str(self._index.getReference().toString(True))
        steps = _STEP.findall(path)
        key = "/".join(name for name, _ in steps)
        if key not in self._form._kinds:
            self._form._kinds[key] = self._kind()
        name = steps[-1][0]
        for (step, repeats), (_, number) in zip(self._form._paths[name], steps[1:], strict=True):
            if repeats:
                return Question(name, self._form._kinds[key], step, int(number))
        return Question(name, self._form._kinds[key])

    def _kind(self) -> Kind:
        prompt = self._model.getQuestionPrompt(self._index)
        if prompt.isReadOnly():
            return "note"
        return _CONTROLS.get(prompt.getControlType()) or _KINDS.get(prompt.getDataType(), "text")

    def _offered(self, question: Question) -> dict[str, Any]:
        """Choices by code. A list that no filter narrows is read once for all sessions."""
        known = self._form._choices.get(question.name)
        if known is None:
            prompt = self._model.getQuestionPrompt(self._index)
            known = {str(choice.getValue()): choice for choice in prompt.getSelectChoices()}
            itemset = prompt.getQuestion().getDynamicChoices()
            if itemset is None or not itemset.nodesetRef.hasPredicates():
                self._form._choices[question.name] = known
        return known

    def _data(self, question: Question, value: Answer) -> Any:
        if value is None or value == "" or value == ():
            return None
        try:
            return self._wrap(question, value)
        except (TypeError, ValueError, OverflowError, jpype.JException) as error:
            raise AnswerRefused(question, "type", f"not an answer of the kind {question.kind}") from error

    def _wrap(self, question: Question, value: Any) -> Any:
        data = "org.javarosa.core.model.data."
        match question.kind:
            case "select_one":
                return java(data + "SelectOneData")(self._select(question, value))
            case "select_multiple":
                chosen = set(value.split() if isinstance(value, str) else value)
                if not chosen <= self._offered(question).keys():
                    raise AnswerRefused(question, "choice", "an answer is not among the choices")
                selections = java("java.util.ArrayList")()
                for code, choice in self._offered(question).items():
                    if code in chosen:  # in the order shown, as check boxes give them
                        selections.add(choice.selection())
                return java(data + "SelectMultiData")(selections)
            case "integer":
                if int(value) != value or abs(int(value)) > _INTEGER_LIMIT:
                    raise ValueError
                return java(data + "IntegerData")(int(value))
            case "decimal":
                return java(data + "DecimalData")(float(value))
            case "date":
                text = value.isoformat()[:10] if isinstance(value, date) else str(value)
                return java(data + "DateData")(java("org.javarosa.core.model.utils.DateUtils").parseDate(text))
            case "geopoint":
                latitude, longitude, altitude, accuracy = map(float, value)
                return java(data + "GeoPointData")(
                    jpype.JArray(jpype.JDouble)([latitude, longitude, altitude, accuracy])
                )
            case "image" if not _IMAGE.fullmatch(str(value)):
                raise ValueError
            case "acknowledge" if value is not True and value != "OK":
                raise ValueError
            case "acknowledge":
                return java(data + "StringData")("OK")
            case _:
                return java(data + "StringData")(str(value))

    def _select(self, question: Question, code: Any) -> Any:
        choice = self._offered(question).get(str(code))
        if choice is None:
            raise AnswerRefused(question, "choice", "the answer is not among the choices")
        return choice.selection()

    def _constraint_text(self, index: Any) -> str:
        text = self._model.getQuestionPrompt(index).getConstraintText()
        if text is None:
            text = self._model.getQuestionPrompt(index).getSpecialFormQuestionText("constraintMsg")
        return str(text) if text is not None else "the answer is not possible here"
