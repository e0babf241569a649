"""What the browser gets: from a lock without addresses, all of it from this service, in one typeface."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from fontTools.ttLib import TTFont

from server.web import assets
from server.web.assets import PACKAGES, ROOT, VENDOR

needs_assets = pytest.mark.skipif(not assets.is_ready(), reason="assets are not built: run `make setup`")


def test_the_lock_names_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all("resolved" not in one for one in packages.values())
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())


@needs_assets
def test_every_module_comes_with_its_licence() -> None:
    for target in assets.COPIES.values():
        folder = (VENDOR / target).parent
        assert (VENDOR / target).exists()
        assert any(folder.glob("LICENSE*"))


@needs_assets
def test_nothing_that_is_served_points_elsewhere() -> None:
    for sheet in (ROOT / "server" / "static").rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)", sheet.read_text()):
            address = address.strip("\"'")
            assert not address.startswith(("http:", "https:", "//", "data:")), sheet
            assert (sheet.parent / address).exists(), address


def test_templates_have_no_inline_script_or_style() -> None:
    for template in (ROOT / "server" / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle\s*=", text), template
        assert not re.search(r"\son[a-z]+\s*=", text), template
        assert "hx-on" not in text, template
        assert "<style" not in text, template
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, template


@needs_assets
@pytest.mark.parametrize("weight", [400, 500, 600])
def test_the_joined_typeface_has_every_vietnamese_letter_and_figures_of_one_width(weight: int) -> None:
    font = TTFont(VENDOR / "fonts" / f"be-vietnam-pro-{weight}.ttf")
    letters = font.getBestCmap()
    vowels = "aăâeêioôơuưy"
    tones = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    wanted = {unicodedata.normalize("NFC", vowel + tone) for vowel in vowels for tone in tones} | {"đ"}
    wanted |= {letter.upper() for letter in wanted}
    assert [letter for letter in sorted(wanted) if ord(letter) not in letters] == []
    assert [letter for letter in "Phường Phố Hiến, Đại Đồng 0,44 % −" if ord(letter) not in letters] == []
    table = font["GSUB"].table
    (feature,) = [one.Feature for one in table.FeatureList.FeatureRecord if one.FeatureTag == "tnum"]
    (lookup,) = [table.LookupList.Lookup[number] for number in feature.LookupListIndex]
    (mapping,) = [one.mapping for one in lookup.SubTable]
    assert set(mapping) == {letters[ord(figure)] for figure in "0123456789"}
    assert len({font["hmtx"][glyph][0] for glyph in mapping.values()}) == 1


@needs_assets
def test_own_scripts_are_typed() -> None:
    assert (PACKAGES / "typescript").exists()
    assert assets.check() == 0
