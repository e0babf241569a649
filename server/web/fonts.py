"""The typeface as whole files: Be Vietnam Pro's subsets joined, with figures of one width for tables.

The npm package holds the typeface cut into subsets for the web; matplotlib and PDF writers need a whole TTF, and a
map label must not wait for three files. The typeface has proportional figures only, so a `tnum` feature is added.
Its licence (SIL Open Font License 1.1, no reserved name) allows both; the licence file travels with the result.

Runs at set-up only: fontTools is a development dependency.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from fontTools.merge import Merger
from fontTools.otlLib.builder import buildLookup, buildSingleSubstSubtable
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables import otTables

#: In the order in which a letter is looked for; a letter found in an earlier one is left out of the later.
SUBSETS = ("latin", "latin-ext", "vietnamese")
WEIGHTS = (400, 500, 600)
FIGURES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def join(sources: Sequence[Path]) -> TTFont:
    """One font with every letter of the subset files (TTF or WOFF2), and tabular figures as feature `tnum`."""
    with tempfile.TemporaryDirectory() as folder:
        seen: set[int] = set()
        parts: list[str] = []
        for number, source in enumerate(sources):
            font = TTFont(source)
            font.flavor = None
            letters = set(font.getBestCmap()) - seen
            # The merger takes a letter that stands in two files for two shapes of it: each is left in one only.
            subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True, name_IDs=["*"], hinting=False))
            subsetter.populate(unicodes=letters)
            subsetter.subset(font)
            seen |= letters
            part = Path(folder) / f"{number}.ttf"
            font.save(part)
            parts.append(str(part))
        joined = Merger().merge(parts)
        add_tabular_figures(joined)
        return joined


def add_tabular_figures(font: TTFont) -> None:
    """Add copies of the ten figures, all as wide as the widest and centred in that width, as feature `tnum`."""
    glyphs, metrics = font["glyf"], font["hmtx"]
    width = max(metrics[name][0] for name in FIGURES)
    copies: dict[str, str] = {}
    order = list(font.getGlyphOrder())
    for name in FIGURES:
        advance, left = metrics[name]
        shift = (width - advance) // 2
        copy = f"{name}.tnum"
        glyph = glyphs[name]
        shape = type(glyph)(glyph.compile(glyphs))  # a copy of its own, through the binary form
        shape.expand(glyphs)
        if shape.numberOfContours > 0:
            shape.coordinates.translate((shift, 0))
            shape.recalcBounds(glyphs)
        glyphs[copy] = shape
        metrics[copy] = (width, left + shift)
        copies[name] = copy
        order.append(copy)
    font.setGlyphOrder(order)
    _add_substitution(font, "tnum", copies)


def _add_substitution(font: TTFont, tag: str, mapping: dict[str, str]) -> None:
    """Append a one-to-one substitution under feature `tag` to every script and language of the font."""
    table = font["GSUB"].table
    table.LookupList.Lookup.append(buildLookup([buildSingleSubstSubtable(mapping)]))
    table.LookupList.LookupCount = len(table.LookupList.Lookup)

    feature = otTables.Feature()
    feature.FeatureParams = None
    feature.LookupListIndex = [len(table.LookupList.Lookup) - 1]
    feature.LookupCount = 1
    record = otTables.FeatureRecord()
    record.FeatureTag, record.Feature = tag, feature
    table.FeatureList.FeatureRecord.append(record)
    table.FeatureList.FeatureCount = len(table.FeatureList.FeatureRecord)

    position = len(table.FeatureList.FeatureRecord) - 1
    for script in table.ScriptList.ScriptRecord:
        languages = [script.Script.DefaultLangSys, *(item.LangSys for item in script.Script.LangSysRecord)]
        for language in filter(None, languages):
            language.FeatureIndex.append(position)
            language.FeatureCount = len(language.FeatureIndex)


def write(package: Path, target: Path) -> list[Path]:
    """Write `be-vietnam-pro-<weight>.ttf` and `.woff2` for each weight from the npm package's folder; the paths."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for weight in WEIGHTS:
        sources = [package / "files" / f"be-vietnam-pro-{subset}-{weight}-normal.woff2" for subset in SUBSETS]
        font = join(sources)
        for flavor, suffix in ((None, "ttf"), ("woff2", "woff2")):
            font.flavor = flavor
            path = target / f"be-vietnam-pro-{weight}.{suffix}"
            font.save(path)
            written.append(path)
    return written
