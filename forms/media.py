"""The lists of a phone as files: communes.csv and villages.csv, and entity lists the way Central serves them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from forms.errors import FormError
from forms.lists import ENTITY_LISTS, household_uuid
from poverty.frames import AREA_CLASSES


def write_media(communes: pd.DataFrame, villages: pd.DataFrame, media_dir: Path) -> tuple[Path, Path]:
    """Write communes.csv (name, label, area_class) and villages.csv (name, label, commune_code); `name` is the code.

    communes: indexed by the 5-digit code, columns `name`, `area_class` (rural | urban).
    villages: columns `village_id`, `commune_code`, and what to call each: `label` where there is one (it tells villages
    of one name apart), else `name` with `type` (thôn, tổ dân phố), if there is one, before it. Sorted by code, in
    UTF-8. Raises FormError when a code is missing, twice, or points nowhere, for the phone would then show an empty
    list without a word.
    """
    media_dir.mkdir(parents=True, exist_ok=True)
    commune_list = pd.DataFrame(
        {
            "name": communes.index.astype("str"),
            "label": communes["name"].astype("str").to_numpy(),
            "area_class": communes["area_class"].astype("str").to_numpy(),
        }
    )
    label = villages["label" if "label" in villages.columns else "name"].astype("str")
    if "type" in villages.columns and "label" not in villages.columns:
        label = (villages["type"].fillna("").astype("str") + " " + label).str.strip()
    village_list = pd.DataFrame(
        {
            "name": villages["village_id"].astype("str"),
            "label": label,
            "commune_code": villages["commune_code"].astype("str"),
        }
    )
    _check(commune_list, village_list)
    paths = media_dir / "communes.csv", media_dir / "villages.csv"
    for path, frame in zip(paths, (commune_list, village_list), strict=True):
        frame.sort_values("name").to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return paths


def write_entity_list(name: str, entities: pd.DataFrame, media_dir: Path) -> Path:
    """Write <name>.csv as a phone gets the entity list `name`: name, label, then its properties, all text.

    A real phone gets it from Central; this serves phones that are not real. `entities` has the columns `name` (the
    entity's uuid), `label` and any of the properties in `forms.lists.ENTITY_LISTS`; one it lacks, and a missing value,
    is blank. No row is fine: nobody is assigned. Raises FormError for an unknown list, a column that is no property,
    a name that is blank, has a space or stands twice.
    """
    if name not in ENTITY_LISTS:
        raise FormError(f"there is no entity list `{name}`; there are {', '.join(ENTITY_LISTS)}")
    columns = ["name", "label", *ENTITY_LISTS[name]]
    strange = [column for column in entities.columns if column not in columns]
    if strange or not {"name", "label"} <= set(entities.columns):
        raise FormError(
            f"{name}.csv: the columns are {', '.join(columns)}, not {', '.join(map(str, entities.columns))}"
        )
    rows = entities.reindex(columns=columns).astype("string").fillna("")
    if rows["name"].eq("").any() or rows["name"].str.contains(r"\s").any() or rows["name"].duplicated().any():
        raise FormError(f"{name}.csv: each row needs a name of its own, without spaces")
    media_dir.mkdir(parents=True, exist_ok=True)
    path = media_dir / f"{name}.csv"
    rows.sort_values("name").to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def household_entities(listed: pd.DataFrame, round_id: str) -> pd.DataFrame:
    """Rows of the entity list `households` for `write_entity_list`, in the order of `listed`.

    listed: a row per household, with `household_code`, `head_name`, `village_id`, `assignment_key` (the enumerator's
    code) and any other of the list's properties; what is missing of `status` is `listed`.
    """
    codes = listed["household_code"].astype("str")
    rows = listed.reindex(columns=list(ENTITY_LISTS["households"])).astype("string")
    return rows.assign(
        round_id=round_id,
        status=rows["status"].fillna("listed"),
        name=[household_uuid(round_id, code) for code in codes],
        label=listed["head_name"].fillna("").astype("str") + " · " + codes,
    )


def _check(communes: pd.DataFrame, villages: pd.DataFrame) -> None:
    for file, frame in (("communes.csv", communes), ("villages.csv", villages)):
        codes = frame["name"]
        if frame.empty or codes.isin(["", "nan", "<NA>"]).any() or codes.str.contains(r"\s").any():
            raise FormError(f"{file}: a list needs rows, each with a code without spaces")
        if codes.duplicated().any():
            raise FormError(f"{file}: the code {codes[codes.duplicated()].iloc[0]} stands twice; give each its own")
    unknown = communes[~communes["area_class"].isin(AREA_CLASSES)]
    if not unknown.empty:
        raise FormError(f"communes.csv: {unknown['name'].iloc[0]} has no area class; it is rural or urban")
    astray = villages[~villages["commune_code"].isin(communes["name"])]
    if not astray.empty:
        row = astray.iloc[0]
        raise FormError(f"villages.csv: {row['name']} lies in {row['commune_code']}, which is not among the communes")
