"""Entities made and changed on a phone without a signal: branches, and changes that arrive out of order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

Wait = Callable[[Callable[[], Any]], Any]

VISIT = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>Visit</h:title><model entities:entities-version="2024.1.0"><instance>
<data id="visit" version="1"><outcome/><meta><instanceID/>
<entity dataset="visits" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity>
</meta></data></instance><bind nodeset="/data/outcome" type="string" entities:saveto="outcome"/>
<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head>
<h:body><input ref="/data/outcome"/></h:body></h:html>"""


@pytest.fixture
def phone(project: Any) -> Any:
    project.publish(VISIT)
    return project.phone(forms=("visit",))


def visit(
    identity: str, outcome: str, *, create: bool = False, branch: str = "", trunk: str = "", base: str = ""
) -> str:
    action = 'create="1"' if create else 'update="1"'
    label = "<label>Đã làm</label>" if create else "<label/>"
    return (
        f'<data id="visit" version="1"><outcome>{outcome}</outcome><meta><instanceID>uuid:{uuid.uuid4()}</instanceID>'
        f'<entity dataset="visits" id="{identity}" {action} baseVersion="{base}" trunkVersion="{trunk}" '
        f'branchId="{branch}">{label}</entity></meta></data>'
    )


def shown(project: Any, identity: str) -> dict[str, Any]:
    answer = project.http.get(f"/datasets/visits/entities/{identity}")
    if answer.status_code == 404:
        return {"version": 0}
    held: dict[str, Any] = answer.json()
    return {**held["currentVersion"], "conflict": held["conflict"]}


def test_made_and_changed_offline_in_order(project: Any, phone: Any, wait_for: Wait) -> None:
    identity, branch = str(uuid.uuid4()), str(uuid.uuid4())
    phone.send(visit(identity, "absent", create=True, branch=branch)).raise_for_status()
    phone.send(visit(identity, "met", branch=branch, base="1")).raise_for_status()
    phone.send(visit(identity, "refused", branch=branch, base="2")).raise_for_status()
    assert wait_for(lambda: shown(project, identity)["version"] == 3)
    now = shown(project, identity)
    assert (now["data"], now["conflict"]) == ({"outcome": "refused"}, None)
    assert (now["branchId"], now["trunkVersion"], now["branchBaseVersion"], now["baseVersion"]) == (branch, None, 2, 2)


def test_what_arrives_before_its_predecessor_waits_for_it(project: Any, phone: Any, wait_for: Wait) -> None:
    identity, branch = str(uuid.uuid4()), str(uuid.uuid4())
    phone.send(visit(identity, "refused", branch=branch, base="2")).raise_for_status()
    phone.send(visit(identity, "met", branch=branch, base="1")).raise_for_status()
    assert shown(project, identity)["version"] == 0
    phone.send(visit(identity, "absent", create=True, branch=branch)).raise_for_status()
    assert wait_for(lambda: shown(project, identity)["version"] == 3)
    assert shown(project, identity)["data"] == {"outcome": "refused"}


def test_a_branch_from_the_server_s_version(project: Any, phone: Any, wait_for: Wait) -> None:
    identity, branch = str(uuid.uuid4()), str(uuid.uuid4())
    new = {"uuid": identity, "label": "Hộ 1", "data": {"outcome": "listed"}}
    project.http.post("/datasets/visits/entities", json=new).raise_for_status()
    path = f"/datasets/visits/entities/{identity}"
    project.http.patch(path, params={"baseVersion": "1"}, json={"data": {"outcome": "applied"}}).raise_for_status()
    phone.send(visit(identity, "absent", branch=branch, trunk="2", base="2")).raise_for_status()
    phone.send(visit(identity, "met", branch=branch, trunk="2", base="3")).raise_for_status()
    assert wait_for(lambda: shown(project, identity)["version"] == 4)
    assert (shown(project, identity)["data"], shown(project, identity)["conflict"]) == ({"outcome": "met"}, None)


def test_somebody_else_s_change_in_the_middle_of_a_branch(project: Any, phone: Any, wait_for: Wait) -> None:
    identity, branch = str(uuid.uuid4()), str(uuid.uuid4())
    new = {"uuid": identity, "label": "Hộ 1", "data": {"outcome": "listed"}}
    project.http.post("/datasets/visits/entities", json=new).raise_for_status()
    phone.send(visit(identity, "absent", branch=branch, trunk="1", base="1")).raise_for_status()
    assert wait_for(lambda: shown(project, identity)["version"] == 2)
    path = f"/datasets/visits/entities/{identity}"
    project.http.patch(path, params={"baseVersion": "2"}, json={"label": "Hộ một"}).raise_for_status()
    phone.send(visit(identity, "met", branch=branch, trunk="1", base="2")).raise_for_status()
    assert wait_for(lambda: shown(project, identity)["version"] == 4)
    assert shown(project, identity)["conflict"] == "soft"
    assert shown(project, identity)["label"] == "Hộ một", "the phone's change leaves alone what it does not name"
