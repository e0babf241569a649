"""JavaRosa, the engine inside ODK Collect, driven from Python: a form opens, is answered and becomes a submission.

    form = open_form(built.xml, media_dir)
    session = form.start(instance_id="uuid:...", started_at=..., username="ngvan")
    while question := session.next():
        session.answer(...)                 # AnswerRefused when the form does not accept it
    xml = session.finalise(ended_at=...)    # what Collect would send

The form is parsed once; a session begins on a fresh copy of its empty instance. The phone's clock and identity are
arguments, so the same answers give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import jpype

from forms.errors import FormError
from forms.java import start_jvm

Kind = Literal["text", "integer", "decimal", "date", "geopoint", "select_one", "select_multiple", "note"]

#: An answer: text or a code; codes for a multiple answer; (latitude, longitude, altitude, accuracy); None = left blank.
Answer = str | int | float | date | Sequence[str] | Sequence[float] | None

# Values of org.javarosa.core.model.Constants and of FormEntryController, which are part of JavaRosa's public face.
_SELECT_ONE, _SELECT_MULTIPLE = 2, 3
_KINDS: dict[int, Kind] = {1: "text", 2: "integer", 3: "decimal", 4: "date", 10: "geopoint"}
_OK, _REQUIRED, _CONSTRAINT = 0, 1, 2
_END_OF_FORM, _QUESTION = 1, 4

_STEP = re.compile(r"/([^/\[]+)(?:\[(\d+)\])?")
_INTEGER_LIMIT = 2**31 - 1


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


def open_form(xml: Path, media_dir: Path, language: str | None = None) -> Form:
    """Parse an XForm with the lists (csv) of `media_dir`. Raises FormError when it does not open.

    `language` is that of messages, as named in the form; the form's default otherwise.
    """
    start_jvm()
    _register(media_dir)
    try:
        definition = _java("org.javarosa.xform.util.XFormUtils").getFormFromFormXml(str(xml), None)
    except jpype.JException as error:
        raise FormError(f"{xml.name}: the form does not open on a phone: {_said(error)}") from error
    return Form(xml.name, definition, language)


class Form:
    """A parsed form. One session at a time: starting another ends the one before."""

    def __init__(self, name: str, definition: Any, language: str | None) -> None:
        self.name = name
        self._definition = definition
        self._blank = definition.getMainInstance().clone()
        self._paths = dict(_leaves(self._blank.getRoot(), ()))
        self._kinds: dict[str, Kind] = {}
        self._choices: dict[str, dict[str, Any]] = {}
        self._current: Session | None = None
        self._clock = _Clock(definition)
        if language is not None:
            definition.getLocalizer().setLocale(language)

    def start(
        self, instance_id: str, started_at: datetime, username: str | None = None, device_id: str | None = None
    ) -> Session:
        """Open a blank form on a phone whose clock shows `started_at` (aware) and which belongs to `username`."""
        self._clock.set(instance_id, started_at, {"username": username, "deviceid": device_id})
        self._definition.setInstance(self._blank.clone())
        self._definition.initialize(True, _java("org.javarosa.core.model.instance.InstanceInitializationFactory")())
        self._current = Session(self)
        return self._current


class Session:
    """A form being answered, question by question, as relevance lets them appear."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._model = _java("org.javarosa.form.api.FormEntryModel")(form._definition)
        self._controller = _java("org.javarosa.form.api.FormEntryController")(self._model)
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
        return "" if answer is None else str(_serialised(answer))

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
        visitor = _java("org.javarosa.model.xform.XFormSerializingVisitor")()
        content = visitor.serializeInstance(self._form._definition.getMainInstance())
        self._form._current = None
        return bytes(content).decode("utf-8")

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
        control = prompt.getControlType()
        if control == _SELECT_ONE:
            return "select_one"
        if control == _SELECT_MULTIPLE:
            return "select_multiple"
        return _KINDS.get(prompt.getDataType(), "text")

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
                return _java(data + "SelectOneData")(self._select(question, value))
            case "select_multiple":
                chosen = set(value.split() if isinstance(value, str) else value)
                if not chosen <= self._offered(question).keys():
                    raise AnswerRefused(question, "choice", "an answer is not among the choices")
                selections = _java("java.util.ArrayList")()
                for code, choice in self._offered(question).items():
                    if code in chosen:  # in the order shown, as check boxes give them
                        selections.add(choice.selection())
                return _java(data + "SelectMultiData")(selections)
            case "integer":
                if int(value) != value or abs(int(value)) > _INTEGER_LIMIT:
                    raise ValueError
                return _java(data + "IntegerData")(int(value))
            case "decimal":
                return _java(data + "DecimalData")(float(value))
            case "date":
                text = value.isoformat()[:10] if isinstance(value, date) else str(value)
                return _java(data + "DateData")(_java("org.javarosa.core.model.utils.DateUtils").parseDate(text))
            case "geopoint":
                latitude, longitude, altitude, accuracy = map(float, value)
                return _java(data + "GeoPointData")(
                    jpype.JArray(jpype.JDouble)([latitude, longitude, altitude, accuracy])
                )
            case _:
                return _java(data + "StringData")(str(value))

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


