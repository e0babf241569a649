"""What is answered about members, so that the household's truth follows from it and nothing else."""

from __future__ import annotations

import numpy as np

from sandbox.population.deprivations import D01, D02, D03, D04, D05, D06, NO, UNKNOWN, YES, Truth
from sandbox.population.kinship import People, choose_one, count
from sandbox.population.sheet import Sheet
from sandbox.population.vocabulary import MEMBER_CODES, Bools, Codes, Ints

_ALSO = 0.2  # in a deprived household another member of the age is concerned too
_ALSO_UNKNOWN = 0.04  # or their answer is missing, which changes nothing


class _Household:
    """The people, their ages (none for who has no known birth), and the truth of the household each belongs to."""

    def __init__(self, people: People, truth: Truth, rng: np.random.Generator) -> None:
        self.people, self.truth, self.rng = people, truth, rng
        self.known = np.ones(len(people), dtype=bool)
        self.known[truth.ageless[truth.ageless >= 0]] = False

    def aged(self, low: int, high: int = 200) -> Bools:
        """People of a known age in [low, high)."""
        return self.known & (self.people.age >= low) & (self.people.age < high)

    def state(self, rule: int) -> Codes:
        """The truth about `rule` in the household of each person."""
        return np.asarray(self.truth.holds[self.people.household, rule])

    def concerned(self, rule: int, who: Bools) -> tuple[Ints, Ints]:
        """(those who make the rule hold, those whose answers are missing) among `who`."""
        household, rng = self.people.household, self.rng
        holds = who & (self.state(rule) == YES)
        carriers = np.zeros(len(who), dtype=bool)
        carriers[choose_one(holds, household, rng)] = True
        chance = rng.random(len(who))
        carriers |= holds & (chance < _ALSO)
        blurred = holds & ~carriers & (chance > 1 - _ALSO_UNKNOWN)
        blurred[choose_one(who & (self.state(rule) == UNKNOWN), household, rng)] = True
        return np.flatnonzero(carriers), np.flatnonzero(blurred)


def answer_members(people: People, truth: Truth, rng: np.random.Generator) -> Sheet:
    """Answers of all members to the questions of MEMBER_CODES.

    Only what matters at the person's age is asked: schooling from 3 to 30, work from 15, insurance from 6,
    nutrition below 16, qualification from 15; of who has no known birth, everything.
    """
    sheet = Sheet(MEMBER_CODES, len(people))
    house = _Household(people, truth, rng)
    _allowances(sheet, house)
    _disability(sheet, house)
    _work(sheet, house)
    _health(sheet, house)
    _children_school(sheet, house)
    _adults_education(sheet, house)
    _ageless(sheet, house)
    return sheet


def _ageless(sheet: Sheet, house: _Household) -> None:
    """Who has no known birth gives answers on which no rule can hold, and only those on age stay in doubt."""
    rows = np.flatnonzero(~house.known)
    harmless = {"attending": "none", "qualification": "lower_secondary", "job_training": "no", "work": "family"}
    harmless |= {"insured": "yes", "allowance": "none", "disability": "no", "able_to_work": "yes"}
    for question, word in harmless.items():
        sheet.put(question, rows, word)
    sheet.blur("malnourished", rows, house.rng, missing=0.5)


