"""Requests made up from the service's own description, pages included: refused or answered, never an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from server.accounts.admin_routes import router as admin
from server.accounts.routes import router as accounts
from server.audit.routes import router as audit
from server.central.routes import router as central
from server.jobs.routes import router as jobs
from server.linkage.routes import router as linkage
from server.maps.routes import router as maps
from server.registry.identity_routes import router as identity
from server.registry.routes import router as movements
from server.review.routes import router as review
from server.rounds.routes import router as rounds
from server.units.routes import router as units
from tests.server.people import Service, csrf, make_service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning"),
]
PAGES = (admin, accounts, audit, central, identity, jobs, linkage, maps, movements, review, rounds, units)
MODEST = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with every page in its description, as it is not for programs."""
    with pytest.MonkeyPatch.context() as patch:
        for router in PAGES:
            patch.setattr(router, "include_in_schema", True)
            for route in router.routes:
                patch.setattr(route, "include_in_schema", True)
        yield make_service(tmp_path_factory.mktemp("service"), patch)


@pytest.fixture(scope="module")
def description(service: Service) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", service.app)


@pytest.fixture(scope="module")
def browsers(service: Service) -> list[dict[str, str]]:
    """What the browsers of three people send with every request."""
    sent = []
    for name in ("administrator", "supervisor", "province_officer"):
        browser = service.browser(name)
        cookies = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
        sent.append({"Cookie": cookies, "X-CSRF-Token": csrf(browser)})
    return sent


def operations(description: Any, prefix: str = "/") -> list[Any]:
    """Every operation but logging out, which would leave the rest to the anonymous."""
    found = [result.ok() for result in description.get_all_operations()]
    return [one for one in found if one.path.startswith(prefix) and one.path != "/logout"]


def test_no_request_breaks_the_service(description: Any, browsers: list[dict[str, str]]) -> None:
    tried = operations(description)
    assert len(tried) > 30
    for operation in tried:

        @given(operation.as_strategy())
        @MODEST
        def holds(case: Any) -> None:
            for browser in browsers:
                answer = case.call(headers=browser | {"Accept": "text/html"})
                assert answer.status_code < 500, (case.method, case.path, answer.text[:500])

        holds()


def test_the_programs_interface_is_as_described(description: Any, browsers: list[dict[str, str]]) -> None:
    tried = [*operations(description, "/api/"), *operations(description, "/healthz")]
    assert tried
    for operation in tried:

        @given(operation.as_strategy())
        @MODEST
        def holds(case: Any) -> None:
            for browser in browsers:
                answer = case.call(headers=browser | {"Accept": "application/json"})
                assert answer.status_code < 500, answer.text[:500]
                if answer.status_code == 200:
                    case.operation.validate_response(answer)

        holds()
