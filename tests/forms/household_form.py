"""The household form built as the tests need it, and its little lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from forms.build import BuiltForm, RoundConstants, build_form
from forms.media import write_media
from poverty.standard import load_standard

CONSTANTS = RoundConstants("2026", date(2026, 9, 1), "33")

COMMUNES = pd.DataFrame(
    {"name": ["Phường Phố Hiến", "Xã Đại Đồng", "Xã Như Quỳnh"], "area_class": ["urban", "rural", "rural"]},
    index=["11953", "11995", "12004"],
)
VILLAGES = pd.DataFrame(
    [(f"{code}-{number:02d}", "Thôn", f"An Chiểu {number}", code) for code in COMMUNES.index for number in range(1, 4)],
    columns=["village_id", "type", "name", "commune_code"],
)


def build(out_dir: Path) -> BuiltForm:
    """The household form of round 2026 under nd07-2021."""
    return build_form("household", load_standard("nd07-2021"), CONSTANTS, out_dir)


def build_with_media(directory: Path) -> tuple[BuiltForm, Path]:
    """The form and the folder of its lists."""
    media_dir = directory / "media"
    write_media(COMMUNES, VILLAGES, media_dir)
    return build(directory), media_dir
