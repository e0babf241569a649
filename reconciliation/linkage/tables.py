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
#: Tones and shapes of letters, which some keyboards leave standing alone before a word.
_MARKS = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
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
        stripped = (word.lstrip(_MARKS) for word in unicodedata.normalize("NFC", name).lower().split())
        words = [word for word in stripped if word]
        folded = [_fold_word(word) for word in words]
        written, fold_ = " ".join(words), " ".join(folded)
        if not fold_.strip():
            return cls("", "", "", "", "", False)
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

    columns: Arrow tables:
        people: unique_id, household, name_id, fold_id, bare, words_id, core_id, given_id, fold, birth_year, birth_day
            (month * 32 + day), cccd, sex, relation, village, commune, tf_fold_id, tf_core_id;
        households: unique_id, village, commune, tf_village, tf_commune, phone, latitude, longitude, code;
        pairs: household, pair: a number for every two members by folded name and year of birth.
    keys: of every household. household, member_no, relation: of every person. listed_households, listed_people: how
    many of them are listed.
    """

    columns: dict[str, pa.Table]
    keys: pa.Array
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
        "cccd": pa.concat_arrays([_numbers(side.text("cccd"), (9, 12)) for side in sides]),
        "sex": pa.array(sex, mask=sex < 0),
        "relation": pa.array(relation, mask=relation < 0),
        "village": households["village"].combine_chunks().take(pa.array(household)),
        "commune": households["commune"].combine_chunks().take(pa.array(household)),
    }
    pairs = _pairs_of_members(columns["fold_id"], years, household)
    pa.default_memory_pool().release_unused()
    return Tables(
        columns={"people": pa.table(columns), "households": households, "pairs": pairs},
        keys=pa.concat_arrays([side.keys for side in sides]),
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
        # Arrow looks texts up without making a Python string of each.
        keys = _arrow(side.households.index.to_series())
        in_order = len(keys) < 2 or pc.all(pc.less_equal(keys[:-1], keys[1:])).as_py()
        self.order = pa.array(np.arange(len(keys))) if in_order else pc.array_sort_indices(keys)
        self.keys = keys.take(self.order)
        if pc.count_distinct(self.keys).as_py() != len(self.keys):
            raise ValueError("a household key stands twice on one side")
        self.households = side.households
        index = cast(pd.MultiIndex, side.members.index)
        # Each household's key is looked up once, not once a member.
        place = pc.index_in(_arrow(index.levels[0].to_series()), self.keys).fill_null(-1)
        position = place.to_numpy(zero_copy_only=False)[index.codes[0]]
        number = index.get_level_values(1).to_numpy().astype(np.int32)
        rows = np.lexsort((number, position))
        rows = rows[position[rows] >= 0]  # members of nobody are nobody's evidence
        self.members, self.rows = side.members, rows
        self.household = position[rows].astype(np.int32)
        self.member_no = number[rows]

    def home_text(self, column: str) -> pa.Array:
        """A column of the households as text, in order."""
        if column not in self.households.columns:
            return pa.nulls(len(self.keys), pa.large_string())
        return _arrow(self.households[column]).take(self.order)

    def degrees(self, column: str) -> npt.NDArray[np.float64]:
        """A column of the households as degrees, NaN where not known."""
        if column not in self.households.columns:
            return np.full(len(self.keys), np.nan)
        values = pd.to_numeric(self.households[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.asarray(values[self.order.to_numpy()])

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


def _numbers(texts: pa.Array, lengths: tuple[int, ...]) -> pa.Array:
    """Numbers of one of the lengths, null where they are of another form or stand too often."""
    coded = texts.dictionary_encode()
    distinct = coded.dictionary
    fits = pc.and_(pc.is_in(pc.binary_length(distinct), pa.array(lengths, pa.int64())), pc.ascii_is_decimal(distinct))
    code = coded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
    often = np.bincount(code, minlength=len(distinct) + 1) > _MOST_SHARING
    no = np.r_[~fits.to_numpy(zero_copy_only=False) | often[:-1], True]
    return distinct.cast(pa.string()).take(pa.array(np.minimum(code, max(len(distinct) - 1, 0)), mask=no[code]))


def _households(sides: list[_Ordered]) -> pa.Table:
    village, tf_village = _coded(pa.chunked_array([side.home_text("village_id") for side in sides]))
    commune, tf_commune = _coded(pa.chunked_array([side.home_text("commune_code") for side in sides]))
    # The listed household's code is its key; of an interview it is the one answered.
    listed = len(sides[0].keys)
    answered = pc.index_in(sides[1].home_text("household_code"), sides[0].keys)
    code = np.concatenate([np.arange(listed), answered.fill_null(-1).to_numpy(zero_copy_only=False)])
    degrees = {name: np.concatenate([side.degrees(name) for side in sides]) for name in ("latitude", "longitude")}
    return pa.table(
        {
            "unique_id": pa.array(np.arange(len(village), dtype=np.int32)),
            "village": village,
            "commune": commune,
            "tf_village": tf_village,
            "tf_commune": tf_commune,
            "phone": pa.concat_arrays([_numbers(side.home_text("phone"), (9, 10, 11)) for side in sides]),
            **{name: pa.array(values, from_pandas=True) for name, values in degrees.items()},
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
    """The parts of `NameParts` as numbers: equal where the parts are. Names are taken apart word by word, once each."""
    coded = pa.chunked_array(texts).combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    # One more that stands for no name, so that nothing is empty.
    distinct = pa.concat_arrays([coded.dictionary, pa.array([""], coded.dictionary.type)])
    where = coded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)
    lowered = pc.utf8_lower(pc.utf8_normalize(distinct, "NFC"))
    lowered = pc.replace_substring_regex(lowered, rf"(^|\s)[{_MARKS}]+", r"\1")
    split = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(lowered))
    length = pc.list_value_length(split).to_numpy(zero_copy_only=False)
    start = np.cumsum(length) - length
    words = split.flatten().dictionary_encode()
    written = words.indices.to_numpy(zero_copy_only=False)
    folds = pa.array([fold(word) for word in words.dictionary.to_pylist()], pa.string())
    same = folds.dictionary_encode()
    folded = same.indices.to_numpy(zero_copy_only=False)[written]
    bare = pc.equal(words.dictionary.cast(pa.string()), folds).to_numpy(zero_copy_only=False)[written]
    first, last = folded[start], folded[start + length - 1]
    place = np.arange(len(folded)) - np.repeat(start, length)
    in_order = folded[np.lexsort((folded, np.repeat(np.arange(len(length)), length)))]
    fold_id, fold_first = _numbered(np.add.reduceat(_mixed(folded, place), start))
    parts = {
        "name_id": _numbered(np.add.reduceat(_mixed(written, place), start))[0],
        "fold_id": fold_id,
        "words_id": _numbered(np.add.reduceat(_mixed(in_order, place), start))[0],
        "core_id": _numbered(first.astype(np.int64) * len(folds) + last)[0],
        "given_id": last.astype(np.int32),
    }
    lists = pa.LargeListArray.from_arrays(np.r_[0, np.cumsum(length)], same.dictionary.take(pa.array(folded)))
    joined = pc.binary_join(lists, " ")
    missing = pc.equal(pc.utf8_trim_whitespace(joined), "").to_numpy(zero_copy_only=False)[where]
    columns: dict[str, Any] = {name: pa.array(values[where], mask=missing) for name, values in parts.items()}
    columns["bare"] = pa.array(np.logical_and.reduceat(bare, start)[where], mask=missing)
    columns["fold"] = pa.DictionaryArray.from_arrays(columns["fold_id"], joined.take(pa.array(fold_first)))
    return columns


def _mixed(words: npt.NDArray[Any], place: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """64 bits for each word at its place; names are equal where the sums over their words are."""
    mixed = (words.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= (place.astype(np.uint64) + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _numbered(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """0, 1, 2 ... for each distinct value, and where each stands first."""
    numbers, distinct = pd.factorize(values)
    first = np.empty(len(distinct), dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(values))[::-1]
    return numbers.astype(np.int32), first


def _frequencies(columns: dict[str, Any], name_share: Callable[[str], float]) -> dict[str, Any]:
    """The share of people of each folded name, and of each family and given name.

    Where the data are few, what is known of names elsewhere speaks as loudly as `_AS_MANY` people would.
    """
    found: dict[str, Any] = {}
    folds, fold_of = columns["fold"].dictionary, columns["fold_id"].fill_null(-1).to_numpy(zero_copy_only=False)
    for column in ("fold_id", "core_id"):
        numbers = columns[column].fill_null(-1).to_numpy(zero_copy_only=False)
        known = numbers >= 0
        counts = np.bincount(numbers[known], minlength=1).astype(float)
        some_fold = np.zeros(len(counts), dtype=np.int64)
        some_fold[numbers[known]] = fold_of[known]
        texts = folds.take(pa.array(some_fold)).to_pylist()
        elsewhere = np.array([name_share(text if column == "fold_id" else core_of(text)) for text in texts])
        share = ((counts + _AS_MANY * elsewhere) / (known.sum() + _AS_MANY)).astype(np.float32)
        found[f"tf_{column}"] = pa.array(share[np.maximum(numbers, 0)], mask=~known)
    return found
