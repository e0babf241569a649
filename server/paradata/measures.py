"""What is kept of an audit log: the measures of `forms.paradata`, as plain values that can be sealed as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poverty.frames import INCOME_SOURCES

if TYPE_CHECKING:
    import pandas as pd

#: The longest of each list that is kept: what a person would read.
_SLOWEST, _LISTED = 8, 50
_COLUMNS = (
    *("active_seconds", "pauses", "paused_seconds", "sessions", "night_seconds", "answers", "seconds_per_answer"),
    *("corrections", "watched_corrections", "refusals", "moves", "farthest_move", "positions"),
)


class Screen(NamedTuple):
    """A screen and how long it was open."""

    question: str  # of the question, or of the group that has several
    position: int | None  # the member's number
    seconds: float


class Pause(NamedTuple):
    """A pause (`forms.paradata.pauses`)."""

    at: str  # ISO, UTC
    seconds: float
    kind: str


class Change(NamedTuple):
    """An answer that was replaced."""

    at: str
    question: str
    position: int | None
    before: str
    after: str


class Move(NamedTuple):
    """A next position in another place."""

    at: str
    metres: float


_LISTS: dict[str, Any] = {"screens": Screen, "held": Pause, "changed": Change, "moved": Move}


@dataclass(frozen=True)
class Measures:
    """How one interview was held; the fields are the columns of `forms.paradata.measure`, incomes being watched."""

    started_at: str  # ISO, UTC
    ended_at: str
    active_seconds: float
    pauses: int
    paused_seconds: float
    sessions: int
    night_seconds: float
    answers: int
    seconds_per_answer: float | None
    corrections: int
    watched_corrections: int
    refusals: int
    moves: int
    farthest_move: float
    positions: int
    screens: list[Screen]  # the slowest
    held: list[Pause]
    changed: list[Change]
    moved: list[Move]

    def as_json(self) -> dict[str, Any]:
        """Plain values; lists are rows without names."""
        return vars(self) | {name: [list(one) for one in getattr(self, name)] for name in _LISTS}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Measures:
        """What `as_json` gave."""
        return cls(**given | {name: [kind(*one) for one in given[name]] for name, kind in _LISTS.items()})

    @property
    def started(self) -> datetime:
        return datetime.fromisoformat(self.started_at)

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.ended_at)


def measure_all(contents: Mapping[str, bytes]) -> dict[str, Measures | None]:
    """The measures of audit logs by key; None for what is no log."""
    from forms import paradata

    logs = paradata.read_logs(contents)
    events = logs.events
    measured = paradata.measure(events, watched=INCOME_SOURCES)
    screens = paradata.screen_times(events)
    lists: dict[str, dict[str, list[Any]]] = {
        "screens": _rows(screens.groupby("log").head(_SLOWEST), Screen, "question", "position", "seconds"),
        "held": _rows(paradata.pauses(events), Pause, "at", "seconds", "kind"),
        "changed": _rows(paradata.changes(events), Change, "at", "question", "position", "old_value", "new_value"),
        "moved": _rows(paradata.moves(events), Move, "at", "metres"),
    }
    result: dict[str, Measures | None] = dict.fromkeys(sorted(logs.unreadable))
    for key, row in measured.to_dict(orient="index").items():
        name = str(key)
        values: dict[str, Any] = {column: _plain(row[column]) for column in ("started_at", "ended_at", *_COLUMNS)}
        result[name] = Measures(**values | {kind: rows.get(name, [])[:_LISTED] for kind, rows in lists.items()})
    return result


def _rows(frame: pd.DataFrame, kind: Any, *columns: str) -> dict[str, list[Any]]:
    """Rows as tuples of a kind, by log, in the frame's order."""
    found: dict[str, list[Any]] = {}
    for log, *values in frame[["log", *columns]].itertuples(index=False, name=None):
        found.setdefault(str(log), []).append(kind(*(_plain(value) for value in values)))
    return found


def _plain(value: Any) -> Any:
    """A cell without pandas: NA as None, times as ISO text, numbers to a millisecond or a millimetre."""
    import pandas as pd

    if value is pd.NaT or value is pd.NA or value is None:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, int | np.integer) else round(float(value), 3)
