"""What a phone does: form list, manifest, files, sending submissions, sending them again, edits."""

from __future__ import annotations

import re
from typing import Any

import pytest


def tag(text: str, name: str) -> str:
    """The text of the only element of this name."""
    [found] = re.findall(rf"<{name}>(.*?)</{name}>", text)
    return found


def told(answer: Any) -> str:
    """The message of an OpenRosa answer."""
    assert answer.headers["content-type"].startswith("text/xml")
    [found] = re.findall(r'<message nature="[^"]*">(.*?)</message>', answer.text)
    return found


def test_form_list_holds_assigned_forms(survey: Any, kit: Any) -> None:
    survey.publish(kit.form_xml(form="other"))
    nobody = survey.phone(forms=())
    assert "<xform>" not in nobody.http.get("/formList").text
    phone = survey.phone()
    answer = phone.http.get("/formList")
    assert answer.headers["x-openrosa-version"] == "1.0"
    assert tag(answer.text, "formID") == "contract"
    assert tag(answer.text, "version") == "1"
    assert tag(answer.text, "name") == "Contract form"
    digest = survey.http.get("/forms/contract").json()["hash"]
    assert tag(answer.text, "hash") == f"md5:{digest}"
    assert tag(answer.text, "downloadUrl").endswith(f"/key/{phone.token}/projects/{survey.id}/forms/contract.xml")
    assert phone.http.get("/forms/contract.xml").text == kit.form_xml()