def _allowances(sheet: Sheet, house: _Household) -> None:
    """d02: members below 16 or on an allowance for the old or disabled are more than half."""
    people, rng = house.people, house.rng
    total = len(house.truth.ageless)
    adults = house.aged(16)
    members = count(np.ones(len(people), dtype=bool), people.household, total)
    children = count(house.aged(0, 16), people.household, total)
    sheet.put("allowance", house.aged(0, 16), "none")
    sheet.draw("allowance", adults, {"none": 0.97, "other": 0.03}, rng)
    # The oldest are the first to receive one, then the others in no particular order.
    rows = np.flatnonzero(adults)
    age = people.age[rows]
    priority = np.where(age >= 60, age.astype(float), rng.random(len(rows)))
    rows = rows[np.lexsort((-priority, people.household[rows]))]
    household = people.household[rows]
    starts = np.flatnonzero(np.r_[True, household[1:] != household[:-1]]) if len(rows) else np.array([], dtype=int)
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    needed = (members // 2 + 1 - children)[household]
    state = house.truth.holds[household, D02]
    age = people.age[rows]
    ageless = (house.truth.ageless >= 0)[household]
    usual = rng.random(len(rows)) < np.interp(age, [16, 59, 60, 74, 75, 85], [0.01, 0.03, 0.15, 0.25, 0.6, 0.9])
    # Not deprived: one fewer than would make it hold, at most: often exactly half.
    spare = needed - 1 - ageless
    given = np.where(state == YES, (rank < needed) | (usual & (age >= 60)), (state == NO) & usual & (rank < spare))
    elderly = (age >= 60) & (rng.random(len(rows)) < 0.85)
    sheet.put("allowance", rows[given & elderly], "elderly")
    sheet.put("allowance", rows[given & ~elderly], "disability")
    sheet.blur("allowance", rows[(state == UNKNOWN) & (rank < needed) & ~ageless], rng)


def _disability(sheet: Sheet, house: _Household) -> None:
    rng = house.rng
    asked = house.known
    sheet.draw("disability", asked, {"no": 0.975, "yes": 0.02, "dk": 0.005}, rng)
    sheet.put("disability", sheet.is_in("allowance", "disability"), "yes")


def _work(sheet: Sheet, house: _Household) -> None:
    """d01: somebody of 15 or more has no work, or works for a wage without a contract."""
    rng = house.rng
    sheet.draw("work", house.aged(15, 18), {"student": 0.85, "wage": 0.06, "family": 0.09}, rng)
    sheet.draw("work", house.aged(18, 23), {"student": 0.4, "wage": 0.4, "family": 0.1, "self_employed": 0.1}, rng)
    grown = {"wage": 0.42, "self_employed": 0.16, "family": 0.34, "home": 0.08}
    sheet.draw("work", house.aged(23, 60), grown, rng)
    sheet.draw("work", house.aged(60, 75), {"family": 0.45, "home": 0.4, "self_employed": 0.05, "unable": 0.1}, rng)
    sheet.draw("work", house.aged(75), {"home": 0.4, "unable": 0.6}, rng)
    unable = sheet.is_in("disability", "yes") & house.aged(15) & (rng.random(len(house.known)) < 0.7)
    sheet.put("work", unable, "unable")
    sheet.put("contract", sheet.is_in("work", "wage"), "yes")

    carriers, blurred = house.concerned(D01, house.aged(15, 66))
    # A household of the old alone can be in doubt too, though it cannot hold there.
    elders_only = ~np.isin(house.people.household, house.people.household[house.aged(15, 66)])
    _, old = house.concerned(D01, house.aged(15) & elders_only)
    blurred = np.r_[blurred, old]
    unemployed = rng.random(len(carriers)) < 0.3
    sheet.put("work", carriers[unemployed], "unemployed")
    sheet.clear("contract", carriers[unemployed])
    sheet.put("work", carriers[~unemployed], "wage")
    sheet.put("contract", carriers[~unemployed], "no")
    about_work = rng.random(len(blurred)) < 0.4
    sheet.blur("work", blurred[about_work], rng)
    sheet.clear("contract", blurred[about_work])
    sheet.put("work", blurred[~about_work], "wage")
    sheet.blur("contract", blurred[~about_work], rng)

    sheet.put("able_to_work", house.aged(15), "yes")
    sheet.put("able_to_work", sheet.is_in("work", "unable"), "no")


def _health(sheet: Sheet, house: _Household) -> None:
    """d03: a child below 16 is malnourished. d04: somebody of 6 or more is not insured."""
    for question, rule, who, bad, good in (
        ("malnourished", D03, house.aged(0, 16), "yes", "no"),
        ("insured", D04, house.aged(6), "no", "yes"),
    ):
        sheet.put(question, who, good)
        carriers, blurred = house.concerned(rule, who)
        sheet.put(question, carriers, bad)
        sheet.blur(question, blurred, house.rng)
        if question == "malnourished":
            _nutrition_source(sheet, blurred, house.rng)


def _nutrition_source(sheet: Sheet, blurred: Ints, rng: np.random.Generator) -> None:
    """Who says so. Some of what is not known is what the mother says, which counts as not known."""
    told = blurred[rng.random(len(blurred)) < 0.5]
    sheet.draw("malnourished", told, {"yes": 0.4, "no": 0.6}, rng)
    sheet.draw("nutrition_source", sheet.is_in("malnourished", "yes", "no"), {"station": 0.75, "measured": 0.25}, rng)
    sheet.put("nutrition_source", told, "mother")


def _children_school(sheet: Sheet, house: _Household) -> None:
    """d06: a child of 3 to 15 does not attend the level of the age."""
    rng = house.rng
    sheet.draw("attending", house.aged(3, 5), {"preschool": 1}, rng)
    sheet.draw("attending", house.aged(5, 6), {"preschool": 0.95, "primary": 0.05}, rng)
    sheet.draw("attending", house.aged(6, 11), {"primary": 1}, rng)
    sheet.draw("attending", house.aged(11, 12), {"primary": 0.6, "lower_secondary": 0.4}, rng)
    sheet.draw("attending", house.aged(12, 15), {"lower_secondary": 1}, rng)
    lower, upper = "lower_secondary", "upper_secondary"
    sheet.draw("attending", house.aged(15, 16), {lower: 0.25, upper: 0.65, "vocational": 0.1}, rng)
    carriers, blurred = house.concerned(D06, house.aged(3, 16))
    age = house.people.age[carriers]
    sheet.put("attending", carriers[age < 6], "none")
    sheet.draw("attending", carriers[(age >= 6) & (age < 12)], {"none": 0.8, "preschool": 0.2}, rng)
    sheet.draw("attending", carriers[age >= 12], {"none": 0.75, "primary": 0.25}, rng)
    sheet.blur("attending", blurred, rng)


def _adults_education(sheet: Sheet, house: _Household) -> None:
    """d05: somebody of 16 to 30 neither learns nor has the qualification of the age, nor training on the job."""
    rng, size = house.rng, len(house.known)
    sheet.put("job_training", house.aged(16, 31), "no")
    sheet.draw("qualification", house.aged(15, 16), {"primary": 0.3, "lower_secondary": 0.7}, rng)
    levels = ("none", "primary", "lower_secondary", "upper_secondary")
    sheet.draw("qualification", house.aged(31, 60), dict(zip(levels, (0.03, 0.17, 0.55, 0.25), strict=True)), rng)
    sheet.draw("qualification", house.aged(60), dict(zip(levels, (0.15, 0.45, 0.32, 0.08), strict=True)), rng)

    teens, young = house.aged(16, 18), house.aged(18, 31)
    adult, student = house.aged(16, 31), sheet.is_in("work", "student")
    sheet.put("attending", adult, "none")
    sheet.draw("attending", teens & student, {"upper_secondary": 0.9, "vocational": 0.1}, rng)
    sheet.draw("attending", young & student, {"higher": 0.8, "vocational": 0.2}, rng)
    sheet.put("qualification", teens, "lower_secondary")
    finished = {"upper_secondary": 0.5, "elementary": 0.08, "intermediate": 0.12, "college": 0.12, "university": 0.18}
    sheet.draw("qualification", young, finished, rng)
    sheet.put("qualification", young & sheet.is_in("attending", "higher"), "upper_secondary")
    sheet.put("qualification", young & sheet.is_in("attending", "vocational"), "lower_secondary")
    # Two other ways not to be deprived: a course, or certified training in the work one has.
    course = adult & (rng.random(size) < 0.03)
    sheet.put("attending", course, "training_course")
    sheet.draw("qualification", course, {"none": 0.2, "primary": 0.5, "lower_secondary": 0.3}, rng)
    at_work = adult & sheet.is_in("work", "wage", "self_employed", "family") & ~course
    trained = at_work & (rng.random(size) < 0.08)
    sheet.put("attending", trained, "none")
    sheet.draw("qualification", trained, {"none": 0.1, "primary": 0.5, "lower_secondary": 0.4}, rng)
    sheet.put("job_training", trained, "yes")

    carriers, blurred = house.concerned(D05, adult)
    sheet.put("attending", carriers, "none")
    sheet.draw("qualification", carriers, {"none": 0.25, "primary": 0.75}, rng)
    grown = carriers[house.people.age[carriers] >= 18]
    sheet.draw("qualification", grown, {"none": 0.1, "primary": 0.35, "lower_secondary": 0.55}, rng)
    sheet.put("job_training", carriers, "no")
    sheet.put("work", carriers[student[carriers]], "home")
    # Training without work does not count.
    idle = carriers[sheet.is_in("work", "unemployed", "home", "unable")[carriers]]
    sheet.put("job_training", idle[rng.random(len(idle)) < 0.2], "yes")

    sheet.put("attending", blurred, "none")
    sheet.draw("qualification", blurred, {"none": 0.3, "primary": 0.7}, rng)
    sheet.put("job_training", blurred, "no")
    way = rng.integers(0, 3, size=len(blurred))
    working = sheet.is_in("work", "wage", "self_employed", "family")[blurred]
    sheet.blur("attending", blurred[way == 0], rng)
    sheet.blur("job_training", blurred[(way == 1) & working], rng)
    sheet.blur("qualification", blurred[(way == 2) | ((way == 1) & ~working)], rng)
