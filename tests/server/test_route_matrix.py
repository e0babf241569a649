"""Every route of the whole service, as everyone: the anonymous first, then every role here and in a foreign area.

The routes come from the app; one that has no expectation here fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import func, select

from server.accounts.actor import Role
from server.audit.service import verify
from server.audit.tables import AuditEntry
from server.cases.tables import Interview
from server.review import service as review
from server.review.tables import ReviewDecision
from tests.browser.province import PROVINCE, ROUND
from tests.server.people import Service, csrf, make_service

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

ANONYMOUS, NOBODY = "anonymous", "nobody"
ROLES = tuple(role.value for role in Role)
ABROAD = tuple(f"{role}.abroad" for role in ROLES)
EVERYONE = (ANONYMOUS, NOBODY, *ROLES, *ABROAD)

LOGIN, ASK_LOGIN, REFUSED, HIDDEN = 303, 401, 403, 404


@dataclass(frozen=True)
class Rule:
    """What a route answers. `known`: the status for each person named; everyone else who is logged in gets `others`."""

    known: dict[str, int] = field(default_factory=dict)
    others: int = REFUSED
    anonymous: int | None = None  # None: sent to the login (a page), or told to log in (a write)
    form: dict[str, str] = field(default_factory=dict)
    path: str | None = None  # with the ids filled in; None: as it stands

    def status(self, who: str, method: str) -> int:
        if who == ANONYMOUS:
            return self.anonymous or (LOGIN if method == "GET" else ASK_LOGIN)
        return self.known.get(who, self.others)


def everyone(status: int, **more: Any) -> Rule:
    """Open: the same for all."""
    return Rule(others=status, anonymous=status, **more)


def person(status: int, **more: Any) -> Rule:
    """For whoever has an account."""
    return Rule(others=status, **more)


def administrators(status: int, **more: Any) -> Rule:
    return Rule(dict.fromkeys(("administrator", "administrator.abroad"), status), **more)


AGGREGATES = ("supervisor", "clerk", "planner", "commune_leader", "province_officer")
#: Whoever reads households within an area sees those of the own areas alone; a foreign one looks like none at all.
PERSONAL = ("enumerator", "supervisor", "clerk", "commune_leader", "province_officer")

#: Who reads links, and the lists of past years.
WITH_LINKS = ("supervisor", "clerk", "commune_leader", "province_officer")

#: Who sees rounds at all; those of other provinces are no secret.
WITH_ROUNDS = tuple(f"{role}{where}" for role in (*AGGREGATES, "administrator") for where in ("", ".abroad"))


def aggregates(**more: Any) -> Rule:
    # Abroad there is no commune of this round; nobody has no role, which is told as not assigned.
    return Rule(dict.fromkeys(AGGREGATES, 200), **more)


def preparers(others: int, here: int, **more: Any) -> Rule:
    """What the province's officer and the administrator do; a page shows an error where others are refused."""
    known = dict.fromkeys(WITH_ROUNDS, others) | dict.fromkeys(("province_officer", "administrator"), here)
    return Rule(known, **more)


def households(here: int, *, foreign: int, officer: int | None = None, **more: Any) -> Rule:
    """A page of one household: `here` for who reads it, `foreign` for who reads elsewhere; without a purpose the
    province's officer gets `officer`."""
    known = dict.fromkeys(PERSONAL, here) | dict.fromkeys((f"{role}.abroad" for role in PERSONAL), foreign)
    if officer is not None:
        known |= {"province_officer": officer, "province_officer.abroad": officer}
    return Rule(known | {NOBODY: foreign}, **more)


def decision(form: dict[str, str], **more: Any) -> Rule:
    """Deciding about an interview, here on a version that nobody read: only who may review comes as far as that."""
    rule = households(REFUSED, foreign=HIDDEN, officer=HIDDEN, form={"version": "another", **form}, **more)
    return Rule(rule.known | {"supervisor": 409}, form=rule.form, path=rule.path)


def settling(outcome: int) -> Rule:
    """Changing what becomes of a decision: the supervisor of its area only."""
    people = (NOBODY, *PERSONAL, *(f"{role}.abroad" for role in PERSONAL))
    return Rule(dict.fromkeys(people, HIDDEN) | {"supervisor": outcome})


def linking(others: int, here: int, **more: Any) -> Rule:
    """What the clerk of the area does at the desk; to others who read links there is no such pair or answer."""
    people = (NOBODY, *WITH_LINKS, *(f"{role}.abroad" for role in WITH_LINKS))
    known = dict.fromkeys(people, others) | {"clerk": here, "clerk.abroad": HIDDEN}
    return Rule(known, **more)


