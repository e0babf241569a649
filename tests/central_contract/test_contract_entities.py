"""Entity lists: the registry on the phone."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest

REGISTER = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>Register</h:title><model entities:entities-version="2024.1.0"><instance>
<data id="register" version="1"><head_name/><size/><meta><instanceID/>
<entity dataset="households" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity>
</meta></data></instance><bind nodeset="/data/head_name" type="string" entities:saveto="head_name"/>
<bind nodeset="/data/size" type="int" entities:saveto="size"/>
<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head>
<h:body><input ref="/data/head_name"/></h:body></h:html>"""


@pytest.fixture
def households(project: Any) -> str:
    """The path of an entity list with two properties."""
    made = project.http.post("/datasets", json={"name": "households"}).raise_for_status().json()
    assert (made["name"], made["properties"], made["linkedForms"]) == ("households", [], [])
    for name in ("head_name", "size"):
        answer = project.http.post("/datasets/households/properties", json={"name": name})
        assert answer.json() == {"success": True}
    return "/datasets/households"


def household(name: str, size: str = "4", identity: str | None = None) -> dict[str, Any]:
    return {"uuid": identity or str(uuid.uuid4()), "label": f"Hộ {name}", "data": {"head_name": name, "size": size}}


def test_lists_and_properties(project: Any, households: str, kit: Any) -> None:
    assert [item["name"] for item in project.http.get("/datasets").json()] == ["households"]
    shown = project.http.get(households).json()
    assert [item["name"] for item in shown["properties"]] == ["head_name", "size"]
    kit.refused(project.http.post("/datasets", json={"name": "households"}), 409.3)
    kit.refused(project.http.post("/datasets", json={"name": "Households"}), 409.16)
    kit.refused(project.http.post("/datasets", json={"name": "bad name.x"}), 400.8)
    kit.refused(project.http.post(f"{households}/properties", json={"name": "size"}), 409.3)
    kit.refused(project.http.post(f"{households}/properties", json={"name": "label"}), 400.8)
    kit.refused(project.http.get("/datasets/nope"), 404.1)


def test_one_entity(project: Any, households: str) -> None:
    new = household("Vũ Thị Hoa")
    made = project.http.post(f"{households}/entities", json=new).json()
    assert (made["uuid"], made["conflict"], made["updatedAt"]) == (new["uuid"], None, None)
    version = made["currentVersion"]
    assert (version["label"], version["data"], version["version"]) == (new["label"], new["data"], 1)
    assert project.http.get(f"{households}/entities/{new['uuid']}").json() == made


def test_entities_that_are_refused(project: Any, households: str, kit: Any) -> None:
    path = f"{households}/entities"
    new = household("A")
    project.http.post(path, json=new).raise_for_status()
    kit.refused(project.http.post(path, json=new), 409.3, values=[new["uuid"]])
    kit.refused(project.http.post(path, json={"label": "x", "data": {"nope": "x"}}), 400.28)
    kit.refused(project.http.post(path, json={"label": "x", "data": {"size": 5}}), 400.11, field="size")
    kit.refused(project.http.post(path, json={"data": {"size": "5"}}), 400.2, field="label")
    kit.refused(project.http.post(path, json={"uuid": "abc", "label": "x", "data": {}}), 400.11, field="uuid")
    kit.refused(project.http.get(f"{path}/{uuid.uuid4()}"), 404.1)


def test_many_at_once_or_none(project: Any, households: str, kit: Any) -> None:
    path = f"{households}/entities"
    many = [household(f"Chủ hộ {number}") for number in range(300)]
    source = {"name": "so_ho_2025.xlsx", "size": 300}
    assert project.http.post(path, json={"entities": many, "source": source}).json() == {"success": True}
    listed = project.http.get(path).json()
    assert {item["uuid"] for item in listed} == {item["uuid"] for item in many}
    assert "data" not in listed[0]["currentVersion"]
    kit.refused(project.http.post(path, json={"entities": []}), 400.31)
    kit.refused(project.http.post(path, json={"entities": [household("Mới"), many[0]], "source": source}), 409.3)
    assert len(project.http.get(path).json()) == 300


