"""Both sides as thin columns: words as numbers, so that comparing and looking up is comparing numbers.

Rows are sorted by key, so that the order in which they arrive changes nothing. Listed households and people are
numbered first, those asked after them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reconciliation.linkage.comparisons import RELATIONS
from reconciliation.linkage.side import Side
from reconciliation.names import fold

#: A number or a telephone that stands at more people or households than this identifies nobody.
_MOST_SHARING = 4
#: Members of a household of common size; of a larger one not every two are paired.
_LARGEST = 12
#: People whom the model's knowledge of names stands for.
_AS_MANY = 20_000


class NameParts(NamedTuple):
    """A name as it is compared: all in lower case, `fold` and what follows without tones."""

    written: str
    fold: str
    words: str
    core: str
    given: str
    bare: bool

    @classmethod
    def of(cls, name: str) -> NameParts:
        """The parts of a name, in whatever form of Unicode."""
        words = unicodedata.normalize("NFC", name).lower().split()
        folded = [_fold_word(word) for word in words]
        if not words:
            return cls("", "", "", "", "", False)
        written, fold_ = " ".join(words), " ".join(folded)
        core = f"{folded[0]} * {folded[-1]}"
        return cls(written, fold_, " ".join(sorted(folded)), core, folded[-1], fold_ == written)


@lru_cache(maxsize=50_000)
def _fold_word(word: str) -> str:
    return fold(word)


def core_of(folded: str) -> str:
    """Family and given name of a folded name: "nguyen * hung"."""
    words = folded.split()
    return f"{words[0]} * {words[-1]}" if words else ""


@dataclass(frozen=True)
class Tables:
    """Both sides; persons and households by their numbers.

    columns: Arrow tables `people` and `households`, emptied as a database takes them in (`scoring.database`):
        people: unique_id, household, name_id, fold_id, bare, words_id, core_id, given_id, fold, birth_year, birth_day
            (month * 32 + day), cccd, sex, relation, village, commune, tf_fold_id, tf_core_id;
        households: unique_id, village, commune, tf_village, tf_commune, phone, latitude, longitude, code;
        pairs: household, pair: a number for every two members by folded name and year of birth.
    keys: of every household. household, member_no, relation: of every person. listed_households, listed_people: how
    many of them are listed.
    """

    columns: dict[str, pa.Table]
    keys: pd.Index[str]
    household: npt.NDArray[np.int32]
    member_no: npt.NDArray[np.int32]
    relation: npt.NDArray[np.int8]
    listed_households: int
    listed_people: int

    @property
    def total_households(self) -> int:
        """Households of both sides."""
        return len(self.keys)


def tabulate(registry: Side, interviews: Side, name_share: Callable[[str], float]) -> Tables:
    """Both sides as `Tables`; `name_share` gives the share of people of a folded name where the data are few."""
    sides = [_Ordered(side) for side in (registry, interviews)]
    listed = len(sides[0].keys)
    households = _households(sides)
    household = np.concatenate([sides[0].household, sides[1].household + np.int32(listed)])
    columns = _names([side.text("full_name") for side in sides])
    columns |= _frequencies(columns, name_share)
    years, days = (np.concatenate(part) for part in zip(*(side.births() for side in sides), strict=True))
    relation, sex = _codes(sides, "relation", RELATIONS), _codes(sides, "sex", ("male", "female"))
    columns |= {
        "unique_id": pa.array(np.arange(len(household), dtype=np.int32)),
        "household": pa.array(household),
        "birth_year": pa.array(years, mask=years == 0),
        "birth_day": pa.array(days, mask=days == 0),
        "cccd": pa.chunked_array([_numbers(side.text("cccd"), r"^(\d{12}|\d{9})$") for side in sides]),
        "sex": pa.array(sex, mask=sex < 0),
        "relation": pa.array(relation, mask=relation < 0),
        "village": households["village"].combine_chunks().take(pa.array(household)),
        "commune": households["commune"].combine_chunks().take(pa.array(household)),
    }
    pairs = _pairs_of_members(columns["fold_id"], years, household)
    return Tables(
        columns={"people": pa.table(columns), "households": households, "pairs": pairs},
        keys=sides[0].keys.append(sides[1].keys),
        household=household,
        member_no=np.concatenate([side.member_no for side in sides]),
        relation=relation,
        listed_households=listed,
        listed_people=len(sides[0].household),
    )


def _pairs_of_members(fold_id: pa.Array, years: npt.NDArray[np.int16], household: npt.NDArray[np.int32]) -> pa.Table:
    """Every two members of a household of whom name and year are known, in households of common size."""
    name = fold_id.fill_null(-1).to_numpy(zero_copy_only=False)
    known = np.flatnonzero((name >= 0) & (years > 0))
    who = name[known].astype(np.int64) * 4096 + years[known]
    home = household[known]
    homes, pairs = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for apart in range(1, _LARGEST):
        both = np.flatnonzero(home[apart:] == home[:-apart])
        one, other = who[both], who[both + apart]
        # Any mixing will do: two pairs that fall together by chance are compared, and found to be strangers.
        pairs.append(np.minimum(one, other) * np.int64(1_000_003) ^ np.maximum(one, other) * np.int64(8_191))
        homes.append(home[both])
    return pa.table({"household": np.concatenate(homes), "pair": np.concatenate(pairs)})


class _Ordered:
    """One side sorted by key, its members by household and number."""

    def __init__(self, side: Side) -> None:
        self.households = side.households.sort_index()
        self.keys = self.households.index.astype("str")
        if not self.keys.is_unique:
            raise ValueError("a household key stands twice on one side")
        index = cast(pd.MultiIndex, side.members.index)
        # Each household's key is looked up once, not once a member.
        position = self.keys.get_indexer(index.levels[0].astype("str"))[index.codes[0]]
        number = index.get_level_values(1).to_numpy().astype(np.int32)
        rows = np.lexsort((number, position))
        rows = rows[position[rows] >= 0]  # members of nobody are nobody's evidence
        self.members, self.rows = side.members, rows
        self.household = position[rows].astype(np.int32)
        self.member_no = number[rows]

    def text(self, column: str) -> pa.Array:
        if column not in self.members.columns:
            return pa.nulls(len(self.rows), pa.large_string())
        return _arrow(self.members[column]).take(pa.array(self.rows))

    def births(self) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """Year, and month * 32 + day; 0 where not known."""
        size = len(self.rows)
        year, day = np.zeros(size, dtype=np.int16), np.zeros(size, dtype=np.int16)
        if "birth_year" in self.members.columns:
            values = self.members["birth_year"].astype("Int64").fillna(0).to_numpy(dtype=np.int64)[self.rows]
            year = np.where((values > 1850) & (values < 2200), values, 0).astype(np.int16)
        if "birth_date" in self.members.columns:
            dates = self.members["birth_date"].to_numpy().astype("datetime64[D]")[self.rows]
            known = ~np.isnat(dates)
            months = dates[known].astype("datetime64[M]")
            years = months.astype("datetime64[Y]")
            year[known] = years.astype(np.int64) + 1970
            month = (months - years.astype("datetime64[M]")).astype(np.int64) + 1
            day[known] = month * 32 + (dates[known] - months.astype("datetime64[D]")).astype(np.int64) + 1
        return year, day


def _arrow(column: pd.Series[Any]) -> pa.Array:
    array = pa.array(column.astype("str") if column.dtype != "category" else column)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(pa.large_string())


def _codes(sides: list[_Ordered], column: str, words: tuple[str, ...]) -> npt.NDArray[np.int8]:
    """The position of each text among `words`, -1 for another or none."""
    known = pa.array(words, pa.large_string())
    found = [pc.index_in(side.text(column), known).fill_null(-1).to_numpy(zero_copy_only=False) for side in sides]
    return np.concatenate(found).astype(np.int8)


def _numbers(texts: pa.Array, pattern: str) -> pa.Array:
    """Numbers of the pattern, null where they are of another form or stand too often."""
    texts = pc.if_else(pc.match_substring_regex(texts, pattern), texts, None)
    counted = pc.value_counts(texts.drop_null())
    often = counted.field("values").filter(pc.greater(counted.field("counts"), _MOST_SHARING))
    return pc.if_else(pc.is_in(texts, often), None, texts).cast(pa.string())


def _households(sides: list[_Ordered]) -> pa.Table:
    frames = [side.households for side in sides]
    size = sum(len(frame) for frame in frames)

    def column(name: str) -> pa.ChunkedArray:
        return pa.chunked_array(
            [
                _arrow(frame[name]) if name in frame.columns else pa.nulls(len(frame), pa.large_string())
                for frame in frames
            ]
        )

    def degrees(name: str) -> pa.Array:
        parts = [
            pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            if name in frame.columns
            else np.full(len(frame), np.nan)
            for frame in frames
        ]
        return pa.array(np.concatenate(parts), from_pandas=True)

    village, tf_village = _coded(column("village_id"))
    commune, tf_commune = _coded(column("commune_code"))
    # The listed household's code is its key; of an interview it is the one answered.
    listed = pd.Index(sides[0].keys)
    answered = frames[1]["household_code"] if "household_code" in frames[1] else pd.Series(None, index=frames[1].index)
    code = np.concatenate([np.arange(len(listed)), listed.get_indexer(pd.Index(answered.astype("str")))])
    phone = column("phone")
    return pa.table(
        {
            "unique_id": pa.array(np.arange(size, dtype=np.int32)),
            "village": village,
            "commune": commune,
            "tf_village": tf_village,
            "tf_commune": tf_commune,
            "phone": pa.chunked_array([_numbers(chunk, r"^\d{9,11}$") for chunk in phone.chunks]),
            "latitude": degrees("latitude"),
            "longitude": degrees("longitude"),
            "code": pa.array(code.astype(np.int32), mask=code < 0),
        }
    )


def _coded(texts: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Whole numbers for texts, and the share of each among those known."""
    coded = texts.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    indices = coded.indices
    code = indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(code[code >= 0], minlength=max(len(coded.dictionary), 1))
    share = (counts / max(counts.sum(), 1)).astype(np.float32)
    return indices.cast(pa.int32()), pa.array(share[np.maximum(code, 0)], mask=code < 0)


