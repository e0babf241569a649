"""The whole loop on a Central: publish, phones, pull, classes and places as generated, a review sent back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from sandbox.interviews import instance_id
from server.central import service as central
from server.central.client import Central
from server.central.outbox import deliver
from server.central.release import publish_round
from server.cli.demo import ROUND, DemoOptions, Running, demo_province
from server.linkage import service as linkage
from server.registry import service as registry
from server.review import service as review
from server.settings import CentralSettings

#: The province's own boundary layer, where it lies beside the project; else Voronoi cells.
BOUNDARIES = Path(__file__).resolve().parents[3] / "shared/data/boundaries/hungyen_communes_104_from_2025-07.gpkg"
HOUSEHOLDS = 40
SEED = 7


@pytest.fixture(scope="module")
def loop(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    options = DemoOptions(
        HOUSEHOLDS,
        seed=SEED,
        boundaries=BOUNDARIES if BOUNDARIES.exists() else None,
        data_dir=tmp_path_factory.mktemp("loop"),
    )
    given = CentralSettings(url=server.url, user=server.user, password=SecretStr(server.password))
    with demo_province(options, lambda _stage, _done, _total: None, given) as running:
        yield running


def test_everything_arrives_and_is_as_it_was_generated(loop: Running) -> None:
    summary = loop.summary
    assert (summary.submitted, summary.pulled, summary.as_drawn) == (HOUSEHOLDS, HOUSEHOLDS, HOUSEHOLDS)
    assert summary.located == summary.with_gps > 0
    assert summary.linked > 0
    assert summary.holds


def test_links_are_true_and_movements_are_those_of_the_truth(loop: Running) -> None:
    truth = loop.province.truth
    truth = truth.set_axis([instance_id(SEED, str(key)) for key in truth.index])
    with loop.database.session() as session:
        links = linkage.links_frame(session, ROUND)
        counted = registry.movement_counts(session, ROUND)
    linked = links[(links["status"] == "linked") & (links["kind"] == "same")].set_index("interview_id")[
        "household_code"
    ]
    assert len(linked) == loop.summary.linked
    assert (linked == truth["registry_code"].reindex(linked.index)).all()
    # Nearly all are found without a person; whoever is not counts as not found and as new, or waits for a person.
    listed = truth["registry_code"].dropna()
    missed = listed.index.difference(linked.index)
    assert len(missed) <= 0.1 * len(listed)
    found: dict[tuple[str, str], int] = {}
    for (previous, current, _movement), households in counted.items():
        # A household of last year that was not met waits for a person, who says that it is gone.
        key = ("none" if previous == "unknown" else previous, "absent" if current == "unknown" else current)
        found[key] = found.get(key, 0) + households
    expected = {
        (str(row.previous), str(row.current)): int(row.households)
        for row in loop.province.movements.itertuples()
        if row.households
    }
    for interview in missed:
        previous, current = truth.loc[interview, "previous"], truth.loc[interview, "proposed_class"]
        for key, change in (((previous, current), -1), ((previous, "absent"), 1), (("none", current), 1)):
            expected[key] = expected.get(key, 0) + change
    # Who is on no list and is not poor moves nowhere.
    for counts in (found, expected):
        counts.pop(("none", "not_poor"), None)
    assert {key: n for key, n in found.items() if n} == {key: n for key, n in expected.items() if n}


def test_pulling_again_brings_nothing_new(loop: Running) -> None:
    again = central.sync(loop.database, loop.settings.central, ROUND)
    assert (again.pulled.new, again.pulled.live) == (0, HOUSEHOLDS)


def test_publishing_again_changes_nothing(loop: Running, tmp_path: Path) -> None:
    assert not publish_round(loop.database, loop.settings.central, tmp_path, ROUND).changed


def test_decisions_reach_central_once_and_come_back(loop: Running) -> None:
    approved, returned = (instance_id(SEED, f"H{number:07d}") for number in (1, 2))
    reason = "Diện tích nhà ghi 8 m2, ảnh chụp nhà ba gian: đo lại."
    now = datetime.now(UTC)
    with loop.database.session() as session:
        review.decide(session, approved, "approve", actor="t", undo_for=timedelta(0), now=now)
        review.decide(session, returned, "return", actor="t", reason=reason, undo_for=timedelta(0), now=now)
    with Central(loop.settings.central) as session_at_central:
        first = deliver(loop.database, session_at_central)
        second = deliver(loop.database, session_at_central)
        states = {one: _submission(session_at_central, loop, one)["reviewState"] for one in (approved, returned)}
        comments = session_at_central.get_json(_path(loop, returned) + "/comments", "comments")
    assert (first.sent, first.failed, second.sent) == (3, 0, 0)
    assert states == {approved: "approved", returned: "hasIssues"}
    assert [one["body"] for one in comments] == [reason]
    again = central.sync(loop.database, loop.settings.central, ROUND)
    assert (again.pulled.new, again.pulled.versions) == (0, 0)


def _path(loop: Running, interview: str) -> str:
    project = loop.settings.central.project_id
    return f"projects/{project}/forms/household/submissions/{quote(interview, safe='')}"


def _submission(session_at_central: Central, loop: Running, interview: str) -> Any:
    return session_at_central.get_json(_path(loop, interview), "submission")
