"""Audit logs: what is measured in them, by hand and for logs at random."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.paradata import IDLE_SECONDS, changes, measure, moves, pauses, read_logs, screen_times

# 3 September 2026, 08:00 in Viet Nam
BEGAN = int(datetime(2026, 9, 3, 1, tzinfo=UTC).timestamp() * 1000)
HEAD = "event,node,start,end,latitude,longitude,accuracy,old-value,new-value"


def at(seconds: float) -> str:
    return str(round(BEGAN + seconds * 1000))


def log(*rows: str, head: str = HEAD) -> bytes:
    return ("\n".join([head, *rows]) + "\n").encode()


def measured(*rows: str, head: str = HEAD) -> pd.Series:
    result = measure(read_logs({"a": log(*rows, head=head)}).events, watched=["income_wage"])
    return result.loc["a"]


def test_a_screen_of_several_questions_is_counted_once() -> None:
    rows = (
        f"form start,,{at(0)},,,,,,",
        f"group questions,/data/place,{at(1)},{at(31)},20.5,106.1,15.0,,",
        f"question,/data/place/commune_code,{at(1)},{at(31)},20.5,106.1,15.0,,11953",
        f"question,/data/place/village_id,{at(1)},{at(31)},20.5,106.1,15.0,,11953-01",
        f"question,/data/outcome,{at(31.5)},{at(41.5)},20.5,106.1,15.0,,met",
        f"form save,,{at(42)},,,,,,",
    )
    one = measured(*rows)
    assert one["active_seconds"] == 40
    assert one["answers"] == 3
    assert one["seconds_per_answer"] == pytest.approx(40 / 3)
    assert (one["pauses"], one["sessions"], one["positions"], one["moves"]) == (0, 1, 1, 0)
    assert (one["ended_at"] - one["started_at"]).total_seconds() == 42
    times = screen_times(read_logs({"a": log(*rows)}).events)
    assert times[["node", "seconds", "visits"]].to_numpy().tolist() == [
        ["/data/place", 30, 1],
        ["/data/outcome", 10, 1],
    ]


def test_pauses_closed_and_idle_and_what_is_active_besides() -> None:
    rows = (
        f"form start,,{at(0)},,,,,,",
        f"question,/data/a,{at(0)},{at(60)},,,,,1",
        f"form exit,,{at(60)},,,,,,",
        f"form resume,,{at(1860)},,,,,,",
        f"question,/data/b,{at(1860)},{at(1860 + IDLE_SECONDS + 300)},,,,,2",
        f"question,/data/c,{at(2761)},{at(2771)},,,,,3",  # a second later: no pause
    )
    one = measured(*rows)
    assert (one["pauses"], one["paused_seconds"], one["sessions"]) == (2, 2100, 2)
    assert one["active_seconds"] == 60 + IDLE_SECONDS + 10
    held = pauses(read_logs({"a": log(*rows)}).events)
    assert held[["kind", "seconds"]].to_numpy().tolist() == [["closed", 1800], ["idle", 300]]
    assert held["at"].iloc[0] == pd.Timestamp("2026-09-03T01:01:00Z")


def test_the_night_is_that_of_viet_nam() -> None:
    evening = 14 * 3600 - 600  # 21:50
    one = measured(f"question,/data/a,{at(evening)},{at(evening + 900)},,,,,1")
    assert one["night_seconds"] == 300
    morning = 21 * 3600 - 60  # 04:59
    assert measured(f"question,/data/a,{at(morning)},{at(morning + 120)},,,,,1")["night_seconds"] == 60
    assert measured(f"question,/data/a,{at(0)},{at(500)},,,,,1")["night_seconds"] == 0
    whole = measured(f"question,/data/a,{at(0)},{at(48 * 3600)},,,,,1")
    assert whole["night_seconds"] == 2 * 7 * 3600


def test_a_move_is_beyond_the_errors_of_both_positions() -> None:
    def placed(seconds: int, latitude: str, accuracy: float) -> str:
        return f"question,/data/a,{at(seconds)},{at(seconds + 5)},{latitude},106.0,{accuracy},,"

    near = (placed(0, "20.500", 20), placed(10, "20.504", 30))  # 445 m
    assert measured(*near)["moves"] == 0
    rough = (placed(0, "20.500", 20), placed(10, "20.510", 900))  # 1,112 m, error 900
    assert measured(*rough)["moves"] == 0
    far = (placed(0, "20.500", 20), placed(10, "20.510", 20), placed(20, "0", 20), placed(30, "20.510", 20))
    found = moves(read_logs({"a": log(*far).replace(b",0,106.0,", b",0.0,0.0,")}).events)
    assert len(found) == 1
    assert found["metres"].iloc[0] == pytest.approx(1112, abs=2)


def test_a_first_answer_is_no_change_and_a_correction_is() -> None:
    rows = (
        f"question,/data/income/income_wage,{at(0)},{at(5)},,,,,60000000",
        f"question,/data/income/income_wage,{at(9)},{at(15)},,,,60000000,6000000",
        f"question,/data/member[2]/situation/work,{at(20)},{at(25)},,,,wage,",
        f'question,/data/remarks,{at(30)},{at(35)},,,,"a, b","say ""hi""\nthere"',
        f"constraint error,/data/phone,{at(36)},,,,,,",
    )
    one = measured(*rows)
    assert (one["corrections"], one["watched_corrections"], one["refusals"], one["answers"]) == (3, 1, 1, 2)
    found = changes(read_logs({"a": log(*rows)}).events)
    assert found["question"].tolist() == ["income_wage", "work", "remarks"]
    assert found["position"].tolist() == [pd.NA, 2, pd.NA]
    assert found["new_value"].tolist() == ["6000000", "", 'say "hi"\nthere']


def test_a_log_without_places_and_changes_still_has_its_times() -> None:
    one = measured(f"question,/data/a,{at(0)},{at(5)}", head="event,node,start,end")
    assert (one["active_seconds"], one["answers"], one["positions"]) == (5, 0, 0)
    assert pd.isna(one["seconds_per_answer"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"<html>login</html>",
        log(),
        b"event,node,end\nform start,,1",
        log("form start,,soon,,,,,,"),
    ],
)
def test_what_is_no_log_is_said_to_be_none(content: bytes) -> None:
    found = read_logs({"a": content, "b": log(f"form start,,{at(0)},,,,,,")})
    assert found.unreadable == {"a"}
    assert set(found.events["log"]) == {"b"}


def test_rows_that_cannot_be_read_are_left_out_and_odd_ones_do_no_harm() -> None:
    one = measured(
        f"form start,,{at(0)},,null,null,null,,",
        "question,/data/a,yesterday,,,,,,",
        f"question,/data/a,{at(100)},{at(50)},,,,,1",  # a clock set back
        f"question,/data/b,{at(200)},{at(210)},91.5,200,x,,2,too,many",
        f"a new kind of event,/data/c,{at(220)},{at(230)}",
    )
    assert (one["active_seconds"], one["answers"], one["positions"]) == (10, 2, 0)


def test_no_log_gives_empty_frames() -> None:
    events = read_logs({}).events
    assert measure(events).empty
    assert screen_times(events).empty
    assert pauses(events).empty
    assert moves(events).empty
    assert changes(events).empty


_SCREEN = st.tuples(st.integers(0, 5000), st.integers(0, 2000), st.sampled_from("abc"))


@settings(max_examples=25, deadline=None)
@given(st.lists(_SCREEN, min_size=1, max_size=12), st.lists(_SCREEN, min_size=1, max_size=12))
def test_time_is_counted_once_and_each_log_by_itself(
    one: list[tuple[int, int, str]], other: list[tuple[int, int, str]]
) -> None:
    def rows(screens: list[tuple[int, int, str]]) -> bytes:
        return log(
            *(f"question,/data/{name},{at(start)},{at(start + length)},,,,,1" for start, length, name in screens)
        )

    together = measure(read_logs({"one": rows(one), "other": rows(other)}).events)
    for key, screens in (("one", one), ("other", other)):
        alone = measure(read_logs({key: rows(screens)}).events)
        pd.testing.assert_frame_equal(alone, together.loc[[key]])
        seconds = {second for start, length, _ in screens for second in range(start, start + length)}
        row = together.loc[key]
        idle = pauses(read_logs({key: rows(screens)}).events)
        beyond = idle.loc[idle["kind"].eq("idle"), "seconds"].sum()
        assert row["active_seconds"] + beyond == len(seconds)
        assert 0 <= row["night_seconds"] <= len(seconds)
