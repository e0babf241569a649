"""What an audit log of ODK Collect (`audit.csv`) says of how an interview was held.

    logs = read_logs({"uuid:1": content, ...})
    measure(logs.events)      # a row per interview
    screen_times(...), pauses(...), moves(...), changes(...)

The log has a row for each event: `event, node, start, end` (milliseconds since 1970, UTC), with location tracking
`latitude, longitude, accuracy` (degrees EPSG:4326, metres), with change tracking `old-value, new-value`, then `user`
and `change-reason` where the form asks for them. Of a screen with several questions (field-list) the group has the
time, and each question whose answer changed a row with the same end. Times within a session come
from one clock, that of the phone when the form was opened.

What counts as a pause, a move or the night are working values of this project, not rules of anybody's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

#: A gap without any screen open, of so many seconds, is a pause.
PAUSE_SECONDS = 120
#: A screen open for longer was left: what is beyond it counts as a pause.
IDLE_SECONDS = 600
#: The night in Viet Nam, in hours of the day.
NIGHT_BEGINS, NIGHT_ENDS = 22, 5
#: Metres between two positions, beside the errors of both, from which on it was not one place.
MOVE_METRES = 500

_ZONE = "Asia/Ho_Chi_Minh"
_EARTH_METRES = 6_371_000
#: Events with a beginning and an end: a screen that somebody looked at.
SCREENS = frozenset({"question", "group questions", "end screen", "add repeat", "jump"})
_NEEDED = ("event", "start")
_TEXTS = ("event", "node", "old-value", "new-value", "user", "change-reason")
_NUMBERS = ("latitude", "longitude", "accuracy")
_TIMES = ("start", "end")
#: Milliseconds of the year 2000 and of 2100: a clock outside was never set.
_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
_MISSING_WORDS = {"", "null", "NaN"}  # older versions of Collect wrote `null` for no location
_LARGEST_ROWS = 100_000


@dataclass(frozen=True)
class Logs:
    """Logs that were read.

    events: a row per event, columns log, event, node, question (the node's last name), position (Int64: the number of
    the repeat, from 1; NA outside), start, end (datetime64[ms, UTC]; end NaT where an event has none), latitude,
    longitude, accuracy (Float64), old_value, new_value, user, change_reason (string, "" for none); by log and start.
    unreadable: keys of contents that are no audit log.
    """

    events: pd.DataFrame
    unreadable: frozenset[str]


def read_logs(contents: Mapping[str, bytes]) -> Logs:
    """Read audit logs by key. Rows without a readable time are left out; a content without any is unreadable."""
    columns: dict[str, list[Any]] = {name: [] for name in ("log", *_TEXTS, *_TIMES, *_NUMBERS)}
    unreadable = set()
    for key, content in contents.items():
        if not _read(key, content, columns):
            unreadable.add(key)
    frame = pd.DataFrame({name.replace("-", "_"): values for name, values in columns.items()})
    for name in ("log", *(text.replace("-", "_") for text in _TEXTS)):
        frame[name] = frame[name].astype("string")
    for name in _NUMBERS:
        frame[name] = frame[name].astype("Float64")
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="ms", utc=True).astype("datetime64[ms, UTC]")
    parts = frame["node"].str.rsplit("/", n=1).str[-1]
    frame["question"] = parts.str.replace(r"\[\d+\]$", "", regex=True).fillna("").astype("string")
    frame["position"] = frame["node"].str.extract(r"\[(\d+)\]")[0].astype("Int64")
    frame = frame.sort_values(["log", "start"], kind="stable", ignore_index=True)
    return Logs(frame, frozenset(unreadable))


def _read(key: str, content: bytes, columns: dict[str, list[Any]]) -> bool:
    """Append the rows of one log; False when it is none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    found = False
    try:
        rows = csv.DictReader(io.StringIO(text.replace("\x00", ""), newline=""), restval="")
        if not set(_NEEDED) <= set(rows.fieldnames or ()):
            return False
        for number, row in enumerate(rows):
            if number >= _LARGEST_ROWS:
                break
            start = _milliseconds(row["start"])
            if start is None:
                continue
            found = True
            end = _milliseconds(row.get("end", ""))
            columns["log"].append(key)
            columns["start"].append(start)
            # A clock that went backwards ends nothing before it began.
            columns["end"].append(None if end is None or end < start else end)
            for name in _TEXTS:
                columns[name].append((row.get(name) or "").strip())
            for name in _NUMBERS:
                columns[name].append(_number(row.get(name, "")))
    except csv.Error:
        return found
    return found