def _names(texts: list[pa.Array]) -> dict[str, Any]:
    """Numbers for the name as written, without tones, by its words in any order, family and given name, given name."""
    coded = pa.chunked_array(texts).combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    # One more that stands for no name, so that nothing is empty.
    parts = [NameParts.of(text) for text in coded.dictionary.to_pylist()] + [NameParts.of("")]
    where = coded.indices.fill_null(len(parts) - 1).to_numpy(zero_copy_only=False)
    written, folds, words, cores, givens, bare = zip(*parts, strict=True)
    del parts
    missing = (np.array(folds, dtype=object) == "")[where]
    columns: dict[str, Any] = {"bare": pa.array(np.array(bare)[where], mask=missing)}
    for column, values in (
        ("name_id", written),
        ("fold_id", folds),
        ("words_id", words),
        ("core_id", cores),
        ("given_id", givens),
    ):
        numbers = pd.factorize(np.array(values, dtype=object))[0].astype(np.int32)
        columns[column] = pa.array(numbers[where], mask=missing)
    columns["fold"] = pa.array(folds, pa.string()).take(pa.array(where, mask=missing))
    return columns


def _frequencies(columns: dict[str, Any], name_share: Callable[[str], float]) -> dict[str, Any]:
    """The share of people of each folded name, and of each family and given name.

    Where the data are few, what is known of names elsewhere speaks as loudly as `_AS_MANY` people would.
    """
    found: dict[str, Any] = {}
    folds = columns["fold"]
    for column in ("fold_id", "core_id"):
        numbers = columns[column].fill_null(-1).to_numpy(zero_copy_only=False)
        known = numbers >= 0
        counts = np.bincount(numbers[known]).astype(float)
        _, first = np.unique(numbers[known], return_index=True)
        texts = folds.filter(pa.array(known)).take(pa.array(first)).to_pylist()
        elsewhere = np.array([name_share(text if column == "fold_id" else core_of(text)) for text in texts])
        share = (counts + _AS_MANY * elsewhere) / (known.sum() + _AS_MANY)
        values = share.astype(np.float32)[np.maximum(numbers, 0)] if len(share) else np.zeros(len(numbers), np.float32)
        found[f"tf_{column}"] = pa.array(values, mask=~known)
    return found
