"""The entity lists on a phone: what last year's list puts there, and how the household form reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from sandbox.population import Province


def assigned(province: Province) -> pd.DataFrame:
    """Last year's households and whose phone each stands on, as `forms.media.household_entities` takes them.

    Of a village with several enumerators each has the households that it visits; the first has those nobody visits.
    """
    listed = province.registry_households.rename(columns={"status": "previous_class"})
    head = province.registry_members[province.registry_members["member_no"] == 1].set_index("household_code")
    born = head["birth_year"].fillna(head["birth_date"].dt.year.astype("Int64"))
    size = province.registry_members.groupby("household_code").size()
    first = province.enumerators.drop_duplicates("village_ids").set_index("village_ids")["enumerator_id"]
    visited = province.households.dropna(subset="household_code").set_index("household_code")["enumerator"]
    code = listed["household_code"]
    return listed[["household_code", "commune_code", "village_id", "head_name", "previous_class", "address"]].assign(
        head_birth_year=code.map(born).to_numpy(),
        member_count=code.map(size).to_numpy(),
        assignment_key=code.map(visited).fillna(listed["village_id"].map(first)).to_numpy(),
    )


def write_lists(province: Province, round_id: str, media_dir: Path) -> None:
    """Write households.csv and an empty visits.csv, as all phones of a round together get them from Central."""
    from forms.media import household_entities, write_entity_list

    write_entity_list("households", household_entities(assigned(province), round_id), media_dir)
    write_entity_list("visits", pd.DataFrame(columns=["name", "label"]), media_dir)


class PhoneLists:
    """households.csv and visits.csv of a media folder; both may be missing, as on a phone that never was online."""

    def __init__(self, media_dir: Path) -> None:
        households = _read(media_dir / "households.csv")
        self._households: dict[str, dict[str, str]] = {}
        self._of: dict[tuple[str, str], list[str]] = {}
        for row in households.to_dict(orient="records"):
            code = row["household_code"]
            self._households[code] = {str(name): str(value) for name, value in row.items()}
            self._of.setdefault((row["village_id"], row["assignment_key"]), []).append(code)
        self._done: dict[tuple[str, str], list[str]] = {}
        for row in _read(media_dir / "visits.csv").to_dict(orient="records"):
            if row["outcome"] != "absent":
                self._done.setdefault((row["village_id"], row["assignment_key"]), []).append(row["visit_key"])

    def listed(self, household_code: str | None) -> dict[str, str]:
        """The row of a household; {} when the list has none of that code."""
        return self._households.get(household_code or "", {})

    def visit_key(self, household_code: str | None) -> str:
        """The code and the interview to replace, if there is one."""
        row = self.listed(household_code)
        return row["household_code"] + row["replaces"] if row else ""

    def done(self, village_id: str, enumerator: str) -> str:
        """Keys of a village's households that an enumerator is done with, joined by a space."""
        return " ".join(self._done.get((village_id, enumerator), []))

    def counts(self, village_id: str, enumerator: str) -> tuple[int, int]:
        """(households done, households assigned) of an enumerator in a village."""
        assigned = self._of.get((village_id, enumerator), [])
        done = set(self.done(village_id, enumerator).split())
        return sum(self.visit_key(code) in done for code in assigned), len(assigned)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    return pd.read_csv(path, dtype="str", keep_default_na=False)
