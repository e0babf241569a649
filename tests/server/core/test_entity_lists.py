"""Entity lists at Central: what differs is written, from the version it was read at, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from forms.lists import ENTITY_LISTS, household_uuid
from sandbox.central.process import StandIn
from server.central.client import Central
from server.central.entities import Held, Pushed, Row, push, read_list
from server.central.errors import CentralError
from server.central.lists import RULE, ensure_lists, list_path
from server.settings import CentralSettings

NAME = "households"
COUNTS = ("created", "restored", "updated", "removed", "unchanged")


@pytest.fixture
def central(stand_in: StandIn) -> Iterator[Central]:
    reach = CentralSettings(
        url=stand_in.url, user=stand_in.user, password=SecretStr(stand_in.password), retries=0, backoff=0
    )
    with Central(reach) as connection:
        project = connection.send("POST", "projects", "project", json={"name": "Danh sách"})
    with Central(reach.model_copy(update={"project_id": project["id"]})) as connection:
        ensure_lists(connection, [NAME])
        yield connection
    requests.delete(f"{stand_in.url}/-/faults")


def row(code: str, round_id: str, **data: str) -> Row:
    filled = dict.fromkeys(ENTITY_LISTS[NAME], "") | {"household_code": code, "assignment_key": "RSV-1"} | data
    return Row(household_uuid(round_id, code), f"Hộ {code}", filled)


def rows(round_id: str, *codes: str) -> list[Row]:
    return [row(code, round_id) for code in codes]


def counts(done: Pushed) -> tuple[int, ...]:
    return tuple(getattr(done, name) for name in COUNTS)


def held(central: Central) -> dict[str, Held]:
    return {one.data["household_code"]: one for one in read_list(central, NAME, ENTITY_LISTS[NAME])}


def test_lists_are_made_once(central: Central) -> None:
    assert ensure_lists(central, list(ENTITY_LISTS)) > 0
    assert ensure_lists(central, list(ENTITY_LISTS)) == 0
    shown = central.get_json(list_path(central.project_id, "visits"), "list")
    assert shown["accessFilter"] == {"type": "property", "rules": [RULE]}
    assert {one["name"] for one in shown["properties"]} == set(ENTITY_LISTS["visits"])


def test_only_what_differs_is_written(central: Central) -> None:
    of = uuid.uuid4().hex
    assert counts(push(central, NAME, rows(of, "A", "B", "C"))) == (3, 0, 0, 0, 0)
    assert counts(push(central, NAME, rows(of, "A", "B", "C"))) == (0, 0, 0, 0, 3)
    changed = [row("A", of), row("B", of, status="returned", returned_reason="Thiếu thu nhập"), row("D", of)]
    assert counts(push(central, NAME, changed)) == (1, 0, 1, 1, 1)
    now = held(central)
    assert (now["A"].version, now["B"].version, now["B"].data["returned_reason"]) == (1, 2, "Thiếu thu nhập")
    assert set(now) == {"A", "B", "D"}


def test_what_was_removed_comes_back_under_its_uuid(central: Central) -> None:
    of = uuid.uuid4().hex
    push(central, NAME, rows(of, "A", "B"))
    before = held(central)["B"].uuid
    push(central, NAME, rows(of, "A"))
    assert counts(push(central, NAME, rows(of, "A", "B"))) == (0, 1, 0, 0, 2)
    assert held(central)["B"].uuid == before
    push(central, NAME, rows(of, "A"))
    assert counts(push(central, NAME, [row("A", of), row("B", of, status="applied")])) == (0, 1, 1, 0, 1)


def test_a_uuid_that_another_project_has_is_passed_over(central: Central, stand_in: StandIn) -> None:
    of = uuid.uuid4().hex
    push(central, NAME, rows(of, "A", "B"))
    project = central.send("POST", "projects", "project", json={"name": "Dự án khác"})
    reach = CentralSettings(
        url=stand_in.url,
        user=stand_in.user,
        password=SecretStr(stand_in.password),
        project_id=project["id"],
    )
    with Central(reach) as other:
        ensure_lists(other, [NAME])
        assert counts(push(other, NAME, rows(of, "A", "B"))) == (2, 0, 0, 0, 0)
        assert counts(push(other, NAME, rows(of, "A", "B"))) == (0, 0, 0, 0, 2)
        assert not {one.uuid for one in held(other).values()} & {one.uuid for one in held(central).values()}


class Meddler:
    """A Central in which somebody changes the row just before each of our first `times` updates."""

    def __init__(self, central: Central, times: int) -> None:
        self.central = central
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self.central, name)

    def send(self, method: str, path: str, what: str, **options: Any) -> Any:
        if method == "PATCH" and self.times:
            self.times -= 1
            meddled = {"data": {"address": f"Nhà {self.times}"}}
            self.central.send("PATCH", path, what, json=meddled, params={"force": "true"})
        return self.central.send(method, path, what, **options)


@pytest.mark.parametrize("times, updated, conflicts", [(1, 1, 0), (2, 0, 1)])
def test_a_row_that_moved_on_is_read_again_once(central: Central, times: int, updated: int, conflicts: int) -> None:
    of = uuid.uuid4().hex
    push(central, NAME, rows(of, "A"))
    wanted = [row("A", of, status="returned")]
    done = push(Meddler(central, times), NAME, wanted)  # type: ignore[arg-type]
    assert (done.updated, len(done.conflicts)) == (updated, conflicts)
    assert push(central, NAME, wanted).updated == (0 if updated else 1)
    assert held(central)["A"].data == dict(wanted[0].data), "the list is the server's in the end"


def test_what_broke_off_is_finished_by_the_next_run(central: Central, stand_in: StandIn) -> None:
    of = uuid.uuid4().hex
    push(central, NAME, rows(of, "A", "B"))
    fault = {"kind": "status", "status": 503, "path": "/entities/", "times": 1}
    requests.post(f"{stand_in.url}/-/faults", json=fault).raise_for_status()
    wanted = [replace(one, label="Hộ khác") for one in rows(of, "A", "B", "C")]
    with pytest.raises(CentralError):
        push(central, NAME, wanted)
    push(central, NAME, wanted)
    assert {one.label for one in held(central).values()} == {"Hộ khác"}
    assert counts(push(central, NAME, wanted)) == (0, 0, 0, 0, 3)


def test_a_rule_that_central_drops_sends_nothing(central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"datasetProperty": "nope", "actorProperty": "assignment_key"}
    monkeypatch.setattr("server.central.lists.RULE", wrong)
    with pytest.raises(CentralError) as caught:
        ensure_lists(central, [NAME])
    assert caught.value.code == "central_list_open"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["listed", "applied"])), max_size=4))
def test_any_order_of_lists_ends_at_the_last_one(central: Central, wanted: list[dict[str, str]]) -> None:
    of = uuid.uuid4().hex
    for one in wanted:
        shall = [row(code, of, status=status) for code, status in one.items()]
        push(central, NAME, shall)
        assert {code: held_row.data["status"] for code, held_row in held(central).items()} == one
        assert push(central, NAME, shall).written == 0
