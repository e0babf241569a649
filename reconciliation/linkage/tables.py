"""Both sides as thin columns: words as numbers, so that comparing and looking up is comparing numbers.

Rows are sorted by key, so that the order in which they arrive changes nothing. Listed households and people are
numbered first, those asked after them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    """Both sides; names, persons and households by their numbers.

    people: Arrow: name (row of `names`), birth_year, birth_day (month * 32 + day), cccd, sex, relation.
    names: Arrow, a row for each text: name_id, fold_id, bare, words_id, core_id, given_id, fold, tf_fold_id,
        tf_core_id.
    households: Arrow: village, commune, tf_village, tf_commune, phone, latitude, longitude, code.
    keys: of every household. household, member_no: of every person; members of a household stand together.
    listed_households, listed_people: how many of them are listed.

    Numbers of documents and telephones stand behind a 1, which keeps the zeros that they begin with.
    """

    people: pa.Table
    names: pa.Table
    households: pa.Table
    keys: pa.Array
    household: npt.NDArray[np.int32]
    member_no: npt.NDArray[np.int32]
    listed_households: int
    listed_people: int

    @property
    def total_households(self) -> int:
        """Households of both sides."""
        return len(self.keys)

    def compared(self) -> Tables:
        """Without what only comparing reads, which a million households would hold on to until the end."""
        nothing = pa.table({})
        return replace(self, people=self.people.select(["relation"]), names=nothing, households=nothing)

    def person(self, column: str) -> npt.NDArray[Any]:
        """A column of whole numbers of `people` or `names`, of every person; -1 where not known."""
        if column not in self.names.column_names:
            return whole(self.people[column])
        # One more that stands for no name: -1 is the last.
        of_name = np.append(whole(self.names[column]), np.int32(-1))
        return np.asarray(of_name[whole(self.people["name"])])


def whole(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """Whole numbers of Arrow, -1 where not known."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(array.fill_null(-1).to_numpy(zero_copy_only=False))


def tabulate(registry: Side, interviews: Side, name_share: Callable[[str], float]) -> Tables:
    """Both sides as `Tables`; `name_share` gives the share of people of a folded name where the data are few."""
    sides = [_Ordered(side) for side in (registry, interviews)]
    listed = len(sides[0].keys)
    name, names = _names([side.text("full_name") for side in sides], name_share)
    years, days = (np.concatenate(part) for part in zip(*(side.births() for side in sides), strict=True))
    relation, sex = (
        np.concatenate([side.codes(column, words) for side in sides])
        for column, words in (("relation", RELATIONS), ("sex", ("male", "female")))
    )
    people = pa.table(
        {
            "name": name,
            "birth_year": pa.array(years, mask=years == 0),
            "birth_day": pa.array(days, mask=days == 0),
            "cccd": pa.concat_arrays([_numbers(side.text("cccd"), (9, 12)) for side in sides]),
            "sex": pa.array(sex, mask=sex < 0),
            "relation": pa.array(relation, mask=relation < 0),
        }
    )
    tables = Tables(
        people=people,
        names=names,
        households=_households(sides),
        keys=pa.concat_arrays([side.keys for side in sides]),
        household=np.concatenate([sides[0].household, sides[1].household + np.int32(listed)]),
        member_no=np.concatenate([side.member_no for side in sides]),
        listed_households=listed,
        listed_people=len(sides[0].household),
    )
    pa.default_memory_pool().release_unused()
    return tables


