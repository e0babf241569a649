"""One year on: deaths, births, marriages, departures, changed heads, moves, splits, merges, new and gone households."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sandbox.population.kinship import People
from sandbox.population.streams import Streams
from sandbox.population.vocabulary import (
    CHILD,
    CHILD_IN_LAW,
    GRANDCHILD,
    HEAD,
    OTHER,
    PARENT,
    SIBLING,
    SPOUSE,
    Bools,
    Codes,
    Floats,
    Ints,
)
from sandbox.years.state import State, ages, around, draw_people, draw_phones, name_people, pick, to_degrees


@dataclass(frozen=True)
class Rates:
    """What happens in a year, as shares of the households of the year before (of people, where it says so).

    The first five are those of the hard cases; the others are plausible.
    """

    head_changed: float = 0.05  # by death, or to the spouse or a grown child
    moved: float = 0.03
    split: float = 0.04
    new: float = 0.08
    gone: float = 0.035  # moved out of the province; who died out comes on top
    merged: float = 0.01
    bride: float = 0.01  # a grown child marries into another household of the province
    bride_from_afar: float = 0.008  # a grown child's spouse comes from outside
    births_per_woman: float = 0.08  # of married women of 19 to 42
    left: float = 0.015  # of grown children, for work or study
    arrived: float = 0.008  # a relative comes to live there
    new_phone: float = 0.10


#: Of the splits, those in which a couple leaves with its children, and those in which the head's parents do.
_FAMILY, _ELDERS = 0.2, 0.35
#: Relation to the new head, by relation of the new head and of oneself to the old one.
_ORDER = (HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, CHILD_IN_LAW, OTHER)
_TO_NEW_HEAD = np.full((len(_ORDER), len(_ORDER)), OTHER, dtype=np.int8)
_TO_NEW_HEAD[SPOUSE] = (SPOUSE, HEAD, CHILD, OTHER, GRANDCHILD, OTHER, CHILD_IN_LAW, OTHER)
_TO_NEW_HEAD[CHILD] = (PARENT, PARENT, SIBLING, OTHER, CHILD, OTHER, SPOUSE, OTHER)
_TO_NEW_HEAD[PARENT] = (CHILD, CHILD_IN_LAW, GRANDCHILD, SPOUSE, OTHER, CHILD, OTHER, OTHER)
_TO_NEW_HEAD[SIBLING] = (SIBLING, OTHER, OTHER, PARENT, OTHER, SIBLING, OTHER, OTHER)
_TO_NEW_HEAD[GRANDCHILD] = (OTHER, OTHER, PARENT, OTHER, SIBLING, OTHER, OTHER, OTHER)
_TO_NEW_HEAD[CHILD_IN_LAW] = (PARENT, PARENT, OTHER, OTHER, CHILD, OTHER, OTHER, OTHER)
#: Who takes over from a head that died, first of these.
_SUCCESSION = np.array([9, 0, 1, 3, 6, 4, 2, 5])  # rank by relation


def evolve(state: State, seed: int, rates: Rates = Rates()) -> State:
    """The state one year on; the same arguments give the same state. `seed` should differ from year to year."""
    year = _Year(state, seed, rates)
    year.die()
    year.leave()
    year.disappear()
    year.merge()
    year.split()
    year.change_heads()
    year.move()
    year.marry()
    year.bear()
    year.arrive()
    year.found()
    year.change_phones()
    return year.finished()


class _Year:
    """The state while the year goes on; households that something happened to are left alone by the other events."""

    def __init__(self, state: State, seed: int, rates: Rates) -> None:
        self.before, self.rates, self.streams = state, rates, Streams(seed)
        self.year = state.year + 1
        self.households = state.households.copy()
        self.people = state.people.copy()
        self.closed, self.departed = [state.closed], [state.departed]
        self.next_household, self.next_person = state.next_household, state.next_person
        self.touched = pd.Index(np.empty(0, np.int64))

    def _number(self, rate: float) -> int:
        return round(rate * len(self.before.households))

    def _untouched(self) -> Bools:
        return np.asarray(~self.households.index.isin(self.touched))

    def _position(self) -> Ints:
        """Position in `households`, whose numbers only grow, of each person's household."""
        return np.searchsorted(self.households.index, self.people["household"]).astype(np.int64)

    def _with(self, mask: Bools) -> Bools:
        """Which households have somebody of the mask."""
        return np.bincount(self._position()[mask], minlength=len(self.households)) > 0

    def _age(self) -> Ints:
        return ages(self.people["birth"], self.year)

    def die(self) -> None:
        rng, age = self.streams.of("deaths"), self._age()
        risk = 0.0006 + 0.04 * np.exp((np.minimum(age, 100) - 75) / 9)
        self._depart(rng.random(len(age)) < risk, "died")

    def leave(self) -> None:
        """Grown children leave for work or study; they do not come back."""
        rng, age = self.streams.of("departures"), self._age()
        grown = self.people["relation"].eq(CHILD).to_numpy() & (age >= 18) & (age < 32)
        self._depart(grown & (rng.random(len(age)) < self.rates.left), "left")

    def _depart(self, mask: Bools, reason: str) -> None:
        gone = self.people.loc[mask, "household"]
        rows = pd.DataFrame({"departed": self.year, "reason": reason, "household": gone}, index=gone.index)
        self.departed.append(rows.astype({"reason": "str"}))
        self.people = self.people[~mask]
        alive = np.bincount(self._position(), minlength=len(self.households)) > 0
        empty = self.households.index[~alive]
        self._close(empty, np.full(len(empty), -1))

    def _close(self, numbers: pd.Index[int], heirs: Ints) -> None:
        origin = self.households.loc[numbers, "split_from"]
        rows = {"closed": self.year, "merged_into": heirs, "split_from": origin.array}
        self.closed.append(pd.DataFrame(rows, index=pd.Index(numbers, name="household_no")).astype("int64"))
        self.households = self.households.drop(numbers)

    def disappear(self) -> None:
        """Whole households move out of the province."""
        everywhere = np.ones(len(self.households), dtype=bool)
        gone = pick(everywhere, self._number(self.rates.gone), self.streams.of("gone"))
        self._depart(self._of(gone), "left")

    def _of(self, households: Bools) -> Bools:
        """The people of the households of the mask."""
        return np.asarray(households[self._position()])

    def merge(self) -> None:
        """One or two old people give up their household and live with another one of the village."""
        rng, age = self.streams.of("merges"), self._age()
        position, total = self._position(), len(self.households)
        size = np.bincount(position, minlength=total)
        old = (np.bincount(position[age >= 60], minlength=total) == size) & (size <= 2)
        source = np.flatnonzero(pick(old, self._number(self.rates.merged), rng))
        village = self.households["village"].to_numpy()
        free = ~old
        free[source] = False
        target = _partner(village[source], village, free, rng)
        source, target = source[target >= 0], target[target >= 0]
        numbers = self.households.index
        heir = np.full(total, -1, dtype=np.int64)
        heir[source] = numbers[target]
        moving = heir[position] >= 0
        parents = self._with(self.people["relation"].eq(PARENT).to_numpy())
        into = heir[position][moving]
        has_parent = parents[numbers.get_indexer(pd.Index(into))]
        self.people.loc[moving, "relation"] = np.where(has_parent, OTHER, PARENT).astype(np.int8)
        self.people.loc[moving, "household"] = into
        self.touched = self.touched.append(pd.Index(into))
        self._close(numbers[source], numbers.to_numpy()[target])

    def split(self) -> None:
        """A grown child, alone or with a family, or the head's parents found a household of their own."""
        rng, age = self.streams.of("splits"), self._age()
        relation = self.people["relation"].to_numpy()
        headed = self._with(relation == HEAD) & self._untouched()
        married = headed & self._with(relation == CHILD_IN_LAW) & self._with((relation == CHILD) & (age >= 19))
        elders = headed & self._with(relation == PARENT) & ~married
        single = headed & self._with((relation == CHILD) & (age >= 22)) & ~married & ~elders
        wanted = self._number(self.rates.split)
        family = pick(married, round(_FAMILY * wanted), rng)
        old = pick(elders, round(_ELDERS * wanted), rng)
        alone = pick(single, wanted - int(family.sum()) - int(old.sum()), rng)
        eldest = self._first((relation == CHILD) & self._of(family | alone), age)
        first_wife = self._first((relation == CHILD_IN_LAW) & self._of(family), age)
        first_elder = self._first((relation == PARENT) & self._of(old), age)
        leaving = eldest | first_wife | ((relation == PARENT) & self._of(old))
        leaving |= (relation == GRANDCHILD) & self._of(family)
        role = np.select(
            [eldest | first_elder, first_wife | (relation == PARENT), relation == GRANDCHILD],
            [HEAD, SPOUSE, CHILD],
            OTHER,
        )
        origin = np.flatnonzero(family | old | alone)
        fresh = self._open(self.households.iloc[origin], rng)
        number = np.full(len(self.households), -1, dtype=np.int64)
        number[origin] = fresh.index
        position = self._position()
        self.people.loc[leaving, "household"] = number[position][leaving]
        self.people.loc[leaving, "relation"] = role[leaving].astype(np.int8)
        self.touched = self.touched.append([self.households.index[origin], fresh.index])
        self.households = pd.concat([self.households, fresh])

    def _first(self, mask: Bools, age: Ints) -> Bools:
        """The eldest person of the mask in each household."""
        rows = np.flatnonzero(mask)
        rows = rows[np.argsort(-age[rows], kind="stable")]
        _, first = np.unique(self._position()[rows], return_index=True)
        result = np.zeros(len(mask), dtype=bool)
        result[rows[first]] = True
        return result

    def _open(self, origin: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """New households beside those they split from: most in the same village; the phone goes with some."""
        village = self._elsewhere(origin["village"].to_numpy(), 0.15, 0.05, rng)
        near = origin[["latitude", "longitude"]].to_numpy()
        places = near + to_degrees(rng.normal(0, 60, size=near.shape), near[:, 0])
        away = village != origin["village"].to_numpy()
        places[away] = around(village[away], self.before.villages, rng)
        phone, fresh = origin["phone"].to_numpy(), draw_phones(len(origin), rng)
        takes = rng.random(len(origin)) < 0.15
        self.households.loc[origin.index[takes], "phone"] = fresh[takes]
        return self._frame(village, places, np.where(takes, phone, fresh), origin.index.to_numpy())

    def _frame(self, village: Ints, places: Floats, phone: Ints, split_from: Ints) -> pd.DataFrame:
        numbers = np.arange(self.next_household, self.next_household + len(village), dtype=np.int64)
        self.next_household += len(village)
        columns = {"village": village, "latitude": places[:, 0], "longitude": places[:, 1], "phone": phone}
        index = pd.Index(numbers, name="household_no")
        return pd.DataFrame({**columns, "opened": self.year, "split_from": split_from}, index=index)

    def _elsewhere(self, village: Ints, in_commune: float, far: float, rng: np.random.Generator) -> Ints:
        """Villages after a move: a share to another one of the commune, a share to anywhere."""
        commune = self.before.villages["commune"].to_numpy()
        order = np.argsort(commune, kind="stable")
        start = np.searchsorted(commune[order], commune[village])
        size = np.bincount(commune)[commune[village]]
        place = np.argsort(order)[village] - start
        step = 1 + np.floor(rng.random(len(village)) * (size - 1)).astype(np.int64)
        near = order[start + (place + step) % size]
        chance = rng.random(len(village))
        anywhere = rng.integers(0, len(commune), size=len(village))
        return np.where(chance < far, anywhere, np.where(chance < far + in_commune, near, village))

    def change_heads(self) -> None:
        """Heads who died are followed; others hand over to the spouse or a grown child until the rate is met."""
        rng, age = self.streams.of("heads"), self._age()
        relation = self.people["relation"].to_numpy()
        headless = ~self._with(relation == HEAD)
        heir = self._first(self._of(headless), -(_SUCCESSION[relation] * 200) + age)
        left = max(self._number(self.rates.head_changed) - int(headless.sum()), 0)
        settled = ~headless & self._untouched()
        wives = pick(settled & self._with(relation == SPOUSE), round(0.6 * left), rng)
        grown = (relation == CHILD) & (age >= 22)
        children = pick(settled & ~wives & self._with(grown), left - int(wives.sum()), rng)
        heir |= (relation == SPOUSE) & self._of(wives)
        heir |= self._first(grown & self._of(children), age)
        new_head = np.full(len(self.households), -1, dtype=np.int64)
        new_head[self._position()[heir]] = relation[heir]
        of_mine = new_head[self._position()]
        changed = of_mine >= 0
        turned = relation.copy()
        turned[changed] = _TO_NEW_HEAD[of_mine[changed], relation[changed]]
        turned[heir] = HEAD
        # Of several whom the table makes a spouse, one is.
        spouses = (turned == SPOUSE) & changed
        turned[spouses & ~self._first(spouses, age)] = OTHER
        self.people["relation"] = turned
        self.touched = self.touched.append(self.households.index[new_head >= 0])

    def move(self) -> None:
        """Whole households move, most within their commune."""
        rng = self.streams.of("moves")
        chosen = np.flatnonzero(pick(np.ones(len(self.households), dtype=bool), self._number(self.rates.moved), rng))
        village = self.households["village"].to_numpy().copy()
        moved = self._elsewhere(village[chosen], 0.6, 0.4, rng)
        places = around(moved, self.before.villages, rng)
        village[chosen] = moved
        self.households["village"] = village
        self.households.loc[self.households.index[chosen], ["latitude", "longitude"]] = places

    def marry(self) -> None:
        """Daughters marry into other households, and spouses come from outside the province."""
        rng, age = self.streams.of("marriages"), self._age()
        relation, male = self.people["relation"].to_numpy(), self.people["male"].to_numpy()
        single = self._of(~self._with(relation == CHILD_IN_LAW) & self._untouched())
        ready = (relation == CHILD) & (age >= 19) & (age < 34) & single
        grooms = self._first(ready & male, age)
        brides = self._first(ready & ~male & ~self._of(self._with(grooms)), age)
        bride = np.flatnonzero(pick(brides, self._number(self.rates.bride), rng))
        groom = np.flatnonzero(grooms)
        village = self.households["village"].to_numpy()[self._position()]
        commune = self.before.villages["commune"].to_numpy()[village]
        match = _partner(commune[bride], commune[groom], np.ones(len(groom), dtype=bool), rng)
        bride, match = bride[match >= 0], groom[match[match >= 0]]
        household = self.people["household"].to_numpy().copy()
        household[bride] = household[match]
        relation = relation.copy()
        relation[bride] = CHILD_IN_LAW
        self.people = self.people.assign(household=household, relation=relation)
        taken = np.isin(household[groom], household[match])
        afar = pick(np.isin(np.arange(len(age)), groom[~taken]), self._number(self.rates.bride_from_afar), rng)
        self._join(household[afar], CHILD_IN_LAW, ~male[afar], age[afar] - 1, None, "from afar")

    def bear(self) -> None:
        """Children of married women."""
        rng, age = self.streams.of("births"), self._age()
        relation, male = self.people["relation"].to_numpy(), self.people["male"].to_numpy()
        married = np.isin(relation, [SPOUSE, CHILD_IN_LAW]) & ~male & (age >= 19) & (age <= 42)
        mothers = self._first(married & (rng.random(len(age)) < self.rates.births_per_woman), age)
        household = self.people["household"].to_numpy()[mothers]
        role = np.where(relation[mothers] == SPOUSE, CHILD, GRANDCHILD).astype(np.int8)
        fathers = np.flatnonzero(np.isin(relation, [HEAD, CHILD]) & male)
        name_of = pd.Series(self.people["family"].to_numpy()[fathers], index=self.people["household"].array[fathers])
        name_of = name_of[~name_of.index.duplicated()]
        family = name_of.reindex(household).fillna(0).to_numpy().astype(np.int8)
        infants = np.zeros(len(household), dtype=np.int64)
        self._join(household, role, rng.random(len(household)) < 0.52, infants, family, "newborn")

    def arrive(self) -> None:
        """Relatives come to live there from outside."""
        rng = self.streams.of("arrivals")
        chosen = pick(np.ones(len(self.households), dtype=bool), self._number(self.rates.arrived), rng)
        household = self.households.index.to_numpy()[chosen]
        age = rng.integers(3, 80, size=len(household)).astype(np.int64)
        self._join(household, OTHER, rng.random(len(household)) < 0.5, age, None, "arrived")

    def _join(
        self, household: Ints, relation: int | Codes, male: Bools, age: Ints, family: Codes | None, part: str
    ) -> None:
        """New people in households that are there; without `family` they bear names of their own."""
        size = len(household)
        if not size:
            return
        named = np.full(size, family is not None)
        people = People(
            household=np.arange(size),
            relation=np.broadcast_to(np.asarray(relation, dtype=np.int8), size).copy(),
            male=male,
            age=age,
            lineage=named,
            present=np.ones(size, dtype=bool),
        )
        lineage = family if family is not None else np.zeros(size, dtype=np.int8)
        self._add(name_people(people, household, lineage, self.year, Streams(self._seed(part))))

    def _seed(self, part: str) -> int:
        return int(self.streams.of(part).integers(2**62))

    def _add(self, people: pd.DataFrame) -> None:
        taken = people["cccd"].isin(self.people["cccd"]).to_numpy()
        while taken.any():  # the next free number of the same province, sex and year
            number = people["cccd"].to_numpy()
            people["cccd"] = np.where(taken, number - number % 1_000_000 + (number + 1) % 1_000_000, number)
            taken = (people["cccd"].isin(self.people["cccd"]) | people["cccd"].duplicated()).to_numpy()
        numbers = np.arange(self.next_person, self.next_person + len(people), dtype=np.int64)
        self.next_person += len(people)
        self.people = pd.concat([self.people, people.set_index(pd.Index(numbers, name="person_no"))])

    def found(self) -> None:
        """New households, each in the village of one that is there and with a family name known there."""
        rng, number = self.streams.of("new"), self._number(self.rates.new)
        heads = self.people[self.people["relation"].eq(HEAD)]
        if not number or heads.empty:
            return
        neighbours = heads.iloc[rng.integers(0, len(heads), size=number)]
        village = self.households["village"].loc[neighbours["household"]].to_numpy()
        places = around(village, self.before.villages, rng)
        none = np.full(number, -1, dtype=np.int64)
        fresh = self._frame(village, places, draw_phones(number, rng), none)
        lineage = neighbours["family"].to_numpy()
        self.households = pd.concat([self.households, fresh])
        self._add(draw_people(fresh.index.to_numpy(), lineage, self.year, Streams(self._seed("newcomers"))))

    def change_phones(self) -> None:
        rng = self.streams.of("phones")
        chosen = rng.random(len(self.households)) < self.rates.new_phone
        fresh = draw_phones(len(self.households), rng)
        self.households["phone"] = np.where(chosen, fresh, self.households["phone"])

    def finished(self) -> State:
        # Heads first; then as they stood.
        people = self.people
        order = np.lexsort((people.index, people["relation"].ne(HEAD), people["household"]))
        return replace(
            self.before,
            year=self.year,
            households=self.households.astype({"village": "int64", "opened": "int64"}),
            people=people.iloc[order],
            closed=pd.concat(self.closed),
            departed=pd.concat(self.departed).rename_axis("person_no"),
            next_household=self.next_household,
            next_person=self.next_person,
        )


def _partner(wanted: Ints, group: Ints, free: Bools, rng: np.random.Generator) -> Ints:
    """For each wanted group a free position of that group, no position twice; -1 where none is left."""
    offers = rng.permutation(np.flatnonzero(free))
    offers = offers[np.argsort(group[offers], kind="stable")]
    start = np.searchsorted(group[offers], wanted)
    rank = pd.Series(wanted).groupby(wanted).cumcount().to_numpy()
    place = start + rank
    inside = place < len(offers)
    found = (
        np.where(inside, offers[np.minimum(place, len(offers) - 1)], -1) if len(offers) else np.full(len(wanted), -1)
    )
    matches = (found >= 0) & (group[np.maximum(found, 0)] == wanted) if len(group) else np.zeros(len(wanted), bool)
    return np.where(matches, found, -1).astype(np.int64)
