"""The frames that come out: answers as they would arrive, the truth beside them, the residents."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from sandbox.population import identifiers
from sandbox.population import member_answers as about_members
from sandbox.population.deprivations import UNKNOWN, YES, Truth, class_of
from sandbox.population.dwelling_answers import answer_causes, answer_dwelling, answer_income
from sandbox.population.identity import Identities
from sandbox.population.interviewed import Interviewed
from sandbox.population.kinship import member_numbers
from sandbox.population.last_year import CHANGES, LastYear
from sandbox.population.outcomes import MET, OUTCOMES, answer_consent
from sandbox.population.places import Villages
from sandbox.population.quotas import PREVIOUS, Quotas
from sandbox.population.registry import Registry
from sandbox.population.streams import Streams
from sandbox.population.vocabulary import (
    CLASSES,
    DEPRIVATIONS,
    INCOME_LINE,
    RELATIONS,
    REVIEW_DATE,
    ROUND_ID,
    Codes,
    Floats,
    Ints,
    text,
)
from sandbox.population.wider_answers import answer_groups, answer_paper, answer_wider

_NO_PHONE, _NOT_FOUND, _REMARK = 0.12, 0.12, 0.04
#: What is known of a household that was not met.
_OF_ALL = (
    *("round_id", "review_date", "commune_code", "area_class", "village_id"),
    *("on_list", "household_code", "outcome", "remarks"),
)
_REMARKS = (
    "Chủ hộ đi vắng, vợ trả lời thay.",
    "Nhà đang sửa, ở nhờ nhà con.",
    "Hộ đề nghị được xem xét hỗ trợ nhà ở.",
    "Người trả lời không nhớ rõ thu nhập.",
    "Có người ốm dài ngày.",
)


@dataclass(frozen=True)
class Drawn:
    """All that was drawn. `commune` and `village` are positions per household of the province; `truth`, `outcome`
    (index into OUTCOMES) and `location` (longitude, latitude) are per household visited."""

    quotas: Quotas
    past: LastYear
    identities: Identities
    interviewed: Interviewed
    truth: Truth
    outcome: Codes
    communes: gpd.GeoDataFrame
    commune: Ints
    villages: Villages
    village: Ints
    location: Floats
    registry: Registry

    def household_numbers(self) -> pd.Index[str]:
        """ "H0000001", "H0000002", ... of the households met."""
        serial = pd.Series(np.arange(1, len(self.interviewed.sizes) + 1) + 10_000_000)
        return pd.Index("H" + serial.astype("string").str.slice(1), dtype="string")

    def commune_columns(self) -> dict[str, object]:
        """commune_code, area_class and village_id of the households met."""
        met = self.interviewed.met
        return {
            "commune_code": text([str(code) for code in self.communes.index], self.commune[met]),
            "area_class": text(list(self.communes["area_class"]), self.commune[met]),
            "village_id": self.villages.frame["village_id"].iloc[self.village[met]].array,
        }


def household_answers(drawn: Drawn, streams: Streams) -> pd.DataFrame:
    """One row per household met, columns of the form, indexed by `interview_id` (here the household_no)."""
    met, sizes = drawn.interviewed.met, drawn.interviewed.sizes
    rng = streams.of("households")
    total = len(sizes)
    code = drawn.registry.codes[met].reset_index(drop=True)
    # A household that moved stands on the list of another village; others are overlooked there.
    moved = drawn.registry.village[met] != drawn.village[met]
    code = code.mask(pd.Series(moved | (rng.random(total) < _NOT_FOUND)))
    phone = identifiers.draw_phones(total, streams.of("phones"))
    consent = answer_consent(total, streams.of("consent"))
    point = consent["gps_accuracy"].notna()
    urban = drawn.communes["area_class"].eq("urban").to_numpy()[drawn.commune[met]]
    dwelling = answer_dwelling(drawn.truth, sizes, streams.of("dwelling"))
    ethnicity = drawn.identities.ethnicity[drawn.interviewed.rows]
    line = drawn.communes["area_class"].map(INCOME_LINE).to_numpy(dtype=np.int64)[drawn.commune[met]]
    remark = np.where(rng.random(total) < _REMARK, rng.integers(0, len(_REMARKS), size=total), -1)
    columns: dict[str, object] = {
        "round_id": text([ROUND_ID], np.zeros(total)),
        "review_date": np.full(total, REVIEW_DATE.astype("datetime64[ns]")),
        **drawn.commune_columns(),
        "on_list": text(("listed", "new"), code.isna().astype("int8").to_numpy()),
        "household_code": code,
        "outcome": text(OUTCOMES, drawn.outcome),
        # These the phone knows by itself, or nobody answers.
        **{name: text((), np.full(total, -1)) for name in ("household_entity", "replaces", "photo")},
        **consent,
        "phone": phone.mask(pd.Series(rng.random(total) < _NO_PHONE)),
        "latitude": pd.Series(drawn.location[:, 1], dtype="Float64").where(point),
        "longitude": pd.Series(drawn.location[:, 0], dtype="Float64").where(point),
        **dwelling,
        **answer_wider(urban, dwelling["water_source"], dwelling["internet"], streams.of("wider")),
        "special_groups": answer_groups(drawn.interviewed.people, ethnicity, sizes, streams.of("groups")),
        **answer_paper(drawn.truth, urban, streams.of("paper")),
        **answer_causes(drawn.quotas.current[met], streams.of("causes")),
        **answer_income(drawn.truth.below_line, line, sizes, streams.of("income")),
        "remarks": text(_REMARKS, remark),
    }
    frame = pd.DataFrame(columns).set_index(drawn.household_numbers().rename("interview_id"))
    not_asked = [name for name in frame.columns if name not in _OF_ALL]
    frame.loc[drawn.outcome != MET, not_asked] = pd.NA
    return frame


def member_answers(drawn: Drawn, streams: Streams) -> pd.DataFrame:
    """One row per member met, columns of the form, indexed by `interview_id` and `member_no`."""
    people, rows = drawn.interviewed.people, drawn.interviewed.rows
    identities, births = drawn.identities, drawn.identities.births
    sheet = about_members.answer_members(people, drawn.truth, streams.of("members"))
    rng = streams.of("known identity")
    year_only = births.year_only[rows]
    ageless = np.zeros(len(people), dtype=bool)
    ageless[drawn.truth.ageless[drawn.truth.ageless >= 0]] = True
    unknown_number = rng.random(len(people)) < identifiers.cccd_unknown_share(people.age)
    columns: dict[str, object] = {
        "full_name": identities.names[rows].array,
        "relation": text(RELATIONS, people.relation),
        "sex": text(("male", "female"), np.where(people.male, 0, 1)),
        "birth_precision": text(("full", "year"), np.where(ageless, -1, np.where(year_only, 1, 0))),
        "birth_date": pd.Series(births.date[rows].astype("datetime64[ns]")).mask(pd.Series(year_only | ageless)),
        "birth_year": pd.Series(births.year[rows], dtype="Int64").where(pd.Series(year_only & ~ageless)),
        "cccd": identities.cccd[rows].reset_index(drop=True).mask(pd.Series(unknown_number)),
        "ethnicity": identities.ethnicity[rows].array,
        **sheet.columns(),
    }
    index = pd.MultiIndex.from_arrays(
        [drawn.household_numbers().take(people.household), member_numbers(people.household)],
        names=["interview_id", "member_no"],
    )
    frame: pd.DataFrame = pd.DataFrame(columns).set_index(index)[(drawn.outcome == MET)[people.household]]
    return frame


def truth(drawn: Drawn) -> pd.DataFrame:
    """What is true of each household met, indexed by `household_no` (columns: see `Province`)."""
    met = drawn.interviewed.met
    origin = drawn.past.origin[met]
    codes = drawn.registry.codes
    split_from = pd.Series(codes.iloc[np.where(origin >= 0, origin, 0)].array).where(pd.Series(origin >= 0))
    columns: dict[str, object] = {
        "outcome": text(OUTCOMES, drawn.outcome),
        "proposed_class": text(CLASSES, class_of(drawn.truth.holds, drawn.truth.below_line)),
        "below_line": _known(drawn.truth.below_line),
        **{name: _known(drawn.truth.holds[:, position]) for position, name in enumerate(DEPRIVATIONS)},
        **drawn.commune_columns(),
        "latitude": drawn.location[:, 1],
        "longitude": drawn.location[:, 0],
        "member_count": drawn.interviewed.sizes,
        "registry_code": codes[met].array,
        "registry_village_id": drawn.villages.frame["village_id"]
        .take(drawn.registry.village[met])
        .reset_index(drop=True)
        .where(codes[met].notna().reset_index(drop=True)),
        "previous": text(PREVIOUS, drawn.quotas.previous[met]),
        "change": text(CHANGES, drawn.past.change[met]),
        "split_from": split_from,
    }
    return pd.DataFrame(columns).set_index(drawn.household_numbers().rename("household_no"))


def _known(state: Codes) -> pd.Series[bool]:
    return pd.Series(state == YES, dtype="boolean").mask(pd.Series(state == UNKNOWN))


def residents(drawn: Drawn, households: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """commune_code, households, persons: residents, whether interviewed or not.

    Who was not met lives in households of 3.3 persons on average, within a tenth, by commune.
    """
    communes, commune = len(drawn.communes), drawn.commune[drawn.interviewed.met]
    met = np.bincount(commune, minlength=communes)
    persons = np.bincount(commune, weights=drawn.interviewed.sizes, minlength=communes).astype(np.int64)
    others = np.rint((households - met) * 3.3 * rng.uniform(0.95, 1.05, size=communes)).astype(np.int64)
    codes = pd.Series([str(code) for code in drawn.communes.index], dtype="string")
    return pd.DataFrame({"commune_code": codes, "households": households, "persons": persons + others})