def measure(events: pd.DataFrame, watched: Collection[str] = ()) -> pd.DataFrame:
    """A row per log, by its key.

    watched: names of questions whose corrections are counted by themselves.

    Columns: started_at, ended_at (UTC); active_seconds (screens open, without pauses); pauses, paused_seconds;
    sessions (how often the form was opened); night_seconds (active from `NIGHT_BEGINS` to `NIGHT_ENDS` in Viet Nam);
    answers (questions that got a value), seconds_per_answer (NA without change tracking); corrections and
    watched_corrections (an answer replaced by another, or removed); refusals (answers that the form refused); moves and
    farthest_move (metres); positions (how many were logged).
    """
    by_log = events.groupby("log", sort=True)
    result = pd.DataFrame(index=pd.Index(sorted(events["log"].unique()), name="log", dtype="string"))
    result["started_at"] = by_log["start"].min()
    result["ended_at"] = events.assign(last=events["end"].fillna(events["start"])).groupby("log")["last"].max()
    spans = _spans(events)
    held = pauses(events)
    total = spans.groupby("log")["seconds"].sum()
    idle = held.loc[held["kind"].eq("idle")].groupby("log")["seconds"].sum()
    result["active_seconds"] = _filled(total, result) - _filled(idle, result)
    result["pauses"] = _filled(held.groupby("log").size(), result).astype("int64")
    result["paused_seconds"] = _filled(held.groupby("log")["seconds"].sum(), result)
    opened = events["event"].isin(["form start", "form resume"])
    result["sessions"] = _filled(opened.groupby(events["log"]).sum(), result).astype("int64")
    result["night_seconds"] = _filled(_night(spans).groupby(spans["log"]).sum(), result)
    given = events[events["event"].eq("question") & events["new_value"].ne("")]
    result["answers"] = _filled(given.groupby("log")["node"].nunique(), result).astype("int64")
    answered = result["answers"].astype("Float64")
    result["seconds_per_answer"] = (result["active_seconds"].astype("Float64") / answered).where(answered > 0)
    corrected = changes(events)
    result["corrections"] = _filled(corrected.groupby("log").size(), result).astype("int64")
    of_watched = corrected[corrected["question"].isin(list(watched))]
    result["watched_corrections"] = _filled(of_watched.groupby("log").size(), result).astype("int64")
    refused = events["event"].eq("constraint error")
    result["refusals"] = _filled(refused.groupby(events["log"]).sum(), result).astype("int64")
    moved = moves(events)
    result["moves"] = _filled(moved.groupby("log").size(), result).astype("int64")
    result["farthest_move"] = _filled(moved.groupby("log")["metres"].max(), result)
    placed = _placed(events)
    result["positions"] = _filled(placed.groupby("log").size(), result).astype("int64")
    return result


def screen_times(events: pd.DataFrame) -> pd.DataFrame:
    """Seconds that each screen was open, by log, the longest first: columns log, node, question, position, seconds,
    visits. A screen of several questions stands once, by its group.
    """
    screens = _screens(events)
    screens = screens[screens["event"].isin(["question", "group questions"]) & screens["node"].ne("")]
    # The questions of a group's screen end with it.
    grouped = screens.loc[screens["event"].eq("group questions"), ["log", "end"]].drop_duplicates()
    of_group = screens.merge(grouped.assign(grouped=True), on=["log", "end"], how="left")["grouped"].eq(True)
    screens = screens[~(of_group.to_numpy() & screens["event"].eq("question").to_numpy())]
    seconds = (screens["end"] - screens["start"]).dt.total_seconds()
    times = (
        screens.assign(seconds=seconds)
        .groupby(["log", "node", "question", "position"], dropna=False, as_index=False, sort=False)
        .agg(seconds=("seconds", "sum"), visits=("seconds", "size"))
    )
    return times.sort_values(["log", "seconds"], ascending=[True, False], kind="stable", ignore_index=True)


def pauses(events: pd.DataFrame) -> pd.DataFrame:
    """Pauses in order of time: columns log, at (when it began), seconds, kind (`closed`: no screen open; `idle`: one
    screen open for too long, of which what is beyond `IDLE_SECONDS` counts).
    """
    spans = _spans(events)
    closed = spans[spans["gap"] >= PAUSE_SECONDS]
    gaps = pd.to_timedelta(closed["gap"], unit="s").astype("timedelta64[ms]")
    idle = spans[spans["seconds"] > IDLE_SECONDS]
    found = pd.concat(
        [
            pd.DataFrame(
                {"log": closed["log"], "at": closed["start"] - gaps, "seconds": closed["gap"], "kind": "closed"}
            ),
            pd.DataFrame(
                {
                    "log": idle["log"],
                    "at": idle["start"] + pd.Timedelta(seconds=IDLE_SECONDS),
                    "seconds": idle["seconds"] - IDLE_SECONDS,
                    "kind": "idle",
                }
            ),
        ]
    )
    return found.sort_values(["log", "at"], kind="stable", ignore_index=True)


