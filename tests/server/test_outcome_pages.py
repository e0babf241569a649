"""The pages of interviews that were not held, that replace others, and of the answers beside the twelve indicators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest
from fastapi.testclient import TestClient

from server.cases import service as cases
from server.submissions import service as submissions
from server.submissions.rows import read_row
from tests.browser.province import ROUND, SOURCE, make_site
from tests.server.core.test_outcomes import LATER, met, not_met
from tests.server.fieldwork import instance_id, odata_row

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    site = make_site(tmp_path_factory.mktemp("outcomes"), households=1)
    told = met(3, "33-3", replaces=instance_id(2))
    told["services"] = told["services"] | {"waste": "burned", "digital_services": "no"}
    told["surroundings"] = {"tap_water_wish": None, "electricity": "yes", "paved_road": "no", "clinic_minutes": 25}
    told["needs"] = {"special_groups": "merit"}
    told["paper_sheet"] = {"b1_points": 135, "b2_points": 30}
    rows = (
        odata_row(not_met(1, "refused", "33-1"), 1),
        odata_row(met(2, "33-3"), 2, reviewState="hasIssues"),
        odata_row(told, 3, submissionDate=LATER),
    )
    database = site.state.database
    with database.session() as session:
        received = [read_row(orjson.dumps(row)) for row in rows]
        stored = submissions.store(session, SOURCE, received, datetime(2026, 9, 6, tzinfo=UTC))
        cases.mark_stale(session, ROUND, stored.changed)
    cases.derive(database, ROUND)
    with TestClient(site, follow_redirects=False) as made:
        yield made


def page(client: TestClient, number: int, language: str = "vi") -> str:
    answer = client.get(f"/interviews/{instance_id(number)}", params={"lang": language}, headers=HTML)
    assert answer.status_code == 200
    return answer.text


def test_a_household_that_refused_is_said_to_have_refused(client: TestClient) -> None:
    shown = page(client, 1)
    assert "Không phỏng vấn được hộ: từ chối" in shown
    assert "Không phỏng vấn được hộ nên chưa biết chỉ số nào." in shown
    assert "Còn thiếu:" not in shown
    assert "The household was not interviewed: it refused" in page(client, 1, "en")


def test_the_page_shows_the_visit_the_surroundings_the_groups_and_the_paper_points(client: TestClient) -> None:
    shown = page(client, 3)
    for text in ("Gặp được hộ", "Tự đốt", "Có người có công với cách mạng", "135 / 30", "Hạ tầng quanh nhà"):
        assert text in shown
    assert "The visit" in page(client, 3, "en")


def test_replacing_and_replaced_lead_to_each_other_and_only_one_waits(client: TestClient) -> None:
    new, old = instance_id(3), instance_id(2)
    assert f'href="/interviews/{new.replace(":", "%3A")}' in page(client, 2)
    assert f'href="/interviews/{old.replace(":", "%3A")}' in page(client, 3)
    queue = client.get("/interviews", params={"state": "all"}, headers=HTML).text
    assert f'data-id="{new}"' in queue
    assert f'data-id="{old}"' not in queue
