"""What the pull leans on to stay equal to Central: replaced versions, heads of rows, counts at a moment, fields."""

from __future__ import annotations

from typing import Any


def edited(survey: Any, kit: Any, first: str, *villages: str) -> list[str]:
    """Edit a submission once per village; the ids of the versions, oldest first."""
    ids = [first]
    for village in villages:
        ids.append(kit.new_id())
        survey.http.put(
            survey.one(first),
            content=kit.submission_xml(ids[-1], replaces=ids[-2], village=village).encode(),
            headers={"Content-Type": "application/xml"},
        ).raise_for_status()
    return ids


def test_versions_come_newest_first_each_as_it_was_sent(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    ids = edited(survey, kit, first, "Thôn Giữa", "Thôn Cuối")
    versions = survey.http.get(survey.one(first, "/versions")).json()
    assert [(one["instanceId"], one["current"]) for one in versions] == list(
        zip(reversed(ids), (True, False, False), strict=True)
    )
    assert versions[0]["createdAt"] > versions[1]["createdAt"] > versions[2]["createdAt"]
    between = survey.http.get(survey.one(first, f"/versions/{ids[1]}.xml"))
    assert "xml" in between.headers["content-type"]
    assert between.text == kit.submission_xml(ids[1], replaces=ids[0], village="Thôn Giữa")
    [row] = survey.rows()
    assert row["__system"]["edits"] == len(versions) - 1


def test_versions_of_a_deleted_submission_are_not_shown(survey: Any, kit: Any) -> None:
    [first] = survey.received()
    edited(survey, kit, first, "Sửa")
    survey.http.delete(survey.one(first)).raise_for_status()
    kit.refused(survey.http.get(survey.one(first, "/versions")), 404.1)
    survey.http.post(survey.one(first, "/restore")).raise_for_status()
    assert len(survey.http.get(survey.one(first, "/versions")).json()) == 2


def test_heads_of_rows(survey: Any, kit: Any) -> None:
    """Id, current version and the whole of `__system`, without an answer."""
    a, b = survey.received(2)
    survey.review(a, "approved").raise_for_status()
    version = edited(survey, kit, b, "Sửa")[-1]
    answer = survey.odata(select="__id,__system,meta/instanceID", count="true").json()
    whole = {row["__id"]: row["__system"] for row in survey.rows()}
    assert answer["@odata.count"] == 2
    assert [(row["__id"], row["meta"]) for row in answer["value"]] == [
        (b, {"instanceID": version}),
        (a, {"instanceID": a}),
    ]
    for row in answer["value"]:
        assert set(row) == {"__id", "__system", "meta"}
        assert row["__system"] == whole[row["__id"]]


def test_a_time_that_a_row_bears_finds_it(survey: Any, kit: Any) -> None:
    """To the millisecond, as rows show it, though the database holds finer times."""
    [a] = survey.received()
    survey.review(a, "hasIssues").raise_for_status()
    [row] = survey.rows()
    changed = row["__system"]["updatedAt"]
    counted = survey.odata(top=0, count="true", filter=f"__system/updatedAt ge {changed}")
    assert counted.json()["@odata.count"] == 1
    arrived = row["__system"]["submissionDate"]
    counted = survey.odata(top=0, count="true", filter=f"__system/submissionDate ge {arrived}")
    assert counted.json()["@odata.count"] == 1


def test_deleted_ones_among_ids(survey: Any) -> None:
    a, b, c = survey.received(3)
    survey.http.delete(survey.one(b)).raise_for_status()
    listed = f"(__id eq '{a}' or __id eq '{b}') and __system/deletedAt ne null"
    assert survey.ids(filter=listed, orderby="__system/submissionDate asc") == [b]
    assert survey.ids(filter=f"__id eq '{b}' or __id eq '{c}'") == [c]


def test_fields_are_those_of_the_newest_published_version(survey: Any, kit: Any) -> None:
    def leaves() -> set[str]:
        listed = survey.http.get("/forms/contract/fields", params={"odata": "true"}).json()
        return {one["path"] for one in listed if one["type"] not in ("structure", "repeat")}

    before = leaves()
    assert {"/village", "/dwelling/roof", "/member/illness/kind", "/meta/instanceID"} <= before
    [a] = survey.received()
    survey.draft(kit.form_xml(version="2", extra=True)).raise_for_status()
    assert leaves() == before, "a draft changes nothing"
    survey.http.post("/forms/contract/draft/publish").raise_for_status()
    assert leaves() - before == {"/remark"}
    assert survey.http.get("/forms/contract").json()["version"] == "2"
    [row] = survey.rows()
    assert row["__id"] == a
    assert row["remark"] is None, "older rows are shown with the newest version's fields"
