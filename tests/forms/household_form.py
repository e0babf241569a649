"""The household form built as the tests need it, and its little lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from forms.build import BuiltForm, RoundConstants, build_form
from forms.media import household_entities, write_entity_list, write_media
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
#: Who may hold the tests' phones; on one nobody has set up, the name is blank.
ENUMERATORS = ("", *(f"rsv-{number}" for number in range(7)))
#: On last year's list: a household in each village for each of them.
LISTED = pd.DataFrame(
    [
        (f"33-{number:05d}", code, village, "Nguyễn Thị Mẫu", key)
        for number, (code, village, key) in enumerate(
            (row.commune_code, row.village_id, key) for row in VILLAGES.itertuples() for key in ENUMERATORS
        )
    ],
    columns=["household_code", "commune_code", "village_id", "head_name", "assignment_key"],
)


def build(out_dir: Path) -> BuiltForm:
    """The household form of round 2026 under nd07-2021."""
    return build_form("household", load_standard("nd07-2021"), CONSTANTS, out_dir)


def build_with_media(directory: Path) -> tuple[BuiltForm, Path]:
    """The form and the folder of its lists; nobody was visited yet."""
    media_dir = directory / "media"
    write_media(COMMUNES, VILLAGES, media_dir)
    write_households(LISTED, media_dir)
    return build(directory), media_dir


def write_households(listed: pd.DataFrame, media_dir: Path) -> None:
    """The entity lists of the household form as a phone has them before its first interview."""
    write_entity_list("households", household_entities(listed, CONSTANTS.round_id), media_dir)
    write_entity_list("visits", pd.DataFrame(columns=["name", "label"]), media_dir)