class _Ordered:
    """One side sorted by key, its members by household and number."""

    def __init__(self, side: Side) -> None:
        # Arrow looks texts up without making a Python string of each.
        keys = _arrow(side.households.index.to_series())
        self.order = None if _ascending(keys) else pc.array_sort_indices(keys)
        self.keys = keys if self.order is None else keys.take(self.order)
        if self.order is not None and not _ascending(self.keys):
            raise ValueError("a household key stands twice on one side")
        self.households = side.households
        index = cast(pd.MultiIndex, side.members.index)
        # Each household's key is looked up once, not once a member.
        known = _arrow(index.levels[0].to_series())
        position = index.codes[0].astype(np.int32)
        if not known.equals(self.keys):
            position = np.append(whole(pc.index_in(known, self.keys)), np.int32(-1))[position]
        number = index.levels[1].to_numpy().astype(np.int32)[index.codes[1]]
        together = position.astype(np.int64) * 2**32 + number
        self.members, self.rows = side.members, None
        if len(position) and (position.min() < 0 or (together[1:] < together[:-1]).any()):
            rows = np.lexsort((number, position))
            self.rows = pa.array(rows[position[rows] >= 0])  # members of nobody are nobody's evidence
        self.household = self.in_order(position)
        self.member_no = self.in_order(number)

    def in_order(self, of_members: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What stands in the order of the members' rows, sorted by household and number."""
        return of_members if self.rows is None else of_members[self.rows.to_numpy()]

    def home_text(self, column: str) -> pa.Array:
        """A column of the households as text, in order."""
        if column not in self.households.columns:
            return pa.nulls(len(self.keys), pa.large_string())
        texts = _arrow(self.households[column])
        return texts if self.order is None else texts.take(self.order)

    def degrees(self, column: str) -> npt.NDArray[np.float64]:
        """A column of the households as degrees, NaN where not known."""
        if column not in self.households.columns:
            return np.full(len(self.keys), np.nan)
        values = pd.to_numeric(self.households[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.asarray(values if self.order is None else values[self.order.to_numpy()])

    def text(self, column: str) -> pa.Array:
        """A column of the members as text, in order."""
        if column not in self.members.columns:
            return pa.nulls(len(self.household), pa.large_string())
        texts = _arrow(self.members[column])
        return texts if self.rows is None else texts.take(self.rows)

    def codes(self, column: str, words: tuple[str, ...]) -> npt.NDArray[np.int8]:
        """The position of each text of the members among `words`, -1 for another or none."""
        known = pa.array(words, pa.large_string())
        if column not in self.members.columns:
            return np.full(len(self.household), -1, dtype=np.int8)
        values = self.members[column]
        if values.dtype != "category":
            return whole(pc.index_in(self.text(column), known)).astype(np.int8)
        places = whole(pc.index_in(_arrow(values.cat.categories.to_series()), known)).astype(np.int8)
        return self.in_order(np.append(places, np.int8(-1))[values.cat.codes.to_numpy()])

    def births(self) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """Year, and month * 32 + day; 0 where not known."""
        year, day = (np.zeros(len(self.members), dtype=np.int16) for _ in range(2))
        if "birth_year" in self.members.columns:
            values = self.members["birth_year"].astype("Int64").to_numpy(dtype=np.int64, na_value=0)
            year = np.where((values > 1850) & (values < 2200), values, 0).astype(np.int16)
        if "birth_date" in self.members.columns:
            dates = self.members["birth_date"].to_numpy().astype("datetime64[D]")
            known = np.flatnonzero(~np.isnat(dates))
            # Every day that anybody was born on is taken apart once.
            number = dates[known].astype(np.int64)
            first = int(number.min(initial=0))
            days = np.arange(first, int(number.max(initial=0)) + 1).astype("datetime64[D]")
            months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
            month = (months - years.astype("datetime64[M]")).astype(np.int16) + 1
            of_month = (days - months.astype("datetime64[D]")).astype(np.int16) + 1
            year[known] = (years.astype(np.int64) + 1970).astype(np.int16)[number - first]
            day[known] = (month * 32 + of_month).astype(np.int16)[number - first]
        return self.in_order(year), self.in_order(day)


def _ascending(keys: pa.Array) -> bool:
    """Whether each key is greater than the one before, so that none stands twice."""
    return len(keys) < 2 or bool(pc.all(pc.less(keys[:-1], keys[1:])).as_py())


def _arrow(column: pd.Series[Any]) -> pa.Array:
    texts = column if column.dtype == "category" else column.astype("str")
    # Of the array beneath: of a Series, Arrow would make a Python string of each text.
    array = pa.array(texts.array)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array.cast(pa.large_string())


def _numbers(texts: pa.Array, lengths: tuple[int, ...]) -> pa.Array:
    """Numbers of one of the lengths, behind a 1; null where they are of another form or stand too often."""
    size = pc.binary_length(texts)
    fits = whole(pc.and_(pc.is_in(size, pa.array(lengths, size.type)), pc.ascii_is_decimal(texts)).cast(pa.int8())) > 0
    known = np.flatnonzero(fits)
    chosen = texts.take(pa.array(known))
    ones = np.array([10**length for length in range(max(lengths) + 1)])[whole(pc.binary_length(chosen))]
    number = np.zeros(len(texts), dtype=np.int64)
    number[known] = whole(chosen.cast(pa.int64())) + ones
    ordered = np.sort(number[known])
    often = ordered[_MOST_SHARING:][ordered[_MOST_SHARING:] == ordered[:-_MOST_SHARING]]
    return pa.array(number, mask=~fits | np.isin(number, np.unique(often)))


def _households(sides: list[_Ordered]) -> pa.Table:
    village, tf_village = _coded(pa.chunked_array([side.home_text("village_id") for side in sides]))
    commune, tf_commune = _coded(pa.chunked_array([side.home_text("commune_code") for side in sides]))
    # The listed household's code is its key; of an interview it is the one answered.
    listed = len(sides[0].keys)
    answered = whole(pc.index_in(sides[1].home_text("household_code"), sides[0].keys))
    code = np.concatenate([np.arange(listed), answered])
    degrees = {name: np.concatenate([side.degrees(name) for side in sides]) for name in ("latitude", "longitude")}
    return pa.table(
        {
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
    code = whole(indices)
    counts = np.bincount(code[code >= 0], minlength=max(len(coded.dictionary), 1))
    share = (counts / max(counts.sum(), 1)).astype(np.float32)
    return indices.cast(pa.int32()), pa.array(share[np.maximum(code, 0)], mask=code < 0)


def _names(texts: list[pa.Array], name_share: Callable[[str], float]) -> tuple[pa.Array, pa.Table]:
    """The row of each text in the table of names, null for no name; the table.

    The parts of `NameParts` are numbers, equal where the parts are. Names are taken apart word by word, once each.
    """
    # One more that stands for no name, so that nothing is empty.
    coded = pa.chunked_array([*texts, pa.array([""], pa.large_string())]).dictionary_encode().unify_dictionaries()
    distinct = coded.chunk(0).dictionary
    where = np.concatenate([whole(chunk.indices) for chunk in coded.chunks])[:-1]
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
    core_id, core_first = _numbered(first.astype(np.int64) * len(folds) + last)
    parts = {
        "name_id": _numbered(np.add.reduceat(_mixed(written, place), start))[0],
        "fold_id": fold_id,
        "words_id": _numbered(np.add.reduceat(_mixed(in_order, place), start))[0],
        "core_id": core_id,
        "given_id": last.astype(np.int32),
    }
    lists = pa.LargeListArray.from_arrays(np.r_[0, np.cumsum(length)], same.dictionary.take(pa.array(folded)))
    joined = pc.binary_join(lists, " ").cast(pa.string())
    missing = pc.equal(pc.utf8_trim_whitespace(joined), "").to_numpy(zero_copy_only=False)
    people = np.bincount(where[where >= 0], minlength=len(missing))
    people[missing] = 0
    folds_once = joined.take(pa.array(fold_first)).to_pylist()
    columns: dict[str, Any] = {
        **parts,
        "bare": np.logical_and.reduceat(bare, start),
        "fold": joined,
        "tf_fold_id": _shares(fold_id, people, [name_share(text) for text in folds_once]),
        "tf_core_id": _shares(
            parts["core_id"], people, [name_share(core_of(folds_once[fold_id[row]])) for row in core_first]
        ),
    }
    unnamed = np.r_[missing, True][where]  # -1 is the last
    return pa.array(where, mask=unnamed), pa.table(columns)


def _shares(number: npt.NDArray[np.int32], people: npt.NDArray[np.int64], elsewhere: list[float]) -> Any:
    """Of each row the share of people whose name has its number, where so many people have the row's name.

    Where the data are few, what is known of names `elsewhere` (by number) speaks as loudly as `_AS_MANY` people would.
    """
    counts = np.bincount(number, weights=people)
    share = (counts + _AS_MANY * np.array(elsewhere)) / (people.sum() + _AS_MANY)
    return share.astype(np.float32)[number]


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
