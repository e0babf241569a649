"""The page of movements (diễn biến) in a browser: in every size, theme and language, and down to the households."""

from __future__ import annotations

import pandas as pd
import pytest

from server.accounts.actor import Role
from server.registry import service as registry
from tests.browser.conftest import Site, Watched
from tests.browser.province import ROUND
from tests.browser.test_browser_accounts import log_in, looks_right, service, site  # noqa: F401 - its service
from tests.server.people import Service

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def counted(service: Service) -> Service:  # noqa: F811
    """The first ten interviews linked with the list, one pair doubtful."""
    links = pd.DataFrame(
        [
            (f"uuid:{number:08d}-0000-4000-8000-000000000000", code, "same", "doubtful" if number == 3 else "linked")
            for number, code in enumerate(_codes(service))
        ],
        columns=["interview_id", "household_code", "kind", "status"],
    )
    with service.accounts.database.session() as session:
        registry.identify(session, ROUND, links)
    return service


def _codes(service: Service) -> list[str]:  # noqa: F811
    with service.accounts.database.session() as session:
        return sorted(registry.load_list(session, "33", 2025).households.index)[:20:2]


def test_before_anything_is_linked_the_page_says_what_to_do(watched: Watched) -> None:
    log_in(watched.page, Role.PLANNER.value)
    looks_right(watched.page, "/movements")
    assert "rasoat reconcile" in watched.page.inner_text("main")


def test_the_forms_hold_in_every_size_theme_and_language(counted: Service, watched: Watched) -> None:
    assert counted.ids
    page = watched.page
    log_in(page, Role.SUPERVISOR.value)
    looks_right(page, "/movements")
    # Form 3 is the same table of other words.
    page.goto("/movements?list=near_poor&lang=vi")
    assert "Tái cận nghèo" in page.inner_text("main")


def test_a_figure_leads_to_its_households(counted: Service, watched: Watched, site: Site) -> None:  # noqa: F811
    assert counted.ids
    assert site.url
    page = watched.page
    log_in(page, Role.SUPERVISOR.value)
    page.goto("/movements?lang=vi")
    assert "Tạm tính" in page.inner_text("main")
    page.locator("tfoot a").first.click()
    page.wait_for_url("**/movements/households?**column=opening**")
    assert page.locator("tbody tr").count() == 104
    looks_right(page, "/movements/households?column=escaped")


def test_a_planner_sees_figures_and_no_way_to_households(counted: Service, watched: Watched) -> None:
    assert counted.ids
    log_in(watched.page, Role.PLANNER.value)
    watched.page.goto("/movements")
    assert watched.page.locator("main table a").count() == 0