def test_manifest_names_files_that_are_there(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    assert "<mediaFile>" not in phone.http.get("/forms/contract/manifest").text
    survey.draft(kit.form_xml(version="2")).raise_for_status()
    path = "/forms/contract/draft/attachments/villages.csv"
    survey.http.post(path, content=b"name,label\n", headers={"Content-Type": "text/csv"}).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    text = phone.http.get("/forms/contract/manifest").text
    assert tag(text, "filename") == "villages.csv"
    assert tag(text, "hash") == "md5:" + survey.http.get("/forms/contract/attachments").json()[0]["hash"]
    assert tag(text, "downloadUrl").endswith("/forms/contract/attachments/villages.csv")
    assert phone.http.get("/forms/contract/attachments/villages.csv").content == b"name,label\n"


def test_the_protocol_header_is_demanded(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    phone.http.headers.pop("X-OpenRosa-Version")
    for answer in (phone.http.get("/formList"), phone.send(kit.submission_xml())):
        assert answer.status_code == 400
        assert "X-OpenRosa-Version" in told(answer)
    assert phone.http.get("/forms/contract.xml").status_code == 200


def test_the_door_is_open(survey: Any) -> None:
    answer = survey.phone().http.head("/submission")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-openrosa-accept-content-length"] == "100000000"


@pytest.mark.parametrize(("key", "status"), [("short", 401), ("a" * 64, 403)])
def test_wrong_keys(survey: Any, server: Any, key: str, status: int) -> None:
    with server.client() as http:
        path = f"/key/{key}/projects/{survey.id}/formList"
        assert http.get(path, headers={"X-OpenRosa-Version": "1.0"}).status_code == status


def test_a_submission_arrives(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    instance_id = kit.new_id()
    answer = phone.send(kit.submission_xml(instance_id))
    assert answer.status_code == 201
    assert told(answer) == "full submission upload was successful!"
    [row] = survey.rows()
    assert row["__id"] == instance_id
    assert (row["__system"]["submitterId"], row["__system"]["submitterName"]) == (str(phone.id), "Điều tra viên 1")
    assert row["__system"]["deviceId"] == "collect:contract"


def test_sending_again_changes_nothing(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    xml = kit.submission_xml()
    first = phone.send(xml)
    before = survey.rows()
    again = phone.send(xml)
    assert (again.status_code, again.text) == (201, first.text)
    assert survey.rows() == before


def test_same_id_with_other_answers(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    instance_id = kit.new_id()
    phone.send(kit.submission_xml(instance_id)).raise_for_status()
    refused = phone.send(kit.submission_xml(instance_id, village="Khác"))
    assert refused.status_code == 409
    assert "different XML" in told(refused)
    [row] = survey.rows()
    assert row["village"] == "Thôn Đoài & <1>"


def test_sending_a_deleted_one_again(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    instance_id = kit.new_id()
    xml = kit.submission_xml(instance_id)
    phone.send(xml).raise_for_status()
    survey.http.delete(survey.one(instance_id)).raise_for_status()
    refused = phone.send(xml)
    assert refused.status_code == 409
    assert told(refused) == "This submission has been deleted. You may not resubmit it."


def test_refusals(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    survey.publish(kit.form_xml(form="other"))
    refused = {
        phone.send(kit.submission_xml(form="other")).status_code: "not assigned",
        phone.send(kit.submission_xml(version="nope")).status_code: "unknown version",
        phone.send("hello").status_code: "not XML",
    }
    assert refused == {401: "not assigned", 404: "unknown version", 400: "not XML"}
    assert phone.send(kit.submission_xml(form="nope")).status_code == 404
    assert phone.send("<data><a/></data>").status_code == 400
    assert phone.send("").status_code == 400
    assert phone.http.post("/submission", files={"other": ("a.xml", b"<data/>", "text/xml")}).status_code == 400
    assert phone.http.post("/submission", content=b"<data/>", headers={"Content-Type": "text/xml"}).status_code == 400
    assert survey.rows() == []


def test_half_a_submission_is_accepted(survey: Any) -> None:
    """Central takes what it could read: a product must not trust that a row is whole."""
    assert survey.phone().send('<data id="contract" version="1"><villa').status_code == 201
    [row] = survey.rows()
    assert row["village"] is None
    assert row["dwelling"] == {"roof": None, "rooms": None}
    assert "member" not in row
    assert row["meta"] == {"instanceID": None, "instanceName": None}
    assert not row["__id"].startswith("uuid:")


def test_an_old_version_is_accepted(survey: Any, kit: Any) -> None:
    survey.draft(kit.form_xml(version="2")).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    assert survey.phone().send(kit.submission_xml(version="1")).status_code == 201
    [row] = survey.rows()
    assert row["__system"]["formVersion"] == "1"


def test_photos(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    instance_id = kit.new_id()
    answer = phone.send(kit.submission_xml(instance_id, photo="a.png"), {"a.png": kit.png, "stray.png": b"x"})
    assert answer.status_code == 201
    [row] = survey.rows()
    assert row["photo"] == "a.png"
    assert (row["__system"]["attachmentsPresent"], row["__system"]["attachmentsExpected"]) == (1, 1)
    assert survey.http.get(survey.one(instance_id, "/attachments")).json() == [{"name": "a.png", "exists": True}]
    given = survey.http.get(survey.one(instance_id, "/attachments/a.png"))
    assert (given.content, given.headers["content-type"]) == (kit.png, "image/png")
    assert survey.http.get(survey.one(instance_id, "/attachments/stray.png")).status_code == 404


def test_a_late_photo(survey: Any, kit: Any) -> None:
    """It touches neither updatedAt nor the ETag: photos need a sync of their own."""
    phone = survey.phone()
    instance_id = kit.new_id()
    xml = kit.submission_xml(instance_id, photo="a.png")
    phone.send(xml).raise_for_status()
    etag = survey.odata(expand="*").headers["etag"]
    assert survey.http.get(survey.one(instance_id, "/attachments")).json() == [{"name": "a.png", "exists": False}]
    assert survey.http.get(survey.one(instance_id, "/attachments/a.png")).status_code == 404
    assert phone.send(xml, {"a.png": kit.png}).status_code == 201
    assert survey.odata(expand="*", etag=etag).status_code == 304
    [row] = survey.rows()
    assert (row["__system"]["attachmentsPresent"], row["__system"]["updatedAt"]) == (1, None)


def test_an_edit_from_the_phone(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    first, second = kit.new_id(), kit.new_id()
    phone.send(kit.submission_xml(first, photo="a.png"), {"a.png": kit.png}).raise_for_status()
    [before] = survey.rows()
    edit = kit.submission_xml(second, replaces=first, village="Sửa", photo="a.png")
    assert phone.send(edit).status_code == 201
    assert phone.send(edit).status_code == 201, "the same edit again is no error"
    [row] = survey.rows()
    assert (row["__id"], row["meta"]["instanceID"], row["village"]) == (first, second, "Sửa")
    system = row["__system"]
    assert (system["edits"], system["reviewState"]) == (1, "edited")
    assert system["submissionDate"] == before["__system"]["submissionDate"]
    assert system["updatedAt"] > system["submissionDate"]
    assert system["attachmentsPresent"] == 1, "a photo that is still named comes along"


def test_edits_that_cannot_be(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    first, second = kit.new_id(), kit.new_id()
    phone.send(kit.submission_xml(first)).raise_for_status()
    phone.send(kit.submission_xml(second, replaces=first)).raise_for_status()
    stale = phone.send(kit.submission_xml(replaces=first))
    assert stale.status_code == 409
    assert first in told(stale)
    unknown = phone.send(kit.submission_xml(replaces=kit.new_id()))
    assert unknown.status_code == 404
    used = phone.send(kit.submission_xml(first, replaces=second))
    assert used.status_code == 409
    [row] = survey.rows()
    assert row["__system"]["edits"] == 1


def test_an_administrator_may_send_too(survey: Any, kit: Any) -> None:
    xml = kit.submission_xml()
    answer = survey.http.post(
        "/submission",
        files={"xml_submission_file": ("s.xml", xml.encode(), "text/xml")},
        headers={"X-OpenRosa-Version": "1.0"},
    )
    assert answer.status_code == 201
    assert len(survey.rows()) == 1


def test_audit_csv_is_a_file(survey: Any, kit: Any) -> None:
    """What a person did on the phone comes as a file, when the form asks for it."""
    text = kit.form_xml(form="audited").replace("<instanceName/>", "<instanceName/><audit/>")
    survey.publish(text.replace("</model>", '<bind nodeset="/data/meta/audit" type="binary"/></model>'))
    phone = survey.phone(forms=("audited",))
    instance_id = kit.new_id()
    xml = kit.submission_xml(instance_id, form="audited")
    told_csv = b"event,node,start,end\nform start,,1,\n"
    phone.send(xml.replace("</meta>", "<audit>audit.csv</audit></meta>"), {"audit.csv": told_csv}).raise_for_status()
    path = survey.one(instance_id, "/attachments", form="audited")
    assert survey.http.get(path).json() == [{"name": "audit.csv", "exists": True}]
    assert survey.http.get(f"{path}/audit.csv").content == told_csv


def test_encrypted_answers_do_not_show(survey: Any, kit: Any) -> None:
    """A form with a key: the row has an id and `__system` only, and its status says why."""
    key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
    text = kit.form_xml(form="secret").replace("</model>", f'<submission base64RsaPublicKey="{key}"/></model>')
    survey.publish(text)
    assert survey.http.get("/forms/secret").json()["keyId"] is not None
    phone = survey.phone(forms=("secret",))
    instance_id = kit.new_id()
    xml = (
        '<data id="secret" version="1" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted">'
        "<base64EncryptedKey>abcd</base64EncryptedKey><meta xmlns='http://openrosa.org/xforms'><instanceID>"
        f"{instance_id}</instanceID></meta><encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        "<base64EncryptedElementSignature>abcd</base64EncryptedElementSignature></data>"
    )
    phone.send(xml).raise_for_status()
    [row] = survey.odata(form="secret", expand="*").json()["value"]
    assert sorted(row) == ["__id", "__system"]
    assert row["__system"]["status"] == "missingEncryptedFormData"
    phone.send(xml, {"submission.xml.enc": b"secret"}).raise_for_status()
    [row] = survey.odata(form="secret", expand="*").json()["value"]
    assert (row["__id"], row["__system"]["status"]) == (instance_id, "notDecrypted")
