"""Which rows of an entity list a phone gets: properties of app users, access rules, and changes made offline."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest

LIST = "/datasets/villages"
FILE = "/forms/contract/attachments/villages.csv"
RULE = {"datasetProperty": "assignment_key", "actorProperty": "assignment_key"}
EXTENDED = {"X-Extended-Metadata": "true"}


def ruled(*rules: dict[str, str]) -> dict[str, Any]:
    return {"accessFilter": {"type": "property", "rules": list(rules)}}


def row(key: str, village: str = "", **more: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid4()),
        "label": f"Hộ {key}",
        "data": {"assignment_key": key, "village": village, **more},
    }


def labels(answer: Any) -> list[str]:
    answer.raise_for_status()
    return sorted(item["label"] for item in csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def lists(project: Any) -> Any:
    """A project whose form is served the list `villages`, with the property that rules compare."""
    project.http.post("/actor-properties", json={"name": "assignment_key"}).raise_for_status()
    project.http.post("/datasets", json={"name": "villages"}).raise_for_status()
    for name in ("assignment_key", "village"):
        project.http.post(f"{LIST}/properties", json={"name": name}).raise_for_status()
    project.publish()
    return project


def phone_of(project: Any, key: str | None) -> Any:
    phone = project.phone(name=key or "no key")
    if key is not None:
        change = {"properties": {"assignment_key": key}}
        project.http.patch(f"/app-users/{phone.id}", json=change).raise_for_status()
    return phone


def test_properties_of_app_users(project: Any, kit: Any) -> None:
    path = "/actor-properties"
    assert project.http.get(path).json() == []
    assert project.http.post(path, json={"name": "assignment_key"}).json() == {"success": True}
    kit.refused(project.http.post(path, json={"name": "assignment_key"}), 409.3, table="actor_properties")
    kit.refused(project.http.post(path, json={"name": "displayName"}), 400.8, field="name")
    kit.refused(project.http.post(path, json={}), 400.8, field="name")
    new = {"displayName": "RSV-0001", "properties": {"assignment_key": " RSV-0001 "}}
    made = project.http.post("/app-users", json=new).json()
    assert "properties" not in made
    user = f"/app-users/{made['id']}"
    assert project.http.get(user, headers=EXTENDED).json()["properties"] == {"assignment_key": "RSV-0001"}
    assert project.http.get(path, headers=EXTENDED).json() == [{"name": "assignment_key", "values": ["RSV-0001"]}]
    blank = project.http.patch(user, json={"properties": {"assignment_key": "  "}}).json()
    assert blank["properties"] is None
    kit.refused(project.http.patch(user, json={"properties": {"nope": "x"}}), 400.8, value="nope")
    kit.refused(project.http.patch(user, json={"properties": {"assignment_key": 7}}), 400.8, field="assignment_key")
    kit.refused(project.http.patch(user, json={"properties": []}), 400.8, field="properties")
    kit.refused(project.http.get("/app-users/999999999"), 404.1)


def test_an_app_user_of_an_unknown_property_is_not_made(project: Any, kit: Any) -> None:
    new = {"displayName": "RSV-0001", "properties": {"nope": "x"}}
    kit.refused(project.http.post("/app-users", json=new), 400.8, value="nope")
    assert project.http.get("/app-users").json() == []


def test_last_use_is_the_last_submission(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    user = f"/app-users/{phone.id}"
    assert phone.http.get("/formList").status_code == 200
    assert survey.http.get(user, headers=EXTENDED).json()["lastUsed"] is None, "fetching forms leaves no trace"
    phone.send(kit.submission_xml()).raise_for_status()
    assert survey.http.get(user, headers=EXTENDED).json()["lastUsed"] is not None


def test_a_rule_gives_each_phone_its_own_rows(lists: Any) -> None:
    shown = lists.http.patch(LIST, json=ruled(RULE)).json()
    assert shown["accessFilter"] == {"type": "property", "rules": [RULE]}
    for key in ("RSV-1", "RSV-1", "RSV-2", ""):
        lists.http.post(f"{LIST}/entities", json=row(key)).raise_for_status()
    first, second, keyless = (phone_of(lists, key) for key in ("RSV-1", "RSV-2", None))
    assert labels(first.http.get(FILE)) == ["Hộ RSV-1", "Hộ RSV-1"]
    assert labels(second.http.get(FILE)) == ["Hộ RSV-2"]
    assert labels(keyless.http.get(FILE)) == [], "no key: no rows, not even those without one"
    assert len(labels(lists.http.get(FILE))) == 4, "who may list entities sees them all"


def test_a_second_rule_shows_more(lists: Any) -> None:
    lists.http.post("/actor-properties", json={"name": "village"}).raise_for_status()
    for key, village in (("RSV-1", "T1"), ("RSV-2", "T1"), ("RSV-2", "T2")):
        lists.http.post(f"{LIST}/entities", json=row(key, village)).raise_for_status()
    phone = phone_of(lists, "RSV-1")
    lists.http.patch(f"/app-users/{phone.id}", json={"properties": {"village": "T1"}}).raise_for_status()
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    assert labels(phone.http.get(FILE)) == ["Hộ RSV-1"]
    second = {"datasetProperty": "village", "actorProperty": "village"}
    shown = lists.http.patch(LIST, json=ruled(RULE, second)).json()
    assert len(shown["accessFilter"]["rules"]) == 2
    assert labels(phone.http.get(FILE)) == ["Hộ RSV-1", "Hộ RSV-2"], "rules are ORed"


def test_a_rule_of_an_unknown_property_opens_the_list(lists: Any) -> None:
    lists.http.post(f"{LIST}/entities", json=row("RSV-2")).raise_for_status()
    phone = phone_of(lists, "RSV-1")
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    assert labels(phone.http.get(FILE)) == []
    wrong = lists.http.patch(LIST, json=ruled({"datasetProperty": "nope", "actorProperty": "assignment_key"}))
    assert wrong.status_code == 200
    assert "accessFilter" not in wrong.json(), "it is dropped, and with it the rule that was there"
    assert labels(phone.http.get(FILE)) == ["Hộ RSV-2"]


def test_rules_that_are_refused(lists: Any, kit: Any) -> None:
    kit.refused(lists.http.patch(LIST, json=ruled()), 400.8, field="accessFilter.rules")
    kit.refused(lists.http.patch(LIST, json=ruled({"datasetProperty": "village"})), 400.8, field="accessFilter.rules")
    kit.refused(lists.http.patch(LIST, json={"accessFilter": {"type": "other"}}), 400.8, field="accessFilter.type")
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    assert "accessFilter" not in lists.http.patch(LIST, json={"accessFilter": None}).json()


def test_owners_see_their_own(lists: Any) -> None:
    lists.http.post(f"{LIST}/entities", json=row("RSV-1")).raise_for_status()
    phone = phone_of(lists, "RSV-1")
    shown = lists.http.patch(LIST, json={"accessFilter": {"type": "ownerOnly"}}).json()
    assert (shown["ownerOnly"], shown["accessFilter"]) == (True, {"type": "ownerOnly"})
    assert labels(phone.http.get(FILE)) == []
    shown = lists.http.patch(LIST, json=ruled(RULE)).json()
    assert (shown["ownerOnly"], shown["accessFilter"]["type"]) == (False, "property")
    assert labels(phone.http.get(FILE)) == ["Hộ RSV-1"]


def test_a_data_collector_with_a_password_gets_nothing(lists: Any, server: Any, admin: Any) -> None:
    lists.http.post(f"{LIST}/entities", json=row("RSV-1")).raise_for_status()
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    email = f"collector-{uuid.uuid4()}@example.org"
    user = admin.post("/users", json={"email": email, "password": "a-long-password"}).raise_for_status().json()
    try:
        lists.http.post(f"/assignments/formfill/{user['id']}").raise_for_status()
        with server.client() as http:
            session = http.post("/sessions", json={"email": email, "password": "a-long-password"}).json()
        with server.client(session["token"]) as http:
            assert labels(http.get(f"/projects/{lists.id}{FILE}")) == []
    finally:
        admin.delete(f"/users/{user['id']}").raise_for_status()


def test_the_manifest_changes_when_the_key_does(lists: Any) -> None:
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    for key in ("RSV-1", "RSV-2"):
        lists.http.post(f"{LIST}/entities", json=row(key)).raise_for_status()
    phone = phone_of(lists, "RSV-1")
    before = phone.http.get("/forms/contract/manifest").text
    change = {"properties": {"assignment_key": "RSV-2"}}
    lists.http.patch(f"/app-users/{phone.id}", json=change).raise_for_status()
    assert phone.http.get("/forms/contract/manifest").text != before
    assert labels(phone.http.get(FILE)) == ["Hộ RSV-2"]


def test_rows_that_are_no_longer_ones_own_count_as_gone(lists: Any) -> None:
    lists.http.patch(LIST, json=ruled(RULE)).raise_for_status()
    mine, other = row("RSV-1"), row("RSV-2")
    for new in (mine, other):
        lists.http.post(f"{LIST}/entities", json=new).raise_for_status()
    phone = phone_of(lists, "RSV-1")

    def gone(identity: str) -> bool:
        text = phone.http.get(f"{LIST}/integrity", params={"id": identity}).text
        return "<deleted>true</deleted>" in text

    assert (gone(mine["uuid"]), gone(other["uuid"])) == (False, True)
    change = {"data": {"assignment_key": "RSV-2"}}
    path = f"{LIST}/entities/{mine['uuid']}"
    lists.http.patch(path, params={"baseVersion": "1"}, json=change).raise_for_status()
    assert gone(mine["uuid"]), "the phone drops a household given to somebody else"


def test_deleted_entities_over_odata(lists: Any) -> None:
    gone, kept = row("RSV-1"), row("RSV-1")
    for new in (gone, kept):
        lists.http.post(f"{LIST}/entities", json=new).raise_for_status()
    lists.http.delete(f"{LIST}/entities/{gone['uuid']}").raise_for_status()
    path = f"{LIST}.svc/Entities"
    assert [item["__id"] for item in lists.http.get(path).json()["value"]] == [kept["uuid"]]
    deleted = lists.http.get(path, params={"$filter": "__system/deletedAt ne null"}).json()["value"]
    assert [(item["__id"], item["assignment_key"]) for item in deleted] == [(gone["uuid"], "RSV-1")]
    assert lists.http.post(f"{LIST}/entities/bulk-restore", json={"ids": [gone["uuid"]]}).json() == {"count": 1}
    assert len(lists.http.get(path).json()["value"]) == 2


def test_a_closing_form_takes_what_phones_hold_and_a_closed_one_does_not(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    survey.http.patch("/forms/contract", json={"state": "closing"}).raise_for_status()
    assert "<formID>contract" not in phone.http.get("/formList").text
    phone.send(kit.submission_xml()).raise_for_status()
    assert phone.http.get("/forms/contract/manifest").status_code == 200
    survey.http.patch("/forms/contract", json={"state": "closed"}).raise_for_status()
    assert phone.send(kit.submission_xml()).status_code == 409
    assert phone.http.get("/forms/contract/manifest").status_code == 403
    assert survey.http.get("/forms/contract").json()["state"] == "closed"
    survey.http.patch("/forms/contract", json={"state": "open"}).raise_for_status()
    phone.send(kit.submission_xml()).raise_for_status()