def moves(events: pd.DataFrame) -> pd.DataFrame:
    """Where the next position is not the same place, its error and that of the one before taken off: columns log, at,
    metres (between the two positions).
    """
    placed = _placed(events)
    before = placed.groupby("log")[["latitude", "longitude", "accuracy"]].shift()
    metres = _distance(before["latitude"], before["longitude"], placed["latitude"], placed["longitude"])
    beyond = metres - placed["accuracy"].fillna(0) - before["accuracy"].fillna(0)
    far = (beyond > MOVE_METRES).fillna(False).to_numpy(dtype=bool)
    return pd.DataFrame({"log": placed["log"], "at": placed["start"], "metres": metres})[far].reset_index(drop=True)


def changes(events: pd.DataFrame) -> pd.DataFrame:
    """Answers that were replaced by another or removed, in order: columns log, at, node, question, position, old_value,
    new_value, change_reason. The first answer to a question is no change.
    """
    changed = (
        events["event"].eq("question") & events["old_value"].ne("") & events["old_value"].ne(events["new_value"])
    ).fillna(False)
    columns = ["log", "end", "node", "question", "position", "old_value", "new_value", "change_reason"]
    return events.loc[changed, columns].rename(columns={"end": "at"}).reset_index(drop=True)


def _screens(events: pd.DataFrame) -> pd.DataFrame:
    return events[events["event"].isin(list(SCREENS)) & events["end"].notna()]


def _spans(events: pd.DataFrame) -> pd.DataFrame:
    """Time with a screen open, each moment once: columns log, start, seconds, gap (seconds before it without any)."""
    screens = _screens(events)
    # Within a log: the latest end of all screens before.
    reached = screens.groupby("log")["end"].cummax().groupby(screens["log"]).shift()
    start = screens["start"].where(reached.isna() | (screens["start"] >= reached), reached)
    seconds = (screens["end"] - start).dt.total_seconds().clip(lower=0)
    gap = (screens["start"] - reached).dt.total_seconds().clip(lower=0).fillna(0)
    spans = pd.DataFrame({"log": screens["log"], "start": start, "seconds": seconds, "gap": gap})
    return spans[(spans["seconds"] > 0) | (spans["gap"] > 0)]


def _night(spans: pd.DataFrame) -> pd.Series[Any]:
    """Seconds of each span within the night."""
    shift = pd.Timedelta(hours=24 - NIGHT_BEGINS)
    began = spans["start"].dt.tz_convert(_ZONE).dt.tz_localize(None) + shift  # the night begins at 0 o'clock now
    first = (began - pd.Timestamp("1970-01-01")).dt.total_seconds()
    night = float((24 - NIGHT_BEGINS + NIGHT_ENDS) * 3600)

    def nights_until(seconds: pd.Series[Any]) -> pd.Series[Any]:
        return (seconds // 86400) * night + (seconds % 86400).clip(upper=night)

    return nights_until(first + spans["seconds"]) - nights_until(first)


def _placed(events: pd.DataFrame) -> pd.DataFrame:
    """Events with a position; zeros are no position, and one that is said again is one."""
    placed = events[
        events["latitude"].between(-90, 90).fillna(False)
        & events["longitude"].between(-180, 180).fillna(False)
        & ~(events["latitude"].eq(0) & events["longitude"].eq(0)).fillna(False)
    ]
    where = placed[["log", "latitude", "longitude"]]
    return placed[where.ne(where.shift()).fillna(True).any(axis=1)]  # nothing before the first


def _distance(
    latitude: pd.Series[Any], longitude: pd.Series[Any], other_latitude: pd.Series[Any], other_longitude: pd.Series[Any]
) -> pd.Series[Any]:
    """Metres on the sphere between points in degrees; NaN where one is missing."""
    given = [one.astype("float64") for one in (latitude, longitude, other_latitude, other_longitude)]
    a, x, b, y = (np.radians(one) for one in given)
    square = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin((y - x) / 2) ** 2
    metres: pd.Series[Any] = 2 * _EARTH_METRES * np.arcsin(np.sqrt(square.clip(0, 1)))
    return metres


def _filled(values: pd.Series[Any], like: pd.DataFrame) -> pd.Series[Any]:
    return values.reindex(like.index).fillna(0).astype("float64")


def _milliseconds(text: str | None) -> int | None:
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 13:
        return None
    number = int(text)
    return number if _EARLIEST <= number <= _LATEST else None


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    if text in _MISSING_WORDS:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
