"""Publishing forms: drafts, versions, workbooks, files, states."""

from __future__ import annotations

from typing import Any

import pytest


def upload(project: Any, kit: Any, content: bytes, path: str = "/forms", fallback: str = "book", **params: str) -> Any:
    headers = {"Content-Type": kit.xlsx_type, "X-XlsForm-FormId-Fallback": fallback}
    return project.http.post(path, params=params, content=content, headers=headers)


def test_draft_then_publish(project: Any, kit: Any) -> None:
    made = project.http.post("/forms", content=kit.form_xml().encode(), headers={"Content-Type": "application/xml"})
    form = made.json()
    assert (form["xmlFormId"], form["version"], form["name"]) == ("contract", "1", "Contract form")
    assert form["publishedAt"] is None
    assert len(form["draftToken"]) == 64
    kit.refused(project.odata(), 404.1)
    assert project.http.get("/forms/contract/versions").json() == []
    assert project.http.post("/forms/contract/draft/publish").json() == {"success": True}
    published = project.http.get("/forms/contract").json()
    assert published["publishedAt"] is not None
    assert published["draftToken"] is None
    assert (published["state"], published["keyId"]) == ("open", None)
    assert published["hash"] == form["hash"]
    assert project.rows() == []
    kit.refused(project.http.post("/forms/contract/draft/publish"), 404.1)
    kit.refused(project.http.get("/forms/contract/draft"), 404.1)


