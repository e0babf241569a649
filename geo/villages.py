"""What a village (thôn, tổ dân phố) is called where its name alone does not say which one it is.

Communes merged in 2025 hold several villages of one name. A name that repeats within a commune is told apart by the
old commune, as people there do: "Thôn 1 (Dân Tiến cũ)"; where that is unknown or the same, by the village's id.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from geo.units import short_names

#: Kinds of villages as they are written, by how they are typed (lower case, spaces for dashes).
KINDS = {
    "thôn": "Thôn",
    "thon": "Thôn",
    "tổ dân phố": "Tổ dân phố",
    "to dan pho": "Tổ dân phố",
    "tdp": "Tổ dân phố",
    "khu phố": "Khu phố",
    "khu pho": "Khu phố",
    "khu dân cư": "Khu dân cư",
    "khu dan cu": "Khu dân cư",
    "xóm": "Xóm",
    "xom": "Xóm",
    "làng": "Làng",
    "lang": "Làng",
    "ấp": "Ấp",
    "bản": "Bản",
}
_OLD = {"vi": "{} cũ", "en": "formerly {}"}


def village_kind(text: str) -> str:
    """The kind as it is written: "to_dan_pho" -> "Tổ dân phố"; a kind that is not known stays as it is typed."""
    plain = " ".join(text.replace("_", " ").replace("-", " ").split())
    return KINDS.get(plain.lower(), plain)


def village_labels(villages: pd.DataFrame, language: Literal["vi", "en"] = "vi") -> pd.Series:
    """What to call each village, with the index of `villages`; within a commune no two labels are alike.

    villages: all villages of the communes concerned, with columns `village_id`, `name`, `commune_code`, and where known
    `type` (thôn, tổ dân phố: put before a name that does not begin with it) and `old_commune` (its official name).

    >>> one = pd.DataFrame({"village_id": ["1"], "name": ["Trai Trang"], "type": ["thôn"], "commune_code": ["12122"]})
    >>> village_labels(one).tolist()
    ['Thôn Trai Trang']
    """
    label = _with_kind(villages)
    key = villages["commune_code"].astype("str")
    twice = _doubled(key, label)
    if "old_commune" in villages and twice.any():
        old = short_names(villages["old_commune"].astype("str"))
        known = twice & villages["old_commune"].notna()
        label = label.where(~known, label + " (" + old.map(_OLD[language].format) + ")")
        twice = _doubled(key, label)
    ids = villages["village_id"].astype("str")
    return label.where(~twice, label + " [" + ids + "]").rename("label")


def _with_kind(villages: pd.DataFrame) -> pd.Series:
    name = villages["name"].astype("str").str.split().str.join(" ")
    if "type" not in villages:
        return name
    kind = villages["type"].fillna("").astype("str").map(village_kind)
    bare = [
        not one or of.lower().startswith(one.lower() + " ") or of.lower() == one.lower()
        for one, of in zip(kind, name, strict=True)
    ]
    return name.where(pd.Series(bare, index=name.index, dtype="bool"), kind + " " + name)


def _doubled(commune: pd.Series, label: pd.Series) -> pd.Series:
    """Which labels stand in their commune more than once, whatever their case."""
    return pd.DataFrame({"commune": commune, "label": label.str.lower()}).duplicated(keep=False)
