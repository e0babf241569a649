"""The map's figures: what the page and the API say is what was interviewed and decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from server.cases.tables import Interview
from server.database import Database
from server.maps.service import NOT_STARTED, RETURNED
from server.registry.tables import OfficialDecision
from server.units.tables import Residents
from tests.browser.province import PROVINCE, REVIEW_DATE, ROUND, make_site


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(make_site(tmp_path_factory.mktemp("maps"), households=260)) as made:
        yield made


@pytest.fixture(scope="module")
def database(client: TestClient) -> Database:
    return client.app.state.database  # type: ignore[attr-defined,no-any-return]


def communes(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.get("/api/v1/communes", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counted(database: Database, proposed: str) -> Counter[str]:
    with database.session() as session:
        codes = session.scalars(
            select(Interview.commune_code).where(
                Interview.proposed_class == proposed, Interview.review_state != "rejected"
            )
        )
        return Counter(code for code in codes if code is not None)


def test_counts_are_those_of_the_interviews(client: TestClient, database: Database) -> None:
    told = communes(client)
    assert len(told["communes"]) == 104
    for name in ("poor", "near_poor", "not_poor", "undetermined"):
        expected = counted(database, name)
        assert {one["commune_code"]: one[name] for one in told["communes"] if one[name]} == dict(expected)
        assert told["total"][name] == expected.total()


def test_rates_divide_by_residents_and_never_by_interviews(client: TestClient) -> None:
    for one in communes(client)["communes"]:
        assert one["rate"] == pytest.approx(100 * one["poor"] / one["resident_households"])
        assert one["resident_households"] >= 2_000


def test_the_greatest_count_comes_first_and_ranks_leave_out_the_unfinished(client: TestClient) -> None:
    rows = communes(client)["communes"]
    assert [one["count"] for one in rows] == sorted((one["count"] for one in rows), reverse=True)
    unfinished = [one for one in rows if one["unfinished"]]
    assert unfinished
    assert all(one["rank"] is None for one in unfinished)
    assert {one["unfinished"] for one in unfinished if one["interviewed"] == 0} == {NOT_STARTED}


def test_the_legend_counts_every_commune_and_keeps_zero_apart(client: TestClient) -> None:
    told = communes(client)
    assert sum(one["communes"] for one in told["legend"]) == 104
    assert (told["legend"][0]["low"], told["legend"][0]["high"]) == (0.0, 0.0)
    for one in told["communes"]:
        of = told["legend"][one["class_index"]]
        assert of["low"] <= one["rate"] <= of["high"]


@pytest.mark.parametrize("rule", ["d01", "d09", "d10", "d12"])
def test_a_deprivation_is_a_share_of_the_poor_and_near_poor(client: TestClient, rule: str) -> None:
    for one in communes(client, indicator=rule)["communes"]:
        households = one["poor"] + one["near_poor"]
        assert one["count"] == one["deprivations"][rule] <= households
        assert one["rate"] == (pytest.approx(100 * one["count"] / households) if households else None)


def test_geojson_by_f_and_by_accept_has_the_same_figures(client: TestClient) -> None:
    plain = {one["commune_code"]: one for one in communes(client)["communes"]}
    by_f = client.get("/api/v1/communes", params={"f": "geojson"})
    by_accept = client.get("/api/v1/communes", headers={"Accept": "application/geo+json"})
    assert by_f.headers["content-type"] == by_accept.headers["content-type"] == "application/geo+json"
    assert by_f.content == by_accept.content
    told = by_f.json()
    assert told["is_boundary"] is False
    assert {one["id"] for one in told["features"]} == set(plain)
    for one in told["features"]:
        of = plain[one["id"]]
        assert (one["properties"]["poor"], one["properties"]["rate"]) == (of["poor"], of["rate"])
        assert one["geometry"]["type"] in ("Polygon", "MultiPolygon")


def test_no_household_is_in_what_the_map_says(client: TestClient) -> None:
    page = client.get("/", headers={"Accept": "text/html"}).text
    for text in (page, client.get("/api/v1/communes?f=geojson").text):
        assert "uuid:" not in text
        assert "rsv-" not in text
        assert "0912345678" not in text


def test_an_unknown_indicator_or_round_is_said_plainly(client: TestClient) -> None:
    wrong = client.get("/api/v1/communes", params={"indicator": "d99", "lang": "en"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "indicator_unknown")
    missing = client.get("/", params={"round": "1999"}, headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert "1999" in missing.text


def test_the_page_speaks_english_when_asked(client: TestClient) -> None:
    page = client.get("/", params={"lang": "en"}, headers={"Accept": "text/html"})
    assert page.headers["content-language"] == "en"
    assert "Poverty rate" in page.text
    assert "not boundaries" in page.text
    client.cookies.clear()
    assert "Tỷ lệ hộ nghèo" in client.get("/", headers={"Accept": "text/html"}).text


def test_every_answer_carries_the_policy_of_no_inline_script(client: TestClient) -> None:
    for path in ("/", "/api/v1/communes", "/static/css/base.css", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy


def test_a_returned_interview_leaves_its_commune_unfinished(client: TestClient, database: Database) -> None:
    finished = next(one for one in communes(client)["communes"] if not one["unfinished"] and one["interviewed"])
    with database.session() as session:
        of = session.scalars(
            select(Interview.interview_id).where(Interview.commune_code == finished["commune_code"]).limit(1)
        ).one()
        session.execute(update(Interview).where(Interview.interview_id == of).values(review_state="hasIssues"))
    rows = {one["commune_code"]: one for one in communes(client)["communes"]}
    assert rows[finished["commune_code"]]["unfinished"] == RETURNED
    with database.session() as session:
        session.execute(update(Interview).where(Interview.interview_id == of).values(review_state="received"))


def test_official_figures_rest_on_decisions_alone(client: TestClient, database: Database) -> None:
    from datetime import UTC, datetime

    assert communes(client, basis="official")["total"]["poor"] == 0
    with database.session() as session:
        of = session.scalars(select(Interview).where(Interview.proposed_class == "not_poor").limit(1)).one()
        session.add(
            OfficialDecision(
                province_code=PROVINCE, round_id=ROUND, interview_id=of.interview_id, decided_class="poor",
                decision_number="12/QĐ-UBND", decision_date=REVIEW_DATE, recorded_by="lãnh đạo xã",
                recorded_at=datetime.now(UTC),
            )
        )  # fmt: skip
    told = communes(client, basis="official")
    assert told["total"]["poor"] == 1
    assert told["provisional"] is False
    assert communes(client)["provisional"] is True


def test_without_residents_the_count_stands_and_the_rate_is_unknown(client: TestClient, database: Database) -> None:
    with database.session() as session:
        session.execute(update(Residents).values(year=1990))
    told = communes(client)
    assert {one["rate"] for one in told["communes"]} == {None}
    assert told["total"]["poor"] == counted(database, "poor").total()
    assert "chưa có số hộ dân cư" in client.get("/", headers={"Accept": "text/html"}).text
    with database.session() as session:
        session.execute(update(Residents).values(year=REVIEW_DATE.year))
