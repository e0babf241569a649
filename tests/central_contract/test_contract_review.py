"""Reviewing, commenting, editing and deleting submissions over REST; their versions and files."""

from __future__ import annotations

from typing import Any

import pytest


def put(project: Any, instance_id: str, xml: str) -> Any:
    return project.http.put(project.one(instance_id), content=xml.encode(), headers={"Content-Type": "application/xml"})


@pytest.mark.parametrize("state", ["hasIssues", "approved", "rejected", "edited", None])
def test_review_states(survey: Any, state: str | None) -> None:
    [instance_id] = survey.received()
    body = survey.review(instance_id, state).json()
    assert (body["instanceId"], body["reviewState"]) == (instance_id, state)
    assert body["updatedAt"] >= body["createdAt"]
    [row] = survey.rows()
    assert row["__system"]["reviewState"] == state
    assert row["__system"]["updatedAt"] == body["updatedAt"]


def test_reviewing_twice_moves_the_date_again(survey: Any) -> None:
    [instance_id] = survey.received()
    first = survey.review(instance_id, "approved").json()["updatedAt"]
    second = survey.review(instance_id, "approved").json()["updatedAt"]
    assert second > first


def test_reviews_that_are_refused(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    kit.refused(survey.review(instance_id, "nonsense"), 400.8, field="state", value="nonsense")
    kit.refused(survey.review(kit.new_id(), "approved"), 404.1)


def test_comments(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    path = survey.one(instance_id, "/comments")
    assert survey.http.get(path).json() == []
    made = survey.http.post(path, json={"body": "Kiểm tra lại tuổi"}).json()
    assert made["body"] == "Kiểm tra lại tuổi"
    again = survey.http.post(path, json={"body": "Kiểm tra lại tuổi"}).json()
    assert survey.http.get(path).json() == [again, made], "newest first, and nothing keeps a comment from doubling"
    kit.refused(survey.http.post(path, json={}), 400.2, field="body")
    [row] = survey.rows()
    assert row["__system"]["updatedAt"] is None


def test_a_review_with_a_note(survey: Any) -> None:
    [instance_id] = survey.received()
    headers = {"X-Action-Notes": "Thi%E1%BA%BFu%20tu%E1%BB%95i"}
    survey.http.patch(survey.one(instance_id), json={"reviewState": "hasIssues"}, headers=headers).raise_for_status()
    newest = survey.http.get(survey.one(instance_id, "/audits")).json()[0]
    assert (newest["action"], newest["notes"]) == ("submission.update", "Thiếu tuổi")
    assert newest["details"]["reviewState"] == "hasIssues"


def test_audits_tell_the_story_newest_first(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    survey.review(instance_id, "hasIssues").raise_for_status()
    put(survey, instance_id, kit.submission_xml(replaces=instance_id)).raise_for_status()
    told = [item["action"] for item in survey.http.get(survey.one(instance_id, "/audits")).json()]
    assert told == ["submission.update.version", "submission.update", "submission.create"]


def test_an_edit_is_a_new_version(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    second = kit.new_id()
    body = put(survey, first, kit.submission_xml(second, replaces=first, village="Sửa", ages=(42, 7, 1))).json()
    assert (body["instanceId"], body["reviewState"]) == (first, "edited")
    assert body["currentVersion"]["instanceId"] == second
    versions = survey.http.get(survey.one(first, "/versions")).json()
    assert [(item["instanceId"], item["current"]) for item in versions] == [(second, True), (first, False)]
    assert "Thôn Đoài" in survey.http.get(survey.one(first, f"/versions/{first}.xml")).text
    assert "Sửa" in survey.http.get(survey.one(first, ".xml")).text
    [row] = survey.rows()
    assert (row["__id"], row["meta"]["instanceID"], row["__system"]["edits"]) == (first, second, 1)
    assert [bag["age"] for bag in row["member"]] == [42, 7, 1]


def test_diffs(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    second = kit.new_id()
    put(survey, first, kit.submission_xml(second, replaces=first, village="Sửa", ages=(42, 7, 1))).raise_for_status()
    diffs = survey.http.get(survey.one(first, "/diffs")).json()
    assert list(diffs) == [second]
    changes = [item for item in diffs[second] if item["path"][0] != "meta"]
    assert {"old": "Thôn Đoài & <1>", "new": "Sửa", "path": ["village"]} in changes
    assert {"old": "41", "new": "42", "path": [["member", 0], "age"]} in changes
    assert {"new": {"name": "Người 2", "age": "1"}, "path": [["member", 2]]} in changes
    assert len(changes) == 3


def test_the_id_of_an_edit_leads_to_its_version(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    second = kit.new_id()
    put(survey, first, kit.submission_xml(second, replaces=first)).raise_for_status()
    moved = survey.http.get(survey.one(second))
    assert moved.status_code == 301
    assert f"/versions/{second.replace(':', '%3A')}" in moved.headers["location"]
    follow = survey.http.get(survey.one(second), follow_redirects=True)
    assert (follow.json()["instanceId"], follow.json()["current"]) == (second, True)


def test_edits_that_are_refused(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    kit.refused(put(survey, first, kit.submission_xml()), 400.19)
    put(survey, first, kit.submission_xml(replaces=first)).raise_for_status()
    kit.refused(put(survey, first, kit.submission_xml(replaces=first)), 409.9, deprecatedId=first)
    kit.refused(put(survey, kit.new_id(), kit.submission_xml(replaces=kit.new_id())), 404.1)


def test_the_same_id_over_rest_is_refused(survey: Any, kit: Any) -> None:
    """Whether the content is the same or not: only the phone's way takes a submission again."""
    instance_id = kit.new_id()
    xml = kit.submission_xml(instance_id)
    survey.submit(xml).raise_for_status()
    kit.refused(survey.submit(xml), 409.3)
    kit.refused(survey.submit(kit.submission_xml(instance_id, village="Khác")), 409.3)


def test_posting_to_another_form(survey: Any, kit: Any) -> None:
    survey.publish(kit.form_xml(form="other"))
    kit.refused(survey.submit(kit.submission_xml(form="other")), 400.8, field="form id", value="other")
    kit.refused(survey.submit('<data id="contract"'), 400.2)


def test_list_and_one(survey: Any, kit: Any) -> None:
    a, b = survey.received(2)
    listed = survey.http.get("/forms/contract/submissions").json()
    assert [item["instanceId"] for item in listed] == [b, a]
    assert listed[0] == survey.http.get(survey.one(b)).json()
    assert listed[0]["currentVersion"]["instanceName"] == "Hộ 1"
    assert isinstance(listed[0]["submitterId"], int)
    paged = survey.http.get("/forms/contract/submissions", params={"limit": 1, "offset": 1}).json()
    assert [item["instanceId"] for item in paged] == [a]
    kit.refused(survey.http.get(survey.one(kit.new_id())), 404.1)


def test_deletion_is_soft(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    assert survey.http.delete(survey.one(instance_id)).json() == {"success": True}
    kit.refused(survey.http.get(survey.one(instance_id)), 404.1)
    kit.refused(survey.http.delete(survey.one(instance_id)), 404.1)
    kit.refused(survey.review(instance_id, "approved"), 404.1)
    [gone] = survey.http.get("/forms/contract/submissions", params={"deleted": "true"}).json()
    assert gone["instanceId"] == instance_id
    assert survey.http.post(survey.one(instance_id, "/restore")).json() == {"success": True}
    kit.refused(survey.http.post(survey.one(instance_id, "/restore")), 404.1)
    assert survey.http.get(survey.one(instance_id)).json()["deletedAt"] is None


def test_files_over_rest(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received(photo="a.png")
    path = survey.one(instance_id, "/attachments/a.png")
    kit.refused(survey.http.get(path), 404.1)
    assert survey.http.post(path, content=kit.png, headers={"Content-Type": "image/png"}).json() == {"success": True}
    given = survey.http.get(path)
    assert (given.content, given.headers["content-type"]) == (kit.png, "image/png")
    kit.refused(survey.http.post(survey.one(instance_id, "/attachments/b.png"), content=b"x"), 404.1)
    assert survey.http.delete(path).json() == {"success": True}
    assert survey.http.get(survey.one(instance_id, "/attachments")).json() == [{"name": "a.png", "exists": False}]
    [row] = survey.rows()
    assert (row["__system"]["attachmentsPresent"], row["__system"]["attachmentsExpected"]) == (0, 1)


def test_an_edit_keeps_the_first_form_version(survey: Any, kit: Any) -> None:
    """`__system/formVersion` is the version the interview was first sent with; the versions tell the later ones."""
    [first] = survey.received()
    survey.draft(kit.form_xml(version="2", extra=True)).raise_for_status()
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    put(survey, first, kit.submission_xml(replaces=first, version="2")).raise_for_status()
    [row] = survey.rows()
    assert row["__system"]["formVersion"] == "1"
    path = survey.one(first, "/versions")
    versions = survey.http.get(path, headers={"X-Extended-Metadata": "true"}).json()
    assert [item["formVersion"] for item in versions] == ["2", "1"]


def test_an_id_is_at_most_64_letters_long(survey: Any, kit: Any) -> None:
    survey.submit(kit.submission_xml("a" * 64)).raise_for_status()
    kit.refused(survey.submit(kit.submission_xml("a" * 65)), 400.13)