def test_form_is_given_back_as_uploaded(survey: Any, kit: Any) -> None:
    answer = survey.http.get("/forms/contract.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.text == kit.form_xml()


def test_same_form_id_twice(survey: Any, kit: Any) -> None:
    again = survey.http.post("/forms", content=kit.form_xml().encode(), headers={"Content-Type": "application/xml"})
    kit.refused(again, 409.3, fields=["projectId", "xmlFormId"], values=[str(survey.id), "contract"])


def test_not_a_form(project: Any, kit: Any) -> None:
    for text in (b"hello", b"<html/>", b""):
        answer = project.http.post("/forms", content=text, headers={"Content-Type": "application/xml"})
        kit.refused(answer, 400.2, field="formId")


def test_versions(survey: Any, kit: Any) -> None:
    assert survey.draft(kit.form_xml(version="2")).json() == {"success": True}
    assert survey.http.get("/forms/contract").json()["version"] == "1"
    assert survey.http.get("/forms/contract/draft").json()["version"] == "2"
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    assert survey.http.get("/forms/contract").json()["version"] == "2"
    assert [form["version"] for form in survey.http.get("/forms/contract/versions").json()] == ["2", "1"]
    assert survey.http.get("/forms/contract/versions/1.xml").text == kit.form_xml()


def test_published_version_cannot_be_published_again(survey: Any, kit: Any) -> None:
    survey.draft(kit.form_xml()).raise_for_status()
    refused = survey.http.post("/forms/contract/draft/publish")
    kit.refused(refused, 409.6, xmlFormId="contract", version="1")
    assert survey.http.post("/forms/contract/draft/publish", params={"version": "1b"}).status_code == 200
    form = survey.http.get("/forms/contract").json()
    assert form["version"] == "1b"
    assert 'version="1b"' in survey.http.get("/forms/contract.xml").text


def test_draft_can_be_thrown_away(survey: Any, kit: Any) -> None:
    survey.draft(kit.form_xml(version="2")).raise_for_status()
    assert survey.http.delete("/forms/contract/draft").json() == {"success": True}
    kit.refused(survey.http.get("/forms/contract/draft"), 404.1)


def test_draft_of_another_form(survey: Any, kit: Any) -> None:
    kit.refused(survey.draft(kit.form_xml(form="other")), 400.8, field="xmlFormId", value="other")


def test_a_field_keeps_its_type(survey: Any, kit: Any) -> None:
    kit.refused(survey.draft(kit.form_xml(version="2", rooms="date")), 400.17, path="/dwelling/rooms", type="int")
    assert survey.draft(kit.form_xml(version="2", rooms="string")).status_code == 200


def test_fields(survey: Any) -> None:
    fields = survey.http.get("/forms/contract/fields").json()
    types = {field["path"]: field["type"] for field in fields}
    assert types == {
        "/village": "string",
        "/dwelling": "structure",
        "/dwelling/roof": "string",
        "/dwelling/rooms": "int",
        "/assets": "string",
        "/location": "geopoint",
        "/visited": "dateTime",
        "/income": "decimal",
        "/photo": "binary",
        "/member": "repeat",
        "/member/name": "string",
        "/member/age": "int",
        "/member/illness": "repeat",
        "/member/illness/kind": "string",
        "/meta": "structure",
        "/meta/instanceID": "string",
        "/meta/instanceName": "string",
    }
    assert [field["path"] for field in fields if field["binary"]] == ["/photo"]


def test_workbook(project: Any, kit: Any) -> None:
    rows = [
        ["text", "head_name", "Họ tên chủ hộ"],
        ["begin_repeat", "member", "Thành viên"],
        ["integer", "age", "Tuổi"],
        ["end_repeat", "", ""],
    ]
    book = kit.workbook(rows, {"form_title": "Sổ", "form_id": "so_ho", "version": "7"})
    form = upload(project, kit, book, publish="true").json()
    assert (form["xmlFormId"], form["version"], form["name"]) == ("so_ho", "7", "Sổ")
    fields = {field["path"]: field["type"] for field in project.http.get("/forms/so_ho/fields").json()}
    assert fields["/member"] == "repeat"
    assert fields["/member/age"] == "int"
    given = project.http.get("/forms/so_ho.xlsx")
    assert given.headers["content-type"] == kit.xlsx_type
    assert given.content == book


def test_workbook_without_a_form_id(project: Any, kit: Any) -> None:
    book = kit.workbook([["text", "a", "A"]])
    form = upload(project, kit, book, fallback="tu_dat").json()
    assert form["xmlFormId"] == "tu_dat"


def test_workbook_that_is_no_form(project: Any, kit: Any) -> None:
    body = kit.refused(upload(project, kit, kit.workbook([["textX", "a", "A"]])), 400.15)
    assert "textX" in body["details"]["error"]
    kit.refused(upload(project, kit, b"this is not a workbook"), 400.15)
    assert project.http.get("/forms").json() == []


def test_workbook_with_warnings(project: Any, kit: Any) -> None:
    rows = [["begin_repeat", "r", ""], ["text", "a", "A"], ["end_repeat", "", ""]]
    book = kit.workbook(rows, {"form_id": "warn", "version": "1"})
    body = kit.refused(upload(project, kit, book), 400.16)
    [warning] = body["details"]["warnings"]["xlsFormWarnings"]
    assert "Repeat has no label" in warning
    assert project.http.get("/forms").json() == []
    assert upload(project, kit, book, ignoreWarnings="true").json()["xmlFormId"] == "warn"


def test_draft_files(survey: Any, kit: Any) -> None:
    survey.draft(kit.form_xml(version="2")).raise_for_status()
    files = "/forms/contract/draft/attachments"
    [listed] = survey.http.get(files).json()
    assert {key: listed[key] for key in ("name", "type", "exists", "hash")} == {
        "name": "villages.csv",
        "type": "file",
        "exists": False,
        "hash": None,
    }
    content = "name,label\nv1,Thôn Đoài\n".encode()
    made = survey.http.post(f"{files}/villages.csv", content=content, headers={"Content-Type": "text/csv"}).json()
    assert (made["exists"], made["blobExists"], len(made["hash"])) == (True, True, 32)
    assert survey.http.get(f"{files}/villages.csv").content == content
    kit.refused(survey.http.post(f"{files}/other.csv", content=content), 404.1)
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    given = survey.http.get("/forms/contract/attachments/villages.csv")
    assert given.content == content
    assert given.headers["etag"] == f'"{made["hash"]}"'
    again = survey.http.get(
        "/forms/contract/attachments/villages.csv", headers={"If-None-Match": given.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_files_come_along_with_a_new_draft(survey: Any, kit: Any) -> None:
    survey.draft(kit.form_xml(version="2")).raise_for_status()
    path = "/forms/contract/draft/attachments/villages.csv"
    survey.http.post(path, content=b"name,label\n", headers={"Content-Type": "text/csv"}).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    survey.draft(kit.form_xml(version="3")).raise_for_status()
    assert survey.http.get(path).content == b"name,label\n"
    assert survey.http.delete(path).json() == {"success": True}
    [listed] = survey.http.get("/forms/contract/draft/attachments").json()
    assert listed["exists"] is False
    assert survey.http.get("/forms/contract/attachments/villages.csv").content == b"name,label\n"


def test_files_of_a_published_form_are_fixed(survey: Any) -> None:
    answer = survey.http.post("/forms/contract/attachments/villages.csv", content=b"name\n")
    assert answer.status_code == 404


@pytest.mark.parametrize(("state", "status"), [("open", 201), ("closing", 201), ("closed", 409)])
def test_form_states(survey: Any, kit: Any, state: str, status: int) -> None:
    phone = survey.phone()
    changed = survey.http.patch("/forms/contract", json={"state": state}).json()
    assert changed["state"] == state
    assert phone.send(kit.submission_xml()).status_code == status
    # a closing form takes what phones still hold, but no phone gets it any more
    assert ("<formID>contract</formID>" in phone.http.get("/formList").text) == (state == "open")


def test_unknown_form_state(survey: Any, kit: Any) -> None:
    kit.refused(survey.http.patch("/forms/contract", json={"state": "zzz"}), 400.8, field="state")


def test_form_list_and_deletion(survey: Any, kit: Any) -> None:
    survey.received(2)
    shown = survey.http.get("/forms", headers={"X-Extended-Metadata": "true"}).json()
    assert [(form["xmlFormId"], form["submissions"]) for form in shown] == [("contract", 2)]
    assert shown[0]["reviewStates"] == {"received": 2, "hasIssues": 0, "edited": 0}
    assert survey.http.delete("/forms/contract").json() == {"success": True}
    assert survey.http.get("/forms").json() == []
    kit.refused(survey.http.get("/forms/contract"), 404.1)
    kit.refused(survey.odata(), 404.1)


def test_a_new_question_shows_in_old_rows(survey: Any, kit: Any) -> None:
    [old] = survey.received()
    survey.draft(kit.form_xml(version="2", extra=True)).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    [new] = survey.received(version="2")
    rows = {row["__id"]: row for row in survey.rows()}
    assert rows[old]["remark"] is None
    assert {key: rows[key]["__system"]["formVersion"] for key in (old, new)} == {old: "1", new: "2"}
    assert rows[old]["village"] == "Thôn Đoài & <1>"
    assert len(rows[old]["member"]) == 2


def test_rows_have_the_fields_of_the_published_version_alone(survey: Any, kit: Any) -> None:
    """Why a question that is renamed or dropped leaves a hidden row in its form: an earlier answer needs its leaf."""
    survey.draft(kit.form_xml(version="2", extra=True)).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    answered = kit.submission_xml(version="2").replace("<member>", "<remark>kept</remark><member>", 1)
    survey.submit(answered).raise_for_status()
    assert [row["remark"] for row in survey.rows()] == ["kept"]
    survey.http.post(
        "/forms/contract/draft",
        params={"ignoreWarnings": "true"},  # a field less is a warning to Central
        content=kit.form_xml(version="3").encode(),
        headers={"Content-Type": "application/xml"},
    ).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    assert ["remark" in row for row in survey.rows()] == [False]
    survey.draft(kit.form_xml(version="4", extra=True)).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    assert [row["remark"] for row in survey.rows()] == ["kept"]
