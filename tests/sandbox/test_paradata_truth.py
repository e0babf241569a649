"""The audit logs of the sandbox: what was put into them is what is measured."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forms.build import BuiltForm
from forms.paradata import measure, read_logs, screen_times
from poverty.frames import INCOME_SOURCES
from poverty.standard import load_standard
from sandbox.fieldwork import Submission
from sandbox.paradata import LOG_NAME, Habit, habit_of, keep_log, with_files, with_log
from sandbox.photos import photo_of_a_house
from sandbox.submissions import write
from tests.forms.household_form import build_with_media
from tests.sandbox.households_at_random import draw


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Path]:
    return build_with_media(tmp_path_factory.mktemp("paradata"))


@pytest.fixture(scope="module")
def submissions(form: tuple[BuiltForm, Path]) -> list[Submission]:
    households, members, visits = draw(60, seed=7)
    written = write(*form, load_standard("nd07-2021"), households, members, visits)
    return [Submission(name, xml) for name, xml in zip(visits["instance_id"], written, strict=True)]


@pytest.mark.parametrize("habit", list(Habit))
def test_what_is_measured_is_what_was_put_in(
    form: tuple[BuiltForm, Path], submissions: list[Submission], habit: Habit
) -> None:
    kept = {
        one.instance_id: keep_log(one.xml, form[0].xml, habit, np.random.default_rng(number))
        for number, one in enumerate(submissions)
    }
    found = read_logs({name: one.content for name, one in kept.items()})
    assert not found.unreadable
    measured = measure(found.events, watched=INCOME_SOURCES)
    for name, one in kept.items():
        row, truth = measured.loc[name], one.truth
        assert row["active_seconds"] == pytest.approx(truth.active_seconds, abs=0.2)
        assert row["paused_seconds"] == pytest.approx(truth.paused_seconds, abs=0.2)
        assert row["night_seconds"] == pytest.approx(truth.night_seconds, abs=0.2)
        assert row["watched_corrections"] == truth.income_corrections
        assert row["answers"] == truth.answers
        assert row["moves"] == (truth.moved_metres > 0)
        if truth.moved_metres:
            assert row["farthest_move"] == pytest.approx(truth.moved_metres, rel=0.02)
        assert row["ended_at"].timestamp() == pytest.approx(one.ended_at.timestamp(), abs=0.002)


def test_the_screens_are_those_of_the_form_with_the_repeats_numbered(
    form: tuple[BuiltForm, Path], submissions: list[Submission]
) -> None:
    met = max(submissions, key=lambda one: one.xml.count("<full_name>"))
    kept = keep_log(met.xml, form[0].xml, Habit.ORDINARY, np.random.default_rng(1))
    nodes = set(screen_times(read_logs({"a": kept.content}).events)["node"])
    assert {"/data/place", "/data/outcome"} <= nodes
    for number in (1, 2):
        below = {node.rsplit("/", 1)[-1] for node in nodes if node.startswith(f"/data/member[{number}]/")}
        assert below == {"identity", "situation"}


def test_a_submission_names_its_files_and_is_otherwise_the_same(
    form: tuple[BuiltForm, Path], submissions: list[Submission]
) -> None:
    made = list(with_files(submissions, form[0], seed=3))
    logged = [one for one in made if LOG_NAME in one.files]
    photographed = [one for one in made if any(name.endswith(".jpg") for name in one.files)]
    assert 0.75 * len(made) < len(logged) < len(made)
    assert 0 < len(photographed) < len(made)
    for before, after in zip(submissions, made, strict=True):
        assert before.instance_id == after.instance_id
        assert all(f">{name}<" in after.xml for name in after.files)
    assert [one.files for one in with_files(submissions, form[0], seed=3)] == [one.files for one in made]
    unsent = list(with_files(submissions, form[0], seed=3, photographed=1, unsent=1))
    assert any(".jpg" in one.xml for one in unsent)
    assert not any(name.endswith(".jpg") for one in unsent for name in one.files)


def test_a_form_without_a_log_gets_none(form: tuple[BuiltForm, Path]) -> None:
    bare = Submission("uuid:1", "<data><meta /></data>")
    assert with_log(bare, form[0], Habit.FAST, 1) is bare


def test_most_interviews_are_held_as_they_should_be() -> None:
    drawn = [habit_of(f"uuid:{number}", 1) for number in range(2000)]
    assert set(drawn) == set(Habit)
    assert 0.7 < drawn.count(Habit.ORDINARY) / len(drawn) < 0.8


def test_photos_are_drawn_and_some_lie_on_their_side() -> None:
    photos = [photo_of_a_house(seed) for seed in range(8)]
    assert photos == [photo_of_a_house(seed) for seed in range(8)]
    sizes = set()
    for photo in photos:
        with Image.open(io.BytesIO(photo)) as image:
            sizes.add((image.size, image.getexif().get(0x0112)))
    assert sizes == {((1024, 768), None), ((768, 1024), 6)}