def test_an_update_names_the_version_it_started_from(project: Any, households: str, kit: Any) -> None:
    new = household("A")
    project.http.post(f"{households}/entities", json=new).raise_for_status()
    path = f"{households}/entities/{new['uuid']}"
    changed = project.http.patch(path, params={"baseVersion": "1"}, json={"data": {"size": "5"}}).json()
    assert changed["currentVersion"]["version"] == 2
    assert changed["currentVersion"]["data"] == {"head_name": "A", "size": "5"}
    assert changed["updatedAt"] is not None
    stale = project.http.patch(path, params={"baseVersion": "1"}, json={"data": {"size": "6"}})
    kit.refused(stale, 409.15, current="2", provided="1")
    kit.refused(project.http.patch(path, json={"data": {"size": "6"}}), 409.15, current="2")
    forced = project.http.patch(path, params={"force": "true"}, json={"label": "Hộ khác"}).json()
    assert (forced["currentVersion"]["version"], forced["currentVersion"]["label"]) == (3, "Hộ khác")
    versions = project.http.get(f"{path}/versions").json()
    assert [item["version"] for item in versions] == [1, 2, 3]
    diffs = project.http.get(f"{path}/diffs").json()
    assert diffs[0] == [{"old": "4", "new": "5", "propertyName": "size"}]
    assert diffs[1] == [{"old": "Hộ A", "new": "Hộ khác", "propertyName": "label"}]


def test_deletion_is_soft_and_keeps_the_uuid(project: Any, households: str, kit: Any) -> None:
    new = household("A")
    path = f"{households}/entities"
    project.http.post(path, json=new).raise_for_status()
    assert project.http.delete(f"{path}/{new['uuid']}").json() == {"success": True}
    kit.refused(project.http.get(f"{path}/{new['uuid']}"), 404.1)
    assert project.http.get(path).json() == []
    [gone] = project.http.get(path, params={"deleted": "true"}).json()
    assert gone["uuid"] == new["uuid"]
    kit.refused(project.http.post(path, json=new), 409.19, entityUuids=[new["uuid"]])
    assert project.http.post(f"{path}/{new['uuid']}/restore").json() == {"success": True}
    assert project.http.get(f"{path}/{new['uuid']}").status_code == 200


def test_bulk_deletion(project: Any, households: str) -> None:
    path = f"{households}/entities"
    many = [household(f"H{number}") for number in range(5)]
    project.http.post(path, json={"entities": many, "source": {"name": "x.csv", "size": 5}}).raise_for_status()
    ids = [item["uuid"] for item in many[:3]]
    assert project.http.post(f"{path}/bulk-delete", json={"ids": ids}).json() == {"count": 3}
    assert {item["uuid"] for item in project.http.get(path).json()} == {item["uuid"] for item in many[3:]}


def test_the_whole_list_over_odata(project: Any, households: str, kit: Any) -> None:
    made = [household(f"H{number}") for number in range(5)]
    for item in made:
        project.http.post(f"{households}/entities", json=item).raise_for_status()
    path = f"{households}.svc/Entities"
    body = project.http.get(path, params={"$top": "3", "$count": "true"}).json()
    assert body["@odata.count"] == 5
    token = kit.skiptoken(body["@odata.nextLink"])
    rest = project.http.get(path, params={"$top": "3", "$skiptoken": token}).json()
    assert "@odata.nextLink" not in rest
    rows = body["value"] + rest["value"]
    assert [row["__id"] for row in rows] == [item["uuid"] for item in reversed(made)]
    assert (rows[0]["head_name"], rows[0]["size"], rows[0]["label"]) == ("H4", "4", "Hộ H4")
    assert (rows[0]["__system"]["version"], rows[0]["__system"]["updates"]) == (1, 0)


