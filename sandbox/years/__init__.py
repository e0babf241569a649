"""Households over the years, with their truth: a state of a year, the next year's, and how a list or a census sees it.

    before = begin(10_000, year=2025, seed=1)
    after = evolve(before, seed=2)
    listed, asked = observe(before, "list", seed=3), observe(after, "census", seed=4)
    truth = changes(before, after)

Made for the hard cases of linkage: everybody keeps a `person_no` and every household a `household_no` for ever, while
the two sources see them with the errors of `Errors`. Invented people; the rates are plausible and not published ones,
but for those named in `Rates` and `Errors`.
"""

from sandbox.years.evolve import Rates, evolve
from sandbox.years.observe import Errors, Observed, observe
from sandbox.years.state import State, begin
from sandbox.years.truth import changes, person_changes, true_links

__all__ = [
    "Errors",
    "Observed",
    "Rates",
    "State",
    "begin",
    "changes",
    "evolve",
    "observe",
    "person_changes",
    "true_links",
]
