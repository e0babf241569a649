"""JavaRosa's own ways: its classes by name, its lists, its clock, its words. `forms.engine` is the face of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jpype

from forms.errors import FormError

_classes: dict[str, Any] = {}


def java(name: str) -> Any:
    """A class of JavaRosa or of Java, looked up once."""
    if name not in _classes:
        _classes[name] = jpype.JClass(name)
    return _classes[name]


def register(media_dir: Path) -> None:
    """Register what Collect registers: the XForms module, and where jr://file-csv/NAME lies.

    Files of lists and entity lists are read alike, as secondary instances, when a form is parsed.
    """
    java("org.javarosa.model.xform.XFormsModule")().registerModule()

    def derive(uri: str, _context: str | None = None) -> Any:
        path = media_dir / str(uri).rsplit("/", 1)[-1]
        if not path.is_file():
            raise FormError(f"the form needs the list {path.name}, and {media_dir} has none")
        return jpype.JProxy("org.javarosa.core.reference.Reference", dict={"getLocalURI": lambda: str(path.resolve())})

    manager = java("org.javarosa.core.reference.ReferenceManager").instance()
    manager.reset()
    methods = {"derives": lambda uri: str(uri).startswith("jr://file"), "derive": derive}
    manager.addReferenceFactory(jpype.JProxy("org.javarosa.core.reference.ReferenceFactory", dict=methods))


def leaves(node: Any, path: tuple[tuple[str, bool], ...]) -> list[tuple[str, tuple[tuple[str, bool], ...]]]:
    """(leaf name, steps to it from the root, each with whether it repeats) for every leaf of an instance."""
    found = []
    for child in (node.getChildAt(position) for position in range(node.getNumChildren())):
        name = str(child.getName())
        here = (*path, (name, bool(child.isRepeatable())))
        if child.getNumChildren():
            found += leaves(child, here)
        else:
            found.append((name, here))
    return found


def serialised(answer: Any) -> Any:
    """An answer as it is written into a submission."""
    return java("org.javarosa.xform.util.XFormAnswerDataSerializer")().serializeAnswerData(answer)


def date_time(moment: datetime) -> Any:
    """A moment as JavaRosa holds it."""
    milliseconds = round(moment.timestamp() * 1000)
    return java("org.javarosa.core.model.data.DateTimeData")(java("java.util.Date")(milliseconds))


def said(error: jpype.JException) -> str:
    """The innermost message of a Java error, on one line; never its trace."""
    cause = error
    while cause.getCause() is not None:
        cause = cause.getCause()
    return " ".join(str(cause.getMessage() or cause.getClass().getSimpleName()).split())


class Clock:
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
        return date_time(self.started_at) if parameter == "start" else None

    def _stamp(self, node: Any, parameter: str) -> bool:
        if parameter != "end":
            return False
        node.setAnswer(date_time(self.ended_at))
        return True

    def _uid(self, _parameter: str) -> Any:
        return java("org.javarosa.core.model.data.StringData")(self.instance_id)

    def _property(self, parameter: str) -> Any:
        value = self.properties.get(str(parameter))
        return java("org.javarosa.core.model.data.StringData")(value) if value else None
