"""Sessions, the account, projects, app users and their assignments."""

from __future__ import annotations

import base64
from typing import Any

import pytest


def test_wrong_password(server: Any, kit: Any) -> None:
    with server.client() as http:
        answer = http.post("/sessions", json={"email": server.user, "password": "not the password"})
    body = kit.refused(answer, 401.2)
    assert body["message"] == "Could not authenticate with the provided credentials."


def test_session_needs_both_parameters(server: Any, kit: Any) -> None:
    with server.client() as http:
        kit.refused(http.post("/sessions", json={"email": server.user}), 400.3, expected=["email", "password"])
        broken = http.post("/sessions", content=b'{"email":', headers={"Content-Type": "application/json"})
    kit.refused(broken, 400.1, format="json", rawLength=9)


def test_session_opens_and_closes(server: Any, kit: Any) -> None:
    with server.client() as http:
        session = http.post("/sessions", json={"email": server.user, "password": server.password}).json()
    assert len(session["token"]) == 64
    assert session["expiresAt"] > session["createdAt"]
    with server.client(session["token"]) as http:
        me = http.get("/users/current").json()
        assert (me["type"], me["email"]) == ("user", server.user)
        assert http.delete("/sessions/current").json() == {"success": True}
        kit.refused(http.get("/users/current"), 401.2)


def test_no_credentials_and_wrong_token(server: Any, kit: Any) -> None:
    with server.client() as http:
        kit.refused(http.get("/projects"), 401.2)
    with server.client("x" * 64) as http:
        kit.refused(http.get("/projects"), 401.2)


def test_basic_authentication_needs_https(server: Any, kit: Any) -> None:
    if server.url.startswith("https"):
        pytest.skip("this Central is behind HTTPS")
    login = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    with server.client() as http:
        kit.refused(http.get("/projects", headers={"Authorization": f"Basic {login}"}), 401.3)
        behind = {"Authorization": f"Basic {login}", "X-Forwarded-Proto": "https"}
        assert http.get("/projects", headers=behind).status_code == 200


def test_unknown_addresses(server: Any, admin: Any, kit: Any) -> None:
    kit.refused(admin.get("/projects/999999999"), 404.1)
    kit.refused(admin.get("/projects/abc"), 400.11)
    kit.refused(admin.get("/nonsense"), 404.1)
    kit.refused(admin.get(server.url.rstrip("/") + "/v2/projects"), 404.3)


def test_project_is_listed_and_renamed(project: Any, admin: Any) -> None:
    listed = {item["id"]: item for item in admin.get("/projects").json()}
    assert "submission.update" in listed[project.id]["verbs"]
    changed = admin.patch(f"/projects/{project.id}", json={"description": "Rà soát 2026"}).json()
    assert changed["description"] == "Rà soát 2026"
    assert changed["updatedAt"] is not None
    assert admin.get(f"/projects/{project.id}").json() == changed


def test_project_needs_a_name(admin: Any, kit: Any) -> None:
    kit.refused(admin.post("/projects", json={}), 400.2, field="name")


def test_app_user_gets_a_token_once_made(project: Any, kit: Any) -> None:
    made = project.http.post("/app-users", json={"displayName": "Điều tra viên 1"}).json()
    assert (made["type"], made["projectId"], len(made["token"])) == ("field_key", project.id, 64)
    [listed] = project.http.get("/app-users").json()
    assert {name: listed[name] for name in ("id", "displayName", "token")} == {
        name: made[name] for name in ("id", "displayName", "token")
    }
    kit.refused(project.http.post("/app-users", json={}), 400.2, field="displayName")


def test_assignments(survey: Any, kit: Any) -> None:
    phone = survey.phone(forms=())
    path = f"/forms/contract/assignments/app-user/{phone.id}"
    assert survey.http.post(path).json() == {"success": True}
    kit.refused(survey.http.post(path), 409.3)
    [held] = survey.http.get("/forms/contract/assignments/app-user").json()
    assert held["id"] == phone.id
    everywhere = survey.http.get("/assignments/forms/app-user").json()
    assert everywhere == [{"actorId": phone.id, "roleId": 2, "xmlFormId": "contract"}]
    assert survey.http.delete(path).json() == {"success": True}
    assert survey.http.get("/forms/contract/assignments/app-user").json() == []
    kit.refused(survey.http.post("/forms/contract/assignments/app-user/999999999"), 404.1)


def test_app_user_may_not_use_the_api(survey: Any, server: Any, kit: Any) -> None:
    phone = survey.phone()
    kit.refused(phone.http.get("/forms/contract/submissions"), 403.1)
    kit.refused(phone.http.get("/forms/contract.svc/Submissions"), 403.1)
    with server.client(phone.token) as http:
        kit.refused(http.get(f"/projects/{survey.id}/forms"), 403.1)


def test_revoking_an_app_user(survey: Any, admin: Any) -> None:
    phone = survey.phone()
    assert phone.http.get("/formList").status_code == 200
    assert admin.delete(f"/sessions/{phone.token}").json() == {"success": True}
    assert phone.http.get("/formList").status_code == 403
    [listed] = survey.http.get("/app-users").json()
    assert (listed["id"], listed["token"]) == (phone.id, None)


def test_deleting_an_app_user(survey: Any) -> None:
    phone = survey.phone()
    assert survey.http.delete(f"/app-users/{phone.id}").json() == {"success": True}
    assert survey.http.get("/app-users").json() == []
    assert phone.http.get("/formList").status_code == 403


def test_a_viewer_reads_and_may_not_review(survey: Any, server: Any, admin: Any, kit: Any) -> None:
    [instance_id] = survey.received()
    email = f"viewer-{instance_id[5:]}@example.org"
    user = admin.post("/users", json={"email": email, "password": "a-long-password"}).raise_for_status().json()
    try:
        with server.client() as http:
            session = http.post("/sessions", json={"email": email, "password": "a-long-password"}).json()
        with server.client(session["token"]) as viewer:
            path = f"/projects/{survey.id}"
            kit.refused(viewer.get(path), 403.1)
            survey.http.post(f"/assignments/viewer/{user['id']}").raise_for_status()
            rows = viewer.get(f"{path}/forms/contract.svc/Submissions").json()["value"]
            assert [row["__id"] for row in rows] == [instance_id]
            kit.refused(viewer.patch(path + survey.one(instance_id), json={"reviewState": "approved"}), 403.1)
            kit.refused(viewer.post(f"{path}/app-users", json={"displayName": "x"}), 403.1)
    finally:
        admin.delete(f"/users/{user['id']}").raise_for_status()