INTERVIEW = "/interviews/{interview_id}"
#: A pair that does not exist: who may decide about one is in test_linkage_desk.
PAIR = {"interview": "uuid:none", "household": "none"}
QUESTION = {"source": f"round/{ROUND}", "number": "1"}
EXPECTED: dict[tuple[str, str], Rule] = {
    # open to all
    ("GET", "/openapi.json"): everyone(200),
    ("GET", "/healthz"): everyone(200),
    ("GET", "/static"): everyone(200, path="/static/css/base.css"),
    ("GET", "/dev/components"): everyone(404),
    ("GET", "/login"): person(303, anonymous=200),
    ("POST", "/login"): everyone(401, form={"password": "wrong password"}),
    ("POST", "/login/code"): everyone(401),
    ("POST", "/logout"): everyone(303),
    ("GET", "/reset/{link}"): everyone(410, path="/reset/nonsense"),
    ("POST", "/reset/{link}"): everyone(410, path="/reset/nonsense"),
    # the own account
    ("GET", "/account"): person(200),
    ("POST", "/account/password"): person(422, form={"new": "a", "again": "b"}),
    ("POST", "/account/totp"): person(303),
    ("GET", "/account/totp.svg"): person(200),
    ("POST", "/account/totp/confirm"): person(401, form={"code": "x"}),
    ("POST", "/account/totp/end"): person(REFUSED, form={"password": "wrong"}),
    ("POST", "/account/tokens"): person(422),
    ("POST", "/account/tokens/{token_id}/revoke"): person(HIDDEN, path="/account/tokens/999/revoke"),
    ("POST", "/account/conflicts"): person(422),
    # administration
    ("GET", "/admin/users"): administrators(200),
    ("POST", "/admin/users"): administrators(422, form={"username": "?"}),
    ("POST", "/admin/users/{user_id}/link"): administrators(HIDDEN, path="/admin/users/none/link"),
    ("POST", "/admin/users/{user_id}/roles"): administrators(422, path="/admin/users/none/roles"),
    ("POST", "/admin/roles/{grant_id}/take"): administrators(HIDDEN, path="/admin/roles/99999/take"),
    ("POST", "/admin/users/{user_id}/disable"): administrators(HIDDEN, path="/admin/users/none/disable"),
    ("POST", "/admin/users/{user_id}/enable"): administrators(HIDDEN, path="/admin/users/none/enable"),
    ("POST", "/admin/users/{user_id}/clear-totp"): administrators(HIDDEN, path="/admin/users/none/clear-totp"),
    ("GET", "/admin/jobs"): administrators(200),
    ("POST", "/admin/jobs/{job_id}/retry"): administrators(HIDDEN, path="/admin/jobs/99999/retry"),
    ("GET", "/admin/audit"): Rule(
        dict.fromkeys(("administrator", "administrator.abroad", "province_officer", "province_officer.abroad"), 200)
    ),
    # figures by commune; who has no map goes on to where the own work is
    ("GET", "/"): Rule(
        dict.fromkeys(AGGREGATES, 200)
        | dict.fromkeys((NOBODY, "enumerator", "enumerator.abroad", "administrator", "administrator.abroad"), 303)
    ),
    ("GET", "/communes/{code}"): aggregates(),
    ("GET", "/api/v1/communes"): aggregates(anonymous=LOGIN),
    ("GET", "/movements"): Rule(dict.fromkeys((*AGGREGATES, *(f"{role}.abroad" for role in AGGREGATES)), 200)),
    # abroad: the page, and no household on it
    ("GET", "/movements/households"): Rule(
        dict.fromkeys((f"{role}{where}" for role in WITH_LINKS for where in ("", ".abroad")), 200),
        path="/movements/households?column=opening",
    ),
    # whose is it: no such household or question; who may see one is in test_identity_pages
    ("GET", "/registry/questions"): Rule(
        dict.fromkeys((NOBODY, *WITH_LINKS, *(f"{one}.abroad" for one in WITH_LINKS)), 200)
    ),
    ("POST", "/registry/questions/answer"): linking(REFUSED, HIDDEN, form={**QUESTION, "asked": "none"}),
    ("POST", "/registry/questions/undo"): linking(REFUSED, HIDDEN, form=QUESTION),
    ("GET", "/registry/households/{household_id}"): Rule(
        dict.fromkeys((NOBODY, *WITH_LINKS, *(f"{one}.abroad" for one in WITH_LINKS)), HIDDEN)
        | dict.fromkeys(("province_officer", "province_officer.abroad"), 200),  # asked for the purpose first
        path="/registry/households/33-NONE",
    ),
    ("POST", "/registry/households/{household_id}/came"): linking(
        REFUSED, HIDDEN, form={"arrived": "true"}, path="/registry/households/33-NONE/came"
    ),
    ("GET", "/registry/events/{event_id}/undo"): linking(REFUSED, HIDDEN, path="/registry/events/99999/undo"),
    ("POST", "/registry/events/{event_id}/undo"): linking(REFUSED, HIDDEN, path="/registry/events/99999/undo"),
    # rounds, and what rates divide by
    ("GET", "/rounds"): Rule(dict.fromkeys(WITH_ROUNDS, 200)),
    ("POST", "/rounds"): preparers(REFUSED, 400, form={"province_code": PROVINCE, "review_date": "?", "round_id": "x"}),
    ("POST", "/rounds/{round_id}/deadlines"): preparers(
        REFUSED, 400, form={"opens_on": "2026-12-01", "closes_on": "2026-11-01"}, path=f"/rounds/{ROUND}/deadlines"
    ),
    ("POST", "/rounds/{round_id}/open"): preparers(REFUSED, 303, path=f"/rounds/{ROUND}/open"),
    ("POST", "/rounds/{round_id}/close"): preparers(HIDDEN, HIDDEN, path="/rounds/none/close"),
    # the law that a round applies
    ("GET", "/standards/{standard_id}"): Rule(dict.fromkeys(WITH_ROUNDS, 200), path="/standards/nd07-2021"),
    # when each form was last in step, and syncing now
    ("GET", "/sync"): Rule(dict.fromkeys(WITH_ROUNDS, 200)),
    ("POST", "/sync"): preparers(REFUSED, 303),
    ("GET", "/units/residents"): aggregates(),
    ("POST", "/units/residents"): Rule({"province_officer": 422}, form={"h-11953": "many"}),
    # households
    ("GET", "/interviews"): households(200, foreign=200),
    ("POST", "/interviews/search"): households(200, foreign=200, form={"name": "Thị"}),
    ("GET", INTERVIEW): households(200, foreign=HIDDEN, officer=200),
    ("POST", f"{INTERVIEW}/numbers"): households(200, foreign=HIDDEN, form={"purpose": "complaint"}),
    ("GET", f"{INTERVIEW}/place"): households(200, foreign=HIDDEN, officer=HIDDEN),
    # no such file: who may see one is in test_attachment_pages
    ("GET", f"{INTERVIEW}/attachments/{{address}}"): households(
        HIDDEN, foreign=HIDDEN, path=f"{INTERVIEW}/attachments/none"
    ),
    ("GET", f"{INTERVIEW}/attachments/{{address}}/thumbnail"): households(
        HIDDEN, foreign=HIDDEN, path=f"{INTERVIEW}/attachments/none/thumbnail"
    ),
    ("GET", f"{INTERVIEW}/next"): households(303, foreign=303),
    ("POST", f"{INTERVIEW}/approve"): decision({}),
    ("POST", f"{INTERVIEW}/return"): decision({"reason": "1"}),
    ("POST", f"{INTERVIEW}/reject"): decision({"reason": "1"}),
    ("POST", f"{INTERVIEW}/comment"): decision({"note": "x"}),
    # the linkage desk
    ("GET", "/linkage"): Rule(dict.fromkeys((NOBODY, *WITH_LINKS, *(f"{one}.abroad" for one in WITH_LINKS)), 200)),
    ("POST", "/linkage/numbers"): linking(HIDDEN, HIDDEN, form={**PAIR, "purpose": "linkage"}),
    ("POST", "/linkage/decide"): linking(HIDDEN, HIDDEN, form={**PAIR, "verdict": "same", "version": "x"}),
    ("POST", "/linkage/decisions/{decision_id}/undo"): linking(REFUSED, HIDDEN, path="/linkage/decisions/99999/undo"),
    ("GET", "/linkage/absent"): Rule(
        dict.fromkeys((NOBODY, *WITH_LINKS, *(f"{one}.abroad" for one in WITH_LINKS)), 200)
    ),
    ("POST", "/linkage/absent"): linking(REFUSED, HIDDEN, form={"household": "none", "reason": "move"}),
    ("POST", "/linkage/absent/{decision_id}/undo"): linking(REFUSED, HIDDEN, path="/linkage/absent/99999/undo"),
    ("POST", "/linkage/reconcile"): Rule(
        dict.fromkeys((NOBODY, *WITH_LINKS, *(f"{one}.abroad" for one in WITH_LINKS)), REFUSED)
        | dict.fromkeys(("clerk", "province_officer"), 303)
    ),
    ("POST", "/decisions/{decision_id}/undo"): settling(303),
    ("POST", "/decisions/{decision_id}/insist"): settling(409),  # no conflict to settle
    ("POST", "/decisions/{decision_id}/give-way"): settling(409),
}


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of every route and mount, however deep it was included."""
    found = []
    for route in iter_route_contexts(app.routes):
        methods = set(getattr(route, "methods", None) or {"GET"}) - {"HEAD", "OPTIONS"}
        found += [(method, str(route.path)) for method in sorted(methods)]
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        yield make_service(tmp_path_factory.mktemp("service"), patch)


@pytest.fixture(scope="module")
def ids(service: Service) -> dict[str, str]:
    """Ids of this province: an interview of the enumerator here, its commune, a decision about it."""
    with service.accounts.database.session() as session:
        interview_id, code = session.execute(
            select(Interview.interview_id, Interview.commune_code)
            .where(Interview.enumerator == "rsv-000")
            .order_by(Interview.interview_id)
        ).first() or ("", "")
        made = review.decide(session, interview_id, "comment", actor="supervisor", reason="xem lại")
        return {"interview_id": interview_id, "code": str(code), "decision_id": str(made.decision_id)}


def test_every_route_has_its_expectation(service: Service) -> None:
    routes = routes_of(service.app)
    assert len(routes) == len(set(routes))
    assert set(routes) == set(EXPECTED)


@pytest.mark.parametrize("who", EVERYONE)
def test_every_route_answers_this_person_as_it_must(service: Service, ids: dict[str, str], who: str) -> None:
    client = service.browser(None if who == ANONYMOUS else who)
    token = csrf(client)
    wrong = {}
    # Logging out comes last: after it everyone is anonymous.
    for method, path in sorted(routes_of(service.app), key=lambda route: route[1] == "/logout"):
        rule = EXPECTED[method, path]
        filled = (rule.path or path).format(**ids)
        if method == "GET":
            answer = client.get(filled)
        else:
            data = {"csrf_token": token, **rule.form}
            if path == "/login":
                data["username"] = f"{who}.typo"
            answer = client.post(filled, data=data)
        if answer.status_code != rule.status(who, method):
            wrong[method, path] = (answer.status_code, "expected", rule.status(who, method))
        if answer.status_code in (REFUSED, HIDDEN, ASK_LOGIN):
            assert "Thị" not in answer.text, (path, "a name in a refusal")
    service.browsers.pop(who, None)
    assert wrong == {}


def test_a_write_without_its_second_token_is_refused_everywhere(service: Service, ids: dict[str, str]) -> None:
    for who in (None, "supervisor", "administrator"):
        client = service.browser(who)
        for method, path in routes_of(service.app):
            if method != "GET":
                answer = client.post((EXPECTED[method, path].path or path).format(**ids), data={"csrf_token": "0" * 64})
                assert answer.status_code == 403, (who, path)


def test_a_foreign_household_looks_like_none(service: Service, ids: dict[str, str]) -> None:
    client = service.browser("supervisor.abroad")
    foreign = client.get(f"/interviews/{ids['interview_id']}")
    unknown = client.get("/interviews/uuid:00000000-dead-4000-8000-000000000000")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text.replace(ids["interview_id"], "") == unknown.text.replace(
        "uuid:00000000-dead-4000-8000-000000000000", ""
    )


def test_nobody_is_told_that_no_area_is_assigned(service: Service) -> None:
    client = service.browser("nobody")
    assert "Chưa được phân địa bàn" in client.get("/interviews").text
    assert client.get("/").headers["location"] == "/account"
    assert "Chưa được phân địa bàn" in client.get("/account").text
    assert "Chưa được phân địa bàn" in client.get("/communes/11980").text
    assert "Chưa được phân địa bàn" in service.browser("supervisor.abroad").get("/").text


def test_the_access_log_holds_together_after_all_this(service: Service) -> None:
    with service.accounts.database.session() as session:
        found = verify(session)
        assert found.broken_seq is None
        assert found.checked == session.scalar(select(func.count()).select_from(AuditEntry))
        assert session.scalar(select(func.count()).select_from(ReviewDecision)) == 1, "no refused decision was kept"
