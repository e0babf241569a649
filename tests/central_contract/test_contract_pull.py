"""Pulling submissions over OData."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_whole_row(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    answer = survey.odata(expand="*")
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert list(body) == ["value", "@odata.context"]
    assert body["@odata.context"].endswith(f"/projects/{survey.id}/forms/contract.svc/$metadata#Submissions")
    [row] = body["value"]
    system = row.pop("__system")
    assert TIME.fullmatch(system.pop("submissionDate"))
    assert int(system.pop("submitterId")) > 0
    assert system.pop("submitterName")
    assert system == {
        "updatedAt": None,
        "attachmentsPresent": 0,
        "attachmentsExpected": 0,
        "status": None,
        "reviewState": None,
        "deviceId": None,
        "edits": 0,
        "formVersion": "1",
        "deletedAt": None,
    }
    first, second = row.pop("member")
    ills = first.pop("illness")
    assert [re.fullmatch("[0-9a-f]{40}", bag.pop("__id")) is not None for bag in (first, second, *ills)] == [True] * 4
    assert ills == [{"kind": "ho"}, {"kind": "sốt"}]
    assert "/illness" in first.pop("illness@odata.navigationLink")
    assert (first, second) == ({"name": "Người 0", "age": 41}, {"name": "Người 1", "age": 7})
    assert row.pop("member@odata.navigationLink").endswith("/member")
    assert row == {
        "village": "Thôn Đoài & <1>",
        "dwelling": {"roof": "ngói", "rooms": 3},
        "assets": "radio bike",
        "location": {"type": "Point", "coordinates": [106.05, 20.9, 12], "properties": {"accuracy": 4.5}},
        "visited": "2026-09-15T08:30:00.000+07:00",
        "income": 12.5,
        "photo": None,
        "meta": {"instanceID": instance_id, "instanceName": "Hộ 1"},
        "__id": instance_id,
    }


def test_a_row_without_members_has_no_such_key(survey: Any) -> None:
    survey.received(ages=())
    [row] = survey.rows()
    assert "member" not in row
    assert "member@odata.navigationLink" not in row


def test_repeats_are_links_unless_expanded(survey: Any) -> None:
    survey.received()
    [row] = survey.odata().json()["value"]
    assert "member" not in row
    assert row["member@odata.navigationLink"].endswith("/member")


def test_newest_first(survey: Any) -> None:
    ids = survey.received(5)
    assert survey.ids() == ids[::-1]
    assert survey.ids(orderby="__system/submissionDate asc") == ids
    assert survey.ids(orderby="__system/submissionDate desc") == ids[::-1]


def test_empty_form(survey: Any) -> None:
    body = survey.odata(expand="*", count="true").json()
    assert (body["value"], body["@odata.count"]) == ([], 0)
    assert "@odata.nextLink" not in body


def test_count_alone(survey: Any) -> None:
    survey.received(3)
    body = survey.odata(top=0, count="true").json()
    assert (body["value"], body["@odata.count"]) == ([], 3)
    assert "@odata.count" not in survey.odata(top=0).json()
    assert "@odata.count" not in survey.odata(top=1).json()


def pages(project: Any, kit: Any, size: int, **options: Any) -> tuple[list[list[str]], list[int]]:
    """(ids page by page, the count each page told), by the token of each next link, on our own address."""
    found, counts = [], []
    token = None
    for _ in range(100):
        more = {} if token is None else {"skiptoken": token}
        body = project.odata(expand="*", top=size, count="true", **options, **more).json()
        found.append([row["__id"] for row in body["value"]])
        counts.append(body["@odata.count"])
        if "@odata.nextLink" not in body:
            return found, counts
        token = kit.skiptoken(body["@odata.nextLink"])
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize(("size", "lengths"), [(2, [2, 2, 2]), (4, [4, 2]), (6, [6]), (50, [6])])
def test_pages_by_skiptoken(survey: Any, kit: Any, size: int, lengths: list[int]) -> None:
    ids = survey.received(6)
    found, counts = pages(survey, kit, size)
    assert [len(page) for page in found] == lengths
    assert list(chain.from_iterable(found)) == ids[::-1]
    assert set(counts) == {6}


def test_pages_of_a_filter(survey: Any, kit: Any) -> None:
    ids = survey.received(5)
    survey.review(ids[2], "approved").raise_for_status()
    found, counts = pages(survey, kit, 2, filter="__system/reviewState eq null")
    assert list(chain.from_iterable(found)) == [ids[4], ids[3], ids[1], ids[0]]
    assert set(counts) == {4}


def test_the_token_names_the_last_row(survey: Any, kit: Any) -> None:
    ids = survey.received(3)
    link = survey.odata(top=2).json()["@odata.nextLink"]
    assert kit.cursor(kit.skiptoken(link)) == {"instanceId": ids[1]}


def test_new_rows_do_not_disturb_paging(survey: Any, kit: Any) -> None:
    ids = survey.received(4)
    token = kit.skiptoken(survey.odata(top=2).json()["@odata.nextLink"])
    survey.received(2)
    assert survey.ids(top=2, skiptoken=token) == [ids[1], ids[0]]


def test_a_deleted_row_still_serves_as_cursor(survey: Any, kit: Any) -> None:
    ids = survey.received(4)
    token = kit.skiptoken(survey.odata(top=2).json()["@odata.nextLink"])
    survey.http.delete(survey.one(ids[2])).raise_for_status()
    assert survey.ids(top=2, skiptoken=token) == [ids[1], ids[0]]


def test_a_cursor_of_an_unknown_row_stops_silently(survey: Any) -> None:
    """As after a purge: 200, no rows, no next link. Only the count shows that something is missing."""
    survey.received(3)
    token = "01eyJpbnN0YW5jZUlkIjoidXVpZDpub3BlIn0="
    body = survey.odata(top=2, skiptoken=token, count="true").json()
    assert (body["value"], body["@odata.count"]) == ([], 3)
    assert "@odata.nextLink" not in body


def test_a_broken_token(survey: Any, kit: Any) -> None:
    kit.refused(survey.odata(top=2, skiptoken="garbage"), 400.35)


def test_an_order_and_a_token_do_not_go_together(survey: Any, kit: Any) -> None:
    ids = survey.received(5)
    order = "__system/submissionDate asc"
    link = survey.odata(top=2, orderby=order).json()["@odata.nextLink"]
    kit.refused(survey.odata(top=2, orderby=order, skiptoken=kit.skiptoken(link)), 501.1)
    assert survey.ids(top=2, skip=2, orderby=order) == ids[2:4]
    assert survey.ids(top=2, skip=4, orderby=order) == ids[4:]
    beyond = survey.odata(top=2, skip=6, orderby=order).json()
    assert beyond["value"] == []
    assert "@odata.nextLink" in beyond, "even an empty page beyond the end offers one: never follow it"


def test_filters(survey: Any, kit: Any) -> None:
    a, b, c, d = survey.received(4)
    for instance_id, state in ((a, "approved"), (b, "hasIssues"), (c, "rejected")):
        survey.review(instance_id, state).raise_for_status()
    dates = {row["__id"]: row["__system"] for row in survey.rows()}
    told = dates[c]["submissionDate"]
    expected = {
        f"__system/submissionDate ge {told}": [d, c],
        f"__system/submissionDate gt {told}": [d],
        f"__system/submissionDate le {told}": [c, b, a],
        f"__system/submissionDate lt {told}": [b, a],
        f"__system/submissionDate eq {told}": [c],
        f"__system/submissionDate ne {told}": [d, b, a],
        "__system/updatedAt ne null": [c, b, a],
        "__system/updatedAt eq null": [d],
        f"__system/updatedAt ge {dates[b]['updatedAt']}": [c, b],
        f"__system/submissionDate gt {told} or __system/updatedAt ge {dates[c]['updatedAt']}": [d, c],
        f"__system/submissionDate ge {told} and __system/updatedAt ne null": [c],
        "__system/reviewState eq 'approved'": [a],
        "__system/reviewState ne 'approved'": [d, c, b],
        "__system/reviewState eq 'approved' or __system/reviewState eq 'rejected'": [c, a],
        "not (__system/reviewState eq 'approved' or __system/reviewState eq null)": [c, b],
        "(__system/reviewState eq 'approved' or __system/reviewState eq 'hasIssues') and __system/updatedAt ne null": [
            b,
            a,
        ],
        f"__id eq '{b}'": [b],
        "__system/submissionDate ge 2020-01-01T07:00:00.000+07:00": [d, c, b, a],
        "__system/submissionDate gt 2020-01-01": [d, c, b, a],
        "__system/submissionDate lt 2020-01-01T00:00:00Z": [],
        "year(__system/submissionDate) gt 2020": [d, c, b, a],
    }
    found = {text: survey.ids(filter=text) for text in expected}
    assert found == expected
    counts = {text: survey.odata(top=0, count="true", filter=text).json()["@odata.count"] for text in expected}
    assert counts == {text: len(ids) for text, ids in expected.items()}


def test_filter_by_submitter(survey: Any, kit: Any) -> None:
    phone = survey.phone()
    survey.received()
    instance_id = kit.new_id()
    phone.send(kit.submission_xml(instance_id)).raise_for_status()
    assert survey.ids(filter=f"__system/submitterId eq {phone.id}") == [instance_id]


def test_filters_that_are_refused(survey: Any, kit: Any) -> None:
    survey.received()
    kit.refused(survey.odata(filter="village eq 'x'"), 501.5, text="village")
    kit.refused(survey.odata(filter="__system/deviceId eq 'x'"), 501.5)
    for text in ("this is not", "__system/updatedAt ge", "(__system/updatedAt eq null", "__system/updatedAt"):
        answer = survey.odata(filter=text)
        assert answer.status_code >= 400, text
    kit.refused(survey.odata(filter="this is not"), 400.18)
    kit.refused(survey.odata(orderby="village"), 501.5, text="village")


def test_options_that_are_refused(survey: Any, kit: Any) -> None:
    kit.refused(survey.odata(apply="x"), 501.1, feature="$apply")
    kit.refused(survey.odata(expand="member"), 501.6, text="member")
    kit.refused(survey.odata(select="village", expand="*"), 501.11)
    kit.refused(survey.odata(table="Submissions.nope"), 404.1)


def test_deleted_rows_show_on_demand_only(survey: Any) -> None:
    a, b, c = survey.received(3)
    survey.http.delete(survey.one(b)).raise_for_status()
    assert survey.ids() == [c, a]
    assert survey.odata(top=0, count="true").json()["@odata.count"] == 2
    [gone] = survey.rows(filter="__system/deletedAt ne null")
    assert gone["__id"] == b
    assert TIME.fullmatch(gone["__system"]["deletedAt"])
    assert gone["__system"]["updatedAt"] is None
    assert len(gone["member"]) == 2
    assert survey.ids(filter="__system/deletedAt eq null") == [c, a]
    assert survey.ids(filter="__system/deletedAt eq null or __system/deletedAt ne null") == [c, b, a]
    survey.http.post(survey.one(b, "/restore")).raise_for_status()
    assert survey.ids() == [c, b, a]
    assert survey.ids(filter="__system/deletedAt ne null") == []


def test_etag(survey: Any, kit: Any) -> None:
    a, b = survey.received(2)
    etag = survey.odata(expand="*").headers["etag"]
    unchanged = survey.odata(expand="*", etag=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    steps = {
        "a new one": lambda: survey.received(),
        "a review": lambda: survey.review(a, "hasIssues"),
        "an edit": lambda: survey.submit_edit(b),
        "a deletion": lambda: survey.http.delete(survey.one(a)),
        "a restoration": lambda: survey.http.post(survey.one(a, "/restore")),
    }
    survey.submit_edit = lambda replaced: survey.http.put(
        survey.one(replaced),
        content=kit.submission_xml(replaces=replaced).encode(),
        headers={"Content-Type": "application/xml"},
    )
    for name, step in steps.items():
        step()
        answer = survey.odata(expand="*", etag=etag)
        assert answer.status_code == 200, name
        etag = answer.headers["etag"]


def test_what_the_etag_does_not_tell(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received(photo="a.png")
    etag = survey.odata(expand="*").headers["etag"]
    survey.http.post(survey.one(instance_id, "/comments"), json={"body": "Hỏi lại tuổi"}).raise_for_status()
    survey.http.post(
        survey.one(instance_id, "/attachments/a.png"), content=kit.png, headers={"Content-Type": "image/png"}
    ).raise_for_status()
    survey.publish(kit.form_xml(form="other"))
    survey.submit(kit.submission_xml(form="other"), form="other").raise_for_status()
    assert survey.odata(expand="*", etag=etag).status_code == 304
    [row] = survey.rows()
    assert row["__system"]["attachmentsPresent"] == 1
    assert row["__system"]["updatedAt"] is None


def test_etag_of_nothing(survey: Any) -> None:
    assert survey.odata(expand="*").headers["etag"] == f'W/"eventhash:{"0" * 32}"'


def test_one_row_by_its_id(survey: Any, kit: Any) -> None:
    a, _ = survey.received(2)
    [row] = survey.odata(table=f"Submissions('{a}')", expand="*").json()["value"]
    assert (row["__id"], len(row["member"])) == (a, 2)
    kit.refused(survey.odata(table=f"Submissions('{kit.new_id()}')"), 404.1)


def test_select(survey: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    [row] = survey.odata(select="__id,village,dwelling/roof,__system/updatedAt").json()["value"]
    assert row == {
        "village": "Thôn Đoài & <1>",
        "dwelling": {"roof": "ngói"},
        "__id": instance_id,
        "__system": {"updatedAt": None},
    }
    kit.refused(survey.odata(select="nope"), 400.23, property="nope")


def test_the_table_of_a_repeat(survey: Any) -> None:
    a, b = survey.received(2)
    [row, _] = survey.rows()
    body = survey.odata(table="Submissions.member", count="true").json()
    assert body["@odata.count"] == 4
    assert [bag["__Submissions-id"] for bag in body["value"]] == [b, b, a, a]
    assert [bag["__id"] for bag in body["value"][:2]] == [bag["__id"] for bag in row["member"]]
    assert [bag["age"] for bag in body["value"]] == [41, 7, 41, 7]
    ills = survey.odata(table="Submissions.member.illness").json()["value"]
    assert [bag["kind"] for bag in ills] == ["ho", "sốt"] * 2
    assert ills[0]["__Submissions-member-id"] == row["member"][0]["__id"]


def test_service_document_and_metadata(survey: Any) -> None:
    body = survey.http.get("/forms/contract.svc").json()
    assert [item["name"] for item in body["value"]] == [
        "Submissions",
        "Submissions.member",
        "Submissions.member.illness",
    ]
    text = survey.http.get("/forms/contract.svc/$metadata").text
    assert '<Property Name="location" Type="Edm.GeographyPoint"/>' in text
    assert '<EntityType Name="Submissions.member">' in text
    assert '<Property Name="__Submissions-member-id" Type="Edm.String"/>' in text


def test_a_large_answer_comes_whole(survey: Any) -> None:
    ids = survey.received(250, ages=(30,))
    assert survey.ids() == ids[::-1]
    assert survey.odata(expand="*", count="true").json()["@odata.count"] == 250