def test_the_list_as_csv(project: Any, households: str) -> None:
    new = household("Vũ, Hoa")
    project.http.post(f"{households}/entities", json=new).raise_for_status()
    answer = project.http.get(f"{households}/entities.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["__id"], row["label"], row["head_name"], row["size"]) == (new["uuid"], new["label"], "Vũ, Hoa", "4")
    assert (row["__version"], row["__updates"], row["__updatedAt"]) == ("1", "0", "")


def test_a_list_served_to_phones(project: Any, kit: Any) -> None:
    project.http.post("/datasets", json={"name": "villages"}).raise_for_status()
    project.http.post("/datasets/villages/properties", json={"name": "commune_code"}).raise_for_status()
    identity = str(uuid.uuid4())
    new = {"uuid": identity, "label": "Thôn Đoài", "data": {"commune_code": "12345"}}
    project.http.post("/datasets/villages/entities", json=new).raise_for_status()
    project.publish()
    [slot] = project.http.get("/forms/contract/attachments").json()
    assert (slot["name"], slot["datasetExists"], slot["blobExists"]) == ("villages.csv", True, False)
    phone = project.phone()
    given = phone.http.get("/forms/contract/attachments/villages.csv")
    [row] = csv.DictReader(io.StringIO(given.content.decode()))
    assert row == {"name": identity, "label": "Thôn Đoài", "__version": "1", "commune_code": "12345"}
    manifest = phone.http.get("/forms/contract/manifest").text
    assert '<mediaFile type="entityList">' in manifest
    digest = given.headers["etag"].strip('"')
    assert f"<hash>md5:{digest}</hash>" in manifest
    again = phone.http.get("/forms/contract/attachments/villages.csv", headers={"If-None-Match": given.headers["etag"]})
    assert again.status_code == 304
    project.http.patch(
        f"/datasets/villages/entities/{identity}", params={"baseVersion": "1"}, json={"label": "Thôn Đông"}
    ).raise_for_status()
    assert f"md5:{digest}" not in phone.http.get("/forms/contract/manifest").text
    fresh = phone.http.get("/forms/contract/attachments/villages.csv").content.decode()
    assert "Thôn Đông" in fresh
    assert project.http.get("/datasets/villages").json()["linkedForms"] == [
        {"name": "Contract form", "xmlFormId": "contract"}
    ]
    kit.refused(project.http.delete("/datasets/villages"), 409.21)
    integrity = phone.http.get("/datasets/villages/integrity").text
    assert f'<entity id="{identity}">' in integrity
    assert "<deleted>false</deleted>" in integrity


def test_a_file_is_changed_for_a_list(project: Any, kit: Any) -> None:
    project.publish()
    project.http.post("/datasets", json={"name": "villages"}).raise_for_status()
    project.draft(kit.form_xml(version="2")).raise_for_status()
    path = "/forms/contract/draft/attachments/villages.csv"
    project.http.post(path, content=b"name,label\n", headers={"Content-Type": "text/csv"}).raise_for_status()
    linked = project.http.patch(path, json={"dataset": True}).json()
    assert (linked["blobExists"], linked["datasetExists"]) == (False, True)
    assert project.http.get(path).content.decode().strip() == "name,label,__version"


def sent(
    identity: str, name: str, size: str, create: str = "", update: str = "", base: str = "", label: str = ""
) -> str:
    return (
        f'<data id="register" version="1"><head_name>{name}</head_name><size>{size}</size><meta><instanceID>'
        f'uuid:{uuid.uuid4()}</instanceID><entity dataset="households" id="{identity}" create="{create}" '
        f'update="{update}" baseVersion="{base}"><label>{label}</label></entity></meta></data>'
    )


def test_submissions_write_to_lists(project: Any, wait_for: Callable[[Callable[[], Any]], Any]) -> None:
    project.publish(REGISTER)
    shown = project.http.get("/datasets/households").json()
    assert [item["name"] for item in shown["properties"]] == ["head_name", "size"]
    assert shown["sourceForms"] == [{"name": "Register", "xmlFormId": "register"}]
    phone = project.phone(forms=("register",))
    identity = str(uuid.uuid4())
    path = f"/datasets/households/entities/{identity}"

    def current() -> dict[str, Any]:
        answer = project.http.get(path)
        return answer.json()["currentVersion"] if answer.status_code == 200 else {"version": 0}

    phone.send(sent(identity, "Vũ Thị Hoa", "4", create="1", label="Hộ Hoa")).raise_for_status()
    assert wait_for(lambda: current()["version"] == 1)
    assert (current()["label"], current()["data"]) == ("Hộ Hoa", {"head_name": "Vũ Thị Hoa", "size": "4"})
    phone.send(sent(identity, "Vũ Thị Hoa", "5", update="1", base="1")).raise_for_status()
    assert wait_for(lambda: current()["version"] == 2)
    assert current()["data"]["size"] == "5"
    assert project.http.get(path).json()["conflict"] is None
    phone.send(sent(identity, "Vũ Văn Hoa", "5", update="1", base="1")).raise_for_status()
    assert wait_for(lambda: current()["version"] == 3)
    assert project.http.get(path).json()["conflict"] == "soft", "a stale update of another value applies, marked"
    phone.send(sent(identity, "Vũ Văn Hoa", "6", update="1", base="1")).raise_for_status()
    assert wait_for(lambda: current()["version"] == 4)
    assert project.http.get(path).json()["conflict"] == "hard", "and so does one of the same value"
    assert current()["conflictingProperties"] == ["size"]


def test_approval_gates_creation_only(project: Any, wait_for: Any) -> None:
    project.publish(REGISTER)
    project.http.patch("/datasets/households", json={"approvalRequired": True}).raise_for_status()
    phone = project.phone(forms=("register",))
    known, waiting = str(uuid.uuid4()), str(uuid.uuid4())
    path = "/datasets/households/entities"
    project.http.post(path, json={"uuid": known, "label": "Hộ cũ", "data": {"size": "3"}}).raise_for_status()
    xml = sent(waiting, "Mới", "4", create="1", label="Hộ mới")
    phone.send(xml).raise_for_status()
    phone.send(sent(known, "Cũ", "2", update="1", base="1")).raise_for_status()
    assert wait_for(lambda: project.http.get(f"{path}/{known}").json()["currentVersion"]["version"] == 2)
    assert project.http.get(f"{path}/{waiting}").status_code == 404
    instance_id = xml.split("<instanceID>")[1].split("<")[0]
    review = project.http.patch(project.one(instance_id, form="register"), json={"reviewState": "approved"})
    review.raise_for_status()
    assert wait_for(lambda: project.http.get(f"{path}/{waiting}").status_code == 200)


def test_an_edited_submission_is_not_applied_again(project: Any, kit: Any, wait_for: Any) -> None:
    project.publish(REGISTER)
    phone = project.phone(forms=("register",))
    identity, first = str(uuid.uuid4()), None
    xml = sent(identity, "A", "4", create="1", label="Hộ A")
    first = xml.split("<instanceID>")[1].split("<")[0]
    phone.send(xml).raise_for_status()
    path = f"/datasets/households/entities/{identity}"
    assert wait_for(lambda: project.http.get(path).status_code == 200)
    edit = xml.replace(first, kit.new_id()).replace(
        "</instanceID>", f"</instanceID><deprecatedID>{first}</deprecatedID>"
    )
    phone.send(edit.replace("<size>4", "<size>9")).raise_for_status()
    other = str(uuid.uuid4())
    phone.send(sent(other, "B", "2", create="1", label="Hộ B")).raise_for_status()
    assert wait_for(lambda: project.http.get(f"/datasets/households/entities/{other}").status_code == 200)
    assert project.http.get(path).json()["currentVersion"]["data"]["size"] == "4"
