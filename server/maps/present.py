"""The map in words and shapes: context of the templates, JSON and GeoJSON."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.aggregate import RULES
from geo.export import feature_collection
from server.maps import indicators
from server.maps.indicators import DEPRIVATIONS, INDICATORS, Indicator
from server.maps.service import NOT_STARTED, NOT_VISITED, RETURNED, MapView
from server.web import formats, words
from server.web.language import Language, gettext, mark

if TYPE_CHECKING:
    import geopandas as gpd

#: Radius in pixels of the circle of the greatest count, at the scale at which the province fills the page.
GREATEST_RADIUS = 16.0
#: Colours beside the five of the scale (1 to 5): zero, and no value.
ZERO_COLOUR, UNKNOWN_COLOUR = 0, 6

_NUMBERS = (
    "interviewed",
    "expected",
    "resident_households",
    "resident_persons",
    "poor",
    "near_poor",
    "not_poor",
    "undetermined",
    "persons_poor",
    "persons_near_poor",
    "rate_poor",
    "rate_near_poor",
    "change_poor",
    "count",
    "rate",
    "unknown",
    "class_index",
    "rank",
)
_TEXTS = ("name", "unit_type", "area_class", "unfinished")

_UNFINISHED = {
    NOT_STARTED: mark("Chưa rà soát xong: chưa có phiếu nào"),
    NOT_VISITED: mark("Chưa rà soát xong: %(interviewed)s phiếu trên %(expected)s hộ cần rà soát"),
    RETURNED: mark("Chưa rà soát xong: %(returned)s phiếu trả lại chưa được sửa"),
}


def chosen(shown: MapView) -> dict[str, Any]:
    """What was chosen, for links to the same map."""
    return {"indicator": shown.indicator.id, "basis": shown.basis, "round_id": shown.round.round_id}


def page(shown: MapView, language: Language) -> dict[str, Any]:
    """Context of the map page."""
    table = _plain_rows(shown, language)
    return chosen(shown) | {
        "round": shown.round,
        "choices": _choices(shown, language),
        "title": indicators.name(shown.indicator, shown.standard, language),
        "count_name": indicators.count_name(shown.indicator, language),
        "base_name": indicators.base_name(shown.indicator, language),
        "wording": _wording(shown, language),
        "rows": table,
        "total": {name: _value(shown.total.get(name)) for name in (*_NUMBERS, "coverage")},
        "whole_province": shown.whole_province,
        "unplaced": shown.unplaced,
        "legend": _legend(shown, language),
        "circles": _circles(shown),
        "provisional": shown.provisional,
        "sources": shown.sources,
        "unfinished_count": int((shown.table["unfinished"] != "").sum()),
        "values": _values(shown, table, language),
    }


def panel(shown: MapView, code: str, causes: Counter[str], language: Language) -> dict[str, Any]:
    """Context of the panel of one commune. Raises `NotFoundError`."""
    from server.maps.service import row

    of = row(shown, code)
    households = int(of["poor"] + of["near_poor"])
    deprivations = []
    for indicator in DEPRIVATIONS:
        count = int(of[list(indicator.counted)].sum())
        deprivations.append(
            {
                "id": indicator.id,
                "name": indicators.name(indicator, shown.standard, language),
                "count": count,
                "unknown": int(of[list(indicator.unknown)].sum()),
                "share": 100 * count / households if households else None,
            }
        )
    return {
        "code": code,
        **{name: _value(of[name]) for name in (*_NUMBERS, *_TEXTS, "returned")},
        "why": _why(of, language),
        "households": households,
        "deprivations": deprivations,
        "causes": [
            {"name": words.answer("causes", cause, language), "count": count} for cause, count in causes.most_common()
        ],
    }


def as_json(shown: MapView, language: Language) -> dict[str, Any]:
    """The answer of `/api/v1/communes`, in the shape of `schemas.CommunesOut`."""
    return {
        "round_id": shown.round.round_id,
        "review_date": shown.round.review_date,
        "standard": shown.standard.id,
        "basis": shown.basis,
        "provisional": shown.provisional,
        "pulled_at": shown.sources.pulled_at,
        "is_boundary": shown.sources.is_boundary,
        "indicator": {
            "id": shown.indicator.id,
            "name": indicators.name(shown.indicator, shown.standard, language),
            "count": indicators.count_name(shown.indicator, language),
            "base": indicators.base_name(shown.indicator, language),
        },
        "legend": [{"low": one.low, "high": one.high, "communes": one.count} for one in shown.legend.classes],
        "unplaced": shown.unplaced,
        "total": {name: _value(value) for name, value in shown.total.items()},
        "communes": [
            {
                "commune_code": code,
                **{name: _value(of[name]) for name in (*_NUMBERS, *_TEXTS)},
                "deprivations": {rule: int(of[f"{rule}_poor"] + of[f"{rule}_near_poor"]) for rule in RULES},
            }
            for code, of in shown.table.iterrows()
        ],
    }


def as_geojson(shown: MapView, cells: gpd.GeoDataFrame) -> bytes:
    """A FeatureCollection: the same figures with the shapes, and `longitude`, `latitude` of a point well inside."""
    columns = [*_TEXTS, *_NUMBERS, *(column for one in DEPRIVATIONS for column in one.counted)]
    joined = cells[["geometry", "longitude", "latitude"]].join(shown.table[columns], how="inner")
    joined.insert(0, "commune_code", joined.index.astype(str))
    names = [name for name in joined.columns if name != "geometry"]
    return feature_collection(joined, names, is_boundary=bool(cells.attrs["is_boundary"]))


def _value(value: Any) -> Any:
    """A figure as a plain number or text; None when unknown."""
    if formats.is_unknown(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _choices(shown: MapView, language: Language) -> list[dict[str, Any]]:
    """Groups of indicators for the selector."""
    groups: list[tuple[str, list[Indicator]]] = [
        (
            gettext(language, mark("Tỷ lệ trên số hộ dân cư")),
            [one for one in INDICATORS.values() if one.over_residents],
        )
    ]
    for dimension in shown.standard.dimensions:
        rules = {rule.id for rule in shown.standard.rules if rule.dimension == dimension.id}
        label = gettext(language, mark("Thiếu hụt: %(dimension)s"))
        called = {"dimension": dimension.name.in_language(language)}
        groups.append((label % called, [one for one in DEPRIVATIONS if one.id in rules]))
    return [
        {
            "name": name,
            "of": [{"id": one.id, "name": indicators.name(one, shown.standard, language)} for one in of],
        }
        for name, of in groups
    ]


def _wording(shown: MapView, language: Language) -> dict[str, str] | None:
    """The rule behind a deprivation, with its source and standing; None for the two rates."""
    if shown.indicator.over_residents:
        return None
    rule = shown.standard.rule(shown.indicator.id)
    return {"text": rule.wording.in_language(language), "source": rule.source, "status": rule.status}


def _plain_rows(shown: MapView, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "code": str(code),
            **{name: _value(of[name]) for name in (*_NUMBERS, *_TEXTS, "returned", "coverage")},
            "why": _why(of, language),
        }
        for code, of in shown.table.iterrows()
    ]


def _why(of: pd.Series, language: Language) -> str:
    if not of["unfinished"]:
        return ""
    words = {name: formats.number(of[name], language) for name in ("interviewed", "expected", "returned")}
    return gettext(language, _UNFINISHED[of["unfinished"]]) % words


def colours(shown: MapView) -> list[int]:
    """Colour of each class of the legend: 0 for zero, else 1 to 5, spread when there are fewer classes."""
    positive = len(shown.legend.classes) - int(shown.legend.has_zero)
    spread = [3] if positive == 1 else [1 + round(at * 4 / (positive - 1)) for at in range(positive)]
    return ([ZERO_COLOUR] if shown.legend.has_zero else []) + spread


def _legend(shown: MapView, language: Language) -> dict[str, Any]:
    classes = []
    for colour, one in zip(colours(shown), shown.legend.classes, strict=True):
        low, high = formats.percent(one.low, language), formats.percent(one.high, language)
        text = low if low == high else f"{formats.number(one.low, language, 2)} – {high}"
        classes.append({"colour": colour, "text": text, "communes": one.count})
    missing = (
        mark("chưa có số hộ dân cư") if shown.indicator.over_residents else mark("không có hộ nghèo, hộ cận nghèo")
    )
    return {
        "classes": classes,
        "missing": shown.legend.missing,
        "missing_text": gettext(language, missing),
    }


def _circles(shown: MapView) -> list[dict[str, Any]]:
    """Three sizes for the legend: the greatest count rounded down to one figure, and parts of it."""
    greatest = int(shown.table["count"].max()) if len(shown.table) else 0
    if greatest < 1:
        return []
    top = int(greatest // 10 ** int(math.log10(greatest)) * 10 ** int(math.log10(greatest)))
    sizes = sorted({max(1, top // 10), max(1, top // 3), top})
    return [{"count": size, "radius": round(_radius(size, greatest), 1)} for size in sizes]


def _radius(count: int, greatest: int) -> float:
    """Area grows with the count."""
    return GREATEST_RADIUS * math.sqrt(count / greatest) if count > 0 else 0.0


def _values(shown: MapView, rows: list[dict[str, Any]], language: Language) -> dict[str, Any]:
    """What the drawing needs per commune: colour, radius, hatching, and the lines of its tooltip."""
    colour_of = dict(enumerate(colours(shown)))
    greatest = max((row["count"] for row in rows), default=0)
    count_name = indicators.count_name(shown.indicator, language)
    base_name = indicators.base_name(shown.indicator, language)
    drawn = {}
    for row in rows:
        at = row["class_index"]
        rate = formats.percent(row["rate"], language)
        base = row["resident_households"] if shown.indicator.over_residents else row["poor"] + row["near_poor"]
        if at is not None:
            told = {"rate": rate, "base": base_name, "number": formats.number(base, language)}
            lines = [gettext(language, mark("%(rate)s của %(base)s (%(number)s)")) % told]
        else:
            lines = [_legend(shown, language)["missing_text"]]
        if row["unknown"]:
            lines.append(gettext(language, mark("Chưa biết: %(count)s hộ")) % {"count": row["unknown"]})
        if row["why"]:
            lines.append(row["why"])
        drawn[row["code"]] = {
            "name": row["name"],
            "colour": UNKNOWN_COLOUR if at is None else colour_of[at],
            "radius": round(_radius(row["count"], greatest), 1) if greatest else 0,
            "hatched": bool(row["unfinished"]),
            "count": f"{count_name}: {formats.number(row['count'], language)}",
            "lines": lines,
        }
    return drawn