class _Clock:
    """What a form reads from the phone: its clock, its user, and a new identity for the interview."""

    def __init__(self, definition: Any) -> None:
        self.instance_id = ""
        self.started_at: datetime
        self.ended_at: datetime
        self.properties: Mapping[str, str | None] = {}
        handler = jpype.JClass("org.javarosa.core.model.utils.IPreloadHandler")
        for name, read in (("timestamp", self._time), ("uid", self._uid), ("property", self._property)):
            methods = {
                "preloadHandled": lambda name=name: name,
                "handlePreload": read,
                "handlePostProcess": self._stamp if name == "timestamp" else lambda _node, _parameter: False,
            }
            definition.getPreloader().addPreloadHandler(jpype.JProxy(handler, dict=methods))

    def set(self, instance_id: str, started_at: datetime, properties: Mapping[str, str | None]) -> None:
        if started_at.tzinfo is None:
            raise ValueError("started_at needs its time zone")
        self.instance_id, self.started_at, self.properties = instance_id, started_at, properties

    def _time(self, parameter: str) -> Any:
        return _date_time(self.started_at) if parameter == "start" else None

    def _stamp(self, node: Any, parameter: str) -> bool:
        if parameter != "end":
            return False
        node.setAnswer(_date_time(self.ended_at))
        return True

    def _uid(self, _parameter: str) -> Any:
        return _java("org.javarosa.core.model.data.StringData")(self.instance_id)

    def _property(self, parameter: str) -> Any:
        value = self.properties.get(str(parameter))
        return _java("org.javarosa.core.model.data.StringData")(value) if value else None


_classes: dict[str, Any] = {}


def _java(name: str) -> Any:
    if name not in _classes:
        _classes[name] = jpype.JClass(name)
    return _classes[name]


def _register(media_dir: Path) -> None:
    """Register what Collect registers: the XForms module, and where jr://file-csv/NAME lies."""
    _java("org.javarosa.model.xform.XFormsModule")().registerModule()

    def derive(uri: str, _context: str | None = None) -> Any:
        path = media_dir / str(uri).rsplit("/", 1)[-1]
        if not path.is_file():
            raise FormError(f"the form needs the list {path.name}, and {media_dir} has none")
        return jpype.JProxy("org.javarosa.core.reference.Reference", dict={"getLocalURI": lambda: str(path.resolve())})

    manager = _java("org.javarosa.core.reference.ReferenceManager").instance()
    manager.reset()
    methods = {"derives": lambda uri: str(uri).startswith("jr://file"), "derive": derive}
    manager.addReferenceFactory(jpype.JProxy("org.javarosa.core.reference.ReferenceFactory", dict=methods))


def _leaves(node: Any, path: tuple[tuple[str, bool], ...]) -> list[tuple[str, tuple[tuple[str, bool], ...]]]:
    """(leaf name, steps to it from the root, each with whether it repeats) for every leaf of an instance."""
    found = []
    for child in (node.getChildAt(position) for position in range(node.getNumChildren())):
        name = str(child.getName())
        here = (*path, (name, bool(child.isRepeatable())))
        if child.getNumChildren():
            found += _leaves(child, here)
        else:
            found.append((name, here))
    return found


def _serialised(answer: Any) -> Any:
    return _java("org.javarosa.xform.util.XFormAnswerDataSerializer")().serializeAnswerData(answer)


def _date_time(moment: datetime) -> Any:
    milliseconds = round(moment.timestamp() * 1000)
    return _java("org.javarosa.core.model.data.DateTimeData")(_java("java.util.Date")(milliseconds))


def _said(error: jpype.JException) -> str:
    """The innermost message of a Java error, on one line; never its trace."""
    cause = error
    while cause.getCause() is not None:
        cause = cause.getCause()
    return " ".join(str(cause.getMessage() or cause.getClass().getSimpleName()).split())
