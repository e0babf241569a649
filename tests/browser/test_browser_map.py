"""The map page in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.looks import violations

pytestmark = pytest.mark.browser

#: One with flags, GPS and both members, of the invented province.
INTERVIEW = "/interviews/uuid:00000013-0000-4000-8000-000000000000"


def ready(page: Page) -> None:
    page.wait_for_selector("#map[data-ready=true]")


def drawn(page: Page) -> int:
    """Communes that MapLibre has drawn, once it is at rest."""
    return int(
        page.evaluate(
            """async () => {
                const map = document.getElementById('map').map;
                if (!map.loaded() || !map.areTilesLoaded()) await new Promise((done) => map.once('idle', done));
                const found = map.queryRenderedFeatures({layers: ['rate']});
                return new Set(found.map((one) => one.properties.commune_code)).size;
            }"""
        )
    )


def colour_states(page: Page) -> dict[str, int]:
    return dict(
        page.evaluate(
            """() => {
                const map = document.getElementById('map').map;
                const codes = [...document.querySelectorAll('#communes tbody tr')].map((row) => row.dataset.code);
                const colour = (code) => map.getFeatureState({source: 'communes', id: code}).colour;
                return Object.fromEntries(codes.map((code) => [code, colour(code)]));
            }"""
        )
    )


def test_all_communes_are_drawn_with_their_circles(watched: Watched) -> None:
    watched.page.goto("/")
    ready(watched.page)
    assert drawn(watched.page) == 104
    circles = watched.page.evaluate(
        """() => {
            const map = document.getElementById('map').map;
            const codes = [...document.querySelectorAll('#communes tbody tr')].map((row) => row.dataset.code);
            return codes.map((code) => map.getFeatureState({source: 'points', id: code}).radius);
        }"""
    )
    with_households = page_counts(watched.page)
    # One circle where there are households, none where there are none (they are drawn with radius 0 there).
    assert sum(radius > 0 for radius in circles) == sum(count > 0 for count in with_households)


def page_counts(page: Page) -> list[int]:
    rows = page.locator("#communes tbody tr")
    return list(rows.evaluate_all("(rows) => rows.map((row) => JSON.parse(row.dataset.values).count)"))


def test_another_indicator_changes_title_legend_table_and_colours(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    ready(page)
    before, legend = colour_states(page), page.locator("#legend").inner_text()
    page.select_option("#indicator", "d10")
    expect(page.locator("h1")).to_have_text("Nhà tiêu hợp vệ sinh")
    assert page.locator("#legend").inner_text() != legend
    assert "indicator=d10" in page.url
    expect(page.locator("#communes thead")).to_contain_text("Hộ thiếu hụt")
    page.wait_for_function(
        """(before) => {
            const map = document.getElementById('map').map;
            const colour = (code) => map.getFeatureState({source: 'communes', id: code}).colour;
            return Object.keys(before).some((code) => colour(code) !== before[code]);
        }""",
        arg=before,
    )


def test_english_is_complete_and_stays_chosen(watched: Watched) -> None:
    page = watched.page
    page.goto("/?lang=en")
    ready(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Poverty rate")
    page.goto("/?indicator=rate_near_poor")
    expect(page.locator("h1")).to_have_text("Near-poverty rate")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.locator("h1")).to_have_text("Tỷ lệ hộ cận nghèo")


def test_the_table_sorts_and_says_how(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    column = page.locator("#communes thead th[data-sort=rate]")
    column.get_by_role("button").press("Enter")
    expect(column).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#communes thead th[aria-sort]")).to_have_count(1)
    rates = page.locator("#communes tbody tr").evaluate_all(
        "(rows) => rows.map((row) => JSON.parse(row.dataset.values).rate)"
    )
    assert rates == sorted(rates, reverse=True)
    column.get_by_role("button").click()
    expect(column).to_have_attribute("aria-sort", "ascending")


def test_a_commune_opens_by_keyboard_and_closes_by_escape(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    ready(page)
    link = page.locator("#communes a[data-commune]").first
    name = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-name")).to_have_text(name)
    expect(page.locator("#panel tbody tr")).to_have_count(12)
    page.keyboard.press("Escape")
    expect(page.locator("#panel-name")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == name


def test_the_tooltip_says_count_and_rate(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    ready(page)
    drawn(page)
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#tip")).to_contain_text("Hộ nghèo:")
    expect(page.locator("#tip")).to_contain_text("tổng số hộ dân cư")


def test_what_is_unfinished_is_hatched_and_not_ranked(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    ready(page)
    hatched = page.evaluate("() => document.getElementById('map').map.getFilter('unfinished')[2][1]")
    assert len(hatched) >= 1
    row = page.locator(f"#communes tr[data-code='{hatched[0]}'] td").first
    expect(row).to_contain_text("Chưa rà soát xong")


def test_cells_that_are_no_boundaries_are_said_to_be_none(watched: Watched) -> None:
    watched.page.goto("/")
    expect(watched.page.locator("footer")).to_contain_text("không phải địa giới")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/interviews", INTERVIEW, "/dev/components"])
def test_no_serious_accessibility_problem(watched: Watched, path: str, theme: str) -> None:
    page = watched.page
    page.goto(f"{path}?theme={theme}")
    page.wait_for_load_state("load")
    serious = [
        (one["id"], one["nodes"][0]["target"]) for one in violations(page) if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("width", [360, 768, 2560])
@pytest.mark.parametrize("path", ["/", "/interviews", INTERVIEW, "/dev/components"])
def test_no_page_is_wider_than_its_window(watched: Watched, path: str, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.page.goto(path)
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_vietnamese_letters_are_drawn_in_the_typeface_of_the_project(watched: Watched) -> None:
    page = watched.page
    page.goto("/dev/components")
    text = page.get_by_role("heading", name="Phường Phố Hiến, Đại Đồng")
    expect(text).to_be_visible()
    page.evaluate("document.fonts.ready")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "section h2 ~ h2"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert fonts
    assert all(font["isCustomFont"] and font["familyName"].startswith("Be Vietnam Pro") for font in fonts)


def test_labels_on_the_map_are_drawn_in_the_typeface_of_the_project(watched: Watched) -> None:
    page = watched.page
    fetched: list[str] = []
    page.on("response", lambda answer: fetched.append(answer.url) if answer.ok else None)
    page.goto("/")
    ready(page)
    names = page.evaluate(
        """async () => {
            const map = document.getElementById('map').map;
            map.jumpTo({zoom: 11});
            await new Promise((done) => map.once('idle', done));
            return map.queryRenderedFeatures({layers: ['names']}).length;
        }"""
    )
    assert names > 0
    loaded = page.evaluate(
        """() => [...document.fonts]
            .filter((one) => one.family.startsWith('maplibre-gl-font-face')).map((one) => one.status)"""
    )
    assert loaded == ["loaded"]
    assert any("be-vietnam-pro-500.woff2" in url for url in fetched)
