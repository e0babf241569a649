"""How a list or a census sees the households of a year: what is missing, and what is written wrongly."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from reconciliation.linkage import Side
from sandbox.population.kinship import member_numbers
from sandbox.population.names import Names
from sandbox.population.streams import Streams
from sandbox.population.vocabulary import HEAD, OTHER, RELATIONS, Bools, Ints, text
from sandbox.years.state import State, to_degrees

Source = Literal["list", "census"]


@dataclass(frozen=True)
class Errors:
    """Shares of households (the first five) and of members with each error; the first four are those of the hard cases.

    A clerk who writes a household's births by year, or its names without tones, does it for all its members; so
    half of `year_only` and most of `no_tones` fall on whole households.
    """

    no_phone: float = 0.45
    no_gps: float = 0.85
    no_cccd: float = 0.40
    year_only: float = 0.45
    no_tones: float = 0.05
    middle_dropped: float = 0.03
    misspelt: float = 0.02
    swapped_words: float = 0.005
    other_name: float = 0.004  # called by another given name
    day_month_swapped: float = 0.01
    year_off_by_one: float = 0.015
    cccd_digit: float = 0.01
    old_cmnd: float = 0.03  # of a list only, of who was 14 before 2016
    wrong_sex: float = 0.004
    other_relation: float = 0.02
    gps_metres: float = 15.0
    #: Of a census: households that are looked up on the phone's list, and those confused with a neighbour there.
    code_answered: float = 0.0
    code_of_neighbour: float = 0.004


@dataclass(frozen=True)
class Observed:
    """What a source holds, and whom it means.

    households: household_no by household key. people: person_no by (household key, member_no).
    """

    side: Side
    households: pd.Series[int]
    people: pd.Series[int]


def observe(
    state: State,
    source: Source,
    seed: int,
    errors: Errors = Errors(),
    listed: Observed | None = None,
) -> Observed:
    """The households of `state` as a `list` or a `census` writes them down; the same arguments give the same rows.

    A list is sorted by village and numbers its households; a census comes as it comes. With `listed`, what the
    phones had, some of a census's households answer the code they have there (`Errors.code_answered`).
    """
    streams = Streams(seed)
    order = _order(state, source, streams.of("order"))
    numbers = state.households.index.to_numpy()[order]
    keys = _keys(state, order, source)
    households = _households(state, order, keys, source, errors, streams)
    if listed is not None:
        households["household_code"] = _answered(numbers, households, listed, errors, streams.of("codes"))
    place = pd.Index(numbers).get_indexer(state.people["household"])
    rows = np.lexsort((np.arange(len(place)), state.people["relation"].ne(HEAD), place))
    people, household = state.people.iloc[rows], place[rows].astype(np.int64)
    index = pd.MultiIndex.from_arrays([keys[household], member_numbers(household)], names=[keys.name, "member_no"])
    members = _members(people, household, source, errors, streams).set_axis(index)
    return Observed(
        Side(households.set_axis(keys), members),
        pd.Series(numbers, index=keys, name="household_no"),
        pd.Series(people.index.to_numpy(), index=index, name="person_no"),
    )


def _order(state: State, source: Source, rng: np.random.Generator) -> Ints:
    shuffled = rng.permutation(len(state.households))
    if source == "census":
        return shuffled
    village = state.households["village"].to_numpy()
    return shuffled[np.argsort(village[shuffled], kind="stable")]


def _keys(state: State, order: Ints, source: Source) -> pd.Index[str]:
    if source == "census":
        # Every round numbers its own interviews.
        number = pd.Series(np.arange(len(order)) + 10**8).astype("str").str.slice(1)
        return pd.Index("uuid:" + str(state.year) + "-" + number, name="interview_id")
    commune = state.villages["commune_code"].array[state.households["village"].to_numpy()[order]]
    codes = pd.Series(commune, dtype="str")
    serial = codes.groupby(codes).cumcount() + 100_001
    year = str(state.year % 100)
    return pd.Index("33-" + codes + "-" + year + "-" + serial.astype("str").str.slice(1), name="household_code")


def _households(
    state: State, order: Ints, keys: pd.Index[str], source: Source, errors: Errors, streams: Streams
) -> pd.DataFrame:
    rng, size = streams.of("households"), len(order)
    truth = state.households.iloc[order]
    villages = state.villages.iloc[truth["village"].to_numpy()]
    places = truth[["latitude", "longitude"]].to_numpy()
    places = places + to_degrees(rng.normal(0, errors.gps_metres, size=(size, 2)), places[:, 0])
    point = pd.Series(rng.random(size) >= errors.no_gps)
    phone = ("0" + pd.Series(truth["phone"].array).astype("str")).mask(pd.Series(rng.random(size) < errors.no_phone))
    return pd.DataFrame(
        {
            "village_id": villages["village_id"].array,
            "commune_code": villages["commune_code"].array,
            "household_code": pd.Series(keys.array if source == "list" else None, index=range(size), dtype="str"),
            "phone": phone,
            "latitude": pd.Series(places[:, 0].round(7), dtype="Float64").where(point),
            "longitude": pd.Series(places[:, 1].round(7), dtype="Float64").where(point),
        }
    )


def _answered(
    numbers: Ints, households: pd.DataFrame, listed: Observed, errors: Errors, rng: np.random.Generator
) -> pd.Series[str]:
    """The codes found on the phone: only those that stand on the list of the village where the household lives."""
    chance = rng.random(len(numbers))
    code_of = pd.Series(listed.households.index, index=listed.households.array)
    code = code_of.reindex(numbers).reset_index(drop=True).astype("str")
    # The neighbour is the next one of the list.
    neighbour = pd.Series(listed.households.index.to_numpy(), index=listed.households.index).shift(-1)
    confused = pd.Series(chance < errors.code_answered * errors.code_of_neighbour) & code.notna()
    code = code.mask(confused, code.map(neighbour))
    village = code.map(listed.side.households["village_id"])
    found = pd.Series(chance < errors.code_answered) & village.eq(households["village_id"])
    return code.where(found).astype("str")


def _members(people: pd.DataFrame, household: Ints, source: Source, errors: Errors, streams: Streams) -> pd.DataFrame:
    rng, size = streams.of("members"), len(people)
    relation = np.where(
        (rng.random(size) < errors.other_relation) & people["relation"].ne(HEAD), OTHER, people["relation"]
    )
    male = people["male"].to_numpy() ^ (rng.random(size) < errors.wrong_sex)
    birth, birth_year = _births(people, household, errors, streams.of("births"))
    return pd.DataFrame(
        {
            "full_name": _names(people, household, errors, streams.of("names")),
            "relation": text(RELATIONS, relation),
            "sex": text(("male", "female"), np.where(male, 0, 1)),
            "cccd": _numbers(people, source, errors, streams.of("numbers")),
            "birth_date": birth,
            "birth_year": birth_year,
        }
    ).astype({"relation": "str", "sex": "str"})


def _births(
    people: pd.DataFrame, household: Ints, errors: Errors, rng: np.random.Generator
) -> tuple[pd.Series[pd.Timestamp], pd.Series[int]]:
    """Dates, and years where only the year is written."""
    size = len(people)
    birth = people["birth"].to_numpy().astype("datetime64[D]")
    of_all = rng.random(int(household.max()) + 1 if size else 0) < errors.year_only / 2
    rest = (errors.year_only / 2) / (1 - errors.year_only / 2)
    year_only = of_all[household] | (rng.random(size) < rest)
    month = birth.astype("datetime64[M]")
    day = (birth - month.astype("datetime64[D]")).astype(np.int64)
    year = month.astype("datetime64[Y]")
    month_of_year = (month - year.astype("datetime64[M]")).astype(np.int64)
    swapped = (rng.random(size) < errors.day_month_swapped) & (day < 12) & (day != month_of_year)
    off = np.where(rng.random(size) < errors.year_off_by_one, rng.choice([-1, 1], size=size), 0)
    written_month = (year + off).astype("datetime64[M]") + np.where(swapped, day, month_of_year)
    written_day = np.where(swapped, month_of_year, np.minimum(day, 27))
    written = np.where(swapped | (off != 0), written_month.astype("datetime64[D]") + written_day, birth)
    unknown = pd.Series(year_only)
    years = pd.Series(year.astype(np.int64) + 1970 + off, dtype="Int64")
    return pd.Series(written.astype("datetime64[ns]")).mask(unknown), years.where(unknown)


def _numbers(people: pd.DataFrame, source: Source, errors: Errors, rng: np.random.Generator) -> pd.Series[str]:
    """CCCD as written: missing, one digit wrong, or the old CMND of nine digits."""
    size, cccd = len(people), people["cccd"].to_numpy()
    place = 10 ** rng.integers(0, 9, size=size)
    other = rng.integers(1, 10, size=size)
    wrong = rng.random(size) < errors.cccd_digit
    digit = cccd // place % 10
    written = np.where(wrong, cccd + ((digit + other) % 10 - digit) * place, cccd)
    result = pd.Series(written + 10**12).astype("str").str.slice(1)
    if source == "list":
        grown = people["birth"].to_numpy() < np.datetime64("2002-01-01")
        old = (rng.random(size) < errors.old_cmnd) & grown
        # An invented CMND that is each person's own: no rule leads from one number to the other.
        cmnd = pd.Series(10**9 + (cccd * 7_919 + 104_729) % 10**9).astype("str").str.slice(1)
        result = result.mask(pd.Series(old), cmnd)
    return result.mask(pd.Series(rng.random(size) < errors.no_cccd))


def _names(people: pd.DataFrame, household: Ints, errors: Errors, rng: np.random.Generator) -> pd.Series[str]:
    size = len(people)
    family, middle, given = (people[part].to_numpy() for part in ("family", "middle", "given"))
    other = rng.random(size) < errors.other_name
    given = np.where(other, given[rng.permutation(size)], given)
    code = (family.astype(np.int64) * 1_000 + middle) * 1_000 + given
    distinct, where = np.unique(code, return_inverse=True)
    parts = Names((distinct // 1_000_000).astype(np.int8), distinct // 1_000 % 1_000, distinct % 1_000)
    full = parts.full(np.ones(len(distinct), dtype=bool)).astype("str")
    written = full.take(where).reset_index(drop=True)
    bare_household = rng.random(int(household.max()) + 1 if size else 0) < errors.no_tones * 0.7
    for share, change in (
        (errors.middle_dropped, _without_middle),
        (errors.misspelt, _misspelt),
        (errors.swapped_words, _swapped),
    ):
        written = _changed(written, rng.random(size) < share, change, rng)
    bare = bare_household[household] | (rng.random(size) < errors.no_tones * 0.3)
    plain = pd.Series([_bare(name) for name in full], dtype="str").take(where).reset_index(drop=True)
    untouched = written.eq(full.take(where).reset_index(drop=True))
    written = written.mask(pd.Series(bare) & untouched, plain)
    return _changed(written, (pd.Series(bare) & ~untouched).to_numpy(), lambda name, _: _bare(name), rng)


def _changed(
    names: pd.Series[str], rows: Bools, change: Callable[[str, Ints], str], rng: np.random.Generator
) -> pd.Series[str]:
    where = np.flatnonzero(rows)
    dice = rng.integers(0, 1_000_000, size=(len(where), 2))
    values = [change(name, throw) for name, throw in zip(names.iloc[where], dice, strict=True)]
    changed = pd.Series(values, index=names.index[where], dtype="str")
    return names.mask(pd.Series(rows, index=names.index), changed.reindex(names.index))


def _bare(name: str) -> str:
    marks = unicodedata.normalize("NFD", name)
    return "".join(c for c in marks if not unicodedata.combining(c)).replace("đ", "d").replace("Đ", "D")


def _without_middle(name: str, _: Ints) -> str:
    words = name.split()
    return " ".join([*words[:1], *words[2:]]) if len(words) > 2 else name


def _swapped(name: str, _: Ints) -> str:
    """Given name first, as a form filled by columns has it."""
    words = name.split()
    return " ".join([*words[-1:], *words[:-1]])


#: Letters that are written for one another: by ear, and by the keyboard.
_BY_EAR = (
    *(("y", "i"), ("i", "y"), ("x", "s"), ("s", "x"), ("ch", "tr"), ("tr", "ch"), ("d", "gi"), ("gi", "d")),
    *(("l", "n"), ("n", "l"), ("ng", "n"), ("ph", "p"), ("uy", "ui"), ("ươ", "ưo"), ("ê", "e"), ("ô", "o")),
    *(("ư", "u"), ("ơ", "o"), ("ă", "a"), ("â", "a"), ("đ", "d"), ("h", "")),
)
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def _misspelt(name: str, dice: Ints) -> str:
    """Another tone on one letter, letters that sound alike, or a letter dropped, in one of the words but the first."""
    words = name.split()
    place = 1 + int(dice[0]) % (len(words) - 1) if len(words) > 1 else 0
    words[place] = _misspelt_word(words[place].lower(), int(dice[0]), int(dice[1])).capitalize()
    return " ".join(words)


def _misspelt_word(word: str, kind: int, dice: int) -> str:
    letters = unicodedata.normalize("NFD", word)
    if kind % 10 < 5:
        tones = [place for place, letter in enumerate(letters) if letter in _TONES]
        if tones:
            other = _TONES.replace(letters[tones[0]], "")[dice % 4]
            return unicodedata.normalize("NFC", letters[: tones[0]] + other + letters[tones[0] + 1 :])
    pairs = [(old, new) for old, new in _BY_EAR if old in word]
    if pairs and kind % 10 < 8:
        old, new = pairs[dice % len(pairs)]
        return word.replace(old, new, 1)
    place = dice % len(word)
    return word[:place] + word[place + 1 :] if len(word) > 2 else word
